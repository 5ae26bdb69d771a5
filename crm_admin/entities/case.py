"""A case: something a customer asks us to solve."""

from __future__ import annotations

from typing import Any

from crm_admin import clock
from crm_admin.entities.contact import account_of
from crm_admin.entities.story import of_customer
from crm_admin.i18n import lazy_gettext
from crm_admin.kinds import Choice, Reader
from crm_admin.registry import Board, EntityDef, Panel, Record, Section, define, fields, make

TYPES = (
    Choice("question", lazy_gettext("Question"), "blue"),
    Choice("problem", lazy_gettext("Problem"), "amber"),
    Choice("complaint", lazy_gettext("Complaint"), "red"),
    Choice("request", lazy_gettext("Request"), "teal"),
    Choice("return", lazy_gettext("Return or warranty"), "purple"),
)

ORIGINS = (
    Choice("phone", lazy_gettext("Phone call")),
    Choice("email", lazy_gettext("E-mail")),
    Choice("website", lazy_gettext("Website")),
    Choice("chat", lazy_gettext("Chat")),
    Choice("visit", lazy_gettext("Visit")),
    Choice("other", lazy_gettext("Other")),
)

PRIORITIES = (
    Choice("low", lazy_gettext("Low"), "gray"),
    Choice("normal", lazy_gettext("Normal"), "blue"),
    Choice("high", lazy_gettext("High"), "amber"),
    Choice("urgent", lazy_gettext("Urgent"), "red"),
)

STATUSES = (
    Choice("new", lazy_gettext("New"), "blue"),
    Choice("open", lazy_gettext("In progress"), "amber"),
    Choice("waiting", lazy_gettext("Waiting for the customer"), "purple"),
    Choice("resolved", lazy_gettext("Resolved"), "green"),
    Choice("closed", lazy_gettext("Closed"), "gray"),
)

_DONE = ("resolved", "closed")


class Case(Record):
    late_by = frozenset({"resolved_at", "due_at"})
    account: Any
    resolved_at: Any

    def derive(self, reader: Reader) -> None:
        if self.account is None:
            self.account = account_of(self.contact)
        if self.status not in _DONE:
            self.resolved_at = None
        elif self.resolved_at is None:
            self.resolved_at = clock.now()

    def is_late(self) -> bool:
        return self.resolved_at is None and self.due_at is not None and self.due_at < clock.now()


CASE = define(
    EntityDef(
        key="case",
        model=Case,
        label=lazy_gettext("Case"),
        plural=lazy_gettext("Cases"),
        icon="lifebuoy",
        menu="service",
        shortcut="s",
        title="subject",
        default_sort="-created_at",
        event="case",
        subjects=of_customer,
        fields=fields(
            make(
                "number",
                "autonumber",
                lazy_gettext("Case number"),
                pattern="CASE-{year}-{number:05d}",
                searchable=True,
            ),
            make("subject", "text", lazy_gettext("Subject"), required=True, searchable=True),
            make("account", "link", lazy_gettext("Account"), target="account"),
            make("contact", "link", lazy_gettext("Contact"), target="contact"),
            make("product", "link", lazy_gettext("Product"), target="product"),
            make("type", "choice", lazy_gettext("Type"), choices=TYPES),
            make("origin", "choice", lazy_gettext("Came by"), choices=ORIGINS),
            make(
                "priority",
                "choice",
                lazy_gettext("Priority"),
                choices=PRIORITIES,
                required=True,
                default="normal",
                told=True,
            ),
            make(
                "status",
                "choice",
                lazy_gettext("Status"),
                choices=STATUSES,
                required=True,
                default="new",
                told=True,
            ),
            make("due_at", "datetime", lazy_gettext("Due")),
            make("description", "longtext", lazy_gettext("Description")),
            make("resolution", "longtext", lazy_gettext("Resolution")),
            make("resolved_at", "datetime", lazy_gettext("Resolved"), system=True),
        ),
        list_columns=("number", "subject", "account", "priority", "status", "due_at", "owner"),
        sections=(
            Section(lazy_gettext("Case"), ("subject", "account", "contact", "product", "type", "origin")),
            Section(lazy_gettext("Progress"), ("status", "priority", "due_at")),
            Section(lazy_gettext("Details"), ("description", "resolution")),
            Section(lazy_gettext("Responsible"), ("owner", "team")),
        ),
        header=("number", "status", "priority", "account", "contact", "due_at", "owner"),
        board=Board("status", facts=("number", "account", "priority", "due_at", "owner")),
        panels=(
            Panel(
                "tasks",
                lazy_gettext("Tasks"),
                "task",
                via="regarding",
                columns=("subject", "status", "priority", "due_at", "owner"),
            ),
            Panel(
                "meetings",
                lazy_gettext("Meetings"),
                "meeting",
                via="regarding",
                columns=("subject", "starts_at", "status", "location", "owner"),
                sort="-starts_at",
            ),
            Panel(
                "attachments",
                lazy_gettext("Files"),
                "attachment",
                via="regarding",
                columns=("name", "size", "created_by", "created_at"),
            ),
        ),
        quick=("subject", "account", "contact", "priority", "description"),
        indexes=(("owner", "status", "due_at"),),
    )
)
