"""Is this installation fit to serve? Each check names what is wrong in a few words, or says nothing."""

from __future__ import annotations

import http.client
import shutil
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from peewee import PeeweeException

from crm_admin import clock, db, jobs
from crm_admin.config import Config
from crm_admin.migrations import MigrationError, Runner, SysMigration, one_line

FRESH_S = 2.0  # a probe that comes sooner gets the last answer: probes are free for strangers
PATIENCE_S = 3.0  # a probe that waits for another one to end waits no longer
SKEW_S = 5.0
HEARTBEAT_S = 60.0
LEAST_FREE = 200_000_000
ENOUGH_FREE = 1_000_000_000


class Readiness:
    """The checks of one installation, run by one probe at a time."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._turn = threading.Lock()
        self._taken: float | None = None
        self._problems: dict[str, str] = {}

    def problems(self) -> dict[str, str]:
        """Check → what is wrong ("" when nothing is), at most FRESH_S old."""
        if not self._turn.acquire(timeout=PATIENCE_S):
            return {"probe": "the last one has not come to its end"}
        try:
            if self._taken is None or time.monotonic() - self._taken > FRESH_S:
                self._problems = {name: _told(check, self._config) for name, check in CHECKS.items()}
                self._taken = time.monotonic()
            return dict(self._problems)
        finally:
            self._turn.release()


def database_problem(config: Config) -> str:
    """Whether a write goes through. The statement changes no row and is refused where nothing may be changed."""
    with db.connection(), db.database.atomic():
        SysMigration.update(state=SysMigration.state).where(SysMigration.id == -1).execute()
    return ""


def schema_problem(config: Config) -> str:
    """Whether the schema is the one of this release."""
    with db.connection():
        try:
            pending = Runner(config).pending()
        except MigrationError as error:
            return str(error)
    return f"{len(pending)} steps are pending" if pending else ""


def disk_problem(config: Config) -> str:
    """Whether the data directory has room: 5 % of the disk, but no less than 200 MB and no more than 1 GB."""
    usage = shutil.disk_usage(config.data)
    wanted = max(LEAST_FREE, min(usage.total // 20, ENOUGH_FREE))
    return (
        "" if usage.free >= wanted else f"{usage.free // 1_000_000} MB free, {wanted // 1_000_000} MB wanted"
    )


def clock_problem(config: Config) -> str:
    """Whether this host and the database agree on the time; leases and sessions depend on it."""
    if db.is_sqlite():
        return ""
    with db.connection():
        theirs: datetime = db.database.execute_sql("SELECT clock_timestamp()").fetchone()[0]
    skew = abs((theirs.astimezone(UTC).replace(tzinfo=None) - clock.now()).total_seconds())
    return "" if skew <= SKEW_S else f"the clocks of this host and the database differ by {skew:.0f} s"


def worker_problem(config: Config) -> str:
    """Whether any worker has shown signs of life."""
    with db.connection():
        return "" if jobs.beating(within_s=HEARTBEAT_S) else f"no worker was seen for {HEARTBEAT_S:.0f} s"


def push_problem(config: Config) -> str:
    """Whether the event process answers."""
    # Listening everywhere includes here.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.push.host, config.push.host)  # noqa: S104
    connection = http.client.HTTPConnection(host, config.push.port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"the event process does not answer: {one_line(error)}"
    finally:
        connection.close()
    return "" if status == 200 else f"the event process answers {status}"


CHECKS: dict[str, Callable[[Config], str]] = {
    "database": database_problem,
    "schema": schema_problem,
    "disk": disk_problem,
    "clock": clock_problem,
    "worker": worker_problem,
    "push": push_problem,
}


def _told(check: Callable[[Config], str], config: Config) -> str:
    try:
        return check(config)
    except (PeeweeException, OSError) as error:
        return (
            f"the database does not answer: {one_line(error)}"
            if not isinstance(error, OSError)
            else str(error)
        )
