"""The sign-in edge on both databases, and once as it is behind TLS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from crm_admin.auth import passwords
from crm_admin.config import Config, DatabaseSettings, Security, Web
from tests.connected import connected
from tests.crm_admin.auth.house import PASSWORD, House, application, empty, make_people, tables
from tests.provide.postgres import temporary_database


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[dict[str, str]]:
    """URLs of two databases by kind; the tests share them and empty them."""
    with temporary_database("crm_auth") as postgresql:
        yield {
            "sqlite": f"sqlite:///{tmp_path_factory.mktemp('auth') / 'crm.sqlite3'}",
            "postgresql": postgresql,
        }


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, databases: dict[str, str]) -> Iterator[House]:
    config = settings(databases[request.param])
    with connected(config, tables()):
        empty()
        yield House(application(config), config)


@pytest.fixture
def https_house(databases: dict[str, str]) -> Iterator[House]:
    config = replace(settings(databases["sqlite"]), web=Web(public_url="https://crm.example.com"))
    with connected(config, tables()):
        empty()
        yield House(application(config), config)


@pytest.fixture(scope="session")
def stored_password() -> str:
    return passwords.hashed(PASSWORD)


@pytest.fixture
def people(house: House, stored_password: str) -> dict[str, int]:
    """Everybody's id by user name: an administrator, two agents, one who is disabled."""
    return make_people(stored_password)


def settings(url: str) -> Config:
    return Config(
        environment="test",
        database=DatabaseSettings(url=url),
        security=Security(login_tries=5),
        secret_key="a-secret-key-of-the-tests-0123456789abcdef",
    )
