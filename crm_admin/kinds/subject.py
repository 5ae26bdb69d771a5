"""What a record is about: a link to one record of any of several entities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from random import Random
from typing import Any

import peewee
from markupsafe import Markup
from peewee import Expression, Node

from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds.base import (
    FieldDef,
    Invalid,
    Kind,
    Raw,
    Reader,
    is_blank,
    listed,
    register,
    text_of,
    truth,
)
from crm_admin.kinds.link import MAX_ID, anchor, name_of, record_id


@dataclass(frozen=True)
class Ref:
    """One record of any entity."""

    entity: str
    id: int

    def __str__(self) -> str:
        return f"{self.entity}:{self.id}"


class SubjectKind(Kind):
    """Options: `targets`, a tuple of entity keys. Columns `<name>_entity` and `<name>_id`, both or neither set."""

    name = "subject"
    label = lazy_gettext("About")
    icon = "link-plus"
    sortable = False

    def targets(self, field: FieldDef) -> tuple[str, ...]:
        """Keys of the entities that may be linked to."""
        return tuple(field.options["targets"])

    def columns(self, field: FieldDef) -> dict[str, peewee.Field]:
        return {"entity": peewee.TextField(null=True), "id": peewee.BigIntegerField(null=True)}

    def read(self, record: Any, field: FieldDef) -> Ref | None:
        entity = getattr(record, self.column_name(field, "entity"), None)
        return Ref(entity, getattr(record, self.column_name(field, "id"))) if entity else None

    def write(self, record: Any, field: FieldDef, value: Ref | None) -> None:
        setattr(record, self.column_name(field, "entity"), None if value is None else value.entity)
        setattr(record, self.column_name(field, "id"), None if value is None else value.id)

    def parse(self, raw: Raw, field: FieldDef, reader: Reader) -> Ref | None:
        """An entity without a record is empty, for the form always sends one; of `cells`, the first counts."""
        if isinstance(raw, Mapping) and ("" in raw or is_blank(raw.get("id"))):
            raw = raw.get("")
        return super().parse(raw, field, reader)

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> Ref:
        """`{"entity": "contact", "id": 12}` or `contact:12`; an exact name may stand for the id."""
        if isinstance(raw, dict):
            entity, record = raw.get("entity"), raw.get("id")
        else:
            entity, _, record = text_of(raw).partition(":")
        key = entity.strip() if isinstance(entity, str) else ""
        if key not in self.targets(field):
            raise Invalid(
                gettext("Choose a record of one of these: %(names)s.", names=", ".join(self.targets(field)))
            )
        if is_blank(record):
            raise Invalid(gettext("Choose a record."))
        return Ref(key, record_id(record, key, reader))

    def collect(self, form: Any, name: str) -> Raw:
        return {"entity": form.get(f"{name}-entity", ""), "id": form.get(name, "")}

    def references(self, value: Any, field: FieldDef) -> list[tuple[str, int]]:
        return [] if value is None else [(value.entity, value.id)]

    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        return "" if value is None else name_of(value.entity, value.id, reader)

    def html(self, value: Any, field: FieldDef, reader: Reader) -> Markup:
        if value is None:
            return Markup("")
        return anchor(value.entity, value.id, reader.names(value.entity, [value.id]).get(value.id))

    def draft(self, value: Any, field: FieldDef, reader: Reader) -> dict[str, Any]:
        if value is None:
            return {"entity": "", "id": "", "label": ""}
        return {"entity": value.entity, "id": value.id, "label": self.format(value, field, reader)}

    def dump(self, value: Any, field: FieldDef) -> dict[str, Any] | None:
        return None if value is None else {"entity": value.entity, "id": value.id}

    def cells(self, value: Any, field: FieldDef, reader: Reader) -> dict[str, Any]:
        if value is None:
            return {"": "", "name": ""}
        return {"": str(value), "name": reader.names(value.entity, [value.id]).get(value.id, "")}

    def fold_source(self, value: Any, field: FieldDef) -> list[str]:
        return []

    def schema(self, field: FieldDef) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {
                "entity": {"enum": list(self.targets(field))},
                "id": {"type": "integer", "minimum": 1, "maximum": MAX_ID},
            },
            "required": ["entity", "id"],
            "additionalProperties": False,
        }

    def request_schema(self, field: FieldDef) -> dict[str, Any]:
        keys = "|".join(self.targets(field))
        return {
            "anyOf": [self.schema(field), {"type": "string", "pattern": f"^({keys}):[1-9][0-9]{{0,17}}$"}]
        }

    def sample(self, field: FieldDef, rng: Random) -> dict[str, Any]:
        return {"entity": rng.choice(self.targets(field)), "id": rng.randint(1, 50)}

    def where(
        self, field: FieldDef, model: type[peewee.Model], operator: str, raw: Raw, reader: Reader
    ) -> Expression | Node:
        if operator not in self.operators:
            raise Invalid(gettext("This field has no comparison “%(name)s”.", name=operator))
        entity, record = self.column(field, model, "entity"), self.column(field, model, "id")
        if operator == "isnull":
            return record.is_null(truth(raw))

        def same(value: Ref) -> Expression:
            return (record == value.id) & (entity == value.entity)

        if operator == "in":
            return reduce(
                lambda one, other: one | other, (same(self._operand(r, field, reader)) for r in listed(raw))
            )
        value = self._operand(raw, field, reader)
        if operator == "eq":
            return same(value)
        return (record != value.id) | (entity != value.entity) | record.is_null()

    def points_at(self, field: FieldDef, model: type[peewee.Model], entity: str, record_id: int) -> Node:
        return (self.column(field, model, "id") == record_id) & (
            self.column(field, model, "entity") == entity
        )

    def address(self, entity: str, record_id: int) -> str:
        return f"{entity}:{record_id}"

    def order(self, field: FieldDef, model: type[peewee.Model]) -> Node:
        return self.column(field, model, "id")


register(SubjectKind())
