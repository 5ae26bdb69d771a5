"""An installation with a cast, as programs meet it, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from crm_admin.app import create_app
from crm_admin.config import load
from crm_admin.db import database
from tests.connected import connected
from tests.crm_admin.api.house import House, furnish, tables
from tests.provide.postgres import temporary_database


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The application and its cast, made once for all tests of one database."""
    folder = tmp_path_factory.mktemp("api")
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{folder / 'crm.sqlite3'}"
        else:
            request.getfixturevalue("postgres_server")
            url = stack.enter_context(temporary_database("crm_api"))
        overrides = {"environment": "test", "database.url": url, "data_dir": str(folder)}
        config = load(environ={}, overrides=overrides)
        app = create_app(config)
        app.testing = True
        engine = stack.enter_context(connected(config, tables()))
        yield furnish(app, engine)


@pytest.fixture
def house(installed: House) -> Iterator[House]:
    """The same; what a test writes goes back at its end."""
    with installed.open(), database.atomic() as transaction:
        yield installed
        transaction.rollback()
