"""What every test may ask for: a database of each kind, and a browser."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, sync_playwright

from tests.installation import copied, make_template
from tests.provide.chromium import LAUNCH_ARGS, BrowserMissing, chromium_path
from tests.provide.postgres import DatabaseMissing, server_url, temporary_database


def _missing(reason: Exception) -> NoReturn:
    """A person may run what can be run here; CI must not pass on less than everything."""
    if os.environ.get("CI"):
        pytest.fail(str(reason), pytrace=False)
    pytest.skip(str(reason))


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """URL of a PostgreSQL server on which databases may be created."""
    try:
        return server_url()
    except DatabaseMissing as missing:
        _missing(missing)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'crm.sqlite3'}"
        return
    request.getfixturevalue("postgres_server")
    with temporary_database("crm_test") as url:
        yield url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A running browser; ask it for a context of your own."""
    try:
        path = chromium_path()
    except BrowserMissing as missing:
        _missing(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(LAUNCH_ARGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Path of a migrated SQLite file with the cast in it."""
    folder = tmp_path_factory.mktemp("template")
    path = folder / "crm.sqlite3"
    make_template(f"sqlite:///{path}", folder)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return str(path)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Name of a migrated PostgreSQL database with the cast in it."""
    with temporary_database("crm_template") as url:
        make_template(url, tmp_path_factory.mktemp("template"))
        yield urlsplit(url).path.lstrip("/")


@pytest.fixture(params=["sqlite", "postgresql"])
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The application with the cast in it and nothing else, once on each database.

    The connection is open; no app context is, or requests would share `g`.
    """
    template = request.getfixturevalue(
        "sqlite_template" if request.param == "sqlite" else "postgres_template"
    )
    with copied(request.param, template, tmp_path) as app:
        yield app


@pytest.fixture
def sqlite_crm(sqlite_template: str, tmp_path: Path) -> Iterator[Flask]:
    """Like `crm`, for what does not depend on the database."""
    with copied("sqlite", sqlite_template, tmp_path) as app:
        yield app
