"""A telephone exchange for a test: its clock stands still until the test lets time pass."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twilio.rest import Client

from call_center.carrier.server import DEFAULT_NUMBERS, Carrier
from tests.call_center.carrier.application import Exchange, LocalHttpClient, open_application


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with open_application() as application, Carrier(application.url, scale=0) as carrier:
        account = carrier.account
        client = Client(account.sid, account.token, http_client=LocalHttpClient(carrier.url))
        yield Exchange(carrier, application, client, DEFAULT_NUMBERS[0])
        client.http_client.session.close()
