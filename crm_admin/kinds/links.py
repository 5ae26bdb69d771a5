"""Links to any number of records of one entity."""

from __future__ import annotations

from random import Random
from typing import Any

import peewee
from markupsafe import Markup
from peewee import Expression, Node, fn

from crm_admin.db import Table
from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds.base import (
    FieldDef,
    Invalid,
    Kind,
    Raw,
    Reader,
    entity_of,
    is_blank,
    listed,
    primary_key,
    register,
    truth,
)
from crm_admin.kinds.link import MAX_ID, anchor, hidden_name, record_id

MOST = 200


class RecordLink(Table):
    """One link of a `links` field: from a record of `entity` to the record `target_id` of the field's target."""

    entity = peewee.TextField()
    record_id = peewee.BigIntegerField()
    field = peewee.TextField()
    target_id = peewee.BigIntegerField()

    class Meta:
        table_name = "record_link"
        indexes = (
            (("entity", "field", "record_id", "target_id"), True),
            (("entity", "field", "target_id", "record_id"), False),
        )


class LinksKind(Kind):
    """The value is a sorted tuple of ids, None when there are none. Options: `target`. Has no column of its own."""

    name = "links"
    label = lazy_gettext("Links to records")
    icon = "affiliate"
    operators = ("contains", "in", "isnull")
    sortable = False
    wide = True

    def target(self, field: FieldDef) -> str:
        """Key of the entity that is linked to."""
        return str(field.options["target"])

    def columns(self, field: FieldDef) -> dict[str, peewee.Field]:
        return {}

    def read(self, record: Any, field: FieldDef) -> tuple[int, ...] | None:
        """The ids that `load_many` or `write` put on the record; None where neither has run."""
        return getattr(record, field.name, None)

    def write(self, record: Any, field: FieldDef, value: tuple[int, ...] | None) -> None:
        setattr(record, field.name, value or None)

    def load_many(self, entity: str, records: list[Any], field: FieldDef) -> None:
        found: dict[int, list[int]] = {record.id: [] for record in records}
        rows = (
            RecordLink.select(RecordLink.record_id, RecordLink.target_id)
            .where(
                (RecordLink.entity == entity)
                & (RecordLink.field == field.key)
                & RecordLink.record_id.in_(list(found) or [0])
            )
            .order_by(RecordLink.target_id)
            .tuples()
        )
        for record_id_, target_id in rows:
            found[record_id_].append(target_id)
        for record in records:
            self.write(record, field, tuple(found[record.id]))

    def after_save(self, entity: str, record_id: int, field: FieldDef, value: tuple[int, ...] | None) -> None:
        mine = (
            (RecordLink.entity == entity)
            & (RecordLink.field == field.key)
            & (RecordLink.record_id == record_id)
        )
        kept = {row.target_id for row in RecordLink.select(RecordLink.target_id).where(mine)}
        wanted = set(value or ())
        if gone := kept - wanted:
            RecordLink.delete().where(mine & RecordLink.target_id.in_(sorted(gone))).execute()
        if new := wanted - kept:
            rows = [
                {"entity": entity, "field": field.key, "record_id": record_id, "target_id": t}
                for t in sorted(new)
            ]
            RecordLink.insert_many(rows).on_conflict_ignore().execute()

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> tuple[int, ...] | None:
        """A list of ids, of `{"id": 7}` or of exact names, or text with commas between them."""
        if isinstance(raw, dict):
            raw = raw.get("id") or raw.get("") or raw.get("name")
        parts = [part for part in listed(raw, MOST) if not is_blank(part)]
        return tuple(sorted({record_id(part, self.target(field), reader) for part in parts})) or None

    def collect(self, form: Any, name: str) -> Raw:
        return [part for part in form.getlist(name) if part]

    def is_posted(self, form: Any, name: str) -> bool:
        return name in form or f"{name}-present" in form

    def is_empty(self, value: Any) -> bool:
        return not value

    def references(self, value: Any, field: FieldDef) -> list[tuple[str, int]]:
        return [(self.target(field), target_id) for target_id in value or ()]

    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        names = reader.names(self.target(field), value or ())
        return ", ".join(names.get(target_id) or hidden_name() for target_id in value or ())

    def html(self, value: Any, field: FieldDef, reader: Reader) -> Markup:
        names = reader.names(self.target(field), value or ())
        return Markup(", ").join(anchor(self.target(field), id_, names.get(id_)) for id_ in value or ())

    def draft(self, value: Any, field: FieldDef, reader: Reader) -> list[dict[str, Any]]:
        names = reader.names(self.target(field), value or ())
        return [{"id": id_, "label": names.get(id_) or hidden_name()} for id_ in value or ()]

    def dump(self, value: Any, field: FieldDef) -> list[int] | None:
        return list(value) if value else None

    def cells(self, value: Any, field: FieldDef, reader: Reader) -> dict[str, Any]:
        """The ids are loss-free; the names stand beside them for people."""
        names = reader.names(self.target(field), value or ())
        return {
            "": ",".join(str(id_) for id_ in value or ()),
            "name": ", ".join(names.get(id_) or hidden_name() for id_ in value or ()),
        }

    def fold_source(self, value: Any, field: FieldDef) -> list[str]:
        return []

    def schema(self, field: FieldDef) -> dict[str, Any]:
        item = {"type": "integer", "minimum": 1, "maximum": MAX_ID}
        return {"type": "array", "items": item, "minItems": 1, "maxItems": MOST, "uniqueItems": True}

    def request_schema(self, field: FieldDef) -> dict[str, Any]:
        """An empty list is no value."""
        return self.schema(field) | {"minItems": 0}

    def sample(self, field: FieldDef, rng: Random) -> list[int]:
        return sorted(rng.sample(range(1, 51), rng.randint(1, 3)))

    def where(
        self, field: FieldDef, model: type[peewee.Model], operator: str, raw: Raw, reader: Reader
    ) -> Expression | Node:
        """`contains` and `in`: a link to any of these records."""
        if operator not in self.operators:
            raise Invalid(gettext("This field has no comparison “%(name)s”.", name=operator))
        ours = (RecordLink.entity == entity_of(model)) & (RecordLink.field == field.key)
        if operator == "isnull":
            linked = fn.EXISTS(
                RecordLink.select(RecordLink.id).where(ours & (RecordLink.record_id == primary_key(model)))
            )
            return ~linked if truth(raw) else linked
        wanted = list(self._operand(raw, field, reader))
        linked = RecordLink.select(RecordLink.record_id).where(ours & RecordLink.target_id.in_(wanted))
        return primary_key(model).in_(linked)

    def points_at(self, field: FieldDef, model: type[peewee.Model], entity: str, record_id: int) -> Node:
        ours = (RecordLink.entity == entity_of(model)) & (RecordLink.field == field.key)
        return primary_key(model).in_(
            RecordLink.select(RecordLink.record_id).where(ours & (RecordLink.target_id == record_id))
        )


register(LinksKind())
