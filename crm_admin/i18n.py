"""Languages: translation of our own strings, and Babel's locale for dates, numbers and money."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache

from babel import Locale
from babel.dates import format_date, format_datetime
from flask_babel import force_locale, gettext, lazy_gettext, lazy_pgettext, ngettext, pgettext
from flask_babel.speaklater import LazyString

__all__ = [
    "LANGUAGES",
    "Text",
    "babel_locale",
    "catalogue",
    "day_text",
    "force_locale",
    "gettext",
    "lazy_gettext",
    "lazy_pgettext",
    "moment_text",
    "ngettext",
    "pgettext",
]

# Code → name in its own language, in the order they are offered.
LANGUAGES = {"en": "English", "vi": "Tiếng Việt", "zh": "简体中文"}

# Babel and the frameworks know Chinese only with its script.
_CATALOGUES = {"zh": "zh_Hans_CN"}

# Where CLDR's medium form is not what offices write: Vietnamese spells out "thg", moments carry seconds.
_DAYS = {"vi": "dd/MM/y"}
_MOMENTS = {"en": "MMM d, y, h:mm a", "vi": "HH:mm dd/MM/y", "zh": "y/M/d HH:mm"}

Text = str | LazyString


def catalogue(language: str) -> str:
    """The catalogue and CLDR name of one of our language codes."""
    return _CATALOGUES.get(language, language if language in LANGUAGES else "en")


@cache
def babel_locale(language: str) -> Locale:
    """CLDR data of one of our language codes; English for an unknown one."""
    return Locale.parse(catalogue(language))


def day_text(day: date, language: str) -> str:
    """A day as readers of `language` write it: Nov 21, 2026 · 21/11/2026 · 2026年11月21日."""
    return format_date(day, _DAYS.get(language, "medium"), locale=babel_locale(language))


def moment_text(local: datetime, language: str) -> str:
    """A moment, already in the reader's zone, to the minute."""
    return format_datetime(local, _MOMENTS.get(language, "medium"), locale=babel_locale(language))
