"""Into the recycle bin and out of it again."""

from __future__ import annotations

from typing import Any

import peewee

from crm_admin import audit, clock, history, policy, registry
from crm_admin.db import database
from crm_admin.policy import Actor
from crm_admin.records.errors import NotFound, Rejected, Stale
from crm_admin.records.reading import lock
from crm_admin.registry import EntityDef, Record


def delete(actor: Actor, record: Record, *, expected_version: int | None = None) -> None:
    """Move a record to the recycle bin.

    Raises Stale when `expected_version` is not the version found, NotFound, Forbidden, Rejected.
    """
    definition = registry.of(record)
    with database.atomic():
        current = lock(actor, definition, record.id, "delete")
        if expected_version is not None and current.row_version != expected_version:
            raise Stale(current)
        problem = current.keep_because()
        if problem:
            raise Rejected({"": [problem]})
        _mark_deleted(definition, current, clock.now(), actor.id)
        audit.write(actor, definition.key, current.id, "delete", {}, current.row_version)
        history.hide((definition.key, current.id), current.deleted_at)


def restore(actor: Actor, entity: str, record_id: int) -> Record:
    """Bring a record back from the recycle bin. Raises NotFound or Forbidden."""
    with database.atomic():
        record = deleted(actor, entity).where(registry.entity(entity).model.id == record_id).first()
        if record is None:
            raise NotFound(entity)
        _mark_deleted(registry.entity(entity), record, None, None)
        audit.write(actor, entity, record.id, "restore", {}, record.row_version)
        history.hide((entity, record.id), None)
    return record


def deleted(actor: Actor, entity: str) -> peewee.ModelSelect:
    """The records in the recycle bin that `actor` may restore: those they may see and delete."""
    definition = registry.entity(entity)
    query = definition.model.select().where(definition.model.deleted_at.is_null(False))
    for action in ("read", "delete"):
        limit = policy.predicate(actor, action, definition)
        if limit is not None:
            query = query.where(limit)
    return query


def _mark_deleted(definition: EntityDef, record: Record, at: Any, by: int | None) -> None:
    model = definition.model
    record.deleted_at, record.deleted_by, record.modified_at = at, by, clock.now()
    record.row_version += 1
    model.update(
        deleted_at=at, deleted_by=by, row_version=record.row_version, modified_at=record.modified_at
    ).where(model.id == record.id).execute()
