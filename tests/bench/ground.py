"""The databases the benchmark stands on: the cast, many contacts, and two field reps who see only their own."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from crm_admin import app as application
from crm_admin import db, migrations, policy, registry
from crm_admin.config import Config
from crm_admin.seeds import bulk
from tests.installation import drop_database, settings
from tests.people import populate
from tests.provide.postgres import server_url

FOLDER = Path("var/bench")
ENGINES = ("sqlite", "postgresql")

REPS = {"rep": 20, "rep2": 5_000}
"""Who of the cast owns one contact in how many; of a million, 50,000 and 200."""


@contextmanager
def grounds(sizes: tuple[int, ...], keep: bool) -> Iterator[dict[tuple[str, int], Config]]:
    """A seeded database per engine and size. Kept ones are used again; unless `keep`, all are gone at the end."""
    made = {(engine, size): _settings(engine, size) for engine in ENGINES for size in sizes}
    try:
        for (engine, size), config in made.items():
            if not (_is_there(engine, size) and _is_brought_up(config)):
                print(f"seeding {size:,} contacts on {engine} …", end=" ", flush=True)
                _remove(engine, size)
                began = time.monotonic()
                _make(engine, size, config)
                print(f"{time.monotonic() - began:.0f} s", flush=True)
        yield made
    finally:
        if not keep:
            for engine, size in made:
                _remove(engine, size)


def _folder(engine: str, size: int) -> Path:
    return FOLDER / f"{engine}-{size}"


def _name(size: int) -> str:
    return f"crm_bench_{size}"


def _settings(engine: str, size: int) -> Config:
    folder = _folder(engine, size).resolve()
    server = urlsplit(server_url())._replace(path=f"/{_name(size)}").geturl()
    return settings(f"sqlite:///{folder / 'crm.sqlite3'}" if engine == "sqlite" else server, folder)


def _is_there(engine: str, size: int) -> bool:
    """Whether an earlier run finished it: the mark is written last."""
    return (_folder(engine, size) / "ready").exists()


def _remove(engine: str, size: int) -> None:
    shutil.rmtree(_folder(engine, size), ignore_errors=True)
    if engine != "sqlite":
        drop_database(_name(size))


def _make(engine: str, size: int, config: Config) -> None:
    folder = _folder(engine, size)
    folder.mkdir(parents=True)
    if engine != "sqlite":
        with psycopg.connect(server_url(), autocommit=True) as server:
            server.execute(f"CREATE DATABASE \"{_name(size)}\" TEMPLATE template0 ENCODING 'UTF8'")
    _bring_up(config)
    with application.create_app(config).app_context(), db.connection():
        populate(config)
    bulk.seed(config, contacts=size)
    with db.connection():
        _give_to_reps()
        _settle()
    db.disconnect()
    (folder / "ready").touch()


def _bring_up(config: Config) -> None:
    db.connect_to(config)
    with db.connection():
        migrations.Runner(config).up(report=lambda _line: None)


def _is_brought_up(config: Config) -> bool:
    """Apply what the schema has got since a kept database was made; False where a step of it is another one now."""
    try:
        _bring_up(config)
    except migrations.MigrationError:
        db.disconnect()
        return False
    return True


def _give_to_reps() -> None:
    """Contacts, and accounts with them, spread over the whole table as if won one by one."""
    if not db.is_sqlite():
        db.database.execute_sql("SET statement_timeout = 0")
    user = registry.entity("user").model
    for name, every in REPS.items():
        rep = user.get(user.username == name)
        team = min(policy.teams_of(rep.id))
        for entity in ("contact", "account"):
            model = registry.entity(entity).model
            rest = model.id - model.id / every * every  # Peewee's % is LIKE
            model.update(owner=rep.id, team=team).where(rest == every // 2).execute()


def _settle() -> None:
    """As after a night: statistics and, on PostgreSQL, the visibility map are up to date."""
    if db.is_sqlite():
        db.database.execute_sql("ANALYZE")
        db.database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    connection = db.database.connection()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")
    connection.autocommit = False
