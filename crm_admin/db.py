"""The database: SQLite embedded, PostgreSQL by URL. One write lock on SQLite, a pool on PostgreSQL."""

from __future__ import annotations

import fcntl
import os
import sqlite3 as stdlib_sqlite
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import IO, Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

import peewee
from peewee import OP, BigIntegerField, DatabaseProxy, Expression, Model, Node, SqliteDatabase, TextField, fn
from playhouse.pool import PooledPostgresqlDatabase, PooledSqliteDatabase

from crm_admin.config import Config, ConfigError

database = DatabaseProxy()

# The WAL-reset race can corrupt a database with two connections (sqlite.org, 3.51.3 release notes).
SAFE_SQLITE = ((3, 44, 6), (3, 50, 7), (3, 51, 3))

CONNECTIONS = 128
"""More than a process has threads: a thread never waits for a connection to an embedded database."""


class EmbeddedDatabase(PooledSqliteDatabase):
    """SQLite with one writer at a time: SQLite's own busy handler is unfair and starves writers for seconds.

    Threads queue on a lock, processes on an advisory lock of `<file>.lock`; both are held from BEGIN IMMEDIATE
    to COMMIT or ROLLBACK and vanish with the process. Connections are kept from request to request: a new one reads
    the whole schema first (1.6 ms), and the last one to go writes the whole log back into the file.
    """

    field_types: ClassVar[dict[str, str]] = {**SqliteDatabase.field_types, "FOLD": "TEXT"}

    def __init__(self, path: str, **options: Any) -> None:
        super().__init__(path, **options)
        self._writer = threading.RLock()
        self._writing = threading.local()
        self._lock_file: IO[str] | None = None

    def begin(self, lock_type: str | None = None) -> None:
        self._take()
        try:
            super().begin(lock_type)
        except BaseException:
            self._release()
            raise

    def commit(self) -> None:
        super().commit()
        self._release()

    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self._release()

    def release_lock_file(self) -> None:
        """Close the lock file; the next transaction opens it again."""
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None

    def _take(self) -> None:
        self._writer.acquire()
        if self.database != ":memory:":
            if self._lock_file is None:
                self._lock_file = open(  # noqa: SIM115 — held for the life of the process
                    os.open(f"{self.database}.lock", os.O_CREAT | os.O_RDWR, 0o600), "r+", encoding="ascii"
                )
            fcntl.flock(self._lock_file, fcntl.LOCK_EX)
        self._writing.held = True

    def _release(self) -> None:
        if not getattr(self._writing, "held", False):
            return
        self._writing.held = False
        if self._lock_file is not None:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)
        self._writer.release()


class ServerDatabase(PooledPostgresqlDatabase):
    """PostgreSQL through a pool; folded text compares by code point, as SQLite does."""

    field_types: ClassVar[dict[str, str]] = {
        **PooledPostgresqlDatabase.field_types,
        "FOLD": 'TEXT COLLATE "C"',
    }


class FoldField(TextField):
    """Text folded in Python (lower case, no diacritics); orders by code point on both databases."""

    field_type = "FOLD"


class LinkField(BigIntegerField):
    """The id of a record of another table. No lazy loading: names are loaded in one scoped query per entity."""

    def __init__(self, table: str, **options: Any) -> None:
        self.table = table
        super().__init__(**options)


class Table(Model):
    """Base of every table of ours: explicit snake-case names, so that index names never collide."""

    class Meta:
        database = database
        legacy_table_names = False
        only_save_dirty = True


def connect_to(config: Config) -> peewee.Database:
    """Point `database` at the one of `config`. Raises ConfigError for an unsafe SQLite or a bad URL."""
    made = _embedded(config) if config.is_sqlite else _server(config)
    disconnect()
    database.initialize(made)
    return made


def disconnect() -> None:
    """Let go of the database: this thread's connection, the pool, the lock file."""
    engine = database.obj
    if engine is None:
        return
    if not engine.is_closed():
        engine.close()
    if isinstance(engine, ServerDatabase | EmbeddedDatabase):
        engine.close_all()
    if isinstance(engine, EmbeddedDatabase):
        engine.release_lock_file()


def is_sqlite() -> bool:
    return isinstance(database.obj, SqliteDatabase)


@contextmanager
def connection() -> Iterator[None]:
    """An open connection inside the block; one that was open before stays open after."""
    opened = database.connect(reuse_if_open=True)
    try:
        yield
    finally:
        if opened and not database.is_closed():
            database.close()


def joined() -> AbstractContextManager[Any]:
    """The caller's transaction, or one of its own where there is none. Unlike `database.atomic()` it makes no
    savepoint, two statements on the way: what fails inside fails the whole."""
    return nullcontext() if database.in_transaction() else database.atomic()


def after_commit(call: Callable[[], None]) -> None:
    """Run `call` once the current transaction has committed; at once when there is none."""
    if database.transaction_depth():
        database.after_commit(call)
    else:
        call()


def contains(column: Node, text: str) -> Expression:
    """`text` stands somewhere in `column`, letter for letter; uses a trigram index where PostgreSQL has one."""
    if is_sqlite():
        return fn.INSTR(column, text) > 0
    return Expression(column, OP.LIKE, like(text))


def like(text: str) -> str:
    """The pattern of what has `text` in it, letter for letter."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def starts_with(column: Node, text: str) -> Expression:
    """`column` begins with `text`, by a range that an index serves on both databases (code-point order)."""
    return (column >= text) & (column < text + "\U0010ffff")


def safe_sqlite(version: tuple[int, ...]) -> bool:
    """Whether this SQLite is free of the WAL-reset race: 3.51.3 or later, or a release with the fix back-ported."""
    if version < (3, 7, 0) or version >= (3, 51, 3):
        return True
    return any(version[:2] == good[:2] and version >= good for good in SAFE_SQLITE)


@contextmanager
def count_queries() -> Iterator[list[str]]:
    """The SQL statements run inside the block, in order, without BEGIN and COMMIT. For tests and benchmarks."""
    seen: list[str] = []
    engine = database.obj
    plain = engine.execute_sql

    def counted(sql: str, params: Any = None, **rest: Any) -> Any:
        seen.append(sql)
        return plain(sql, params, **rest)

    engine.execute_sql = counted
    try:
        yield seen
    finally:
        del engine.execute_sql


def _embedded(config: Config) -> EmbeddedDatabase:
    driver = peewee.sqlite3 or stdlib_sqlite
    if not safe_sqlite(driver.sqlite_version_info):
        raise ConfigError(
            "database.url",
            f"SQLite {driver.sqlite_version} can corrupt a database in WAL mode",
            "pip install pysqlite3 (SQLite 3.51.3 or later), or use PostgreSQL",
        )
    path = config.database_url.removeprefix("sqlite:///").removeprefix("sqlite://")
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    if path and not os.path.exists(path):
        os.close(os.open(path, os.O_CREAT, 0o600))
    return EmbeddedDatabase(
        path,
        max_connections=CONNECTIONS,
        check_same_thread=False,  # one after another: the pool sees to that
        lock_type="IMMEDIATE",
        pragmas=[
            ("busy_timeout", 15_000),
            ("journal_mode", "wal"),
            ("synchronous", 2),  # FULL: with NORMAL a power cut loses acknowledged rows
            ("foreign_keys", 1),
            ("trusted_schema", 0),
            ("cache_size", -32_000),
            ("mmap_size", 268_435_456),
            ("temp_store", 2),
            ("journal_size_limit", 67_108_864),
        ],
    )


def _server(config: Config) -> ServerDatabase:
    parts = urlsplit(config.database_url)
    name = parts.path.lstrip("/")
    if not name:
        raise ConfigError("database.url", "names no database", "postgresql://user@host:5432/name")
    options = {
        "host": parts.hostname,
        "port": parts.port,
        "user": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        **dict(parse_qsl(parts.query)),
    }
    timeout_ms = config.database.statement_timeout_s * 1000
    return ServerDatabase(
        name,
        prefer_psycopg3=True,
        max_connections=config.database.pool,
        stale_timeout=300,
        timeout=10,
        # A prepared plan outlives ALTER TABLE on its pooled connection and then fails for ever.
        prepare_threshold=None,
        connect_timeout=5,
        options=f"-c statement_timeout={timeout_ms} -c idle_in_transaction_session_timeout=30000 -c timezone=UTC",
        **{key: value for key, value in options.items() if value is not None},
    )
