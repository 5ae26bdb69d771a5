"""A web address: http or https, nothing that could run or carry a password."""

from __future__ import annotations

import re
from random import Random
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import peewee
from markupsafe import Markup
from peewee import Expression, Node

from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds.base import FieldDef, Invalid, Kind, Raw, Reader, register, text_of, within
from crm_admin.kinds.text import TextKind

_LONGEST = 2_000
_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*:(?!\d)", re.IGNORECASE)
_LABEL = r"""[^\s/\\?#@:<>"'`{}|^%\[\].]+"""
_HOST = re.compile(rf"(?!-){_LABEL}(?:\.{_LABEL})+|\[[0-9a-f:.]+\]", re.IGNORECASE)
_BAD = re.compile(r"[\x00-\x20\x7f-\xa0<>\"\\^`{|}\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class UrlKind(TextKind):
    name = "url"
    label = lazy_gettext("Web address")
    icon = "world"
    most = _LONGEST

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> str:
        """The address with its scheme (https where none is written) and its host in lower case."""
        text = text_of(raw).strip()
        text = within(text, _LONGEST)
        if _BAD.search(text):
            raise Invalid(gettext("A web address has no spaces or special characters in it."))
        if not _SCHEME.match(text):
            text = "https://" + text.removeprefix("//")
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise Invalid(_unreadable()) from error
        if parts.scheme not in ("http", "https"):
            raise Invalid(gettext("Only addresses that begin with http:// or https:// are kept."))
        if "@" in parts.netloc:
            raise Invalid(gettext("Leave out the user name and the password."))
        host = parts.hostname or ""
        bracketed = f"[{host}]" if ":" in host else host
        if not _HOST.fullmatch(bracketed) or not text.lower().startswith(f"{parts.scheme}://"):
            raise Invalid(_unreadable())
        place = bracketed if port is None else f"{bracketed}:{port}"
        whole = urlunsplit((parts.scheme, place, parts.path, parts.query, parts.fragment))
        return within(whole, _LONGEST)

    def html(self, value: Any, field: FieldDef, reader: Reader) -> Markup:
        """A link shown without its scheme; anything but http(s), whatever its way into the table, stays text."""
        if value is None:
            return Markup("")
        if not value.startswith(("http://", "https://")):
            return super().html(value, field, reader)
        shown = value.split("://", 1)[1].removesuffix("/")
        return Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>').format(value, shown)

    def schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "string", "pattern": "^https?://", "minLength": 10, "maxLength": _LONGEST}

    def sample(self, field: FieldDef, rng: Random) -> str:
        return f"https://www.example.com/{rng.randint(1, 99_999)}"

    def where(
        self, field: FieldDef, model: type[peewee.Model], operator: str, raw: Raw, reader: Reader
    ) -> Expression | Node:
        """A whole address is compared exactly, a part of one without regard to case."""
        if operator in ("eq", "ne", "in"):
            return Kind.where(self, field, model, operator, raw, reader)
        return super().where(field, model, operator, raw, reader)


def _unreadable() -> str:
    return gettext("This is not a web address. Write it like https://example.com.")


register(UrlKind())
