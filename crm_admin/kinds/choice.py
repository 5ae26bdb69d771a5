"""One of a list of values, kept by key."""

from __future__ import annotations

from random import Random
from typing import Any

import peewee
from markupsafe import Markup
from peewee import Case, Expression, Node

from crm_admin.folding import fold
from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds.base import Choice, FieldDef, Group, Invalid, Kind, Raw, Reader, register, text_of

_TAGS = {
    "gray": "neutral", "blue": "info", "green": "success", "amber": "warning",
    "red": "danger", "purple": "violet", "teal": "accent",
}  # fmt: skip


def choices_of(field: FieldDef) -> tuple[Choice, ...]:
    """All values of the field in their order, retired ones too."""
    return tuple(field.options["choices"])


def chosen(raw: Raw, field: FieldDef) -> str:
    """The key that `raw` names: by key, or by a label as the reader sees it. Raises Invalid."""
    text = text_of(raw).strip()
    known = choices_of(field)
    if any(choice.key == text for choice in known):
        return text
    wanted = fold(text[:200])
    found = [choice.key for choice in known if not choice.retired and fold(str(choice.label)) == wanted]
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        raise Invalid(gettext("Several values are called “%(name)s”; give the key.", name=text[:80]))
    raise Invalid(gettext("“%(name)s” is not one of the values.", name=text[:80]))


def badge(key: str, field: FieldDef) -> Markup:
    """The value as a coloured tag; a key that is no longer in the list is shown as it is."""
    choice = find(key, field)
    return Markup('<span class="tag tag-{}">{}</span>').format(
        _TAGS.get(choice.tone, "neutral"), str(choice.label)
    )


def find(key: str, field: FieldDef) -> Choice:
    """The choice of this key; a gray one named by its key where there is none."""
    return next((choice for choice in choices_of(field) if choice.key == key), Choice(key, key))


MOST_ZONES = 24
"""With more values than these, lists sort by key: a page must not ask for every value in turn."""


class ChoiceKind(Kind):
    """Options: `choices`, a tuple of Choice. Retired ones are shown and kept, but no longer offered."""

    name = "choice"
    badge = True
    label = lazy_gettext("Choice")
    icon = "list-check"

    def columns(self, field: FieldDef) -> dict[str, peewee.Field]:
        return {"": peewee.TextField(null=True)}

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> str:
        return chosen(raw, field)

    def offered(self, field: FieldDef, value: Any = None) -> list[Choice]:
        """What a form offers: all that are not retired, and the present `value` even when it is."""
        return [choice for choice in choices_of(field) if not choice.retired or choice.key == value]

    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        return "" if value is None else str(find(value, field).label)

    def html(self, value: Any, field: FieldDef, reader: Reader) -> Markup:
        return Markup("") if value is None else badge(value, field)

    def draft(self, value: Any, field: FieldDef, reader: Reader) -> str:
        return "" if value is None else str(value)

    def fold_source(self, value: Any, field: FieldDef) -> list[str]:
        return [] if value is None else [str(find(value, field).label)]

    def schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "string", "enum": [choice.key for choice in choices_of(field)]}

    def sample(self, field: FieldDef, rng: Random) -> str:
        return rng.choice(self.offered(field)).key

    def order(self, field: FieldDef, model: type[peewee.Model]) -> Node:
        """By place in the list, not by key; a value that is no longer in it comes after those that are."""
        column = self.column(field, model)
        places = [(choice.key, place) for place, choice in enumerate(choices_of(field))]
        unlisted = Case(None, [(column.is_null(False), len(places))])
        return Case(column, places, unlisted)

    def groups(self, field: FieldDef, reader: Reader) -> list[Group]:
        return [
            Group(choice.key, choice.label, _TAGS.get(choice.tone, "neutral"))
            for choice in self.offered(field)
        ]

    def zones(
        self, field: FieldDef, model: type[peewee.Model], descending: bool
    ) -> list[Expression | Node | None]:
        """One zone per value in the order of the list, so that sorting by place walks the index of the key."""
        column = self.column(field, model)
        keys = [choice.key for choice in choices_of(field)]
        if len(keys) > MOST_ZONES:
            return super().zones(field, model, descending)
        listed: list[Expression | Node | None] = [
            column == key for key in (reversed(keys) if descending else keys)
        ]
        unlisted = column.is_null(False) & column.not_in(keys)
        return [unlisted, *listed, column.is_null()] if descending else [*listed, unlisted, column.is_null()]

    def zone_is_one_value(self, field: FieldDef, place: int, zones: int) -> bool:
        keys = len(choices_of(field))
        return place == zones - 1 or (keys <= MOST_ZONES and zones > 2 and place not in (0, keys))

    def zone_column(self, field: FieldDef, model: type[peewee.Model]) -> peewee.Field:
        return self.column(field, model)


register(ChoiceKind())
