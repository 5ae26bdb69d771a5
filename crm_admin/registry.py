"""THE ONE DEFINITION: what entities there are and what each is made of. Every surface reads it, none adds to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, cast

from peewee import BigAutoField, DateTimeField, IntegerField, TextField

from crm_admin import clock
from crm_admin.db import LinkField, Table
from crm_admin.i18n import Text, lazy_gettext
from crm_admin.kinds import KINDS, FieldDef, Reader

SYSTEM_COLUMNS = ("id", "created_at", "created_by", "modified_at", "modified_by", "row_version", "source")


class Record(Table):
    """Base of every business record. Its other columns come from the entity's fields."""

    id = BigAutoField()
    owner: Any = LinkField("user", null=True)
    team: Any = LinkField("team", null=True)
    created_at = DateTimeField(default=clock.now)
    created_by: Any = LinkField("user", null=True)
    modified_at = DateTimeField(default=clock.now)
    modified_by: Any = LinkField("user", null=True)
    row_version = IntegerField(default=1)
    deleted_at = DateTimeField(null=True)
    deleted_by: Any = LinkField("user", null=True)
    source = TextField(null=True)
    search_fold = TextField(default="")

    late_by: ClassVar[frozenset[str]] = frozenset()
    """Fields that `is_late` looks at: who may not read them all is not told that a record is late."""

    stale_by: ClassVar[Mapping[str, frozenset[str]]] = {}
    """Entity → fields that `stale_days` looks at: who may not read them all is not told that a record stands still."""

    def derive(self, reader: Reader) -> None:
        """Set fields that follow from others (a full name, a probability); runs before every save."""

    def check(self, reader: Reader) -> dict[str, str]:
        """Rules across fields: field key → what is wrong; empty when all is well."""
        return {}

    def after_save(self, actor: Any, before: dict[str, Any] | None) -> None:
        """What follows from a save, in its transaction. `before`: old values of the changed fields, None when new."""

    def keep_because(self) -> str | None:
        """Why the record may not be deleted now; None when it may."""
        return None

    def before_purge(self) -> None:
        """What has to go with the record when it is removed for good; runs in the transaction that removes it."""

    def is_late(self) -> bool:
        """Whether what had to be done by now is still open; marked on boards."""
        return False

    @classmethod
    def stale_days(cls, records: Iterable[Record]) -> dict[int, int]:
        """Id → whole days without a move, of the records that have stood still for longer than they should."""
        return {}

    def happened_at(self) -> datetime:
        """The moment at which the record stands in the history."""
        return cast(datetime, self.created_at)


@dataclass(frozen=True)
class Section:
    """A titled group of fields in the form and on the record page."""

    title: Text
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Panel:
    """Related records on the record page: those of `entity` whose field `via` points at this record."""

    key: str
    label: Text
    entity: str
    via: str
    columns: tuple[str, ...]
    sort: str = "-id"


@dataclass(frozen=True)
class Children:
    """Rows of another entity edited inside this one's form; `via` is their link to it."""

    key: str
    label: Text
    entity: str
    via: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Board:
    """A kanban board: one column for every value of `column`, cards with `facts`, a sum of `total`."""

    column: str
    facts: tuple[str, ...] = ()
    total: str | None = None


@dataclass(frozen=True)
class Through:
    """A record without rights of its own: it is seen by whoever sees the records that all of its `fields` point at."""

    fields: tuple[str, ...]


@dataclass(frozen=True)
class EntityDef:
    """One entity. `key` is stable for ever; labels are free. See the classes above for the parts.

    `access` names the group of default rights (`crm_admin/roles.py`); `owned` entities have an owner and a team;
    `subjects(record)` lists further records whose history tells of this one, as (entity, id), nearest first;
    `grouped_by` is the link by which records of this entity, used as columns of a board, belong together;
    `event` is the kind of history line a record of this entity writes, or None.
    """

    key: str
    model: type[Record]
    label: Text
    plural: Text
    icon: str
    fields: Mapping[str, FieldDef]
    list_columns: tuple[str, ...]
    sections: tuple[Section, ...]
    title: str = "name"
    default_sort: str = "name"
    access: str = "customer"
    menu: str = ""
    shortcut: str = ""
    owned: bool = True
    through: Through | None = None
    header: tuple[str, ...] = ()
    panels: tuple[Panel, ...] = ()
    children: tuple[Children, ...] = ()
    board: Board | None = None
    grouped_by: str | None = None
    quick: tuple[str, ...] = ()
    event: str | None = None
    subjects: Callable[[Any], list[tuple[str, int]]] | None = None
    has_history: bool = True
    creatable: bool = True
    country_field: str | None = None
    indexes: tuple[tuple[str, ...], ...] = ()
    module: str = "crm_admin"

    @property
    def search_fields(self) -> tuple[FieldDef, ...]:
        return tuple(f for f in self.fields.values() if f.searchable)

    @property
    def found_everywhere(self) -> bool:
        """Whether the search over everything looks here: what people work with and colleagues, not the set-up."""
        return bool(self.search_fields) and (self.menu not in ("", "setup") or self.key == "user")

    @property
    def links(self) -> tuple[FieldDef, ...]:
        """Fields that hold the id of one record of another entity."""
        return tuple(f for f in self.fields.values() if f.option("target") and "" in f.kind.columns(f))

    def field(self, key: str) -> FieldDef:
        """The field of that key. Raises KeyError."""
        return self.fields[key]

    def name_of(self, record: Any) -> str:
        """What the record is called."""
        return str(self.fields[self.title].kind.read(record, self.fields[self.title]) or f"#{record.id}")


_entities: dict[str, EntityDef] = {}


def define(definition: EntityDef) -> EntityDef:
    """Make an entity known and give its model the columns of its fields. The definition, record fields added."""
    own = {f.key: f for f in definition.fields.values()}
    fields = {**own, **{f.key: f for f in _record_fields(definition) if f.key not in own}}
    complete = replace(definition, fields=fields)
    for field_def in own.values():
        for suffix, column in field_def.kind.columns(field_def).items():
            name = field_def.kind.column_name(field_def, suffix)
            if name not in complete.model._meta.fields:
                complete.model._meta.add_field(name, column)
    _add_indexes(complete)
    _entities[complete.key] = complete
    return complete


def entity(key: str) -> EntityDef:
    """The entity of that key. Raises KeyError."""
    return _entities[key]


def find(key: str) -> EntityDef | None:
    return _entities.get(key)


def entities() -> Iterator[EntityDef]:
    """All entities, in the order they were defined."""
    return iter(tuple(_entities.values()))


def of(record: Record) -> EntityDef:
    """The entity a record belongs to."""
    return next(e for e in _entities.values() if e.model is type(record))


def version() -> int:
    """The schema version this process works with; compiled views are kept per version."""
    return 1


def fields(*definitions: FieldDef) -> dict[str, FieldDef]:
    """Definitions by key, in order."""
    return {f.key: f for f in definitions}


def make(key: str, kind: str, label: Text, **rest: Any) -> FieldDef:
    """A FieldDef in short: keyword arguments that are no attribute of FieldDef become options of the kind."""
    known = {k: rest.pop(k) for k in tuple(rest) if k in FieldDef.__dataclass_fields__}
    return FieldDef(key=key, kind=KINDS[kind], label=label, options=rest, **known)


def _record_fields(definition: EntityDef) -> list[FieldDef]:
    shown: dict[str, Any] = {"system": True, "sortable": False}
    owned = (
        [
            make("owner", "user", lazy_gettext("Owner"), told=True),
            make("team", "link", lazy_gettext("Team"), target="team"),
        ]
        if definition.owned
        else []
    )
    return [
        *owned,
        make("id", "integer", lazy_gettext("Number"), system=True),
        make("created_at", "datetime", lazy_gettext("Created"), system=True),
        make("created_by", "user", lazy_gettext("Created by"), **shown),
        make("modified_at", "datetime", lazy_gettext("Changed"), system=True),
        make("modified_by", "user", lazy_gettext("Changed by"), **shown),
        make("row_version", "integer", lazy_gettext("Version"), **shown),
        make("source", "text", lazy_gettext("Origin"), **shown, filterable=False),
    ]


def _add_indexes(definition: EntityDef) -> None:
    """`(column, id)` for what lists sort and follow: owner, team, links, title, time of change, default sort.

    Who sees only their own walks `(owner, default sort, id)`: of a few or of 50,000, a page costs the same.
    """
    model = definition.model
    wanted: list[tuple[str, ...]] = []
    if definition.owned:
        default = definition.fields[definition.default_sort.lstrip("-")]
        column = default.kind.zone_column(default, model).name
        wanted += [("owner", "id") if column == "id" else ("owner", column, "id"), ("team", "id")]
    wanted += [("modified_at", "id"), ("created_at", "id")]
    wanted += [(f.name, "id") for f in definition.links]
    for key in (definition.title, definition.default_sort.lstrip("-"), *definition.list_columns):
        target = definition.fields[key]
        if not (target.sortable and target.kind.sortable):
            continue
        column = target.kind.zone_column(target, model)
        if column.name != "id":
            wanted.append((column.name, "id"))
    wanted += list(definition.indexes)
    unique = [((f.name,), True) for f in definition.fields.values() if f.unique]
    indexes: list[tuple[tuple[str, ...], bool]] = [*model._meta.indexes, *unique]
    present = {columns for columns, _ in indexes if isinstance(columns, tuple)}
    indexes += [(columns, False) for columns in dict.fromkeys(wanted) if columns not in present]
    model._meta.indexes = indexes
