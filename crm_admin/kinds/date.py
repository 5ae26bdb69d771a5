"""A calendar day."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import peewee
from markupsafe import Markup

from crm_admin import clock
from crm_admin.i18n import day_text, gettext, lazy_gettext
from crm_admin.kinds.base import FieldDef, Invalid, Kind, Raw, Reader, register, text_of

FIRST_YEAR = 1000

_YEAR_FIRST = re.compile(r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})\s*日?")
_YEAR_LAST = re.compile(r"([0-9]{1,2})\s*[-/.]\s*([0-9]{1,2})\s*[-/.]\s*([0-9]{4})")
_MONTH_WORD = re.compile(r"([0-9]{1,2})(?:\s+|-)([a-z]{3,9})\.?,?(?:\s+|-)([0-9]{4})")
_WORD_FIRST = re.compile(r"([a-z]{3,9})\.?\s+([0-9]{1,2}),?\s+([0-9]{4})")
_VIETNAMESE = re.compile(r"(?:ngày\s+)?([0-9]{1,2})\s+(?:thg|tháng)\s+([0-9]{1,2})(?:,|\s+năm)?\s+([0-9]{4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FULL = ("january", "february", "march", "april", "may", "june",
         "july", "august", "september", "october", "november", "december")  # fmt: skip


def day_of(text: str, language: str) -> date:
    """The day that `text` names for a reader of `language`. Raises Invalid when none, or when it could be two."""
    if len(text) > 40:
        raise Invalid(_unreadable())
    written = unicodedata.normalize("NFKC", text).strip().lower()
    if found := _YEAR_FIRST.fullmatch(written):
        return _day(*found.groups())
    if found := _YEAR_LAST.fullmatch(written):
        return _year_last(found[1], found[2], found[3], language=language)
    if found := _VIETNAMESE.fullmatch(written):
        return _day(found[3], found[2], found[1])
    if found := _MONTH_WORD.fullmatch(written):
        return _day(found[3], _month(found[2]), found[1])
    if found := _WORD_FIRST.fullmatch(written):
        return _day(found[3], _month(found[1]), found[2])
    raise Invalid(_unreadable())


def _year_last(one: str, two: str, year: str, *, language: str) -> date:
    """Day first, as everywhere but in English, where both orders are in use: there a doubtful one is refused."""
    if language == "en" and int(one) <= 12 and int(two) <= 12 and int(one) != int(two):
        raise Invalid(
            gettext(
                "“%(text)s” can be two different days; write it like 2024-02-29.", text=f"{one}/{two}/{year}"
            )
        )
    if language == "en" and int(two) > 12:
        return _day(year, one, two)
    return _day(year, two, one)


def _day(year: str | int, month: str | int, day: str | int) -> date:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError as error:
        raise Invalid(gettext("There is no such day.")) from error
    return in_range(found)


def in_range(day: date) -> date:
    """`day` itself. Raises Invalid before the year 1000."""
    if day.year < FIRST_YEAR:
        raise Invalid(gettext("The year must have four digits."))
    return day


def _month(word: str) -> int:
    for number, (short, full) in enumerate(zip(_MONTHS, _FULL, strict=True), 1):
        if word in (short, full) or (word == "sept" and short == "sep"):
            return number
    raise Invalid(_unreadable())


def _unreadable() -> str:
    return gettext("This is not a date. Write it like 2024-02-29.")


class DateKind(Kind):
    name = "date"
    is_time = True
    label = lazy_gettext("Date")
    icon = "calendar"
    operators = ("eq", "ne", "lt", "lte", "gt", "gte", "in", "isnull")

    def columns(self, field: FieldDef) -> dict[str, peewee.Field]:
        return {"": peewee.DateField(null=True)}

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> date:
        """Text, or a date from a spreadsheet (there a day may come as its midnight)."""
        if isinstance(raw, datetime):
            if raw.time().replace(tzinfo=None) != datetime.min.time():
                raise Invalid(gettext("This has a time of day; give the date alone."))
            raw = raw.date()
        if isinstance(raw, date):
            return in_range(raw)
        if not isinstance(raw, str):
            raise Invalid(_unreadable())
        return day_of(text_of(raw), reader.language)

    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        return "" if value is None else day_text(value, reader.language)

    def html(self, value: Any, field: FieldDef, reader: Reader) -> Markup:
        if value is None:
            return Markup("")
        return Markup('<time datetime="{}">{}</time>').format(
            value.isoformat(), self.format(value, field, reader)
        )

    def draft(self, value: Any, field: FieldDef, reader: Reader) -> str:
        return "" if value is None else value.isoformat()

    def dump(self, value: Any, field: FieldDef) -> str | None:
        return None if value is None else value.isoformat()

    def fold_source(self, value: Any, field: FieldDef) -> list[str]:
        return []

    def schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "string", "format": "date", "pattern": "^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}$"}

    def sample(self, field: FieldDef, rng: Random) -> str:
        return (clock.now().date() - timedelta(days=rng.randint(0, 2_000))).isoformat()


register(DateKind())
