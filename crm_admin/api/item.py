"""A record as JSON: the fields that the caller may read, as their kinds dump them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flask import Response

from crm_admin import policy, records
from crm_admin.api.caller import actor, reader
from crm_admin.registry import EntityDef, Record


def answer(body: Any, status: int = 200) -> Response:
    """`body` as application/json."""
    return Response(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")), status, mimetype="application/json"
    )


def keys(definition: EntityDef) -> list[str]:
    """Keys of the readable fields, in the order of the definition, `id` first."""
    readable = policy.fields(actor(), definition.key)
    return sorted((key for key in definition.fields if key in readable), key=lambda key: key != "id")


def items(definition: EntityDef, found: Iterable[Record], *, names: bool = False) -> list[dict[str, Any]]:
    """The records; `_names` says what the linked ones are called, as far as the caller may see them."""
    rows, shown = list(found), keys(definition)
    if names:
        records.load_names(definition, rows, shown, reader())
    else:
        for key in shown:
            definition.fields[key].kind.load_many(definition.key, rows, definition.fields[key])
    return [_item(definition, row, shown, names) for row in rows]


def item(definition: EntityDef, record: Record, *, names: bool = False) -> dict[str, Any]:
    """One record; see `items`."""
    return items(definition, [record], names=names)[0]


def tag(record: Record) -> str:
    """The entity tag of a record: its version, which every save moves."""
    return f'"{record.row_version}"'


def _item(definition: EntityDef, record: Record, shown: list[str], names: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    labels: dict[str, str] = {}
    for key in shown:
        field = definition.fields[key]
        value = field.kind.read(record, field)
        found[key] = None if field.kind.is_empty(value) else field.kind.dump(value, field)
        if names and (label := _label(field.kind.references(value, field))):
            labels[key] = label
    if names:
        found["_names"] = labels
    return found


def _label(references: list[tuple[str, int]]) -> str:
    known = (reader().names(entity, [number]).get(number) for entity, number in references)
    return ", ".join(name for name in known if name)
