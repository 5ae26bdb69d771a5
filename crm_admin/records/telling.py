"""What a save leaves behind besides the record: the changes for the audit, and its lines in the history."""

from __future__ import annotations

from typing import Any

from crm_admin import audit, history, registry
from crm_admin.kinds import FieldDef
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef, Record


def dump(definition: EntityDef, record: Record) -> dict[str, Any]:
    """All values as the audit keeps them, by field key."""
    return {key: _dumped(field, record) for key, field in definition.fields.items()}


def changes_since(definition: EntityDef, record: Record, before: dict[str, Any]) -> audit.Changes:
    """Field key → [before, now] of the fields that differ from `before`, which `dump` made."""
    changes: audit.Changes = {}
    for key, field in definition.fields.items():
        if key in registry.SYSTEM_COLUMNS:
            continue
        old, new = before.get(key), _dumped(field, record)
        if old != new:
            changes[key] = [old, new]
    return changes


def tell(
    actor: Actor, definition: EntityDef, record: Record, changes: audit.Changes, entry: int, *, new: bool
) -> None:
    """Write the history: the record's own line where it is an event, and a line for changes worth telling."""
    if not (definition.has_history or definition.event):
        return
    ref = (definition.key, int(record.id))
    beyond = definition.subjects(record) if definition.subjects else []
    about: dict[str, Any] = {"by": actor.id, "ref": ref, "owner": record.owner, "team": record.team}
    if definition.event and beyond and not definition.has_history:
        _event(definition, record, beyond, about)
        return
    subjects = [ref, *beyond] if definition.has_history else beyond
    if not subjects:
        if not new:
            history.retract(f"{definition.key}:{record.id}")
        return
    if definition.event:
        _event(definition, record, subjects, about)
    elif new:
        data = {definition.title: _dumped(definition.fields[definition.title], record)}
        history.record(
            "created",
            source=f"{definition.key}:{record.id}",
            at=record.created_at,
            subjects=subjects,
            data=data,
            **about,
        )
    told = {key: pair for key, pair in changes.items() if definition.fields[key].told}
    if told and not new:
        history.record(
            "change",
            source=f"change:{entry}",
            at=record.modified_at,
            subjects=subjects,
            data={"changes": told, definition.title: _dumped(definition.fields[definition.title], record)},
            **about,
        )


def _event(
    definition: EntityDef, record: Record, subjects: list[tuple[str, int]], about: dict[str, Any]
) -> None:
    data = {
        key: dumped
        for key, field in definition.fields.items()
        if key not in registry.SYSTEM_COLUMNS and (dumped := _dumped(field, record)) is not None
    }
    history.record(
        definition.event or "",
        source=f"{definition.key}:{record.id}",
        at=record.happened_at(),
        subjects=subjects,
        data=data,
        **{**about, "by": record.created_by},
    )


def _dumped(field: FieldDef, record: Record) -> Any:
    value = field.kind.read(record, field)
    return None if field.kind.is_empty(value) else field.kind.dump(value, field)
