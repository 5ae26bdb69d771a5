"""A time of day, to the second, in no particular zone."""

from __future__ import annotations

import re
import unicodedata
from datetime import time
from random import Random
from typing import Any

import peewee
from babel.dates import format_time
from markupsafe import Markup

from crm_admin.i18n import babel_locale, gettext, lazy_gettext
from crm_admin.kinds.base import FieldDef, Invalid, Kind, Raw, Reader, register, text_of

_CLOCK = re.compile(
    r"(?P<before>上午|下午|sáng|chiều)?\s*(?P<hour>[0-9]{1,2})"
    r"(?:\s*[:.h点时]\s*(?P<minute>[0-9]{2})?\s*分?(?:[:.]?(?P<second>[0-9]{2})秒?(?:\.0+)?)?)?"
    r"\s*(?P<after>am|pm|a\.m\.|p\.m\.|sáng|chiều|sa|ch)?"
)
_MORNING = ("am", "a.m.", "上午", "sáng", "sa")
_AFTERNOON = ("pm", "p.m.", "下午", "chiều", "ch")


def time_of(text: str) -> time:
    """The time of day that `text` says: 13:14, 13:14:15, 1:14 pm, 13h14, 下午1:14. Raises Invalid for anything else."""
    if len(text) > 40:
        raise Invalid(_unreadable())
    found = _CLOCK.fullmatch(unicodedata.normalize("NFKC", text).strip().lower())
    if not found or not (found["minute"] or found["before"] or found["after"] or "h" in found[0]):
        raise Invalid(_unreadable())
    hour, half = int(found["hour"]), found["before"] or found["after"]
    if half and found["before"] and found["after"]:
        raise Invalid(_unreadable())
    if half:
        if not 1 <= hour <= 12:
            raise Invalid(_unreadable())
        hour = hour % 12 + (12 if half in _AFTERNOON else 0)
    try:
        return time(hour, int(found["minute"] or 0), int(found["second"] or 0))
    except ValueError as error:
        raise Invalid(_unreadable()) from error


def _unreadable() -> str:
    return gettext("This is not a time of day. Write it like 13:45.")


class TimeKind(Kind):
    name = "time"
    label = lazy_gettext("Time of day")
    icon = "clock"
    operators = ("eq", "ne", "lt", "lte", "gt", "gte", "in", "isnull")

    def columns(self, field: FieldDef) -> dict[str, peewee.Field]:
        return {"": peewee.TimeField(null=True)}

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> time:
        if isinstance(raw, time):
            return raw.replace(microsecond=0, tzinfo=None)
        if not isinstance(raw, str):
            raise Invalid(_unreadable())
        return time_of(text_of(raw))

    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        if value is None:
            return ""
        return format_time(value, "medium" if value.second else "short", locale=babel_locale(reader.language))

    def html(self, value: Any, field: FieldDef, reader: Reader) -> Markup:
        if value is None:
            return Markup("")
        return Markup('<time datetime="{}">{}</time>').format(
            value.isoformat(), self.format(value, field, reader)
        )

    def draft(self, value: Any, field: FieldDef, reader: Reader) -> str:
        if value is None:
            return ""
        return value.isoformat("seconds" if value.second else "minutes")

    def dump(self, value: Any, field: FieldDef) -> str | None:
        return None if value is None else value.isoformat("seconds")

    def fold_source(self, value: Any, field: FieldDef) -> list[str]:
        return []

    def schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$"}

    def request_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"}

    def sample(self, field: FieldDef, rng: Random) -> str:
        return f"{rng.randint(8, 17):02}:{rng.choice((0, 15, 30, 45)):02}:00"


register(TimeKind())
