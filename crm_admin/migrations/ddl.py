"""Tables as migrations write them down: plain text that never changes with the code, for both databases.

    table("tag", "id bigauto", "name text null", "owner bigint null -> user", search=True,
          indexes=("owner, id", "unique name"))

An index that needs more (a condition, a direction) is written as its whole statement.

A column is `name type [null] [-> table]`. `-> table` is a foreign key to its id; a nullable one is emptied when the
target goes. Foreign keys come after all tables on PostgreSQL, because entities point at each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import peewee

from crm_admin.search import index_ddl, index_table

# Our type names → what each database calls them.
TYPES = {
    "bigauto": ("INTEGER NOT NULL PRIMARY KEY", "BIGSERIAL NOT NULL PRIMARY KEY"),
    "auto": ("INTEGER NOT NULL PRIMARY KEY", "SERIAL NOT NULL PRIMARY KEY"),
    "bigint": ("INTEGER", "BIGINT"),
    "int": ("INTEGER", "INTEGER"),
    "float": ("REAL", "DOUBLE PRECISION"),
    "bool": ("INTEGER", "BOOLEAN"),
    "text": ("TEXT", "TEXT"),
    "fold": ("TEXT", 'TEXT COLLATE "C"'),
    "key": ("TEXT NOT NULL PRIMARY KEY", "TEXT NOT NULL PRIMARY KEY"),
    "json": ("TEXT", "JSONB"),
    "date": ("DATE", "DATE"),
    "time": ("TIME", "TIME"),
    "datetime": ("DATETIME", "TIMESTAMP"),
}


@dataclass(frozen=True)
class TableSpec:
    """One table: columns and indexes as text, and whether people search in it."""

    name: str
    columns: tuple[str, ...]
    indexes: tuple[str, ...] = ()
    search: bool = False


def table(name: str, *columns: str, indexes: Iterable[str] = (), search: bool = False) -> TableSpec:
    return TableSpec(name, columns, tuple(indexes), search)


def create(db: Any, specs: Iterable[TableSpec]) -> None:
    """Create tables, then their links, indexes and search indexes."""
    sqlite = isinstance(_engine(db), peewee.SqliteDatabase)
    trigrams = not sqlite and _trigrams(db)
    made = list(specs)
    for spec in made:
        columns = ", ".join(_column(text, sqlite) for text in spec.columns)
        db.execute_sql(f'CREATE TABLE "{spec.name}" ({columns})')
    for spec in made:
        if not sqlite:
            for text in spec.columns:
                _link(db, spec.name, text)
        for text in spec.indexes:
            db.execute_sql(_index(spec.name, text))
        if spec.search and (sqlite or trigrams):
            for statement in index_ddl(spec.name, sqlite):
                db.execute_sql(statement)


def drop(db: Any, specs: Iterable[TableSpec]) -> None:
    """Drop tables and what hangs on them, last one first."""
    sqlite = isinstance(_engine(db), peewee.SqliteDatabase)
    for spec in reversed(list(specs)):
        if sqlite and spec.search:
            db.execute_sql(f'DROP TABLE IF EXISTS "{index_table(spec.name)}"')
        db.execute_sql(f'DROP TABLE IF EXISTS "{spec.name}"' + ("" if sqlite else " CASCADE"))


def _engine(db: Any) -> Any:
    return db.obj if isinstance(db, peewee.DatabaseProxy) else db


def _trigrams(db: Any) -> bool:
    """Whether pg_trgm is there, or can be put there: it is a trusted extension, but not in every build."""
    available = db.execute_sql(
        "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'"
    ).fetchone()[0]
    if not available:
        return False
    try:
        with db.atomic():
            db.execute_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except peewee.PeeweeException:
        return False
    return True


def _parts(text: str) -> tuple[str, str, bool, str]:
    plain, _, target = text.partition("->")
    name, kind, *rest = plain.split()
    return name, kind, "null" in rest, target.strip()


def _column(text: str, sqlite: bool) -> str:
    name, kind, nullable, target = _parts(text)
    if kind.startswith("char("):
        written = kind
    else:
        written = TYPES[kind][0 if sqlite else 1]
    if not nullable and "PRIMARY KEY" not in written:
        written += " NOT NULL"
    return f'"{name}" {written}' + (_references(target, nullable) if sqlite and target else "")


def _references(target: str, nullable: bool) -> str:
    return f' REFERENCES "{target}" ("id")' + (" ON DELETE SET NULL" if nullable else " ON DELETE CASCADE")


def _link(db: Any, name: str, text: str) -> None:
    column, _, nullable, target = _parts(text)
    if target:
        db.execute_sql(
            f'ALTER TABLE "{name}" ADD CONSTRAINT "{name}_{column}_link" FOREIGN KEY ("{column}")'
            + _references(target, nullable)
        )


def _index(name: str, text: str) -> str:
    if text.startswith("CREATE "):
        return text
    unique = text.startswith("unique ")
    columns = [c.strip() for c in text.removeprefix("unique ").split(",")]
    quoted = ", ".join(f'"{c}"' for c in columns)
    kind = "UNIQUE INDEX" if unique else "INDEX"
    return f'CREATE {kind} "{name}_{"_".join(columns)}" ON "{name}" ({quoted})'
