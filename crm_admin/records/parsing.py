"""What somebody typed or sent, as values: each kind reads its own, the policy says which may be set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_admin import policy
from crm_admin.i18n import gettext
from crm_admin.kinds import Invalid, Reader
from crm_admin.policy import Actor
from crm_admin.records.errors import Rejected
from crm_admin.registry import EntityDef

Values = dict[str, Any]
"""Parsed values by field key."""


def parse(actor: Actor, definition: EntityDef, raw: Mapping[str, Any], reader: Reader) -> Values:
    """Values out of raw ones. Raises Rejected with every field that is unknown, not writable or invalid."""
    writable = policy.fields(actor, definition.key, "write")
    values: Values = {}
    errors: dict[str, list[str]] = {}
    for key, item in raw.items():
        field = definition.fields.get(key)
        if field is None or key not in writable:
            errors[key] = [gettext("There is no such field, or it cannot be set.")]
            continue
        try:
            values[key] = field.kind.parse(item, field, reader)
        except Invalid as error:
            errors[key] = [str(error)]
    if errors:
        raise Rejected(errors)
    return values
