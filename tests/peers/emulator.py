"""A Twilio by somebody else (npm's emulate): it keeps calls and messages, and signs its webhooks in its own way.

It knows no conferences, queues or recordings and runs no TwiML; what it is good for is a second opinion on signing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import NamedTuple

import requests
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.peers import node

ROW = re.compile(r"<tr[^>]*>(.*?)</tr>", re.DOTALL)
CELL = re.compile(r"<td[^>]*>(.*?)</td>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")


class Delivery(NamedTuple):
    """One webhook, and the status with which it was answered."""

    event: str
    url: str
    status: int


class Emulator:
    """A running emulator with one account that owns one number."""

    def __init__(self, address: str, account: str, token: str, number: str) -> None:
        self._address = address
        self._auth = (account, token)
        self._transport = TwilioHttpClient(timeout=20)
        self._session = requests.Session()
        self.number = number
        self.library = Client(account, token, http_client=self._transport)
        self.library.api.base_url = address

    def ring(self, caller: str) -> str:
        """A customer rings the number; the call's sid."""
        return self._simulate("inbound-call", From=caller, To=self.number)

    def advance(self, call: str, status: str) -> None:
        """The call goes on to another status."""
        self._simulate("call-status", CallSid=call, Status=status)

    def text(self, sender: str, body: str) -> str:
        """A customer sends a message to the number; its sid."""
        return self._simulate("inbound-message", From=sender, To=self.number, Body=body)

    def report(self, message: str, status: str) -> None:
        """The message that we sent goes on to another status."""
        self._simulate("message-status", MessageSid=message, Status=status)

    def deliveries(self) -> list[Delivery]:
        """Every webhook so far, as the emulator's own page lists them, oldest first."""
        page = self._session.get(f"{self._address}/?tab=webhooks", timeout=20).text
        rows = [[unescape(TAG.sub("", cell)) for cell in CELL.findall(row)] for row in ROW.findall(page)]
        return [Delivery(row[0], row[1], int(row[2] or 0)) for row in reversed(rows) if len(row) > 2]

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()
        self._transport.session.close()

    def _simulate(self, what: str, **form: str) -> str:
        answer = self._session.post(
            f"{self._address}/_twilio/simulate/{what}", data=form, auth=self._auth, timeout=20
        )
        answer.raise_for_status()
        return str(answer.json()["sid"])


@contextmanager
def running(account: str, token: str, number: str, doors: dict[str, str], folder: Path) -> Iterator[Emulator]:
    """An emulator whose number is answered at `doors`: voice_url, sms_url, status_callback. Raises PeersMissing."""
    seed = folder / "emulator.json"
    numbers = [{"phone_number": number, **doors}]
    seed.write_text(
        json.dumps({"twilio": {"account": {"sid": account, "auth_token": token}, "phone_numbers": numbers}}),
        "utf-8",
    )
    program = node.installed("emulate/dist/index.js")
    with node.listening(
        lambda port: [program, "start", "--service", "twilio", "--port", str(port), "--seed", seed]
    ) as address:
        emulator = Emulator(address, account, token, number)
        try:
            yield emulator
        finally:
            emulator.close()
