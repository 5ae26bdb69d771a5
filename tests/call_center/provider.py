"""The provider as our doors see it: signed requests about calls, with the moments it gives them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from flask import Flask
from werkzeug.test import TestResponse

from tests.peers import twiml_checker

ACCOUNT = "AC" + "0" * 32
TOKEN = "the auth token of the tests"
BASE = "http://127.0.0.1:8000"
NOON = datetime(2026, 11, 20, 5, 0, 0)
"""Friday noon in Viet Nam, in UTC."""

_numbers = itertools.count(1)


def sid(prefix: str = "CA") -> str:
    """A new identifier of the provider's form."""
    return f"{prefix}{next(_numbers):032x}"


def signature(url: str, form: Mapping[str, str], token: str = TOKEN) -> str:
    """X-Twilio-Signature of a form POST, as the provider's documentation describes it."""
    said = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), said.encode(), hashlib.sha1).digest()).decode()


class Provider:
    """Sends signed webhooks to one application."""

    def __init__(self, app: Flask, now: datetime = NOON) -> None:
        self.app = app
        self.client = app.test_client()
        self.now = now

    def post(self, path: str, form: Mapping[str, str], **headers: str) -> TestResponse:
        """One signed request; `path` may carry a query. A document that comes back is TwiML as it is declared."""
        said = {"AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", **form}
        signed = {"X-Twilio-Signature": signature(BASE + path, said), **headers}
        answer = self.client.post(path, data=said, headers=signed, base_url=BASE)
        if answer.mimetype == "text/xml":
            assert twiml_checker.check(answer.text) == []
        return answer

    def call(self, caller: str, line: str = "+842873001234", **more: str) -> Caller:
        """Somebody rings the company; the document they get is in `heard`."""
        return Caller(self, caller, line, more)

    def stamp(self, after_s: float = 0) -> str:
        return format_datetime((self.now + timedelta(seconds=after_s)).replace(tzinfo=UTC))


class Caller:
    """An incoming call, event by event."""

    def __init__(self, provider: Provider, caller: str, line: str, more: Mapping[str, str]) -> None:
        self.provider = provider
        self.sid = sid()
        self.facts = {"CallSid": self.sid, "From": caller, "To": line, "Direction": "inbound", **more}
        self.heard: ElementTree.Element = ElementTree.Element("Response")
        self.ask("/twilio/voice/inbound", CallStatus="ringing")

    def ask(self, path: str, **more: str) -> TestResponse:
        """Ask a door for the next document."""
        answer = self.provider.post(path, {**self.facts, **more})
        assert answer.status_code == 200, answer.text
        self.heard = ElementTree.fromstring(answer.text)
        return answer

    def door(self, xpath: str, attribute: str) -> str:
        """Path and query of an address in the document heard last."""
        found = self.heard.find(xpath)
        assert found is not None, ElementTree.tostring(self.heard)
        parts = urlsplit(found.attrib[attribute])
        return f"{parts.path}?{parts.query}"

    def leg(self, status: str, child: str, after_s: float, sequence: int, **more: str) -> TestResponse:
        """A notice about the leg that the document heard last has rung."""
        noun = self.heard.find(".//Client")
        noun = self.heard.find(".//Number") if noun is None else noun
        assert noun is not None
        parts = urlsplit(noun.attrib["statusCallback"])
        identity = noun.find("Identity")
        to = f"client:{identity.text}" if identity is not None else str(noun.text)
        form = {
            "CallSid": child,
            "ParentCallSid": self.sid,
            "From": self.facts["From"],
            "To": to,
            "Direction": "outbound-dial",
            "CallStatus": status,
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(sequence),
            "Timestamp": self.provider.stamp(after_s),
            **more,
        }
        return self.provider.post(f"{parts.path}?{parts.query}", form)

    def ended(self, after_s: float, seconds: int) -> TestResponse:
        """The last notice about the caller's own leg."""
        form: dict[str, Any] = {
            **self.facts,
            "CallStatus": "completed",
            "SequenceNumber": "0",
            "CallDuration": str(seconds),
            "Duration": "1",
            "CallbackSource": "call-progress-events",
            "Timestamp": self.provider.stamp(after_s),
        }
        return self.provider.post("/twilio/voice/status", form)
