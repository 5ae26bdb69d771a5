"""A moment: kept in UTC without a zone, read and shown in the reader's zone."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import peewee
from markupsafe import Markup
from peewee import Expression, Node

from crm_admin import clock
from crm_admin.i18n import gettext, lazy_gettext, moment_text
from crm_admin.kinds.base import FieldDef, Invalid, Kind, Raw, Reader, listed, register, text_of
from crm_admin.kinds.date import day_of
from crm_admin.kinds.time import time_of

FIRST = datetime.fromisoformat("1000-01-02")
LAST = datetime.fromisoformat("9999-12-30")
"""A day inside the years 1000–9999, so that the moment has a date in every zone."""

_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)\s*(Z|[+-]\d{2}:?\d{2}(?::\d{2})?)?",
    re.IGNORECASE | re.ASCII,
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def utc(local: datetime, zone: str) -> datetime:
    """The UTC moment of a wall-clock time. A time that occurs twice means the first; one that is skipped is Invalid."""
    aware = local.replace(tzinfo=ZoneInfo(zone), fold=0)
    moment = _naive(aware)
    if _naive(aware).replace(tzinfo=UTC).astimezone(aware.tzinfo).replace(tzinfo=None) != local:
        raise Invalid(gettext("The clocks skip this time on that day; choose a later one."))
    return moment


def local(moment: datetime, zone: str) -> datetime:
    """The wall-clock time, without a zone, of a UTC moment."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def start_of(day: date, zone: str) -> datetime:
    """The UTC moment at which `day` begins in `zone`, even where its midnight is skipped."""
    return _naive(datetime.combine(day, time(), ZoneInfo(zone)))


def _naive(aware: datetime) -> datetime:
    """UTC without a zone. Raises Invalid outside FIRST..LAST."""
    try:
        moment = aware.astimezone(UTC).replace(tzinfo=None)
    except OverflowError as error:
        raise Invalid(_out_of_range()) from error
    if not FIRST <= moment <= LAST:
        raise Invalid(_out_of_range())
    return moment


def _out_of_range() -> str:
    return gettext("The year must be between 1000 and 9999.")


def _unreadable() -> str:
    return gettext("This is not a date and time. Write it like 2024-02-29 13:45.")


class DatetimeKind(Kind):
    name = "datetime"
    is_time = True
    label = lazy_gettext("Date and time")
    icon = "calendar-time"
    operators = ("eq", "ne", "lt", "lte", "gt", "gte", "in", "isnull")

    def columns(self, field: FieldDef) -> dict[str, peewee.Field]:
        return {"": peewee.DateTimeField(null=True)}

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> datetime:
        """ISO 8601 with an offset or in the reader's zone, or a date and a time as the reader writes them."""
        if isinstance(raw, datetime):
            return utc(raw, reader.timezone) if raw.tzinfo is None else _naive(raw)
        if not isinstance(raw, str) or len(raw) > 60:
            raise Invalid(_unreadable())
        text = unicodedata.normalize("NFKC", text_of(raw)).strip()
        found = _ISO.fullmatch(text)
        if not found:
            return utc(_as_people_write(text, reader.language), reader.timezone)
        try:
            if found[3]:
                return _naive(datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3].upper()}"))
            return utc(datetime.fromisoformat(f"{found[1]}T{found[2]}"), reader.timezone)
        except ValueError as error:
            if isinstance(error, Invalid):
                raise
            raise Invalid(gettext("There is no such day or time.")) from error

    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        return "" if value is None else moment_text(local(value, reader.timezone), reader.language)

    def html(self, value: Any, field: FieldDef, reader: Reader) -> Markup:
        if value is None:
            return Markup("")
        shown = self.format(value, field, reader)
        return Markup('<time datetime="{}">{}</time>').format(self.dump(value, field), shown)

    def draft(self, value: Any, field: FieldDef, reader: Reader) -> str:
        """As `datetime-local` takes it: the reader's wall clock, to the minute, or finer where the value is."""
        if value is None:
            return ""
        shown = local(value, reader.timezone)
        if shown.microsecond:
            return shown.isoformat(timespec="milliseconds")
        return shown.isoformat(timespec="seconds" if shown.second else "minutes")

    def dump(self, value: Any, field: FieldDef) -> str | None:
        return None if value is None else value.isoformat() + "Z"

    def cells(self, value: Any, field: FieldDef, reader: Reader) -> dict[str, Any]:
        """The reader's wall clock with its offset, so that the one hour that occurs twice stays apart."""
        if value is None:
            return {"": ""}
        return {"": value.replace(tzinfo=UTC).astimezone(ZoneInfo(reader.timezone)).isoformat(" ")}

    def fold_source(self, value: Any, field: FieldDef) -> list[str]:
        return []

    def schema(self, field: FieldDef) -> dict[str, Any]:
        pattern = r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$"
        return {"type": "string", "format": "date-time", "pattern": pattern}

    def request_schema(self, field: FieldDef) -> dict[str, Any]:
        """With any offset; without one the moment is read in the reader's zone."""
        wall = r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
        return {"type": "string", "pattern": f"^{wall}(Z|[+-][0-9]{{2}}:[0-9]{{2}})?$"}

    def sample(self, field: FieldDef, rng: Random) -> str:
        moment = clock.now().replace(second=0, microsecond=0) - timedelta(minutes=rng.randint(0, 1_000_000))
        return moment.isoformat() + "Z"

    def where(
        self, field: FieldDef, model: type[peewee.Model], operator: str, raw: Raw, reader: Reader
    ) -> Expression | Node:
        """A day alone stands for all of it in the reader's zone: `lte` 2024-02-29 includes its evening."""
        text = raw.strip() if isinstance(raw, str) else ""
        if operator not in _WHOLE_DAY or not _DAY.fullmatch(text):
            if operator == "in" and any(
                isinstance(r, str) and _DAY.fullmatch(r.strip()) for r in listed(raw)
            ):
                raise Invalid(_unreadable())
            return super().where(field, model, operator, raw, reader)
        day = day_of(text, reader.language)
        if day >= LAST.date():
            raise Invalid(_out_of_range())
        column = self.column(field, model)
        begins, ends = start_of(day, reader.timezone), start_of(day + timedelta(days=1), reader.timezone)
        if operator == "eq":
            return (column >= begins) & (column < ends)
        if operator == "ne":
            return (column < begins) | (column >= ends) | column.is_null()
        after = operator in ("gt", "gte")
        bound = ends if operator in ("lte", "gt") else begins
        return column >= bound if after else column < bound


_WHOLE_DAY = ("eq", "ne", "lt", "lte", "gt", "gte")


def _as_people_write(text: str, language: str) -> datetime:
    """A date and a time of day in either order, parted by a comma or a space. Raises Invalid."""
    words = text.replace(",", " ").split()
    for cut in range(1, len(words)):
        head, tail = " ".join(words[:cut]), " ".join(words[cut:])
        for day_text, time_text in ((head, tail), (tail, head)):
            if found := _pair(day_text, time_text, language):
                return found
    day_of(words[0] if words else "", language)  # a doubtful date says so itself
    raise Invalid(_unreadable())


def _pair(day_text: str, time_text: str, language: str) -> datetime | None:
    try:
        when = time_of(time_text)
    except Invalid:
        return None
    try:
        return datetime.combine(day_of(day_text, language), when)
    except Invalid:
        if any(c.isdigit() for c in day_text) and len(day_text) >= 8:
            raise
        return None


register(DatetimeKind())
