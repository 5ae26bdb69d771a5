"""An e-mail address, checked for form only and kept in lower case."""

from __future__ import annotations

import re
import unicodedata
from random import Random
from typing import Any

import peewee
from markupsafe import Markup
from peewee import Expression, Node

from crm_admin.db import FoldField, contains, starts_with
from crm_admin.folding import fold
from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds.base import FieldDef, Invalid, Kind, Raw, Reader, register, text_of, within

_LONGEST = 254
_NAMED = re.compile(r"[^<>@\r\n]*<([^<>]+)>")


class EmailKind(Kind):
    name = "email"
    label = lazy_gettext("E-mail")
    icon = "mail"
    operators = ("eq", "ne", "in", "contains", "startswith", "isnull")

    def columns(self, field: FieldDef) -> dict[str, peewee.Field]:
        return {"": FoldField(null=True)}

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> str:
        """An address, alone or as `Name <address>`; two spellings of one mailbox become the same text."""
        # Late: its expressions take as long to compile as a tenth of the whole start.
        from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

        text = unicodedata.normalize("NFKC", within(text_of(raw).strip(), 2 * _LONGEST)).removeprefix(
            "mailto:"
        )
        if named := _NAMED.fullmatch(text):
            text = named[1].strip()
        try:
            found = validate_email(text, check_deliverability=False).normalized
        except EmailNotValidError as error:
            raise Invalid(
                gettext("This is not an e-mail address. Write it like name@example.com.")
            ) from error
        return found.lower()

    def html(self, value: Any, field: FieldDef, reader: Reader) -> Markup:
        if value is None:
            return Markup("")
        return Markup('<a href="mailto:{}">{}</a>').format(value, value)

    def schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "string", "format": "idn-email", "minLength": 6, "maxLength": _LONGEST}

    def sample(self, field: FieldDef, rng: Random) -> str:
        name = rng.choice(("an.nguyen", "mei.lin", "hoa.tran", "j.smith", "li.wei"))
        return f"{name}{rng.randint(1, 99_999)}@example.com"

    def where(
        self, field: FieldDef, model: type[peewee.Model], operator: str, raw: Raw, reader: Reader
    ) -> Expression | Node:
        """Part of an address is looked for as typed, in lower case."""
        if operator not in ("contains", "startswith") or operator not in self.operators:
            return super().where(field, model, operator, raw, reader)
        part = _part(raw)
        if not part:
            raise Invalid(gettext("Give a value to compare with."))
        find = contains if operator == "contains" else starts_with
        return find(self.column(field, model), part)

    def found_by(self, field: FieldDef, operator: str, raw: Raw) -> str:
        return fold(_part(raw)) if operator == "contains" else ""


def _part(raw: Raw) -> str:
    return text_of(raw).strip().lower()[:_LONGEST]


register(EmailKind())
