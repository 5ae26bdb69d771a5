"""Reading and writing one field of a record by its key, shadows (folded text, parts) included."""

from __future__ import annotations

from typing import Any

from crm_admin import registry
from crm_admin.kinds import Reader
from crm_admin.registry import Record


def put(record: Record, key: str, value: Any) -> None:
    """Write a parsed value to the field `key`. Raises KeyError for an unknown field."""
    field = registry.of(record).fields[key]
    field.kind.write(record, field, value)


def put_raw(record: Record, key: str, raw: Any, reader: Reader) -> None:
    """Write a value as a person types it. Raises Invalid when the kind refuses it."""
    field = registry.of(record).fields[key]
    field.kind.write(record, field, field.kind.parse(raw, field, reader))
