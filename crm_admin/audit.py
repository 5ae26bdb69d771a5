"""Who changed what, before and after, when, and from where: one row for every write of every surface."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import BigAutoField, BigIntegerField, DateTimeField, IntegerField, JSONField, TextField

from crm_admin import clock, policy, registry
from crm_admin.db import LinkField, Table
from crm_admin.policy import Actor

PAGE = 50
"""Entries shown at a time."""

Changes = dict[str, list[Any]]
"""Field key → [before, after], as the kinds dump them."""


class AuditEntry(Table):
    """One write. Rows are only ever added."""

    id = BigAutoField()
    at = DateTimeField(default=clock.now)
    user = LinkField("user", null=True)
    entity = TextField()
    record_id = BigIntegerField()
    action = TextField()
    changes = JSONField()
    version = IntegerField(default=1)
    source = TextField()
    ip = TextField(null=True)
    request_id = TextField(null=True)

    class Meta:
        table_name = "sys_audit"
        indexes = ((("entity", "record_id", "id"), False), (("user", "id"), False))


@dataclass(frozen=True)
class Origin:
    """Where a write comes from: the surface (`screen`, `api`, `import`, `job`, `command`, `system`) and the client."""

    source: str = "system"
    ip: str | None = None
    request_id: str | None = None


_origin: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039 — frozen


@contextmanager
def coming_from(origin: Origin) -> Iterator[None]:
    """Every write inside the block is noted as coming from `origin`."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def origin() -> Origin:
    return _origin.get()


_watchers: list[Callable[[str, int], None]] = []


def watch(call: Callable[[str, int], None]) -> None:
    """Have `call(entity, record_id)` run in the transaction of every write."""
    if call not in _watchers:
        _watchers.append(call)


def write(actor: Actor, entity: str, record_id: int, action: str, changes: Changes, version: int) -> int:
    """Note one write, in its transaction; `version` is the record's after it. The entry's id."""
    where = _origin.get()
    entry = AuditEntry.create(
        user=actor.id,
        entity=entity,
        record_id=record_id,
        action=action,
        changes=changes,
        version=version,
        source=where.source,
        ip=where.ip,
        request_id=where.request_id,
    )
    for call in _watchers:
        call(entity, record_id)
    return int(entry.id)


@dataclass(frozen=True)
class Entry:
    """An audit entry as one person may see it: only the fields they may read."""

    id: int
    at: datetime
    user: int | None
    action: str
    changes: Changes
    source: str
    version: int
    """Of the record, after this write."""


def trail(
    actor: Actor, entity: str, record_id: int, *, before: int | None = None, limit: int = PAGE
) -> list[Entry]:
    """The newest entries about one record that `actor` may see; the caller has checked that the record is visible."""
    readable = policy.fields(actor, entity)
    known = registry.entity(entity).fields
    query = (
        AuditEntry.select()
        .where(AuditEntry.entity == entity, AuditEntry.record_id == record_id)
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(AuditEntry.id < before)
    entries = []
    for row in query:
        # What is no field (rights of a role, a password) is for administrators.
        seen = {
            key: pair
            for key, pair in row.changes.items()
            if key in readable or (key not in known and actor.is_administrator)
        }
        if seen or not row.changes:
            entries.append(Entry(row.id, row.at, row.user, row.action, seen, row.source, row.version))
    return entries


def since(entity: str, record_id: int, version: int) -> Changes:
    """What was changed after a version of a record: field key → [value then, value now]."""
    query = (
        AuditEntry.select(AuditEntry.changes)
        .where(AuditEntry.entity == entity, AuditEntry.record_id == record_id, AuditEntry.version > version)
        .order_by(AuditEntry.id)
    )
    changed: Changes = {}
    for row in query:
        for key, (before, after) in row.changes.items():
            changed[key] = [changed[key][0] if key in changed else before, after]
    return changed
