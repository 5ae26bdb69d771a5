"""A company with a phone number: it answers the carrier with the documents a test gives it, and serves its phone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Page
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from call_center.carrier.account import DEFAULT_ACCOUNT, DEFAULT_APPLICATION, DEFAULT_KEY, DEFAULT_SECRET

ROOT = Path(__file__).resolve().parents[3]
STATIC = ROOT / "call_center" / "static"
HERE = Path(__file__).parent / "softphone"
FILES = {
    "/phone.js": HERE / "phone.js",
    "/loopback_signal.js": STATIC / "js" / "loopback_signal.js",
    "/twilio.min.js": ROOT / "crm_admin" / "static" / "vendor" / "twilio-voice" / "twilio.min.js",
}
TYPES = {".js": "text/javascript", ".wav": "audio/wav"}


NUMBER = "+842873001000"


@dataclass
class Company:
    """`documents`: path → TwiML. `asked`: (path, form) of every webhook, in order."""

    url: str = ""
    signalling: str = ""
    documents: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def forms(self, path: str) -> list[dict[str, str]]:
        """What the carrier sent to this path."""
        return [form for asked, form in self.asked if asked == path]


def access_token(identity: str, ttl: int = 3600, secret: str = DEFAULT_SECRET) -> str:
    """A token as Twilio's own library makes it."""
    token = AccessToken(DEFAULT_ACCOUNT, DEFAULT_KEY, secret, identity=identity, ttl=ttl)
    token.add_grant(VoiceGrant(incoming_allow=True, outgoing_application_sid=DEFAULT_APPLICATION))
    return str(token.to_jwt())


@contextmanager
def open_company() -> Iterator[Company]:
    """Its web server, on a free port of this machine."""
    company = Company()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if address.path == "/token":
                asked = dict(parse_qsl(address.query))
                secret = asked.get("secret", DEFAULT_SECRET)
                token = access_token(asked["identity"], int(asked.get("ttl", 3600)), secret)
                self._answer("text/plain", token.encode())
            elif address.path == "/":
                page = (HERE / "index.html").read_text().replace("{signalling}", company.signalling)
                self._answer("text/html", page.encode())
            elif address.path.startswith("/sounds/"):
                self._file(STATIC / "sounds" / Path(address.path).name)
            else:
                self._file(FILES[address.path])

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = urlsplit(self.path).path
            company.asked.append((path, dict(parse_qsl(body.decode(), keep_blank_values=True))))
            self._answer("text/xml", company.documents.get(path, "<Response/>").encode())

        def _file(self, path: Path) -> None:
            self._answer(TYPES[path.suffix], path.read_bytes())

        def _answer(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            policy = f"default-src 'self'; img-src data:; connect-src 'self' ws://{company.signalling}"
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    company.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield company
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def eventually(page: Page, condition: Callable[[], bool]) -> None:
    """Let the browser go on until this holds, ten seconds at most."""
    for _ in range(100):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it never happened")
