"""A link to one record of another entity, found by typing its name."""

from __future__ import annotations

from random import Random
from typing import Any

import peewee
from markupsafe import Markup
from peewee import Node

from crm_admin.db import LinkField
from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds.base import FieldDef, Group, Invalid, Kind, Raw, Reader, is_blank, register, text_of

MAX_ID = 2**63 - 1


def record_id(raw: Raw, target: str, reader: Reader) -> int:
    """The id of the record of `target` that `raw` names: an id, `{"id": 7}`, or one visible record's exact name.

    Raises Invalid for a number that cannot be an id, and for a name that none or several go by.
    """
    if isinstance(raw, dict):
        raw = next((raw[part] for part in ("id", "", "name") if not is_blank(raw.get(part))), None)
    if isinstance(raw, float) and raw.is_integer() and abs(raw) <= 2**53:
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise Invalid(gettext("Choose a record."))
    text = text_of(raw).strip()
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()):
        return _named(text, target, reader)
    if len(digits) > len(str(MAX_ID)) or not 0 < int(text) <= MAX_ID:
        raise Invalid(gettext("There is no such record."))
    return int(text)


def _named(text: str, target: str, reader: Reader) -> int:
    ids = reader.find(target, text) if len(text) <= 300 else []
    if len(ids) == 1:
        return ids[0]
    if ids:
        raise Invalid(gettext("Several records are called “%(name)s”; give the number.", name=text[:80]))
    raise Invalid(gettext("No record is called “%(name)s”.", name=text[:80]))


def hidden_name() -> str:
    """What stands for the name of a record that the reader may not see."""
    return gettext("(not visible to you)")


def name_of(target: str, value: int, reader: Reader) -> str:
    """The record's name, or the words for one that the reader may not see."""
    return reader.names(target, [value]).get(value) or hidden_name()


def anchor(target: str, value: int, name: str | None) -> Markup:
    """A link to the record's page; only words where the reader may not see it (`name` None)."""
    if not name:
        return Markup('<span class="text-secondary">{}</span>').format(hidden_name())
    return Markup('<a href="/admin/{}/{}/">{}</a>').format(target, value, name)


class LinkKind(Kind):
    """Options: `target`, the key of the entity that is linked to."""

    name = "link"
    label = lazy_gettext("Link to a record")
    icon = "link"
    sortable = False

    def target(self, field: FieldDef) -> str:
        """Key of the entity that is linked to."""
        return str(field.options["target"])

    def columns(self, field: FieldDef) -> dict[str, peewee.Field]:
        return {"": LinkField(self.target(field), null=True)}

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> int:
        """An id, `{"id": 7}`, the parts of `cells`, or the exact name of one visible record."""
        return record_id(raw, self.target(field), reader)

    def references(self, value: Any, field: FieldDef) -> list[tuple[str, int]]:
        return [] if value is None else [(self.target(field), value)]

    def groups(self, field: FieldDef, reader: Reader) -> list[Group]:
        return reader.groups(self.target(field))

    def points_at(self, field: FieldDef, model: type[peewee.Model], entity: str, record_id: int) -> Node:
        return self.column(field, model) == record_id

    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        return "" if value is None else name_of(self.target(field), value, reader)

    def html(self, value: Any, field: FieldDef, reader: Reader) -> Markup:
        if value is None:
            return Markup("")
        return anchor(self.target(field), value, reader.names(self.target(field), [value]).get(value))

    def draft(self, value: Any, field: FieldDef, reader: Reader) -> Any:
        """The chosen record as `{"id", "label"}`; a record the reader may not see keeps its id without a name."""
        if value is None:
            return None
        return {"id": value, "label": self.format(value, field, reader)}

    def cells(self, value: Any, field: FieldDef, reader: Reader) -> dict[str, Any]:
        """The id alone is loss-free; the name stands beside it for people."""
        if value is None:
            return {"": "", "name": ""}
        return {"": value, "name": reader.names(self.target(field), [value]).get(value, "")}

    def fold_source(self, value: Any, field: FieldDef) -> list[str]:
        return []

    def schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1, "maximum": MAX_ID}

    def sample(self, field: FieldDef, rng: Random) -> int:
        return rng.randint(1, 50)


register(LinkKind())
