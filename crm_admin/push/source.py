"""Where the push process reads: one database connection without the ORM, and the signal that something changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import quote

from crm_admin.config import Config

CHANNEL = "crm_event"
POLL_S = 0.05
LISTEN_S = 1.0


class SourceLost(Exception):
    """The database does not answer; open the source again."""


class Source(Protocol):
    """A read-only view of the database. Every method raises SourceLost when the database is gone."""

    async def open(self) -> None:
        """Connect, or connect anew."""

    async def changed(self) -> None:
        """Return when something may have been committed since the last call."""

    async def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query with `?` for values."""

    async def close(self) -> None:
        """Let the connections go."""


def source_of(config: Config) -> Source:
    """The source for the database of `config`."""
    return EmbeddedSource(config) if config.is_sqlite else ServerSource(config)


class EmbeddedSource:
    """SQLite: a number in the file's header moves with every commit of another connection, at 10 µs a look.

    Queries run in the event loop itself: in WAL mode a reader waits for nobody, and ours touch a few rows.
    """

    def __init__(self, config: Config) -> None:
        try:
            import pysqlite3 as sqlite3  # noqa: PLC0415 — only one driver is wanted in memory
        except ImportError:
            import sqlite3  # noqa: PLC0415
        self._driver = sqlite3
        self._path = config.database_url.removeprefix("sqlite:///")
        self._connection: Any = None
        self._version = -1

    async def open(self) -> None:
        await self.close()
        try:
            self._connection = self._driver.connect(
                f"file:{quote(self._path)}?mode=rw", uri=True, isolation_level=None
            )
            self._connection.execute("PRAGMA query_only = 1")
        except self._driver.Error as error:
            raise SourceLost(str(error)) from None
        self._version = -1

    async def changed(self) -> None:
        while True:
            version = (await self.rows("PRAGMA data_version"))[0][0]
            if version != self._version:
                self._version = version
                return
            await asyncio.sleep(POLL_S)

    async def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        if self._connection is None:
            raise SourceLost("not connected")
        try:
            found: list[tuple[Any, ...]] = self._connection.execute(sql, tuple(values)).fetchall()
        except self._driver.Error as error:
            raise SourceLost(str(error)) from None
        return found

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class ServerSource:
    """PostgreSQL: one connection listens for NOTIFY (and gives up waiting every second), one asks."""

    def __init__(self, config: Config) -> None:
        import psycopg  # noqa: PLC0415 — 14 MB that an installation on SQLite does without

        self._driver = psycopg
        self._url = config.database_url
        self._listening: Any = None
        self._asking: Any = None

    async def open(self) -> None:
        await self.close()
        try:
            self._listening = await self._connect()
            await self._listening.execute(f"LISTEN {CHANNEL}")
            self._asking = await self._connect()
        except self._driver.Error as error:
            raise SourceLost(str(error)) from None

    async def changed(self) -> None:
        try:
            async for _ in self._listening.notifies(timeout=LISTEN_S, stop_after=1):
                pass
        except self._driver.Error as error:
            raise SourceLost(str(error)) from None

    async def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        if self._asking is None:
            raise SourceLost("not connected")
        try:
            cursor = await self._asking.execute(sql.replace("?", "%s"), tuple(values))
            found: list[tuple[Any, ...]] = await cursor.fetchall()
        except self._driver.Error as error:
            raise SourceLost(str(error)) from None
        return found

    async def close(self) -> None:
        for connection in (self._listening, self._asking):
            if connection is not None:
                await connection.close()
        self._listening = self._asking = None

    async def _connect(self) -> Any:
        return await self._driver.AsyncConnection.connect(
            self._url,
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=5,
            options="-c default_transaction_read_only=on -c statement_timeout=15000 -c timezone=UTC",
        )
