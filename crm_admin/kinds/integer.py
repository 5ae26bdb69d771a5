"""A whole number."""

from __future__ import annotations

from random import Random
from typing import Any

import peewee

from crm_admin.i18n import lazy_gettext
from crm_admin.kinds.base import FieldDef, Kind, Raw, Reader, register
from crm_admin.kinds.numerals import DIGITS, limit, number, spelled

MOST = 10**DIGITS - 1


class IntegerKind(Kind):
    """Options: `minimum`, `maximum`."""

    name = "integer"
    label = lazy_gettext("Whole number")
    icon = "number"
    operators = ("eq", "ne", "lt", "lte", "gt", "gte", "in", "isnull")
    numeric = True

    def columns(self, field: FieldDef) -> dict[str, peewee.Field]:
        return {"": peewee.BigIntegerField(null=True)}

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> int:
        value = int(number(raw, reader.language, 0))
        limit(value, field.option("minimum"), field.option("maximum"))
        return value

    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        return "" if value is None else spelled(value, reader.language, 0)

    def draft(self, value: Any, field: FieldDef, reader: Reader) -> str:
        return "" if value is None else str(value)

    def schema(self, field: FieldDef) -> dict[str, Any]:
        return {
            "type": "integer",
            "minimum": field.option("minimum", -MOST),
            "maximum": field.option("maximum", MOST),
        }

    def sample(self, field: FieldDef, rng: Random) -> int:
        low = field.option("minimum", 0)
        return rng.randint(low, field.option("maximum", low + 5_000))


register(IntegerKind())
