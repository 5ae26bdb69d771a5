"""A telephone exchange for a test: its clock stands still until the test lets time pass."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from twilio.rest import Client

from call_center.carrier.server import DEFAULT_NUMBERS, Carrier
from tests.call_center.carrier.application import Exchange, LocalHttpClient, open_application
from tests.call_center.carrier.company import NUMBER, Company, open_company


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with open_application() as application, Carrier(application.url, scale=0) as carrier:
        account = carrier.account
        client = Client(account.sid, account.token, http_client=LocalHttpClient(carrier.url))
        yield Exchange(carrier, application, client, DEFAULT_NUMBERS[0])
        client.http_client.session.close()


@pytest.fixture
def company() -> Iterator[Company]:
    """A company whose people have browser phones."""
    with open_company() as company:
        yield company


@pytest.fixture
def carrier(company: Company) -> Iterator[Carrier]:
    """Its carrier, in real time."""
    with Carrier(company.url, numbers=[NUMBER]) as carrier:
        company.signalling = urlsplit(carrier.url).netloc
        yield carrier
