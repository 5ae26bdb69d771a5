"""How long something took, in whole seconds, written as a clock shows it: 1:05, 1:02:03."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import peewee

from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds.base import FieldDef, Invalid, Kind, Raw, Reader, register, text_of
from crm_admin.kinds.numerals import number, plain

MOST_S = 366 * 86_400
_CLOCK = re.compile(r"(?:(?P<hours>[0-9]{1,4}):)?(?P<minutes>[0-9]{1,3}):(?P<seconds>[0-5][0-9])")


class DurationKind(Kind):
    """The value is seconds, an int from 0 to a year."""

    name = "duration"
    label = lazy_gettext("Duration")
    icon = "hourglass"
    operators = ("eq", "ne", "lt", "lte", "gt", "gte", "in", "isnull")
    numeric = True

    def columns(self, field: FieldDef) -> dict[str, peewee.Field]:
        return {"": peewee.BigIntegerField(null=True)}

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> int:
        """Seconds as a number, or `[hours:]minutes:seconds`."""
        seconds = self._of_clock(raw) if isinstance(raw, str) and ":" in plain(text_of(raw)) else None
        value = int(number(raw, reader.language, 0)) if seconds is None else seconds
        if not 0 <= value <= MOST_S:
            raise Invalid(_unreadable())
        return value

    def _of_clock(self, raw: str) -> int:
        found = _CLOCK.fullmatch(plain(raw))
        if not found or (found["hours"] and int(found["minutes"]) > 59):
            raise Invalid(_unreadable())
        return int(found["hours"] or 0) * 3600 + int(found["minutes"]) * 60 + int(found["seconds"])

    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        return "" if value is None else clock_face(value)

    def draft(self, value: Any, field: FieldDef, reader: Reader) -> str:
        return self.format(value, field, reader)

    def fold_source(self, value: Any, field: FieldDef) -> list[str]:
        return []

    def schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "integer", "minimum": 0, "maximum": MOST_S}

    def sample(self, field: FieldDef, rng: Random) -> int:
        return rng.randint(5, 1_800)


def clock_face(seconds: int) -> str:
    """1:05 for 65 seconds, 1:02:03 from an hour on."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _unreadable() -> str:
    return gettext("This is not a duration. Write it like 1:30 (minutes and seconds) or 90 (seconds).")


register(DurationKind())
