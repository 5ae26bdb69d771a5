"""`crm check`: what is wrong with this installation, what that leads to, and how to mend it."""

from __future__ import annotations

import importlib.util
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import peewee
from peewee import PeeweeException

from crm_admin import db, health, mounts
from crm_admin.config import Config, ConfigError, unsafe
from crm_admin.migrations import MigrationError, Runner, one_line

Severity = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. An error stops a start or loses data; a warning costs something else."""

    severity: Severity
    subject: str
    text: str
    remedy: str = ""


def examine(config: Config) -> list[Finding]:
    """Look at everything that can be looked at without changing anything, in a fixed order."""
    findings = [finding for look in LOOKS for finding in look(config)]
    if config.is_sqlite and not Path(config.database_url.removeprefix("sqlite:///")).exists():
        return [*findings, Finding("warning", "database", "does not exist yet", "`crm init` makes it")]
    try:
        db.connect_to(config)
    except ConfigError as error:
        return [*findings, _of(error)]
    try:
        with db.connection():
            findings += [finding for look in DATABASE_LOOKS for finding in look(config)]
    except (PeeweeException, OSError) as error:
        findings.append(
            Finding(
                "error", "database", f"does not answer: {one_line(error)}", "start it, or mend database.url"
            )
        )
    return findings


def settings(config: Config) -> Iterator[Finding]:
    """What a production start refuses, and what it would regret."""
    wrong = unsafe(config)
    yield from (_of(error) for error in wrong)
    if not wrong:
        yield Finding("ok", "settings", f"environment {config.environment}")
    if config.https and config.web.proxies == 0:
        yield Finding(
            "warning",
            "web.proxies",
            "is 0 although the address is https: everybody seems to come from the proxy",
            "set it to the number of proxies in front, usually 1",
        )


def modules(config: Config) -> Iterator[Finding]:
    """Whether the enabled modules are installed."""
    for name in config.modules.enabled:
        if importlib.util.find_spec(name) is None:
            yield Finding("error", "modules.enabled", f"{name} is not installed", "install it or take it out")


def data_directory(config: Config) -> Iterator[Finding]:
    """Whether we may write there, nobody else may read there, and there is room."""
    if not config.data.exists():
        yield Finding("warning", "data_dir", f"{config.data} does not exist yet", "`crm init` makes it")
        return
    if not os.access(config.data, os.W_OK | os.X_OK):
        yield Finding(
            "error", "data_dir", f"{config.data} cannot be written to", f"chown it to user {os.getuid()}"
        )
        return
    if config.data.stat().st_mode & 0o077 and config.environment != "production":
        yield Finding(
            "warning", "data_dir", "may be read by other users of this machine", f"chmod 700 {config.data}"
        )
    problem = health.disk_problem(config)
    if problem:
        yield Finding("error", "disk", problem, "make room: writes will soon fail")
    else:
        yield Finding("ok", "data_dir", f"{config.data}: writable, with room")


def file_system(config: Config) -> Iterator[Finding]:
    """Whether an embedded database stands on a disk of this machine."""
    kind = mounts.network_kind(config.data) if config.is_sqlite else None
    if kind:
        yield Finding(
            "error",
            "database.url",
            f"SQLite on a network file system ({kind}) gets corrupted",
            "move data_dir to a local disk, or use PostgreSQL",
        )


def ports(config: Config) -> Iterator[Finding]:
    """Whether the ports are free; a running installation of ours holds them, too."""
    for key, host, port in (
        ("web.port", config.web.host, config.web.port),
        ("push.port", config.push.host, config.push.port),
    ):
        problem = _taken(host, port)
        if problem:
            yield Finding(
                "warning",
                key,
                f"{host}:{port}: {problem}",
                "fine if that is this CRM running; else choose another",
            )


def open_files(config: Config) -> Iterator[Finding]:
    """Whether the process may hold a connection for everybody who has a page open."""
    import resource  # noqa: PLC0415 — not on every system

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most < 4096:
        yield Finding(
            "warning",
            "open files",
            f"at most {most}: a push process serves no more browsers",
            "raise LimitNOFILE",
        )


def engine(config: Config) -> Iterator[Finding]:
    """Which database it is, and whether it suits us."""
    if db.is_sqlite():
        yield Finding(
            "ok", "database", f"SQLite {peewee.sqlite3.sqlite_version} at {db.database.obj.database}"
        )
        return
    version, encoding = db.database.execute_sql(
        "SELECT current_setting('server_version'), current_setting('server_encoding')"
    ).fetchone()
    yield Finding("ok", "database", f"PostgreSQL {version}")
    if int(version.split(".")[0]) < 13:
        yield Finding("error", "database", f"PostgreSQL {version} is too old", "use 13 or later")
    if encoding != "UTF8":
        yield Finding("error", "database", f"its encoding is {encoding}", "create it with ENCODING 'UTF8'")
    trigrams = "SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'"
    if not db.database.execute_sql(trigrams).fetchone()[0]:
        yield Finding(
            "warning",
            "pg_trgm",
            "is not there: search works but is slower on PostgreSQL without pg_trgm",
            "CREATE EXTENSION pg_trgm; (package postgresql-contrib)",
        )


def schema(config: Config) -> Iterator[Finding]:
    """Whether the schema is the one of this release."""
    try:
        pending = Runner(config).pending()
    except MigrationError as error:
        yield Finding("error", "schema", str(error))
        return
    if pending:
        yield Finding(
            "warning", "schema", f"{len(pending)} steps are pending", "`crm migrate up`, or start the CRM"
        )
    else:
        yield Finding("ok", "schema", "up to date")
        problem = health.database_problem(config)
        yield Finding("error", "database", problem) if problem else Finding("ok", "database", "writable")


def clocks(config: Config) -> Iterator[Finding]:
    """Whether this host and the database agree on the time."""
    problem = health.clock_problem(config)
    if problem:
        yield Finding("error", "clock", problem, "let both hosts follow NTP")


LOOKS: tuple[Callable[[Config], Iterator[Finding]], ...] = (
    settings,
    modules,
    data_directory,
    file_system,
    ports,
    open_files,
)
DATABASE_LOOKS: tuple[Callable[[Config], Iterator[Finding]], ...] = (engine, clocks, schema)


def _of(error: ConfigError) -> Finding:
    return Finding("error", error.key, error.message, error.remedy)


def _taken(host: str, port: int) -> str:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error.strerror or str(error)
    return ""
