"""The definition as programs read it: which entities there are, and what the caller may do with each field."""

from __future__ import annotations

from typing import Any

from flask import Response

from crm_admin import listing, policy, registry
from crm_admin.api import arguments, item
from crm_admin.api.caller import actor, entity
from crm_admin.api.door import blueprint
from crm_admin.kinds import Choice, FieldDef
from crm_admin.registry import EntityDef


@blueprint.get("/schema/entities")
def list_entities() -> Response:
    """Every entity that the caller may read."""
    arguments.expect(())
    return item.answer({"items": [_summary(definition) for definition in readable_entities()]})


@blueprint.get("/schema/entities/<entity:key>")
def get_entity(key: str) -> Response:
    """One entity with the fields that the caller may read."""
    definition = entity(key)
    arguments.expect(())
    writable = policy.fields(actor(), key, "write")
    fields = [_field(definition.fields[name], name in writable) for name in item.keys(definition)]
    return item.answer({**_summary(definition), "fields": fields})


def readable_entities() -> list[EntityDef]:
    """The entities that the caller may read, in their order."""
    return [d for d in registry.entities() if policy.level(actor(), "read", d.key).rank]


def _summary(definition: EntityDef) -> dict[str, Any]:
    levels = {
        action: policy.level(actor(), action, definition.key).key
        for action in ("read", "create", "update", "delete", "assign")
    }
    readable = policy.fields(actor(), definition.key)
    return {
        "key": definition.key,
        "label": str(definition.label),
        "plural": str(definition.plural),
        "title": definition.title if definition.title in readable else None,
        "levels": levels,
    }


def _field(field: FieldDef, writable: bool) -> dict[str, Any]:
    return {
        "key": field.key,
        "kind": field.kind.name,
        "label": str(field.label),
        "help": str(field.help),
        "required": field.required,
        "unique": field.unique,
        "writable": writable,
        "sortable": listing.sortable(field),
        "operators": list(field.kind.operators) if field.filterable else [],
        "options": {name: _plain(value) for name, value in field.options.items()},
        "schema": field.kind.schema(field),
    }


def _plain(value: Any) -> Any:
    """An option of a field as JSON."""
    if isinstance(value, Choice):
        return {"key": value.key, "label": str(value.label), "tone": value.tone, "retired": value.retired}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
