"""Records as the rows that `records.create` would write for them, without asking the database anything.

The one place beside `crm_admin/records/` that knows what a new record leaves behind; a test holds the two together.
It writes no audit entry, and a history line only for entities whose records are events.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

import peewee

from crm_admin import registry
from crm_admin.entities.opportunity import StageHistory
from crm_admin.folding import index_text
from crm_admin.history import HistoryLine, HistorySubject
from crm_admin.kinds import FieldDef
from crm_admin.kinds.links import LinksKind, RecordLink
from crm_admin.kinds.phone import Phone, PhoneIndex
from crm_admin.registry import EntityDef

SOURCE = "seed"

Row = tuple[Any, ...]
Rows = dict[str, list[Row]]
"""Rows by table, in the order of `columns(table)`."""

Subject = tuple[str, int]


class Draft(NamedTuple):
    """A record to be: `values` are parsed values by field key, those that follow from others included.

    `by` made it at the moment `at` (UTC). `above` are the customers it belongs to, nearest first; `line` is the id of
    its history line where it is an event, which then happened at `happened`. `plain`: columns that are no fields.
    """

    entity: str
    id: int
    values: dict[str, Any]
    at: datetime
    by: int | None
    above: tuple[Subject, ...] = ()
    line: int | None = None
    happened: datetime | None = None
    plain: Mapping[str, Any] = MappingProxyType({})


_SIDE_COLUMNS: dict[type[peewee.Model], tuple[str, ...]] = {
    RecordLink: ("entity", "record_id", "field", "target_id"),
    PhoneIndex: ("entity", "record_id", "field", "e164", "digits_reversed"),
    HistoryLine: (
        "id", "at", "kind", "by", "source", "entity", "record_id", "ref_entity", "ref_id", "owner", "team", "data",
    ),
    HistorySubject: ("line", "entity", "record_id", "at"),
    StageHistory: ("opportunity", "to_stage", "at", "by"),
}  # fmt: skip
_SIDE = {model._meta.table_name: names for model, names in _SIDE_COLUMNS.items()}
_LINKS, _PHONES, _LINES, _SHOWN, _STAGES = _SIDE


def columns(table: str) -> tuple[str, ...]:
    """Names of the columns that are written to a table. Raises KeyError for a table that is never written."""
    if table in _SIDE:
        return _SIDE[table]
    found = {e.model._meta.table_name: e.key for e in registry.entities()}
    return _shape(found[table]).columns


def put(draft: Draft, into: Rows) -> None:
    """Add everything that `draft` leaves in the database to `into`."""
    shape = _shape(draft.entity)
    into.setdefault(shape.table, []).append(shape.row(draft))
    for key, value in draft.values.items():
        field = shape.definition.fields[key]
        if isinstance(value, Phone):
            if not field.option("listed", True):
                continue
            digits = value.e164.lstrip("+")[::-1]
            into.setdefault(_PHONES, []).append((draft.entity, draft.id, key, value.e164, digits))
        elif isinstance(field.kind, LinksKind):
            links = into.setdefault(_LINKS, [])
            links.extend((draft.entity, draft.id, key, target) for target in value)
    if shape.definition.model._meta.table_name == "opportunity":
        stages = into.setdefault(_STAGES, [])
        stages.append((draft.id, draft.values["stage"], draft.values["stage_entered_at"], draft.by))
    if draft.line is not None:
        _tell(draft, shape, into)


def _tell(draft: Draft, shape: _Shape, into: Rows) -> None:
    """The history line of an event, as `records` writes it."""
    definition = shape.definition
    ref = (draft.entity, draft.id)
    shown = list(dict.fromkeys((ref, *draft.above) if definition.has_history else draft.above))
    at = draft.happened or draft.at
    owner, team = draft.values.get("owner"), draft.values.get("team")
    body = json.dumps(shape.dumped(draft), separators=(",", ":"))
    source = f"{draft.entity}:{draft.id}"
    line = (draft.line, at, definition.event, draft.by, source, *shown[0], *ref, owner, team, body)
    into.setdefault(_LINES, []).append(line)
    into.setdefault(_SHOWN, []).extend((draft.line, entity, number, at) for entity, number in shown)


class _Plain:
    """Something with the columns of a record as attributes: making a Peewee model costs as much as all the rest."""

    __slots__ = ("__dict__",)


class _Shape:
    """The row of one entity: its columns, what stands in them before anything is said, and the way into the table."""

    def __init__(self, definition: EntityDef) -> None:
        self.definition = definition
        self.table: str = definition.model._meta.table_name
        fields = definition.model._meta.sorted_fields
        self.columns = tuple(field.column_name for field in fields)
        self._names = tuple(field.name for field in fields)
        self._converted = [
            (place, field.db_value)
            for place, field in enumerate(fields)
            if type(field).db_value is not peewee.Field.db_value and not isinstance(field, peewee.JSONField)
        ]
        self._blank = self._before_anything()
        self._unsaid = self._read(self._blank)

    def _before_anything(self) -> dict[str, Any]:
        blank = _Plain()
        for field in self.definition.fields.values():
            if field.key not in registry.SYSTEM_COLUMNS:
                given = field.default if field.default is not None and not callable(field.default) else None
                field.kind.write(blank, field, given)
        return {**dict.fromkeys(self._names), **vars(blank), "row_version": 1, "source": SOURCE}

    def _read(self, cells: dict[str, Any]) -> dict[str, Any]:
        record = _Plain()
        record.__dict__ = cells
        return {key: field.kind.read(record, field) for key, field in self.definition.fields.items()}

    def dumped(self, draft: Draft) -> dict[str, Any]:
        """What the record has, by field key, in the form of the history."""
        fields, values = self.definition.fields, {**self._unsaid, **draft.values}
        return {
            key: field.kind.dump(values[key], field)
            for key, field in fields.items()
            if key not in registry.SYSTEM_COLUMNS and not field.kind.is_empty(values[key])
        }

    def row(self, draft: Draft) -> Row:
        record = _Plain()
        record.__dict__ = cells = self._blank.copy()
        fields = self.definition.fields
        for key, value in draft.values.items():
            if type(value) is str:
                cells.update(_cells_of(draft.entity, key, value))
            else:
                fields[key].kind.write(record, fields[key], value)
        cells["id"] = draft.id
        cells["created_at"] = cells["modified_at"] = draft.at
        cells["created_by"] = cells["modified_by"] = draft.by
        cells.update(draft.plain)
        cells["search_fold"] = index_text(self._texts(draft.values))
        row = [cells[name] for name in self._names]
        for place, convert in self._converted:
            row[place] = convert(row[place])
        return tuple(row)

    def _texts(self, values: dict[str, Any]) -> list[str]:
        """The texts by which the record is found, in the order of `search.index`."""
        parts: list[str] = []
        for field in self.definition.search_fields:
            value = values.get(field.key)
            if value is not None:
                parts += (
                    _spellings(value, field)
                    if isinstance(value, Phone)
                    else field.kind.fold_source(value, field)
                )
        return parts


@lru_cache(maxsize=20_000)
def _cells_of(entity: str, key: str, text: str) -> dict[str, Any]:
    """The columns of a text: most are words that come again, and folding them is what takes the time."""
    field, record = registry.entity(entity).fields[key], _Plain()
    field.kind.write(record, field, text)
    return vars(record)


@cache
def _shape(entity: str) -> _Shape:
    return _Shape(registry.entity(entity))


_BLOCK = 7
"""Numbers that differ in the last digits only are written alike at home."""

_at_home: dict[tuple[str, int], tuple[str, int]] = {}


def _spellings(phone: Phone, field: FieldDef) -> list[str]:
    """The phone kind's `fold_source`, which asks libphonenumber (0.2 ms), once for each block of numbers."""
    international = phone.e164[1:]
    block = (international[:-_BLOCK], len(international))
    if block not in _at_home:
        # Asked for a number typed with its country code, the form at home comes last, unless it is the same.
        national = field.kind.fold_source(Phone(phone.e164, phone.e164), field)[-1]
        trunk = _without_shared_end(national, international)
        _at_home[block] = (trunk, len(international) - (len(national) - len(trunk)))
    trunk, start = _at_home[block]
    typed = "".join(filter(str.isdecimal, phone.raw))
    return list(dict.fromkeys((typed, international, trunk + international[start:])))


def _without_shared_end(national: str, international: str) -> str:
    """What stands before the digits that both have at their end: the trunk prefix, "0" in Viet Nam."""
    shared = 0
    for one, other in zip(reversed(national), reversed(international), strict=False):
        if one != other:
            break
        shared += 1
    return national[: len(national) - shared]
