"""The provider's API as these tests want it: a small HTTP server that answers what it was told to, and remembers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ACCOUNT = "AC" + "a" * 32
TOKEN = "the-auth-token"


@dataclass
class Reply:
    """`break_off`: the connection ends without an answer; `silence_s`: it says nothing for so long."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    break_off: bool = False
    silence_s: float = 0.0


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, list[str]]
    form: dict[str, list[str]]
    headers: Any


@dataclass
class Standin:
    """`replies`: (method, end of the path) → what is answered, one after the other; the last one stays."""

    url: str
    replies: dict[tuple[str, str], list[Reply]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def answer(self, method: str, path: str, *replies: Reply) -> None:
        self.replies[method, path] = list(replies)

    def reply(self, method: str, path: str) -> Reply:
        for (verb, end), replies in self.replies.items():
            if verb == method and path.endswith(end):
                return replies.pop(0) if len(replies) > 1 else replies[0]
        return Reply(404, {"code": 20404, "message": "not found", "status": 404})


@contextmanager
def standing_in() -> Iterator[Standin]:
    made: Standin

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def do_DELETE(self) -> None:
            self._serve()

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            made.asked.append(
                Asked(self.command, parts.path, parse_qs(parts.query), parse_qs(body), self.headers)
            )
            reply = made.reply(self.command, parts.path)
            time.sleep(reply.silence_s)
            if reply.break_off:
                self.close_connection = True
                return
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            # Not send_response: that states a date of its own.
            self.send_response_only(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            if "Content-Length" not in reply.headers:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            return None

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that hangs up before it was answered is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = Standin(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def call(sid: str, **facts: Any) -> dict[str, Any]:
    """A call as the API shows it."""
    return {
        "sid": sid,
        "account_sid": ACCOUNT,
        "from": "+842838221234",
        "to": "+84901234567",
        "status": "queued",
        "direction": "outbound-api",
        "date_created": "Sun, 22 Nov 2026 02:00:00 +0000",
        "start_time": None,
        "end_time": None,
        "duration": None,
        "parent_call_sid": None,
        **facts,
    }
