"""Many rows into tables at once, in the caller's transaction: COPY on PostgreSQL, prepared inserts on SQLite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from crm_admin import search
from crm_admin.db import database, is_sqlite

WORTH = 20_000
"""From so many new rows in a table on, and when they are more than half of what is there, its indexes are made anew."""

SORT_MEMORY_KIB = 262_144

# What SQLite's full-text index gathers in memory before it writes; the second is its default.
_GATHER, _USUAL = 67_108_864, 1_048_576


def insert(table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Add rows to a table."""
    cursor = database.connection().cursor()
    if is_sqlite():
        columns, rows = _without_empty(columns, rows)
        marks = ", ".join("?" * len(columns))
        cursor.executemany(f'INSERT INTO "{table}" ({_names(columns)}) VALUES ({marks})', rows)  # noqa: S608 — our own names
        return
    with cursor.copy(f'COPY "{table}" ({_names(columns)}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _without_empty(
    columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The same without columns that are empty in all rows: the driver takes a microsecond for every None."""
    used = [
        (name, cells)
        for name, cells in zip(columns, zip(*rows, strict=True), strict=True)
        if cells.count(None) < len(cells)
    ]
    return [name for name, _ in used], list(zip(*(cells for _, cells in used), strict=True))


def reserve(table: str, count: int) -> int:
    """The first of `count` ids that nobody else will get; the caller writes them in this transaction."""
    highest = database.execute_sql(f'SELECT coalesce(max(id), 0) FROM "{table}"').fetchone()[0]  # noqa: S608
    if is_sqlite():
        return int(highest) + 1
    database.execute_sql(f'LOCK TABLE "{table}" IN SHARE ROW EXCLUSIVE MODE')
    counter = f"pg_get_serial_sequence('\"{table}\"', 'id')"
    drawn = database.execute_sql(f"SELECT nextval({counter})").fetchone()[0]
    first = max(int(highest) + 1, int(drawn))
    if count:
        database.execute_sql(f"SELECT setval({counter}, %s)", (first + count - 1,))
    return first


@contextmanager
def bulk(coming: Mapping[str, int]) -> Iterator[None]:
    """Rows may be added faster inside the block: `coming` says how many each table will get.

    Indexes that cost more to keep in step than to make anew are dropped and made again at the end. To be used in a
    transaction: whatever goes wrong, the indexes are there as before.
    """
    _give_memory()
    heavy = [table for table, count in coming.items() if _pays(table, count)]
    dropped = [index for table in heavy for index in _indexes(table)]
    for index in dropped:
        database.execute_sql(f"DROP INDEX {index.name}")
    waiting = [_hold_search(table) for table in coming] if is_sqlite() else []
    yield
    for index in dropped:
        database.execute_sql(index.sql)
    for held in waiting:
        _release_search(held)


def analyze(tables: Sequence[str]) -> None:
    """Have the database look at what is in these tables now, so that it plans well."""
    for table in tables:
        database.execute_sql(f'ANALYZE "{table}"')


class _Index(NamedTuple):
    """An index: its name, quoted, and the statement that makes it."""

    name: str
    sql: str


class _Held(NamedTuple):
    """A search index that is behind: what of the table it does not know, and the triggers to put back."""

    table: str
    after: int
    triggers: tuple[str, ...]


def _give_memory() -> None:
    if is_sqlite():
        database.execute_sql(f"PRAGMA cache_size = -{SORT_MEMORY_KIB}")
        return
    database.execute_sql(f"SET LOCAL maintenance_work_mem = '{SORT_MEMORY_KIB}kB'")
    # An index over a million rows takes longer than a person would wait.
    database.execute_sql("SET LOCAL statement_timeout = 0")
    database.execute_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def _pays(table: str, coming: int) -> bool:
    if coming < WORTH:
        return False
    there = database.execute_sql(f'SELECT count(*) FROM "{table}"').fetchone()[0]  # noqa: S608 — our own names
    return bool(coming * 2 > there)


def _indexes(table: str) -> list[_Index]:
    """Indexes of a table but those that keep rows unique."""
    if is_sqlite():
        rows = database.execute_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
            (table,),
        )
        found = [_Index(f'"{name}"', sql) for name, sql in rows]
        return [index for index in found if not index.sql.startswith("CREATE UNIQUE")]
    rows = database.execute_sql(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
        "WHERE indrelid = %s::regclass AND NOT indisunique AND NOT indisprimary",
        (f'"{table}"',),
    )
    return [_Index(name, sql) for name, sql in rows]


def _hold_search(table: str) -> _Held:
    triggers = database.execute_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? AND sql LIKE ?",
        (table, "%AFTER INSERT ON%"),
    ).fetchall()
    for name, _ in triggers:
        database.execute_sql(f'DROP TRIGGER "{name}"')
    highest = 0
    if triggers:
        highest = database.execute_sql(f'SELECT coalesce(max(id), 0) FROM "{table}"').fetchone()[0]  # noqa: S608
    return _Held(table, highest, tuple(sql for _, sql in triggers))


def _release_search(held: _Held) -> None:
    if not held.triggers:
        return
    name = search.index_table(held.table)
    database.execute_sql(f'INSERT INTO "{name}"("{name}", rank) VALUES (\'hashsize\', {_GATHER})')  # noqa: S608
    database.execute_sql(
        f'INSERT INTO "{name}"(rowid, search_fold) SELECT id, search_fold FROM "{held.table}" WHERE id > ?',  # noqa: S608
        (held.after,),
    )
    database.execute_sql(f'INSERT INTO "{name}"("{name}", rank) VALUES (\'hashsize\', {_USUAL})')  # noqa: S608
    for sql in held.triggers:
        database.execute_sql(sql)
