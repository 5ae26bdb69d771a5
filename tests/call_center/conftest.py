"""An installation whose telephone account is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from call_center.settings import Settings
from crm_admin import clock
from crm_admin.config import Config
from tests.call_center.provider import ACCOUNT, NOON, TOKEN, Provider


@pytest.fixture
def provider(crm: Flask) -> Iterator[Provider]:
    """The provider of an application, at noon, once on each database."""
    yield from _of(crm)


@pytest.fixture
def sqlite_provider(sqlite_crm: Flask) -> Iterator[Provider]:
    yield from _of(sqlite_crm)


def _of(app: Flask) -> Iterator[Provider]:
    config: Config = app.extensions["crm"]
    ours = Settings(account_sid=ACCOUNT, auth_token=TOKEN)
    app.extensions["crm"] = replace(config, sections={**config.sections, "call_center": ours})
    with clock.at(NOON):
        yield Provider(app)
