"""Django's admin on our tables. To be imported after Django was set up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User as Superuser
from django.db import models
from django.urls import path

urlpatterns: list[Any] = []


class Account(models.Model):
    """A name to follow."""

    name = models.TextField()

    class Meta:
        app_label, db_table, managed = "bench", "account", False

    def __str__(self) -> str:
        return str(self.name)


class Owner(models.Model):
    """Another name to follow."""

    name = models.TextField()

    class Meta:
        app_label, db_table, managed = "bench", "user", False

    def __str__(self) -> str:
        return str(self.name)


class Contact(models.Model):
    """The columns of the list."""

    name = models.TextField()
    name_fold = models.TextField()
    email = models.TextField()
    phone = models.TextField()
    account = models.ForeignKey(Account, models.DO_NOTHING, db_column="account")
    owner = models.ForeignKey(Owner, models.DO_NOTHING, db_column="owner")

    class Meta:
        app_label, db_table, managed = "bench", "contact", False


class ContactAdmin(admin.ModelAdmin):
    """The change list, told what a careful office would tell it."""

    list_display = ("name", "account", "owner", "email", "phone")
    list_select_related = ("account", "owner")
    list_per_page = 50
    ordering = ("name_fold", "id")


def offer(count_all: bool) -> None:
    """Put the change list on the site."""
    ContactAdmin.show_full_result_count = count_all
    admin.site.register(Contact, ContactAdmin)
    urlpatterns.append(path("admin/", admin.site.urls))


def as_superuser(answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Middleware: everybody may do everything; no table of ours is asked."""

    def middleware(request: Any) -> Any:
        request.user = Superuser(id=1, username="bench", is_staff=True, is_superuser=True, is_active=True)
        return answer(request)

    return middleware
