"""Finding records by what people type: folded words, a trigram index per entity, and one search over all of them.

SQLite keeps an FTS5 trigram index in step by triggers; PostgreSQL uses pg_trgm where it is installed and answers the
same, only slower, where it is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

import peewee
from peewee import SQL, Node

from crm_admin import policy, registry
from crm_admin.db import contains, database, is_sqlite, like, starts_with
from crm_admin.folding import fold, index_text, needle, words
from crm_admin.kinds import Reader
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef, Record

COMMON = 4_000
"""A search that finds more is common: walking the list in order meets the next page sooner than the index does.

The index fetches and sorts all hits, the walk reads a page's share of all records: of a million, both read as many
at some 7,000 hits; of a tenth of that, at 2,000."""


SHOWN = 60
"""Hits that are looked at to choose the best of them."""

TRIGRAM = 3
"""Characters that a trigram index needs to look anything up."""


def index(definition: EntityDef, record: Record) -> str:
    """The text by which a record is found."""
    parts: list[str] = []
    for field in definition.search_fields:
        parts += field.kind.fold_source(field.kind.read(record, field), field)
    return index_text(parts)


def match(definition: EntityDef, query: str, model: Any = None, *, common: bool | None = None) -> Node | None:
    """The condition that a record has every word of `query`; None when there is no word in it.

    `common` says whether many records do, where the caller knows; else the search index of SQLite is asked.
    """
    model = definition.model if model is None else model
    terms = words(query)
    if not terms:
        return None
    long = _needles(terms)
    conditions: list[Node] = [_initial(definition, model, word) for word in terms if len(word) == 1]
    if long and is_sqlite() and not (_is_common(definition, long) if common is None else common):
        conditions.append(model.id.in_(_rows(definition, long)))
    else:
        conditions += [contains(model.search_fold, term) for term in long]
    combined = conditions[0]
    for condition in conditions[1:]:
        combined = peewee.Expression(combined, peewee.OP.AND, condition)
    return combined


def condition(actor: Actor, definition: EntityDef, query: str, *, common: bool | None = None) -> Node | None:
    """Like `match`, for what `actor` may read: who may not read every field that records are found by finds them by
    name alone, so that a hidden value cannot be guessed."""
    readable = policy.fields(actor, definition.key)
    if not searchable_by(definition, readable):
        return None
    if all(field.key in readable for field in definition.search_fields):
        return match(definition, query, common=common)
    title = definition.fields[definition.title]
    column = title.kind.zone_column(title, definition.model)
    combined: Node | None = None
    for word in words(query):
        part = contains(column, word)
        combined = part if combined is None else peewee.Expression(combined, peewee.OP.AND, part)
    return combined


def narrowed(definition: EntityDef, texts: list[str]) -> Node | None:
    """The condition that a record's search text has these (folded) in it, where an index answers that soon; or None.

    For filters that imply it: whether a record is found they decide themselves.
    """
    long = [text for text in texts if len(text) >= TRIGRAM]
    if not long or (is_sqlite() and _is_common(definition, long)):
        return None
    if is_sqlite():
        return definition.model.id.in_(_rows(definition, long))
    return reduce(and_, (contains(definition.model.search_fold, text) for text in long))


def _needles(terms: list[str]) -> list[str]:
    return [needle(word) for word in terms if len(word) > 1]


def _initial(definition: EntityDef, model: Any, letter: str) -> Node:
    title = definition.fields[definition.title]
    return starts_with(title.kind.order(title, model), letter)


def _rows(definition: EntityDef, terms: list[str]) -> SQL:
    phrase = " ".join('"' + term.replace('"', '""') + '"' for term in terms)
    table = index_table(definition.model._meta.table_name)
    return SQL(f'(SELECT rowid FROM "{table}" WHERE "{table}" MATCH ?)', [phrase])  # noqa: S608 — our own name


def _is_common(definition: EntityDef, terms: list[str]) -> bool:
    return _counts([definition], terms)[definition.key] > COMMON


def _counts(definitions: list[EntityDef], terms: list[str]) -> dict[str, int]:
    """How many records of each entity have all terms, counted up to `COMMON` + 1 (`SHOWN` on PostgreSQL, which chooses
    its plans itself): one query for all of them.

    Of all records, deleted and hidden ones too: good for a choice of plan and for "none", for nothing else.
    """
    parts, params = [], []
    for place, definition in enumerate(definitions):
        if is_sqlite():
            probe, most = _rows(definition, terms).sql[1:-1], COMMON + 1
            params += _rows(definition, terms).params
        else:
            has = " AND ".join(["search_fold LIKE %s"] * len(terms))
            probe, most = f'SELECT 1 FROM "{definition.model._meta.table_name}" WHERE {has}', SHOWN  # noqa: S608 — our own names
            params += [like(term) for term in terms]
        parts.append(f"SELECT {place}, count(*) FROM ({probe} LIMIT {most}) AS found")  # noqa: S608 — our own names
    rows = database.execute_sql(" UNION ALL ".join(parts), params).fetchall()
    return {definitions[place].key: count for place, count in rows}


def index_table(table: str) -> str:
    return f"{table}_search"


def index_ddl(table: str, sqlite: bool) -> list[str]:
    """Statements that give a table its search index; its column `search_fold` must exist."""
    name = index_table(table)
    if not sqlite:
        return [f'CREATE INDEX IF NOT EXISTS "{name}" ON "{table}" USING gin (search_fold gin_trgm_ops)']
    add = f'INSERT INTO "{name}"(rowid, search_fold) VALUES (new.id, new.search_fold);'  # noqa: S608 — a table of ours
    values = "VALUES ('delete', old.id, old.search_fold);"
    drop = f'INSERT INTO "{name}"("{name}", rowid, search_fold) {values}'
    return [
        f'CREATE VIRTUAL TABLE IF NOT EXISTS "{name}" USING fts5(search_fold, content="{table}", '
        "content_rowid='id', tokenize='trigram')",
        f'CREATE TRIGGER IF NOT EXISTS "{name}_insert" AFTER INSERT ON "{table}" BEGIN {add} END',
        f'CREATE TRIGGER IF NOT EXISTS "{name}_delete" AFTER DELETE ON "{table}" BEGIN {drop} END',
        f'CREATE TRIGGER IF NOT EXISTS "{name}_update" AFTER UPDATE OF search_fold ON "{table}" '
        f"WHEN old.search_fold IS NOT new.search_fold BEGIN {drop} {add} END",
    ]


def has_trigrams() -> bool:
    """Whether this database searches by a trigram index: always on SQLite, with pg_trgm on PostgreSQL."""
    if is_sqlite():
        return True
    return bool(
        database.execute_sql("SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'").fetchone()[0]
    )


@dataclass(frozen=True)
class Hit:
    """One record that a search found."""

    entity: str
    id: int
    label: str
    hint: str


def everywhere(actor: Actor, query: str, reader: Reader, per_entity: int = 5) -> dict[str, list[Hit]]:
    """The best hits of every entity that `actor` may read, best first; entities without a hit are left out.

    One query to see where there is something, one per entity that has it, one per entity of names shown.
    """
    asked = [
        definition
        for definition in registry.entities()
        if definition.found_everywhere and policy.level(actor, "read", definition.key).rank
    ]
    long = _needles(words(query))
    counts = _counts(asked, long) if asked and long else {}
    found = []
    for definition in asked:
        count = counts.get(definition.key)
        if count != 0:
            common = None if count is None else count > COMMON
            found.append((definition, _best(actor, definition, query, per_entity, common)))
    return _hits(actor, found, reader)


def within(actor: Actor, definition: EntityDef, query: str, reader: Reader, limit: int = 20) -> list[Hit]:
    """Records of one entity that match: what is spelt exactly as typed first, then what begins so, then the rest."""
    found = [(definition, _best(actor, definition, query, limit))]
    return _hits(actor, found, reader).get(definition.key, [])


def _best(
    actor: Actor, definition: EntityDef, query: str, limit: int, common: bool | None = None
) -> list[Record]:
    wanted = condition(actor, definition, query, common=common)
    if wanted is None:
        return []
    title = definition.fields[definition.title]
    order = title.kind.order(title, definition.model)
    candidates = _named(actor, definition).where(wanted).order_by(order, definition.model.id).limit(SHOWN)
    return sorted(candidates, key=lambda r: _rank(definition.name_of(r), query))[:limit]


def _named(actor: Actor, definition: EntityDef) -> peewee.ModelSelect:
    """Visible records with no more of them than their name and hint take."""
    model = definition.model
    shown = [definition.title, *_hint_fields(definition, policy.fields(actor, definition.key))]
    columns = {
        field.kind.column_name(field, suffix): None
        for field in (definition.fields[key] for key in shown)
        for suffix in field.kind.columns(field)
    }
    query = model.select(model.id, *(getattr(model, name) for name in columns))
    return policy.scope(actor, definition.key, query)


def _hits(actor: Actor, found: list[tuple[EntityDef, list[Record]]], reader: Reader) -> dict[str, list[Hit]]:
    wanted: dict[str, set[int]] = {}
    for definition, records in found:
        for key in _hint_fields(definition, policy.fields(actor, definition.key)):
            field = definition.fields[key]
            for record in records:
                for entity, number in field.kind.references(field.kind.read(record, field), field):
                    wanted.setdefault(entity, set()).add(number)
    for entity, ids in wanted.items():
        reader.names(entity, ids)
    return {
        definition.key: _of(actor, definition, records, reader) for definition, records in found if records
    }


def _of(actor: Actor, definition: EntityDef, records: list[Record], reader: Reader) -> list[Hit]:
    readable = policy.fields(actor, definition.key)
    return [
        Hit(definition.key, r.id, definition.name_of(r), hint(definition, r, readable, reader))
        for r in records
    ]


def suggest(actor: Actor, definition: EntityDef, query: str, reader: Reader, limit: int = 20) -> list[Hit]:
    """Records to choose from while typing: the best matches, and before the first letter the first ones by name."""
    if words(query):
        return within(actor, definition, query, reader, limit)
    if definition.title not in policy.fields(actor, definition.key):
        return []
    title = definition.fields[definition.title]
    order = title.kind.zone_column(title, definition.model)
    found = list(_named(actor, definition).order_by(order, definition.model.id).limit(limit))
    return _hits(actor, [(definition, found)], reader).get(definition.key, [])


def searchable_by(definition: EntityDef, readable: frozenset[str]) -> bool:
    """Whether search may be offered: records are found by name at least."""
    return bool(definition.search_fields) and definition.title in readable


def hint(definition: EntityDef, record: Record, readable: frozenset[str], reader: Reader) -> str:
    """What tells two records of one name apart: the first facts of the header, as text."""
    facts = []
    for key in _hint_fields(definition, readable):
        field = definition.fields[key]
        facts.append(field.kind.format(field.kind.read(record, field), field, reader))
    return " · ".join(fact for fact in facts if fact)


def _hint_fields(definition: EntityDef, readable: frozenset[str]) -> list[str]:
    return [key for key in definition.header if key in readable and key != definition.title][:3]


def _rank(name: str, query: str) -> tuple[int, int]:
    """Accents that were typed count: exact spelling before folded, beginning before middle; then shorter names."""
    plain, wanted = name.casefold(), " ".join(query.casefold().split())
    folded, folded_wanted = fold(name), fold(query)
    if plain == wanted:
        place = 0
    elif plain.startswith(wanted):
        place = 1
    elif wanted in plain:
        place = 2
    elif folded.startswith(folded_wanted):
        place = 3
    else:
        place = 4 if folded_wanted in folded else 5
    return place, len(name)
