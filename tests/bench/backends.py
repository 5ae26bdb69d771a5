"""Processor time of a PostgreSQL's own processes, which work for a page beside the one that answers it."""

from __future__ import annotations

from pathlib import Path

import psycopg

from crm_admin.config import Config


class Backends:
    """The processes that serve one database; none for SQLite, and none that are seen on another machine."""

    def __init__(self, config: Config) -> None:
        self._line = None if config.is_sqlite else psycopg.connect(config.database_url, autocommit=True)

    def busy_s(self) -> float:
        """Seconds of processor time that those there are now have taken since they started."""
        if self._line is None:
            return 0.0
        rows = self._line.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return sum(_busy_ns(pid) for (pid,) in rows) / 1e9


def _busy_ns(pid: int) -> int:
    """What the kernel counts for a process of that name; its `stat` has ticks of 10 ms, too coarse for one page."""
    folder = Path(f"/proc/{pid}")
    try:
        if not (folder / "comm").read_text().startswith("postgres"):
            return 0
        return int((folder / "schedstat").read_text().split()[0])
    except FileNotFoundError:
        return 0
