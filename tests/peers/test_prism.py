"""Prism between the real library and a stand-in lets through what Twilio does, and names what Twilio would not do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.peers import node, prism

ACCOUNT = "AC" + "a" * 32
CALL = "CA" + "a" * 32


class StandIn(BaseHTTPRequestHandler):
    """Answers every question with what the test put into `answer`."""

    protocol_version = "HTTP/1.1"
    answer: dict[str, Any]

    def do_GET(self) -> None:
        body = json.dumps(self.answer).encode()
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(201 if self.command == "POST" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        with prism.proxy(f"http://127.0.0.1:{server.server_port}", tmp_path_factory.mktemp("prism")) as found:
            yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def transport(address: str) -> Iterator[prism.Client]:
    made = prism.Client(address)
    yield made
    made.session.close()


@pytest.fixture
def library(transport: prism.Client) -> Client:
    return Client(ACCOUNT, "token", http_client=transport)


def example(path: str, verb: str, name: str) -> dict[str, Any]:
    """An answer as Twilio's own description gives it."""
    spec = json.loads(node.installed(f"{prism.DESCRIPTIONS}/twilio_api_v2010.json").read_text("utf-8"))
    (answer,) = spec["paths"][f"/2010-04-01/Accounts/{{AccountSid}}/{path}.json"][verb]["responses"].values()
    return dict(answer["content"]["application/json"]["examples"][name]["value"])


def test_what_twilio_answers_passes(library: Client, transport: prism.Client) -> None:
    StandIn.answer = example("Calls/{Sid}", "get", "fetch")
    assert library.calls(CALL).fetch().status == "completed"
    StandIn.answer = example("Calls", "get", "readFullPage2")
    assert library.calls.list(limit=1)
    StandIn.answer = example("Calls", "post", "create")
    library.calls.create(
        to="+84901234567",
        from_="+84901234568",
        url="https://crm.example.com/twiml",
        status_callback="https://crm.example.com/status",
        status_callback_event=["initiated", "answered", "completed"],
    )
    assert transport.violations == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "finished"),
        ("sid", "CA123"),
        ("date_created", "2026-11-22T09:00:00Z"),
        ("queue_time", None),
    ],
)
def test_what_twilio_would_not_answer_is_named(
    library: Client, transport: prism.Client, field: str, value: str | None
) -> None:
    StandIn.answer = {**example("Calls/{Sid}", "get", "fetch"), field: value}
    if value is None:
        del StandIn.answer[field]
    with pytest.raises(TwilioRestException):
        library.calls(CALL).fetch()
    assert len(transport.violations) == 1
    assert field in transport.violations[0]


def test_what_twilio_would_not_take_is_named(library: Client, transport: prism.Client) -> None:
    StandIn.answer = example("Calls", "post", "create")
    with pytest.raises(TwilioRestException):
        library.calls.create(to="+84901234567", from_="+84901234568", url="no address")
    with pytest.raises(TwilioRestException):
        library.calls(CALL).update(status="paused")
    with pytest.raises(TwilioRestException):
        library.calls("CA123").fetch()
    assert [fault.split(": ")[1] for fault in transport.violations] == ["body.Url", "body.Status", "path.sid"]
