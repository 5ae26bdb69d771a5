"""Values as the audit and the history keep them, shown to a reader of today.

The definition may have moved on since: a choice retired, a limit tightened, a field gone. What was true then is still
shown, as it was written down.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape

from crm_admin.kinds import Invalid, Reader
from crm_admin.registry import EntityDef


def references(definition: EntityDef, key: str, value: Any, reader: Reader) -> list[tuple[str, int]]:
    """The records a stored value points at, as (entity, id)."""
    target = definition.fields.get(key)
    if target is None or value is None:
        return []
    try:
        return target.kind.references(target.kind.parse(value, target, reader), target)
    except Invalid:
        return []


def text(definition: EntityDef, key: str, value: Any, reader: Reader) -> str:
    """A stored value as text; "" for none."""
    target = definition.fields.get(key)
    if value is None:
        return ""
    if target is None:
        return str(value)
    try:
        return target.kind.format(target.kind.parse(value, target, reader), target, reader)
    except Invalid:
        return str(value)


def html(definition: EntityDef, key: str, value: Any, reader: Reader) -> Markup:
    """A stored value for a page."""
    target = definition.fields.get(key)
    if target is None or value is None:
        return escape(text(definition, key, value, reader))
    try:
        return target.kind.html(target.kind.parse(value, target, reader), target, reader)
    except Invalid:
        return escape(value)


def label(definition: EntityDef, key: str) -> str:
    """What the field is called; its key where it is none any more."""
    target = definition.fields.get(key)
    return str(target.label) if target else key
