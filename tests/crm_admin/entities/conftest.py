"""An installation as it is on its first day: all tables, and the rows of `basics`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from crm_admin import audit, basics, history, policy, registry
from crm_admin.auth.sessions import Session
from crm_admin.config import Config, load
from crm_admin.db import Table, database
from crm_admin.entities.opportunity import StageHistory
from crm_admin.kinds.autonumber import Sequence
from crm_admin.kinds.choices import ChoiceValue
from crm_admin.kinds.links import RecordLink
from crm_admin.kinds.phone import PhoneIndex
from crm_admin.push.watching import Look
from tests.connected import connected
from tests.provide.postgres import temporary_database

TABLES: tuple[type[Table], ...] = (
    *(definition.model for definition in registry.entities()),
    StageHistory,
    ChoiceValue,
    PhoneIndex,
    RecordLink,
    Sequence,
    audit.AuditEntry,
    history.HistoryLine,
    history.HistorySubject,
    policy.FieldGrant,
    policy.Grant,
    policy.Version,
    Session,
    Look,
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    """The installation, made once for all tests of a file."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('crm') / 'crm.sqlite3'}"
        else:
            request.getfixturevalue("postgres_server")
            url = stack.enter_context(temporary_database("crm_entities"))
        config = load(environ={}, overrides={"environment": "test", "database.url": url})
        stack.enter_context(connected(config, TABLES))
        basics.ensure_basics(config)
        yield config


@pytest.fixture
def crm(installed: Config) -> Iterator[Config]:
    """The same, as it was on its first day: what a test writes goes back at its end."""
    with database.atomic() as transaction:
        yield installed
        transaction.rollback()
