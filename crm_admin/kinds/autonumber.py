"""A number that the product gives to each new record, such as CASE-2024-00017, without gaps."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import peewee

from crm_admin import clock
from crm_admin.db import Table, database
from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds.base import FieldDef, Invalid, Raw, Reader, register
from crm_admin.kinds.datetime import local
from crm_admin.kinds.text import TextKind

_SLOT = re.compile(r"\{(year|number)(?::0([1-9])d)?\}")


class Sequence(Table):
    """The last number drawn under a name."""

    name = peewee.TextField(primary_key=True)
    value = peewee.BigIntegerField()

    class Meta:
        table_name = "sys_sequence"


def draw(name: str) -> int:
    """The next number of a sequence, from 1.

    The row stays locked until the transaction ends and goes back with it: no number is lost or given twice.
    Raises RuntimeError outside a transaction.
    """
    if not database.transaction_depth():
        raise RuntimeError("numbers are drawn in the transaction of their record")
    row = (
        Sequence.insert(name=name, value=1)
        .on_conflict(conflict_target=[Sequence.name], update={Sequence.value: Sequence.value + 1})
        .returning(Sequence.value)
        .execute()
    )
    return int(next(iter(row)).value)


class AutonumberKind(TextKind):
    """Option: `pattern`, text with `{number}` or `{number:05d}` and, to begin again each year, `{year}`."""

    name = "autonumber"
    label = lazy_gettext("Automatic number")
    icon = "hash"
    inline = False
    computed = True

    def pattern(self, field: FieldDef) -> str:
        """The pattern of the field's numbers."""
        return str(field.option("pattern", "{number}"))

    def settle(self, value: Any, entity: str, field: FieldDef, reader: Reader, *, new: bool) -> Any:
        if not new:
            return value
        pattern = self.pattern(field)
        year = local(clock.now(), reader.timezone).year
        name = f"{entity}.{field.key}" + (f".{year}" if "{year" in pattern else "")
        return _filled(pattern, year, draw(name))

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> str | None:
        """A number that was given before, as it is written; only filters and restored records bring one."""
        text = super().accept(raw, FieldDef(field.key, self, field.label), reader)
        if text is not None and not re.fullmatch(self._expression(field), text):
            example = _filled(self.pattern(field), clock.now().year, 1)
            raise Invalid(gettext("Numbers here look like %(example)s.", example=example))
        return text

    def is_posted(self, form: Any, name: str) -> bool:
        return False

    def schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{self._expression(field)}$", "maxLength": self.most}

    def sample(self, field: FieldDef, rng: Random) -> str:
        return _filled(self.pattern(field), clock.now().year, rng.randint(1, 9_999))

    def _expression(self, field: FieldDef) -> str:
        # Hyphens need no escape outside brackets, and JSON Schema's dialect refuses one.
        literal = [
            re.sub(r"([.^$*+?()\[\]{}|\\])", r"\\\1", part) for part in _SLOT.split(self.pattern(field))[::3]
        ]
        slots = [f"[0-9]{{{width or 1},}}" for _, width in _SLOT.findall(self.pattern(field))]
        return literal[0] + "".join(slot + rest for slot, rest in zip(slots, literal[1:], strict=True))


def _filled(pattern: str, year: int, number: int) -> str:
    parts = {"year": year, "number": number}
    return _SLOT.sub(lambda slot: f"{parts[slot[1]]:0{slot[2] or 1}d}", pattern)


register(AutonumberKind())
