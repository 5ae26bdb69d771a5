"""An installation with the cast in it, made once per worker and database, copied for every test that wants one."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from pathlib import Path
from types import CodeType
from typing import Any, ClassVar
from urllib.parse import urlsplit

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.test import TestResponse

from crm_admin import app as application
from crm_admin import config, db, migrations
from tests.people import populate
from tests.provide.postgres import server_url

SECRET = "a-secret-for-tests-only-0123456789abcdef"


def settings(url: str, folder: Path) -> config.Config:
    """The configuration of a test installation."""
    values = {
        "environment": "test",
        "data_dir": str(folder),
        "database.url": url,
        "company.name": "Sao Mai",
        "secret_key": SECRET,
    }
    return config.load(None, {}, values)


def make_template(url: str, folder: Path) -> None:
    """Migrate an empty database and let the cast move in."""
    made = settings(url, folder)
    db.connect_to(made)
    with db.connection():
        migrations.Runner(made).up()
        flask = application.create_app(made)
        with flask.app_context(), db.connection():
            populate(made)
    db.disconnect()


class Browser(FlaskClient):
    """A client whose every request stands in a context of its own, as on a server.

    Tests hold an application context open; Flask would put all requests into it, and what one has left in `g` (who
    asks, which names they may see) would be there for the next. Answers are read to their end, for the same reason,
    unless the test wants to read one piece by piece.
    """

    def open(self, *args: Any, **options: Any) -> TestResponse:
        if options.setdefault("buffered", True) is False:
            return super().open(*args, **options)
        return Context().run(lambda: super(Browser, self).open(*args, **options))


class CompiledTemplates(BytecodeCache):
    """Templates stay compiled for all applications of a process: doing it again was most of the time of a test."""

    _code: ClassVar[dict[tuple[str, str], CodeType | None]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key, bucket.checksum] = bucket.code


@contextmanager
def copied(kind: str, template: str, folder: Path) -> Iterator[Flask]:
    """An application on a copy of the template; the copy goes at the end."""
    if kind == "sqlite":
        path = folder / "crm.sqlite3"
        shutil.copyfile(template, path)
        url = f"sqlite:///{path}"
    else:
        url = _copy_database(template)
    made = application.create_app(settings(url, folder))
    made.testing = True
    made.test_client_class = Browser
    made.jinja_env.bytecode_cache = CompiledTemplates()
    made.config["PROPAGATE_EXCEPTIONS"] = False
    try:
        with db.connection():
            yield made
    finally:
        db.disconnect()
        if kind != "sqlite":
            drop_database(urlsplit(url).path.lstrip("/"))


def _copy_database(template: str) -> str:
    name = f"crm_copy_{secrets.token_hex(6)}"
    with psycopg.connect(server_url(), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlsplit(server_url())._replace(path=f"/{name}").geturl()


def drop_database(name: str) -> None:
    with psycopg.connect(server_url(), autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
