"""Records as one person sees them: one by its id, and the names that showing it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import peewee

from crm_admin import policy, registry
from crm_admin.db import is_sqlite
from crm_admin.folding import fold
from crm_admin.kinds import Reader
from crm_admin.kinds.base import Group
from crm_admin.policy import Actor
from crm_admin.records.errors import Forbidden, NotFound
from crm_admin.registry import EntityDef, Record


class Names:
    """Names of linked records that one actor may see, fetched once per entity and page."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self._known: dict[tuple[str, int], str | None] = {}

    def __call__(self, entity: str, ids: Iterable[int]) -> dict[int, str]:
        wanted = set(ids)
        missing = [i for i in wanted if (entity, i) not in self._known]
        if missing:
            self._load(entity, missing)
        found = {i: self._known[entity, i] for i in wanted}
        return {i: name for i, name in found.items() if name is not None}

    def _load(self, entity: str, ids: list[int]) -> None:
        self._known.update({(entity, i): None for i in ids})
        definition = registry.find(entity)
        if definition is None or definition.title not in policy.fields(self.actor, entity):
            return
        model = definition.model
        title = definition.fields[definition.title]
        columns = [getattr(model, title.kind.column_name(title, s)) for s in title.kind.columns(title)]
        for chunk in (ids[i : i + 500] for i in range(0, len(ids), 500)):
            for row in policy.scope(self.actor, entity, model.select(model.id, *columns)).where(
                model.id.in_(chunk)
            ):
                self._known[entity, row.id] = definition.name_of(row)


def sight(actor: Actor) -> Reader:
    """A Reader that sees with the eyes of `actor`. It takes no files: `records.reader` does."""
    return Reader(
        names=Names(actor),
        find=lambda entity, text: _find(actor, entity, text),
        groups=lambda entity: _groups(actor, entity),
        title=lambda entity: str(registry.entity(entity).label),
    )


def load_names(definition: EntityDef, records: Iterable[Record], keys: Iterable[str], reader: Reader) -> None:
    """Fetch the names that showing these fields of these records will need: one query per linked entity."""
    rows = list(records)
    wanted: dict[str, set[int]] = {}
    for key in keys:
        field = definition.fields[key]
        field.kind.load_many(definition.key, rows, field)
        for row in rows:
            for entity, number in field.kind.references(field.kind.read(row, field), field):
                wanted.setdefault(entity, set()).add(number)
    for entity, ids in wanted.items():
        reader.names(entity, ids)


def get(actor: Actor, entity: str, record_id: int, action: str = "read") -> Record:
    """The record, if `actor` may see it. Raises NotFound, or Forbidden when they see it but may not do `action`."""
    definition = registry.find(entity)
    if definition is None or not 0 < record_id < 2**63:
        raise NotFound(entity)
    return _reach(policy.scope, actor, definition, record_id, action)


def lock(actor: Actor, definition: EntityDef, record_id: int, action: str = "update") -> Record:
    """The record as it stands now, held against other writers until the end of the transaction.

    Raises NotFound or Forbidden, as `get` does.
    """

    def held(*args: Any, **kwargs: Any) -> peewee.ModelSelect:
        query = policy.scope(*args, **kwargs)
        return query if is_sqlite() else query.for_update()

    return _reach(held, actor, definition, record_id, action)


def _reach(scope: Any, actor: Actor, definition: EntityDef, record_id: int, action: str) -> Record:
    record = scope(actor, definition.key, action=action).where(definition.model.id == record_id).first()
    if record is not None:
        return record
    if (
        action != "read"
        and policy.scope(actor, definition.key).where(definition.model.id == record_id).first()
    ):
        raise Forbidden(action)
    raise NotFound(definition.key)


def _groups(actor: Actor, entity: str) -> list[Group]:
    """All visible records of a small entity as columns of a board, in their default order."""
    definition = registry.entity(entity)
    key, model = definition.default_sort.lstrip("-"), definition.model
    order = definition.fields[key].kind.zone_column(definition.fields[key], model)
    rows = list(policy.scope(actor, entity).order_by(order, model.id).limit(100))
    parents: Mapping[int, str] = {}
    by = definition.fields[definition.grouped_by] if definition.grouped_by else None
    if by is not None:
        parents = Names(actor)(
            str(by.option("target")), [getattr(row, by.name) for row in rows if getattr(row, by.name)]
        )
    return [
        Group(
            str(row.id), definition.name_of(row), group=parents.get(getattr(row, by.name), "") if by else ""
        )
        for row in rows
    ]


def _find(actor: Actor, entity: str, text: str) -> list[int]:
    definition = registry.find(entity)
    if definition is None or definition.title not in policy.fields(actor, entity):
        return []
    title = definition.fields[definition.title]
    column = title.kind.order(title, definition.model)
    query = policy.scope(actor, entity, definition.model.select(definition.model.id))
    return [row.id for row in query.where(column == fold(text)[:200]).limit(3)]
