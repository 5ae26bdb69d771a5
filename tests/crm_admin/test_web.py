"""The web server is bounded in everything that a stranger can make it wait for, and stops without breaking off."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from flask import Flask, request

from crm_admin import web
from crm_admin.serve import listen

LARGE = 12_000_000


class Running:
    """A server with a small application, in a thread."""

    def __init__(self) -> None:
        self.release = threading.Event()
        app = Flask("small")

        @app.get("/")
        def home() -> str:
            return "hello"

        @app.get("/slow")
        def slow() -> str:
            self.release.wait(10)
            return "done"

        @app.get("/large")
        def large() -> bytes:
            return b"x" * LARGE

        @app.post("/upload")
        def upload() -> str:
            return str(len(request.get_data()))

        self.listener = listen("127.0.0.1", 0)
        self.port = self.listener.getsockname()[1]
        self.server = web.Server(app, self.listener, threads=2, body_bytes=1 << 20)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()

    def ask(self, path: str, **options: object) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(str(options.pop("method", "GET")), path, **options)  # type: ignore[arg-type]
        answer = connection.getresponse()
        answer.body = answer.read().decode()  # type: ignore[attr-defined]
        connection.close()
        return answer

    def raw(self, text: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.sendall(text)
        return connection

    def close(self) -> None:
        self.release.set()
        self.server.stop()
        self.thread.join(10)
        self.listener.close()


@pytest.fixture
def running() -> Iterator[Running]:
    made = Running()
    yield made
    made.close()


def test_it_does_not_say_what_it_is(running: Running) -> None:
    answer = running.ask("/")
    assert answer.status == 200
    assert answer.getheader("Server") is None
    assert answer.getheader("Via") is None


def test_half_requests_of_many_clients_cost_no_thread(running: Running) -> None:
    slow = [running.raw(b"GET / HTTP/1.1\r\nHost: crm\r\nX-Slow: ") for _ in range(20)]
    started = time.monotonic()
    assert running.ask("/").status == 200
    assert time.monotonic() - started < 1
    for connection in slow:
        connection.close()


def test_a_head_that_drips_in_is_cut_off(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "HEADER_S", 0.5)
    connection = running.raw(b"GET / HTTP/1.1\r\n")
    started = time.monotonic()
    connection.settimeout(0.1)
    cut_off = False
    while not cut_off and time.monotonic() - started < 8:
        try:
            connection.sendall(b"X")
            cut_off = connection.recv(1) == b""
        except TimeoutError:
            continue
        except ConnectionError:
            cut_off = True
    connection.close()
    assert cut_off
    assert time.monotonic() - started < 5


def test_too_large_heads_and_bodies_are_refused(running: Running) -> None:
    assert running.ask("/", headers={"X-Large": "x" * web.HEADER_BYTES}).status == 431
    with running.raw(b"POST /upload HTTP/1.1\r\nHost: crm\r\nContent-Length: 99999999\r\n\r\n") as connection:
        assert b" 413 " in connection.recv(4096)
    assert running.ask("/upload", method="POST", body=b"x" * 1000).body == "1000"  # type: ignore[attr-defined]


def test_a_request_in_hand_is_answered_before_the_stop(running: Running) -> None:
    answers: list[http.client.HTTPResponse] = []
    asking = threading.Thread(target=lambda: answers.append(running.ask("/slow")))
    asking.start()
    time.sleep(0.3)
    idle = running.raw(b"")
    running.server.stop()
    time.sleep(0.3)
    assert running.thread.is_alive()
    running.release.set()
    running.thread.join(5)
    asking.join(5)
    assert not running.thread.is_alive()
    assert answers[0].status == 200
    assert answers[0].body == "done"  # type: ignore[attr-defined]
    assert idle.recv(1) == b"", "a connection without a request is closed"
    idle.close()


def test_an_answer_on_its_way_arrives_whole(running: Running) -> None:
    connection = running.raw(b"GET /large HTTP/1.1\r\nHost: crm\r\nConnection: close\r\n\r\n")
    heard = len(connection.recv(1000))
    time.sleep(0.3)
    running.server.stop()
    time.sleep(0.3)
    while part := connection.recv(1 << 20):
        heard += len(part)
    connection.close()
    assert heard > LARGE


def test_a_request_that_never_ends_does_not_hold_the_stop(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "DRAIN_S", 1.0)
    connection = running.raw(b"GET /slow HTTP/1.1\r\nHost: crm\r\n\r\n")
    time.sleep(0.3)
    started = time.monotonic()
    running.server.stop()
    running.thread.join(8)
    assert not running.thread.is_alive()
    assert 0.9 < time.monotonic() - started < 4
    connection.close()
