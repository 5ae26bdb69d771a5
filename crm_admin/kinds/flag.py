"""Yes or no; with the option `nullable` also "not known"."""

from __future__ import annotations

from random import Random
from typing import Any

import peewee
from markupsafe import Markup
from peewee import Expression, Node, Value

from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds.base import FieldDef, Invalid, Kind, Raw, Reader, register, truth

_YES = ("x", "y", "có", "đúng", "是", "对", "✓")
_NO = ("n", "không", "sai", "否", "不", "不是")


class FlagKind(Kind):
    """Two-state flags are never empty: nothing stored, and nothing given, mean no."""

    name = "flag"
    label = lazy_gettext("Yes or no")
    icon = "toggle-left"
    operators = ("eq", "ne", "isnull")

    def columns(self, field: FieldDef) -> dict[str, peewee.Field]:
        return {"": peewee.BooleanField(null=True)}

    def is_three_state(self, field: FieldDef) -> bool:
        return bool(field.option("nullable"))

    def read(self, record: Any, field: FieldDef) -> bool | None:
        value = super().read(record, field)
        return value if self.is_three_state(field) else bool(value)

    def parse(self, raw: Raw, field: FieldDef, reader: Reader) -> bool | None:
        value = super().parse(raw, field, reader)
        return value if self.is_three_state(field) else bool(value)

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> bool:
        word = raw.strip().casefold() if isinstance(raw, str) else ""
        if word in _YES or (word and word == gettext("Yes").casefold()):
            return True
        if word in _NO or (word and word == gettext("No").casefold()):
            return False
        if isinstance(raw, float) and raw in (0, 1):
            raw = int(raw)
        return truth(raw)

    def collect(self, form: Any, name: str) -> Raw:
        """An unchecked box is not posted; its companion `<name>-present` tells it from a control that was not there."""
        return form.get(name, "")

    def is_posted(self, form: Any, name: str) -> bool:
        return name in form or f"{name}-present" in form

    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        return "" if value is None else gettext("Yes") if value else gettext("No")

    def html(self, value: Any, field: FieldDef, reader: Reader) -> Markup:
        if value is None:
            return Markup("")
        tone = "success" if value else "neutral"
        return Markup('<span class="tag tag-{}">{}</span>').format(tone, self.format(value, field, reader))

    def draft(self, value: Any, field: FieldDef, reader: Reader) -> str:
        if value is None:
            return ""
        return "true" if value else "false" if self.is_three_state(field) else ""

    def fold_source(self, value: Any, field: FieldDef) -> list[str]:
        return []

    def schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "boolean"}

    def sample(self, field: FieldDef, rng: Random) -> bool:
        return rng.random() < 0.5

    def where(
        self, field: FieldDef, model: type[peewee.Model], operator: str, raw: Raw, reader: Reader
    ) -> Expression | Node:
        if operator not in self.operators:
            return super().where(field, model, operator, raw, reader)
        column = self.column(field, model)
        if operator == "isnull":
            empty = truth(raw)
            if self.is_three_state(field):
                return column.is_null(empty)
            return Value(1) == Value(0 if empty else 1)
        if isinstance(raw, str) and not raw.strip():
            raise Invalid(gettext("Say true or false."))
        wanted = self._operand(raw, field, reader)
        if self.is_three_state(field):
            return self.compare(column, operator, wanted)
        asked = wanted if operator == "eq" else not wanted
        return column == True if asked else (column == False) | column.is_null()  # noqa: E712

    def zones(
        self, field: FieldDef, model: type[peewee.Model], descending: bool
    ) -> list[Expression | Node | None]:
        """No, then yes, then what is not known; in a two-state flag nothing stored is a no."""
        column = self.column(field, model)
        no, yes = column == False, column == True  # noqa: E712
        if not self.is_three_state(field):
            no |= column.is_null()
        known = [yes, no] if descending else [no, yes]
        return [*known, column.is_null()] if self.is_three_state(field) else known

    def zone_is_one_value(self, field: FieldDef, place: int, zones: int) -> bool:
        return True


register(FlagKind())
