"""What a program sent, as values: JSON of exactly the form that the description promises.

People may type 1.500 or 1/2/2024 and be understood in their language; a program whose text were read that way would be
understood differently after its owner chose another one. So here a number is a JSON number and a date is ISO 8601.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_admin import policy, records
from crm_admin.api.problems import Errors
from crm_admin.api.shape import fits
from crm_admin.i18n import gettext
from crm_admin.kinds import FieldDef, Reader
from crm_admin.policy import Actor
from crm_admin.records import Rejected, Values
from crm_admin.registry import EntityDef


def values(actor: Actor, definition: EntityDef, raw: Mapping[str, Any], seeing: Reader) -> Values:
    """Values by field key. Raises Rejected with every field that is unknown, not writable or not of its form."""
    writable = policy.fields(actor, definition.key, "write")
    errors: Errors = {
        key: [gettext("This is not of the form that the description of the API names.")]
        for key, value in raw.items()
        if key in writable and not _fits(value, definition.fields[key])
    }
    try:
        found = records.parse(actor, definition, raw, seeing)
    except Rejected as error:
        # What the kind says is nearer to the point.
        errors |= {key[:100]: texts for key, texts in error.errors.items()}
        found = {}
    if errors:
        raise Rejected(errors)
    return found


def _fits(value: Any, field: FieldDef) -> bool:
    return value is None or fits(value, field.kind.request_schema(field))
