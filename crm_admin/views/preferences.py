"""What a person has chosen for a list, columns and page size, and the questions they saved under a name."""

from __future__ import annotations

from typing import Any

from flask import g
from peewee import BigAutoField, BooleanField, DateTimeField, TextField

from crm_admin import clock, registry
from crm_admin.db import LinkField, Table, database
from crm_admin.policy import Actor


class SavedView(Table):
    """A named question. A shared one is a definition only: everyone who opens it sees what they may see."""

    id = BigAutoField()
    user = LinkField("user")
    entity = TextField()
    name = TextField()
    query = TextField()
    shared = BooleanField(default=False)
    created_at = DateTimeField(default=clock.now)

    class Meta:
        table_name = "sys_saved_view"
        indexes = ((("entity", "user"), False),)


def of_list(entity: str) -> dict[str, Any]:
    """What this request's person chose for a list: `columns` (comma-separated keys), `size` (rows).

    It comes with the session's user row, so that a list costs no query for it.
    """
    kept = (g.user.list_preferences or {}) if g.get("user") else {}
    found = kept.get(entity, {})
    return found if isinstance(found, dict) else {}


def keep(actor: Actor, entity: str, **chosen: Any) -> None:
    """Remember `columns` or `size` of a list for this person; other choices stay."""
    model = registry.entity("user").model
    with database.atomic():
        person = model.select(model.id, model.list_preferences).where(model.id == actor.id).first()
        if person is not None:
            kept = dict(person.list_preferences or {})
            kept[entity] = {**kept.get(entity, {}), **chosen}
            model.update(list_preferences=kept).where(model.id == actor.id).execute()


def views(actor: Actor, entity: str) -> list[SavedView]:
    """The person's own saved views and the shared ones, by name."""
    visible = (SavedView.user == actor.id) | SavedView.shared
    return list(
        SavedView.select().where(SavedView.entity == entity, visible).order_by(SavedView.name).limit(30)
    )


def save_view(actor: Actor, entity: str, name: str, query: str, shared: bool) -> SavedView:
    """Save a question under a name; one of the same name of this person is replaced."""
    with database.atomic():
        SavedView.delete().where(
            SavedView.entity == entity, SavedView.user == actor.id, SavedView.name == name
        ).execute()
        return SavedView.create(user=actor.id, entity=entity, name=name, query=query, shared=shared)


def forget_view(actor: Actor, view_id: int) -> bool:
    """Remove a saved view of one's own; an administrator may remove shared ones."""
    own = SavedView.user == actor.id
    if actor.is_administrator:
        own = own | SavedView.shared
    return bool(SavedView.delete().where(SavedView.id == view_id, own).execute())
