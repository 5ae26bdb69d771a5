"""Several of a list of values: `|a|b|` in the record, and one indexed row per value to search by."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import peewee
from markupsafe import Markup
from peewee import Expression, Node

from crm_admin.db import Table
from crm_admin.i18n import lazy_gettext
from crm_admin.kinds.base import (
    Choice,
    FieldDef,
    Kind,
    Raw,
    Reader,
    entity_of,
    is_blank,
    listed,
    primary_key,
    register,
)
from crm_admin.kinds.choice import badge, choices_of, chosen, find


class ChoiceValue(Table):
    """One value of a multi-choice field of one record: an index of the column that holds them all."""

    entity = peewee.TextField()
    field = peewee.TextField()
    value = peewee.TextField()
    record_id = peewee.BigIntegerField()

    class Meta:
        table_name = "sys_choice_value"
        indexes = (
            (("entity", "field", "value", "record_id"), True),
            (("entity", "field", "record_id"), False),
        )


class ChoicesKind(Kind):
    """The value is a tuple of keys in the order of the list. Options: `choices`, as for choice."""

    name = "choices"
    label = lazy_gettext("Several choices")
    icon = "checklist"
    operators = ("contains", "in", "eq", "ne", "isnull")
    sortable = False

    def columns(self, field: FieldDef) -> dict[str, peewee.Field]:
        return {"": peewee.TextField(null=True)}

    def read(self, record: Any, field: FieldDef) -> tuple[str, ...] | None:
        stored = getattr(record, field.name, None)
        return self._in_order(stored.strip("|").split("|"), field) if stored else None

    def write(self, record: Any, field: FieldDef, value: tuple[str, ...] | None) -> None:
        setattr(record, field.name, _stored(value))

    def after_save(self, entity: str, record_id: int, field: FieldDef, value: tuple[str, ...] | None) -> None:
        mine = (
            (ChoiceValue.entity == entity)
            & (ChoiceValue.field == field.key)
            & (ChoiceValue.record_id == record_id)
        )
        kept = {row.value for row in ChoiceValue.select(ChoiceValue.value).where(mine)}
        wanted = set(value or ())
        if gone := kept - wanted:
            ChoiceValue.delete().where(mine & ChoiceValue.value.in_(sorted(gone))).execute()
        if new := wanted - kept:
            rows = [
                {"entity": entity, "field": field.key, "value": v, "record_id": record_id}
                for v in sorted(new)
            ]
            ChoiceValue.insert_many(rows).on_conflict_ignore().execute()

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> tuple[str, ...] | None:
        """A list of keys or labels, or text with commas between them."""
        keys = [chosen(part, field) for part in listed(raw) if not is_blank(part)]
        return self._in_order(keys, field) or None

    def offered(self, field: FieldDef, present: Sequence[str] = ()) -> list[Choice]:
        """What a form offers: all that are not retired, and the `present` ones even when they are."""
        return [choice for choice in choices_of(field) if not choice.retired or choice.key in present]

    def _in_order(self, keys: list[str], field: FieldDef) -> tuple[str, ...]:
        places = {choice.key: place for place, choice in enumerate(choices_of(field))}
        return tuple(sorted(set(keys), key=lambda key: (places.get(key, len(places)), key)))

    def collect(self, form: Any, name: str) -> Raw:
        return [part for part in form.getlist(name) if part]

    def is_posted(self, form: Any, name: str) -> bool:
        return name in form or f"{name}-present" in form

    def is_empty(self, value: Any) -> bool:
        return not value

    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        return ", ".join(str(find(key, field).label) for key in value or ())

    def html(self, value: Any, field: FieldDef, reader: Reader) -> Markup:
        return Markup(" ").join(badge(key, field) for key in value or ())

    def draft(self, value: Any, field: FieldDef, reader: Reader) -> list[str]:
        return list(value or ())

    def dump(self, value: Any, field: FieldDef) -> list[str] | None:
        return list(value) if value else None

    def cells(self, value: Any, field: FieldDef, reader: Reader) -> dict[str, Any]:
        return {"": ",".join(value or ())}

    def fold_source(self, value: Any, field: FieldDef) -> list[str]:
        return [str(find(key, field).label) for key in value or ()]

    def schema(self, field: FieldDef) -> dict[str, Any]:
        keys = [choice.key for choice in choices_of(field)]
        return {
            "type": "array",
            "items": {"type": "string", "enum": keys},
            "minItems": 1,
            "uniqueItems": True,
        }

    def request_schema(self, field: FieldDef) -> dict[str, Any]:
        """An empty list is no value."""
        return self.schema(field) | {"minItems": 0}

    def sample(self, field: FieldDef, rng: Random) -> list[str]:
        keys = [choice.key for choice in self.offered(field)]
        return rng.sample(keys, rng.randint(1, len(keys)))

    def where(
        self, field: FieldDef, model: type[peewee.Model], operator: str, raw: Raw, reader: Reader
    ) -> Expression | Node:
        """`contains` and `in`: any of the values; `eq`: exactly these."""
        if operator not in self.operators or operator == "isnull":
            return super().where(field, model, operator, raw, reader)
        wanted = self._operand(raw, field, reader)
        if operator in ("eq", "ne"):
            return self.compare(self.column(field, model), operator, _stored(wanted))
        return primary_key(model).in_(
            ChoiceValue.select(ChoiceValue.record_id).where(
                (ChoiceValue.entity == entity_of(model))
                & (ChoiceValue.field == field.key)
                & ChoiceValue.value.in_(list(wanted))
            )
        )


def _stored(value: tuple[str, ...] | None) -> str | None:
    """By key, so that a new order of the list does not change what equals what."""
    return "|" + "|".join(sorted(value)) + "|" if value else None


register(ChoicesKind())
