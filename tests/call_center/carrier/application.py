"""An application of the carrier's customer: it answers webhooks with what a test says, and checks each signature."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from call_center.carrier.account import DEFAULT_TOKEN
from call_center.carrier.server import Carrier

INBOUND = "/twilio/voice/inbound"
OUTBOUND = "/twilio/voice/outbound"
STATUS = "/twilio/voice/status"
FALLBACK = "/twilio/voice/fallback"


@dataclass
class Asked:
    """One webhook."""

    path: str
    form: dict[str, str]
    headers: dict[str, str]
    signed: bool

    def __getitem__(self, name: str) -> str:
        return self.form[name]


@dataclass
class Application:
    """`answers`: path → TwiML, a status code, or a function of the form that gives one of them."""

    url: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    content_type: str = "text/xml"

    def to(self, path: str) -> list[Asked]:
        """The webhooks of this path, in the order of their arrival."""
        return [asked for asked in self.asked if asked.path == path]

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]


class Server(ThreadingHTTPServer):
    """Its threads do not outlive the test; a caller who is gone is no error."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that was cut: some tests do just that."""


@contextmanager
def open_application() -> Iterator[Application]:
    """Its server, on a free port."""
    application = Application()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet, else each answer waits 40 ms for an acknowledgement

        def do_GET(self) -> None:
            self._answer(dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)), {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            form = dict(parse_qsl(body, keep_blank_values=True))
            self._answer(form, form)

        def _answer(self, form: dict[str, str], signed: dict[str, str]) -> None:
            path = urlsplit(self.path).path
            valid = RequestValidator(DEFAULT_TOKEN).validate(
                application.url + self.path, signed, self.headers.get("X-Twilio-Signature", "")
            )
            application.asked.append(Asked(path, form, dict(self.headers), valid))
            answer = application.answers.get(path, "<Response/>")
            answer = answer(form) if callable(answer) else answer
            content = b"" if isinstance(answer, int) else answer.encode()
            self.send_response(answer if isinstance(answer, int) else 200)
            self.send_header("Content-Type", application.content_type)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Set-Cookie", "seen=1")
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    application.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield application
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class LocalHttpClient(TwilioHttpClient):
    """Twilio's library, with every product at the carrier's address."""

    def __init__(self, base: str) -> None:
        super().__init__(timeout=10)
        self.base = base

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        return super().request(method, f"{self.base}{parts.path}{query}", *args, **kwargs)


@dataclass
class Exchange:
    """A carrier whose clock stands still, its customer's application, and both their tools."""

    carrier: Carrier
    application: Application
    client: Client
    number: str

    def sim(self, method: str, path: str, **body: Any) -> Any:
        """The control API."""
        response = requests.request(method, f"{self.carrier.url}/_sim{path}", json=body or None, timeout=20)
        assert response.ok, response.text
        return response.json()

    def pass_(self, seconds: float) -> None:
        """Let time pass, with all that follows."""
        self.sim("POST", "/clock", advance=seconds)

    def ring(self, from_: str = "+84901234567", **script: Any) -> str:
        """A customer calls the company; the sid of the call."""
        return str(self.sim("POST", "/inbound", **{"from": from_, "script": script})["call_sid"])

    def policy(self, pattern: str, **script: Any) -> None:
        self.sim("POST", "/policies", pattern=pattern, script=script)

    def alerts(self) -> list[str]:
        """What the carrier found wrong, as codes."""
        entries = self.sim("GET", "/journal?direction=alert")["entries"]
        return [entry["error"].split()[0] for entry in entries]

    def status(self, sid: str) -> str:
        return str(self.client.calls(sid).fetch().status)

    def until(self, condition: Callable[[], bool], within: float = 10.0) -> None:
        """Wait for what happens in seconds of the wall."""
        end = time.monotonic() + within
        while not condition():
            assert time.monotonic() < end, "did not come about"
            time.sleep(0.01)
