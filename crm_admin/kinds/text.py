"""One line of text, with a folded shadow for searching and sorting without diacritics."""

from __future__ import annotations

import re
import unicodedata
from functools import reduce
from random import Random
from typing import Any, ClassVar

import peewee
from peewee import Expression, Node

from crm_admin.db import FoldField, contains, starts_with
from crm_admin.folding import fold
from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds.base import FieldDef, Invalid, Kind, Raw, Reader, listed, register, text_of, within

FOLDED = 200
"""Characters of the shadow: enough to sort and compare by, small enough to index."""


class TextKind(Kind):
    """Options: `max_length` (200 unless it says otherwise), `pattern` and `pattern_message`, `examples` that fit it."""

    name = "text"
    label = lazy_gettext("Text")
    icon = "letter-case"
    operators: ClassVar[tuple[str, ...]] = ("eq", "ne", "in", "contains", "startswith", "isnull")
    most = 200

    def columns(self, field: FieldDef) -> dict[str, peewee.Field]:
        return {"": peewee.TextField(null=True), "fold": FoldField(null=True)}

    def write(self, record: Any, field: FieldDef, value: Any) -> None:
        setattr(record, field.name, value)
        setattr(record, self.column_name(field, "fold"), None if value is None else self.shadow(value))

    def shadow(self, value: str) -> str:
        """The text that is searched and sorted in place of `value`."""
        return fold(value)[:FOLDED]

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> str | None:
        most = field.option("max_length", self.most)
        text = text_of(raw)
        if len(text) <= 4 * most:  # a longer one is refused without the work of normalising it
            text = " ".join(unicodedata.normalize("NFC", text).split())
        text = within(text, most)
        pattern = field.option("pattern")
        if pattern and text and not re.fullmatch(pattern, text):
            raise Invalid(field.option("pattern_message") or gettext("This does not have the expected form."))
        return text or None

    def schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": field.option("max_length", self.most)}

    def request_schema(self, field: FieldDef) -> dict[str, Any]:
        return self.schema(field) | {"minLength": 1 if field.required else 0}

    def sample(self, field: FieldDef, rng: Random) -> str:
        if field.option("examples"):
            return str(rng.choice(field.option("examples")))
        word = rng.choice(("Nguyễn Văn An", "Công ty Hòa Bình", "王小明", "Saigon Trading", "O'Brien & Sons"))
        return f"{word} {rng.randint(1, 999)}"[: field.option("max_length", self.most)]

    def where(
        self, field: FieldDef, model: type[peewee.Model], operator: str, raw: Raw, reader: Reader
    ) -> Expression | Node:
        """Compared without regard to case and diacritics; text of punctuation alone is compared as it is."""
        if operator not in self.operators or operator == "isnull":
            return super().where(field, model, operator, raw, reader)
        if operator == "in":
            same = (self._same(field, model, text_of(part)) for part in listed(raw))
            return reduce(lambda one, other: one | other, same)
        text = text_of(raw)
        if operator == "eq":
            return self._same(field, model, text)
        if operator == "ne":
            return ~self._same(field, model, text) | self.column(field, model).is_null()
        wanted = self._part(text)
        if not wanted:
            raise Invalid(gettext("Give letters or digits to look for."))
        find = contains if operator == "contains" else starts_with
        return find(self.order(field, model), wanted)

    def found_by(self, field: FieldDef, operator: str, raw: Raw) -> str:
        return self._part(text_of(raw)) if operator == "contains" else ""

    def _part(self, text: str) -> str:
        return self.shadow(text[: 4 * FOLDED])[:FOLDED]

    def _same(self, field: FieldDef, model: type[peewee.Model], text: str) -> Expression:
        """The shadow says it alone when it holds the whole text; else it narrows and the text itself decides."""
        if not text.strip():
            raise Invalid(gettext("Give a value to compare with."))
        exact = " ".join(unicodedata.normalize("NFC", text[: 4 * self.most]).split())
        wanted = self.shadow(exact)
        alike = self.order(field, model) == wanted
        if wanted and len(wanted) < FOLDED:
            return alike
        return alike & (self.column(field, model) == exact)

    def order(self, field: FieldDef, model: type[peewee.Model]) -> peewee.Field:
        return self.column(field, model, "fold")


register(TextKind())
