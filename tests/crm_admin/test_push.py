"""Events reach the browsers of those who may know, once committed, in time, and nobody else. On both databases."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from crm_admin import clock
from crm_admin.config import Config, load
from crm_admin.db import connection, database, is_sqlite
from crm_admin.push import connection as connection_file
from crm_admin.push import event, journal, listener, publish, request, server, ticket, token
from crm_admin.push.event import Event
from crm_admin.push.source import Source
from tests.bench import push_bench
from tests.connected import connected

SECRET = "0123456789abcdefghijklmnopqrstuvwxyz"
SESSION = "ab" * 32
PAGE = "http://crm.example"
LIVING = {SESSION[:16]}


@pytest.fixture
def config(database_url: str) -> Iterator[Config]:
    """An empty event table, and a push process on a free port."""
    config = load(
        environ={},
        overrides={
            "database.url": database_url,
            "environment": "test",
            "secret_key": SECRET,
            "push.port": 0,
            "web.public_url": PAGE,
        },
    )
    with connected(config, [Event]):
        yield config


@contextmanager
def running(config: Config) -> Iterator[server.Server]:
    """The server in a thread of its own; `LIVING` says which sessions live."""

    async def alive(source: Source, sessions: Collection[str]) -> Collection[str]:
        return LIVING & set(sessions)

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def call(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    async def made() -> server.Server:
        push = server.Server(config, alive)
        await push.start()
        while not push._loaded:
            await asyncio.sleep(0.01)
        return push

    push = call(made())
    try:
        yield push
    finally:
        call(push.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def push(config: Config) -> Iterator[server.Server]:
    with running(config) as made:
        yield made


class Browser:
    """One connection that has sent a request; reads events as they come."""

    def __init__(self, push: server.Server, path: str, *headers: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", push.port), timeout=5)
        self.file = self.socket.makefile("rb")
        lines = [f"GET {path} HTTP/1.1", "Host: push.example", *headers, "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while (line := self.file.readline().strip().decode()) != "":
            name, _, value = line.partition(": ")
            self.headers[name.lower()] = value

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()
        self.socket.close()

    def event(self, wait_s: float = 5) -> dict[str, Any] | None:
        """The next event with its id; None when the stream has ended. Raises TimeoutError."""
        self.socket.settimeout(wait_s)
        number = None
        while (line := self.file.readline()) != b"":
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "id":
                number = int(value)
            if name == "data":
                return {"id": number, **json.loads(value)}
        return None

    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.file.read()))


def events(push: server.Server, user_id: int = 1, roles: Collection[str] = (), after: str = "") -> Browser:
    mine = token(push.config, user_id, SESSION, roles)
    return Browser(push, f"/events?token={mine}{after}", f"Origin: {PAGE}")


def poll(push: server.Server, after: str = "") -> Browser:
    return Browser(push, f"/events/poll?token={token(push.config, 1, SESSION)}{after}")


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def test_event_reaches_its_people_and_nobody_else(push: server.Server) -> None:
    with events(push, 1) as mine, events(push, 2) as foreign, events(push, 3, ["supervisor"]) as boss:
        publish("call.ringing", {"call": 7, "who": "Đặng\nThị"}, users=[1], entity="call", record_id=7)
        publish("queue.full", {"waiting": 9}, roles=["supervisor"])
        publish("schema.changed", {})
        first = mine.event()
        assert first is not None
        assert first["type"] == "call.ringing"
        assert first["data"] == {"call": 7, "who": "Đặng\nThị"}
        assert (first["entity"], first["record_id"]) == ("call", 7)
        assert [one and one["type"] for one in (mine.event(), foreign.event())] == ["schema.changed"] * 2
        assert [one and one["type"] for one in (boss.event(), boss.event())] == [
            "queue.full",
            "schema.changed",
        ]


def test_nothing_is_told_of_what_was_rolled_back(push: server.Server) -> None:
    with events(push) as mine:
        with database.atomic() as change:
            publish("lost", {}, users=[1])
            change.rollback()
        publish("kept", {}, users=[1])
        heard = mine.event()
        assert heard is not None
        assert heard["type"] == "kept"


# SQLite has one writer at a time: there, ids commit in order.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_event_that_commits_after_a_younger_one_is_still_heard(push: server.Server) -> None:
    with events(push) as mine:
        inserted, committed = threading.Event(), threading.Event()

        def slow() -> None:
            with connection(), database.atomic():
                publish("older", {}, users=[1])
                inserted.set()
                committed.wait(5)

        thread = threading.Thread(target=slow)
        thread.start()
        inserted.wait(5)
        publish("younger", {}, users=[1])
        first = mine.event()
        committed.set()
        thread.join()
        second = mine.event()
        assert [first and first["type"], second and second["type"]] == ["younger", "older"]
        # And after a break, from the younger one on, the older one comes again.
        with events(push, after=f"&after={first and first['id']}") as again:
            replayed = again.event()
            assert replayed is not None
            assert replayed["type"] == "older"


def test_stream_is_made_for_browsers_and_proxies(push: server.Server) -> None:
    with events(push) as mine:
        assert mine.status == 200
        assert mine.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert mine.headers["x-accel-buffering"] == "no"
        assert mine.headers["cache-control"] == "no-store"
        assert mine.headers["access-control-allow-origin"] == PAGE
        assert "access-control-allow-credentials" not in mine.headers
        assert mine.file.readline() == b"retry: 2000\n"


def test_idle_stream_is_pinged_with_the_position(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PING_S", 0.05)
    with running(config) as push, events(push) as mine:
        publish("x", {}, users=[2])
        lines = [mine.file.readline() for _ in range(40)]
        assert b": ping\n" in lines
        assert b"id: 1\n" in lines


def test_break_is_made_up_for_and_too_long_a_break_is_told(config: Config) -> None:
    for number in range(3):
        publish("n", {"n": number}, users=[1])
    publish("n", {"n": "foreign"}, users=[2])
    first = Event.select().order_by(Event.id).first().id
    with running(config) as push:
        mine = token(config, 1, SESSION)
        with Browser(push, f"/events?token={mine}", f"Last-Event-ID: {first}") as back:
            assert [(back.event() or {})["data"]["n"] for _ in range(2)] == [1, 2]
        with events(push) as new, pytest.raises(TimeoutError):
            new.event(wait_s=0.3)
        for number in range(journal.KEEP_EVENTS):
            push.journal._take([(first + 10 + number, "2026-01-01", "n", None, None, "{}", "[2]", None)])
        with events(push, after=f"&after={first}") as late:
            told = late.event()
            assert told is not None
            assert told["type"] == "resync"


def test_events_before_the_start_of_the_process_are_replayed_only_while_fresh(config: Config) -> None:
    for minutes in (30, 1):
        publish("n", {"age": minutes}, users=[1])
        Event.update(at=clock.ago(minutes=minutes)).where(Event.id == Event.select().count()).execute()
    with running(config) as push:
        with events(push, after="&after=1") as mine:
            heard = mine.event()
            assert heard is not None
            assert heard["data"] == {"age": 1}
        with events(push, after="&after=0") as mine:
            heard = mine.event()
            assert heard is not None
            assert heard["type"] == "resync"


def test_poll_answers_at_once_or_when_something_happens(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "POLL_HOLD_S", 0.5)
    with running(config) as push:
        publish("seen", {}, users=[1])
        until(lambda: push.journal.last == 1)
        with poll(push) as start:
            assert start.body() == {"after": 1, "resync": False, "items": []}
        with poll(push, "&after=0") as missed:
            assert [item["type"] for item in missed.body()["items"]] == ["seen"]
        threading.Timer(0.1, lambda: _publish_elsewhere("new")).start()
        with poll(push, "&after=1") as waiting:
            body = waiting.body()
            assert [item["type"] for item in body["items"]] == ["new"]
            assert body["after"] == 2
        with poll(push, "&after=2") as idle:
            assert idle.body() == {"after": 2, "resync": False, "items": []}


def _publish_elsewhere(kind: str) -> None:
    with connection():
        publish(kind, {}, users=[1])


@pytest.mark.parametrize(
    ("path", "header", "status"),
    [
        ("/healthz", "", 200),
        ("/", "", 404),
        ("/events", "", 401),
        ("/events?token=x", "", 401),
        ("/events?token={forged}", "", 401),
        ("/events?token={ended}", "", 401),
        ("/events?token={good}", "Origin: http://evil.example", 403),
        ("/events?token={good}", "Origin: null", 403),
        ("/events?token={good}&token={good}", "", 400),
        ("/events?token={good}&after=x", "", 400),
        ("/events?token={good}&after=-1", "", 400),
        ("/events/poll", "", 401),
    ],
)
def test_doors_are_closed_to_strangers(push: server.Server, path: str, header: str, status: int) -> None:
    other = load(environ={}, overrides={"secret_key": SECRET[::-1], "environment": "test"})
    tokens = {
        "good": token(push.config, 1, SESSION),
        "forged": token(other, 1, SESSION),
        "ended": token(push.config, 1, "cd" * 32),
    }
    with Browser(push, path.format(**tokens), *filter(None, [header])) as stranger:
        assert stranger.status == status
        assert header.startswith("Origin") is False or "access-control-allow-origin" not in stranger.headers


def test_ticket_ages(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    text = token(config, 5, SESSION, ["b", "a"])
    read = ticket.read(config, text)
    assert (read.user_id, read.session, sorted(read.roles)) == (5, SESSION[:16], ["a", "b"])
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 12 * 3600 + 5)
    with pytest.raises(ticket.BadTicket):
        ticket.read(config, text)


def test_stream_closes_when_the_session_ends(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CHECK_S", 0.1)
    with running(config) as push, events(push) as mine:
        time.sleep(0.4)
        assert push.listeners
        monkeypatch.setattr(sys.modules[__name__], "LIVING", set())
        assert mine.event() is None
        with events(push) as again:
            assert again.status == 401


def test_one_person_has_at_most_twenty_streams(push: server.Server) -> None:
    browsers = [events(push, 1) for _ in range(20)]
    try:
        with events(push, 1) as one_more, events(push, 2) as another:
            assert (one_more.status, another.status) == (429, 200)
        browsers.pop().__exit__()
        until(lambda: len(push.of_user[1]) == 19)
        browsers.append(events(push, 1))
        assert browsers[-1].status == 200
    finally:
        for browser in browsers:
            browser.__exit__()


def test_client_that_does_not_read_is_dropped_and_holds_nobody_up(push: server.Server) -> None:
    with events(push, 1), events(push, 2) as quick:
        big = {"text": "x" * 7_900}
        for _ in range(60):
            with database.atomic():
                for _ in range(50):
                    publish("big", big, users=[1])
            if not push.of_user.get(1):
                break
            time.sleep(0.02)
        until(lambda: not push.of_user.get(1))
        publish("after", {}, users=[2])
        heard = quick.event()
        assert heard is not None
        assert heard["type"] == "after"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /events HTTP/1.1\r\nHost: x", 405),
        (b"OPTIONS /events HTTP/1.1\r\nHost: x", 405),
        (b"GET /events HTTP/1.1", 400),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nHost: y", 400),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nContent-Length: 0", 400),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked", 400),
        (b"GET /events HTTP/1.1\r\nHost: x\r\n folded: y", 400),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nname : y", 400),
        (b"GET /events HTTP/1.1\r\nHost: x\ny: z", 400),
        (b"GET http://x/events HTTP/1.1\r\nHost: x", 400),
        (b"GET  /events HTTP/1.1\r\nHost: x", 400),
        (b"GET /\x00 HTTP/1.1\r\nHost: x", 400),
        (b"GET /events HTTP/2.0\r\nHost: x", 400),
        (b"GET /?" + b"&".join(b"a%d=1" % n for n in range(9)) + b" HTTP/1.1\r\nHost: x", 400),
        (b"GET / HTTP/1.1\r\nHost: x" + b"\r\na: b" * 64, 400),
        (b"", 400),
    ],
)
def test_strange_requests_are_refused(head: bytes, status: int) -> None:
    with pytest.raises(request.BadRequest) as refused:
        request.parse(head)
    assert refused.value.status == status


def test_request_head_is_bounded_in_size_and_time(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_file, "HEAD_S", 0.2)
    with running(config) as push:
        with closing(socket.create_connection(("127.0.0.1", push.port), timeout=5)) as endless:
            endless.sendall(b"GET /healthz HTTP/1.1\r\nx: " + b"y" * 9_000)
            assert endless.recv(100).startswith(b"HTTP/1.1 431")
        with closing(socket.create_connection(("127.0.0.1", push.port), timeout=5)) as slow:
            slow.sendall(b"GET /healthz")
            assert _ended(slow)


def _ended(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def test_publisher_must_name_who_may_know(config: Config) -> None:
    for data, record_id in (({"name": "x"}, None), ({}, 7)):
        with pytest.raises(ValueError, match="audience"):
            publish("x", data, record_id=record_id)
    with pytest.raises(ValueError, match="bytes"):
        publish("x", {"text": "đ" * 4_000}, users=[1])
    publish("x", {"a": 1}, users=[])
    assert Event.select().count() == 0


def test_prune_keeps_an_hour_and_never_reuses_an_id(config: Config) -> None:
    for hours in (3, 2, 0):
        publish("x", {}, users=[1])
        Event.update(at=clock.ago(hours=hours)).where(Event.id == Event.select().count()).execute()
    assert event.prune() == 2
    Event.update(at=clock.ago(hours=2)).execute()
    assert event.prune() == 0
    publish("x", {}, users=[1])
    assert [row.id for row in Event.select().order_by(Event.id)] == [3, 4]


def test_process_is_small_ends_on_sigterm_and_carries_no_framework(config: Config) -> None:
    mine = token(push_bench.settings(config.database_url), 1, SESSION)
    with (
        push_bench.started(config.database_url) as (process, port),
        closing(socket.create_connection(("127.0.0.1", port), timeout=5)) as client,
    ):
        client.sendall(f"GET /events?token={mine} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert client.recv(15) == b"HTTP/1.1 200 OK"
        # PostgreSQL's driver alone is 14 MB.
        assert push_bench.memory_mb(process.pid) <= (30 if is_sqlite() else 42)
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        while client.recv(4096):
            pass
    program = "import sys, crm_admin.push.server, crm_admin.push.ticket; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(push_bench.ROOT)},
    ).stdout.split()
    assert not {"flask", "peewee", "babel", "flask_admin", "psycopg", "click"} & set(loaded)
