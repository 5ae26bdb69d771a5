"""One event: something browsers should hear of, and who may. A row, so that it exists only if its cause does."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from peewee import BigAutoField, BigIntegerField, DateTimeField, TextField, fn

from crm_admin import clock
from crm_admin.db import Table, database, is_sqlite
from crm_admin.push.source import CHANNEL

DATA_BYTES = 8_000
KEEP_HOURS = 1


class Event(Table):
    """`users` and `roles` are JSON lists, or null; both null: everyone who is signed in."""

    id = BigAutoField()
    at = DateTimeField(index=True)
    type = TextField()
    entity = TextField(null=True)
    record_id = BigIntegerField(null=True)
    data = TextField(default="{}")
    users = TextField(null=True)
    roles = TextField(null=True)

    class Meta:
        table_name = "sys_event"


def publish(
    type: str,
    data: Mapping[str, Any],
    *,
    users: Collection[int] | None = None,
    entity: str | None = None,
    record_id: int | None = None,
    roles: Collection[str] | None = None,
) -> None:
    """Tell the browsers of `users` and of people with one of `roles`, once the caller's transaction has committed.

    With neither, everyone who is signed in hears it; such an event may name its type and an entity, nothing more.
    The caller has asked the policy who may know: nobody asks again. An empty audience writes nothing.
    Raises ValueError for data to everyone, and for more than 8,000 bytes of JSON.
    """
    if users is None and roles is None and (data or record_id is not None):
        raise ValueError(f"{type}: data and record ids need an audience")
    if not users and not roles and not (users is None and roles is None):
        return
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > DATA_BYTES:
        raise ValueError(f"{type}: more than {DATA_BYTES} bytes of data; send an id and let the browser ask")
    with database.atomic():
        Event.insert(
            at=clock.now(),
            type=type,
            entity=entity,
            record_id=record_id,
            data=text,
            users=None if users is None else json.dumps(sorted(set(users))),
            roles=None if roles is None else json.dumps(sorted(set(roles))),
        ).execute()
        if not is_sqlite():
            # The same empty payload every time: PostgreSQL folds the signals of one transaction into one.
            database.execute_sql("SELECT pg_notify(%s, '')", (CHANNEL,))


def prune() -> int:
    """Delete events older than an hour. The newest row stays, so that SQLite never gives its id out again."""
    newest = Event.select(fn.MAX(Event.id))
    with database.atomic():
        old = Event.delete().where((Event.at < clock.ago(hours=KEEP_HOURS)) & (Event.id < newest))
        return int(old.execute())
