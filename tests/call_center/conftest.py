"""An installation whose telephone account is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from call_center.carrier.account import DEFAULT_APPLICATION, DEFAULT_KEY, DEFAULT_SECRET
from call_center.settings import Settings
from crm_admin import clock
from crm_admin.config import Config
from tests.call_center.desk import sit
from tests.call_center.provider import ACCOUNT, NOON, TOKEN, Provider
from tests.people import Person


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


@pytest.fixture
def browser_phones(provider: Provider) -> Flask:
    """An installation whose agents may talk in the browser, by a carrier on this machine."""
    config = provider.app.extensions["crm"]
    ours = replace(
        config.section("call_center"),
        api_key_sid=DEFAULT_KEY,
        api_key_secret=DEFAULT_SECRET,
        twiml_app_sid=DEFAULT_APPLICATION,
        signalling="127.0.0.1:4010",
    )
    provider.app.extensions["crm"] = replace(config, sections={**config.sections, "call_center": ours})
    return provider.app


@pytest.fixture
def an(provider: Provider, browser_phones: Flask) -> Person:
    """An, the agent, at the phone of their browser."""
    person = Person(provider.app, "agent")
    sit(person)
    return person
