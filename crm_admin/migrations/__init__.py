"""The schema's steps: numbered files, run once each, in order, under a lock, with a way back.

A step is `migrations/NNNN_name.py` of a package, in the form of playhouse.migrations: `up(migrator, db)` and, unless
it is final, `down(migrator, db)`. It runs in one transaction; `atomic = False` in the file runs it outside, for what
PostgreSQL allows only there. The core's steps come first, then those of each enabled module.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType

import peewee
from peewee import AutoField, CharField, DateTimeField, PeeweeException
from playhouse.migrate import SchemaMigrator
from playhouse.migrations import Migration as File

from crm_admin import clock, db
from crm_admin.config import Config

CORE = "crm_admin"
BACKUPS_KEPT = 5
LOCK_WAIT_S = 120.0
LOCK_TRIES = 5
# Of pg_advisory_lock: "crm schema" in four bytes each; any fixed pair will do.
_ADVISORY_KEY = (0x63726D, 0x73636865)

logger = logging.getLogger("crm.migrations")


class MigrationError(Exception):
    """The schema cannot be changed or used; the text tells an operator why and what to do. One line."""


class SysMigration(db.Table):
    """One step that was run: which, in what form, and whether it came to its end."""

    id = AutoField()
    package = CharField()
    name = CharField()
    checksum = CharField(max_length=64)
    state = CharField(max_length=10)  # running | applied
    applied_at = DateTimeField()

    class Meta:
        table_name = "sys_migration"
        indexes = ((("package", "name"), True),)


@dataclass(frozen=True)
class Step:
    """One step as files and database know it. No `path`: unknown to this release. No `applied_at`: pending."""

    package: str
    name: str
    path: Path | None
    applied_at: datetime | None = None
    state: str = ""
    changed: bool = False

    @property
    def key(self) -> str:
        return f"{self.package}/{self.name}"

    @property
    def pending(self) -> bool:
        return self.applied_at is None

    @property
    def word(self) -> str:
        """What `crm migrate status` says of it: pending, applied, running, changed or unknown."""
        if self.pending:
            return "pending"
        if self.path is None:
            return "unknown"
        if self.state != "applied":
            return "running"
        return "changed" if self.changed else "applied"


def packages(config: Config) -> list[tuple[str, Path]]:
    """(package, directory of its steps): the core, then each enabled module that has any, in their order."""
    found = []
    for name in (CORE, *config.modules.enabled):
        spec = importlib.util.find_spec(name)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            if (Path(place) / "migrations").is_dir():
                found.append((name, Path(place) / "migrations"))
    return found


def wait_until_current(config: Config, timeout_s: float = 60.0) -> None:
    """Return once the schema is the one of this release; for processes that must not change it themselves.

    Raises MigrationError at once when it is newer or dirty, and after `timeout_s` when steps are still pending.
    """
    runner = Runner(config)
    deadline = time.monotonic() + timeout_s
    with db.connection():
        while runner.pending():
            if time.monotonic() > deadline:
                raise MigrationError("the schema is older than this release: run `crm migrate up`")
            time.sleep(0.5)


class Runner:
    """Brings the database that `db.database` points at to the schema of this release, and back."""

    def __init__(self, config: Config, directories: Sequence[tuple[str, Path]] | None = None) -> None:
        self._config = config
        self._directories = packages(config) if directories is None else list(directories)

    def status(self) -> list[Step]:
        """Every step of this release in the order it runs, then those that only the database knows."""
        done = {(row.package, row.name): row for row in self._rows()}
        steps = []
        for package, directory in self._directories:
            for file in File.load_directory(str(directory)):
                row = done.pop((package, file.name), None)
                steps.append(_step(package, file.name, Path(file.path), row))
        known = {package for package, _ in self._directories}
        # The tables of a module that is switched off stay as they are.
        steps += [_step(*key, None, row) for key, row in done.items() if key[0] in known]
        return steps

    def pending(self) -> list[Step]:
        """The steps that are still to run. Raises MigrationError when the schema is newer or dirty."""
        steps = self.status()
        for step in steps:
            _refuse(step)
        return [step for step in steps if step.pending]

    def up(self, target: str | None = None, report: Callable[[str], None] = logger.info) -> list[Step]:
        """Run what is pending (as far as step `target`), with a backup first; the steps that ran.

        Raises MigrationError: newer or dirty schema, unknown target, lock not to be had, no room for the backup,
        or a step that failed (what it did in its transaction is undone, the steps before it stay).
        """
        with self._exclusive():
            SysMigration.create_table(safe=True)
            steps = _until(self.pending(), self.status(), target)
            if steps:
                modules = {step: _load(step, "up") for step in steps}
                kept = self._back_up(steps[0])
                if kept:
                    report(f"kept a copy of the database as {kept}")
            for step in steps:
                with _told(step, "up"):
                    self._run(step, modules[step], "up")
                report(f"applied {step.key}")
        return steps

    def down(self, target: str | None = None, report: Callable[[str], None] = logger.info) -> list[Step]:
        """Undo the newest step, or `target` and everything that ran after it; the undone steps, newest first.

        Raises MigrationError as up() does, also when one of the steps is final (has no `down`): then nothing ran.
        """
        with self._exclusive():
            self.pending()
            steps = self._newest_first(target)
            modules = {step: _load(step, "down") for step in steps}
            if steps:
                kept = self._back_up(steps[0])
                if kept:
                    report(f"kept a copy of the database as {kept}")
            for step in steps:
                with _told(step, "down"):
                    self._run(step, modules[step], "down")
                report(f"undone {step.key}")
        return steps

    def dry_run(self) -> list[tuple[Step, list[str]]]:
        """Really run what is pending, note the SQL of each step, and roll all of it back.

        A step that needs to run outside a transaction cannot be tried: it and the steps after it are left out.
        """
        tried: list[tuple[Step, list[str]]] = []
        with self._exclusive():
            steps = self.pending()
            with self._migrator().migration_context(), db.database.atomic() as transaction:
                for step in steps:
                    module = _load(step, "up")
                    if not _atomic(module):
                        break
                    with db.count_queries() as seen, _told(step, "up"):
                        self._call(module, "up")
                    _check_links(step)
                    tried.append((step, list(seen)))
                transaction.rollback()
        return tried

    def mark(self, key: str, *, applied: bool) -> None:
        """Record that step `key` is applied or is not, running nothing: the way out of a dirty schema, by hand."""
        with self._exclusive():
            step = _find(self.status(), key)
            if step.path is None and applied:
                raise MigrationError(f"{step.key} is not in this release")
            mine = (SysMigration.package == step.package) & (SysMigration.name == step.name)
            with db.database.atomic():
                SysMigration.delete().where(mine).execute()
                if applied:
                    self._record(step, "applied")

    def _rows(self) -> list[SysMigration]:
        if not SysMigration.table_exists():
            return []
        return list(SysMigration.select().order_by(SysMigration.id))

    def _newest_first(self, target: str | None) -> list[Step]:
        known = {(step.package, step.name): step for step in self.status()}
        done = [known[key] for row in reversed(self._rows()) if (key := (row.package, row.name)) in known]
        if target is None:
            return done[:1]
        last = _find(done, target)
        return done[: done.index(last) + 1]

    def _migrator(self) -> SchemaMigrator:
        return SchemaMigrator.from_database(db.database.obj)

    def _run(self, step: Step, module: ModuleType, direction: str) -> None:
        """One step with its record; in one transaction unless the file says otherwise."""
        for attempt in range(1, LOCK_TRIES + 1):
            try:
                if _atomic(module):
                    with self._migrator().migration_context():
                        self._call(module, direction)
                        _check_links(step)
                        self._settle(step, direction)
                else:
                    self._settle(step, "start")
                    self._call(module, direction)
                    self._settle(step, direction)
                return
            except PeeweeException as error:
                if not _lock_timeout(error) or not _atomic(module) or attempt == LOCK_TRIES:
                    raise
                logger.warning(
                    "a table is in use, trying again", extra={"step": step.key, "attempt": attempt}
                )
                time.sleep(attempt)

    def _call(self, module: ModuleType, direction: str) -> None:
        getattr(module, direction)(self._migrator(), db.database.obj)

    def _settle(self, step: Step, direction: str) -> None:
        mine = (SysMigration.package == step.package) & (SysMigration.name == step.name)
        if direction == "down":
            SysMigration.delete().where(mine).execute()
        elif direction == "start" and step.pending:
            self._record(step, "running")
        elif direction == "start":
            SysMigration.update(state="running").where(mine).execute()
        elif SysMigration.update(state="applied", applied_at=clock.now()).where(mine).execute() == 0:
            self._record(step, "applied")

    def _record(self, step: Step, state: str) -> None:
        assert step.path is not None
        SysMigration.create(
            package=step.package,
            name=step.name,
            checksum=_checksum(step.path),
            state=state,
            applied_at=clock.now(),
        )

    def _back_up(self, before: Step) -> Path | None:
        """A copy of an embedded database that holds something, in <data_dir>/backups; the newest few are kept."""
        if not db.is_sqlite() or not self._rows():
            return None
        folder = self._config.data / "backups"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        needed = 2 * _file_of_database().stat().st_size
        if shutil.disk_usage(folder).free < needed:
            raise MigrationError(f"no room for a backup in {folder}: {needed // 1_000_000} MB must be free")
        copy = folder / f"{clock.now():%Y%m%dT%H%M%S%f}-before-{before.name}.sqlite3"
        # VACUUM INTO writes into an empty file: made here, so that nobody else may read it.
        os.close(os.open(copy, os.O_CREAT | os.O_EXCL, 0o600))
        try:
            db.database.execute_sql("VACUUM INTO ?", (str(copy),))
        except PeeweeException as error:
            copy.unlink()
            raise MigrationError(f"no backup could be made in {folder}: {one_line(error)}") from error
        for old in sorted(folder.glob("*-before-*.sqlite3"))[:-BACKUPS_KEPT]:
            old.unlink()
        return copy

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """An open connection and the schema to ourselves, on every host; MigrationError when another holds it."""
        held: AbstractContextManager[None] = _server_lock()
        if db.is_sqlite():
            path = _file_of_database()
            held = (
                _file_lock(path.with_name(path.name + ".schema.lock"))
                if path.name != ":memory:"
                else nullcontext()
            )
        with db.connection(), held:
            yield


def one_line(error: BaseException) -> str:
    """What an error says, for an operator, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _step(package: str, name: str, path: Path | None, row: SysMigration | None) -> Step:
    if row is None:
        return Step(package, name, path)
    changed = path is not None and _checksum(path) != row.checksum
    return Step(package, name, path, row.applied_at, row.state, changed)


def _refuse(step: Step) -> None:
    """Raise MigrationError for a step that says: newer or dirty."""
    if step.word == "unknown":
        raise MigrationError(
            f"the database is newer than this release: it holds {step.key}; install the newer release, "
            "or undo that step with it (`crm migrate down`)"
        )
    if step.word == "running":
        raise MigrationError(
            f"{step.key} was interrupted half-way: restore the backup, or finish or undo it by hand and then say so "
            f"with `crm migrate mark {step.key} applied` or `… pending`"
        )
    if step.word == "changed":
        raise MigrationError(
            f"{step.key} is not the file that was applied: put the released file back, "
            f"or accept this one with `crm migrate mark {step.key} applied`"
        )


def _until(pending: list[Step], steps: list[Step], target: str | None) -> list[Step]:
    if target is None:
        return pending
    last = _find(steps, target)
    return pending[: pending.index(last) + 1] if last in pending else []


def _find(steps: list[Step], key: str) -> Step:
    """The step that `key` names: `package/NNNN_name`, or `NNNN_name` or `NNNN` where that is only one."""
    found = [s for s in steps if key in (s.key, s.name, s.name.partition("_")[0])]
    if len(found) != 1:
        reason = (
            f"{len(found)} steps are called {key}: name one as package/name"
            if found
            else f"no such step: {key}"
        )
        raise MigrationError(reason)
    return found[0]


def _load(step: Step, direction: str) -> ModuleType:
    assert step.path is not None
    module: ModuleType = File(0, step.name, str(step.path), None).load()
    if not callable(getattr(module, direction, None)):
        raise MigrationError(
            f"{step.key} is final: it has no way back, restore a backup instead"
            if direction == "down"
            else f"{step.key} defines no up()"
        )
    return module


@contextmanager
def _told(step: Step, direction: str) -> Iterator[None]:
    """Turn what goes wrong inside the block into a MigrationError that names the step; the trace goes to the log."""
    try:
        yield
    except MigrationError:
        raise
    except Exception as error:
        logger.debug("step failed", extra={"step": step.key}, exc_info=True)
        raise MigrationError(f"{step.key} failed ({direction}): {one_line(error)}") from error


def _check_links(step: Step) -> None:
    """SQLite rebuilds tables with foreign keys off: a row that refers to nothing must not be committed."""
    if not db.is_sqlite():
        return
    broken = db.database.execute_sql("PRAGMA foreign_key_check").fetchone()
    if broken:
        raise MigrationError(f"{step.key} leaves rows of {broken[0]} that refer to nothing in {broken[2]}")


def _atomic(module: ModuleType) -> bool:
    return bool(getattr(module, "atomic", True))


def _checksum(path: Path) -> str:
    # A checkout on another system may end its lines differently.
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def _file_of_database() -> Path:
    return Path(db.database.obj.database)


def _lock_timeout(error: PeeweeException) -> bool:
    """Whether PostgreSQL gave up waiting for a table that others use (55P03) or broke a deadlock (40P01)."""
    cause = error.__cause__ or error.__context__
    return getattr(cause, "sqlstate", "") in ("55P03", "40P01")


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    """Only one process changes the schema. Not the writers' lock: each step takes that one itself."""
    with open(os.open(path, os.O_CREAT | os.O_RDWR, 0o600), "r+", encoding="ascii") as file:
        _wait(lambda: _try_flock(file.fileno()))
        yield


def _try_flock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _server_lock() -> Iterator[None]:
    """One runner in all hosts; DDL gives up after 5 s of waiting, as everybody else would queue behind it."""
    engine = db.database.obj
    _wait(
        lambda: bool(engine.execute_sql("SELECT pg_try_advisory_lock(%s, %s)", _ADVISORY_KEY).fetchone()[0])
    )
    try:
        engine.execute_sql("SET lock_timeout = '5s'")
        engine.execute_sql("SET statement_timeout = 0")  # an index on a large table takes its time
        yield
    finally:
        try:
            engine.execute_sql("RESET lock_timeout")
            engine.execute_sql("RESET statement_timeout")
            engine.execute_sql("SELECT pg_advisory_unlock(%s, %s)", _ADVISORY_KEY)
        except peewee.DatabaseError:
            # The connection is gone, and with it everything that it held.
            logger.warning("the connection was lost while the schema was locked")


def _wait(take: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LOCK_WAIT_S
    while not take():
        if time.monotonic() > deadline:
            raise MigrationError("another process is changing the schema: try again when it is done")
        time.sleep(0.1)
