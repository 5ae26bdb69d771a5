"""An exact number with a fixed count of decimal places."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import peewee

from crm_admin.i18n import lazy_gettext
from crm_admin.kinds.base import FieldDef, Kind, Raw, Reader, register
from crm_admin.kinds.numerals import DIGITS, limit, number, spelled


class ScaledField(peewee.BigIntegerField):
    """A Decimal kept as an integer of its last place: exact, comparable and summable on every database."""

    def __init__(self, places: int, **options: Any) -> None:
        self.places = places
        super().__init__(**options)

    def db_value(self, value: Any) -> int | None:
        return None if value is None else int(Decimal(value).scaleb(self.places).to_integral_value())

    def python_value(self, value: Any) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-self.places)


class DecimalKind(Kind):
    """Options: `decimals` (0–6, fixed once there is data), `minimum`, `maximum`."""

    name = "decimal"
    label = lazy_gettext("Number with decimals")
    icon = "decimal"
    operators = ("eq", "ne", "lt", "lte", "gt", "gte", "in", "isnull")
    numeric = True

    def places(self, field: FieldDef) -> int:
        """Decimal places that this field keeps."""
        return int(field.option("decimals", 2))

    def columns(self, field: FieldDef) -> dict[str, peewee.Field]:
        return {"": ScaledField(self.places(field), null=True)}

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> Decimal:
        value = number(raw, reader.language, self.places(field))
        limit(value, self._bound(field, "minimum"), self._bound(field, "maximum"))
        return value

    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        return "" if value is None else spelled(value, reader.language, self.places(field))

    def dump(self, value: Any, field: FieldDef) -> float | int | None:
        """A JSON number: no more than 15 digits, so that no program loses any."""
        if value is None:
            return None
        return float(value) if self.places(field) else int(value)

    def schema(self, field: FieldDef) -> dict[str, Any]:
        places = self.places(field)
        most = Decimal(10**DIGITS - 1).scaleb(-places)
        low, high = self._bound(field, "minimum"), self._bound(field, "maximum")
        return {
            "type": "number" if places else "integer",
            "minimum": self.dump(-most if low is None else low, field),
            "maximum": self.dump(most if high is None else high, field),
        } | ({"multipleOf": self.dump(Decimal(1).scaleb(-places), field)} if places else {})

    def sample(self, field: FieldDef, rng: Random) -> float | int | None:
        low = self._bound(field, "minimum") or Decimal(0)
        high = self._bound(field, "maximum")
        unit = Decimal(1).scaleb(-self.places(field))
        steps = int(((low + 1_000 if high is None else high) - low) / unit)
        return self.dump(low + unit * rng.randint(0, steps), field)

    def _bound(self, field: FieldDef, name: str) -> Decimal | None:
        bound = field.option(name)
        return None if bound is None else Decimal(str(bound))


register(DecimalKind())
