"""Emptying the recycle bin: what was deleted long ago goes for good, with everything that hung on it."""

from __future__ import annotations

from datetime import datetime

from crm_admin import files, policy, registry
from crm_admin.audit import write as note
from crm_admin.db import database
from crm_admin.history import HistoryLine, HistorySubject
from crm_admin.registry import EntityDef, Record

BATCH = 200


def purge(before: datetime) -> int:
    """Remove every record deleted before `before`; how many. One transaction per batch, children of a record first.

    The audit keeps that there was a record and who deleted it, not what it said.
    """
    gone = 0
    for definition in reversed(list(registry.entities())):
        model = definition.model
        while True:
            old = list(model.select().where(model.deleted_at < before).order_by(model.id).limit(BATCH))
            if not old:
                break
            with database.atomic():
                for record in old:
                    _remove(definition, record)
            gone += len(old)
    return gone


def _remove(definition: EntityDef, record: Record) -> None:
    for part in definition.children:
        child = registry.entity(part.entity)
        via = getattr(child.model, child.fields[part.via].name)
        for row in child.model.select().where(via == record.id):
            _remove(child, row)
    record.before_purge()
    for field in definition.fields.values():
        field.kind.after_save(definition.key, record.id, field, None)
    lines = HistoryLine.select(HistoryLine.id).where(
        HistoryLine.ref_entity == definition.key, HistoryLine.ref_id == record.id
    )
    HistorySubject.delete().where(HistorySubject.line.in_(lines)).execute()
    HistorySubject.delete().where(
        HistorySubject.entity == definition.key, HistorySubject.record_id == record.id
    ).execute()
    HistoryLine.delete().where(
        HistoryLine.ref_entity == definition.key, HistoryLine.ref_id == record.id
    ).execute()
    definition.model.delete().where(definition.model.id == record.id).execute()
    note(policy.SYSTEM, definition.key, record.id, "purge", {}, record.row_version)
    digest = getattr(record, "sha256", None)
    if digest and not definition.model.select().where(definition.model.sha256 == digest).exists():
        files.path_of(digest).unlink(missing_ok=True)
