"""What machines that watch us see: alive, ready, figures; and that strangers see no more than yes or no."""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm_admin import auth, clock, db, entities, health, log
from crm_admin import config as settings
from crm_admin.auth import tokens
from crm_admin.config import Config
from crm_admin.entities.role import Role
from crm_admin.entities.user import User
from crm_admin.jobs import Job, WorkerPulse
from crm_admin.migrations import Runner
from crm_admin.policy import Version
from crm_admin.views import operations
from tests.connected import connected

STRANGER = {"REMOTE_ADDR": "203.0.113.7"}


class Push(BaseHTTPRequestHandler):
    """An event process that is well."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Quiet."""


def tables(base: type[db.Table]) -> Iterator[type[db.Table]]:
    """The tables of the core, as its classes say."""
    for table in base.__subclasses__():
        if table.__module__.startswith("crm_admin.") and table.__subclasses__() == []:
            yield table
        yield from tables(table)


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Iterator[Config]:
    with TCPServer(("127.0.0.1", 0), Push) as push:
        threading.Thread(target=push.serve_forever, args=(0.02,), daemon=True).start()
        made = settings.load(
            environ={},
            overrides={
                "environment": "test",
                "data_dir": str(tmp_path),
                "database.url": database_url,
                "push.port": push.server_address[1],
                "secret_key": "x" * 40,
            },
        )
        with connected(made, []) as engine:
            Runner(made).up()
            engine.create_tables([WorkerPulse, Job])
            beat(0)
            yield made
        push.shutdown()


@pytest.fixture
def client(config: Config, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setattr(health, "FRESH_S", 0.0)
    app = Flask("small")
    app.extensions["crm"] = config
    log.install(app)
    app.register_blueprint(operations.blueprint)
    return app.test_client()


def beat(seconds_ago: float) -> None:
    with db.connection():
        WorkerPulse.delete().execute()
        WorkerPulse.create(id="w", host="h", pid=1, kind="worker", seen_at=clock.ago(seconds=seconds_ago))


def test_alive_needs_nothing_but_the_process(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise AssertionError("the database was asked")

    monkeypatch.setattr(db.database.obj, "connect", broken)
    monkeypatch.setattr(db.database.obj, "execute_sql", broken)
    answer = client.get("/healthz", environ_base=STRANGER)
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_ready_when_everything_is_there(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ready", "checks": dict.fromkeys(health.CHECKS, "ok")}


def test_a_stranger_hears_only_yes_or_no(client: FlaskClient) -> None:
    assert client.get("/readyz", environ_base=STRANGER).json == {"status": "ready"}
    beat(120)
    answer = client.get("/readyz", environ_base=STRANGER)
    assert (answer.status_code, answer.json) == (503, {"status": "unavailable"})


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_what_a_proxy_on_this_machine_forwards_is_not_local(client: FlaskClient, header: str) -> None:
    assert client.get("/readyz", headers={header: "127.0.0.1"}).json == {"status": "ready"}
    assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 404


def problems(client: FlaskClient) -> dict[str, str]:
    answer = client.get("/readyz")
    checks: dict[str, str] = answer.json["checks"]  # type: ignore[index]
    found = {name: text for name, text in checks.items() if text != "ok"}
    assert answer.status_code == (503 if found else 200)
    return found


def test_each_cause_is_named_and_goes_away(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat(61)
    assert list(problems(client)) == ["worker"]
    beat(0)
    assert problems(client) == {}

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: type("U", (), {"total": 10**12, "free": 10**8}))
        assert problems(client) == {"disk": "100 MB free, 1000 MB wanted"}

    with monkeypatch.context() as patch:
        steps = tmp_path / "steps"
        steps.mkdir()
        (steps / "0001_more.py").write_text("def up(migrator, db): pass")
        patch.setattr("crm_admin.migrations.packages", lambda _: [("crm_admin_more", steps)])
        assert problems(client) == {"schema": "1 steps are pending"}

    if not db.is_sqlite():
        with monkeypatch.context() as patch:
            patch.setattr(clock, "_frozen", clock.ago(seconds=30))
            assert "clock" in problems(client)
    assert problems(client) == {}


def test_a_database_that_takes_no_writes_is_not_ready(client: FlaskClient) -> None:
    with db.connection():
        if db.is_sqlite():
            db.database.execute_sql("PRAGMA query_only = 1")
        else:
            db.database.execute_sql("SET default_transaction_read_only = on")
        assert list(problems(client)) == ["database"]
        db.database.execute_sql(
            "PRAGMA query_only = 0" if db.is_sqlite() else "RESET default_transaction_read_only"
        )
        assert problems(client) == {}


def test_no_event_process(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr("http.client.HTTPConnection.connect", refuse)
    assert list(problems(client)) == ["push"]


def test_probes_share_one_answer_and_never_pile_up(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, release = [], threading.Event()

    def slow(_: Config) -> str:
        asked.append(1)
        release.wait(5)
        return ""

    monkeypatch.setattr(health, "CHECKS", {"slow": slow})
    monkeypatch.setattr(health, "PATIENCE_S", 0.2)
    readiness = health.Readiness(config)
    first = threading.Thread(target=readiness.problems)
    first.start()
    time.sleep(0.05)
    assert readiness.problems() == {"probe": "the last one has not come to its end"}
    release.set()
    first.join()
    assert readiness.problems() == {"slow": ""}
    assert len(asked) == 1


def test_figures_are_for_this_machine_and_can_be_read(client: FlaskClient) -> None:
    client.get("/healthz")
    client.open("/nothing/here/42", method="BREW")
    answer = client.get("/metrics")
    assert answer.content_type.startswith("text/plain")
    text = answer.text
    assert 'crm_http_request_seconds_count{route="/healthz"}' in text
    assert 'crm_http_requests_total{method="other",status="404"}' in text
    assert "/nothing/here" not in text
    assert "crm_worker_up 1.0" in text
    assert 'crm_jobs{state="due"} 0.0' in text
    assert client.get("/metrics", environ_base=STRANGER).status_code == 404


@pytest.mark.parametrize(
    ("role", "scopes", "opens"),
    [
        ("administrator", (), True),
        ("administrator", ("read",), True),
        ("administrator", ("write",), False),
        ("agent", (), False),
    ],
)
def test_figures_for_a_program_of_an_administrator(
    client: FlaskClient, role: str, scopes: tuple[str, ...], opens: bool
) -> None:
    with db.connection(), db.database.atomic():
        entities.load()
        for table in tables(db.Table):
            table.create_table(safe=True)
        # Rights are remembered by role until their version changes.
        Version.delete().execute()
        Version.create(name="policy", value=secrets.randbelow(10**9))
        Role.delete().execute()
        made = Role.create(key=role, name=role)
        User.delete().execute()
        user = User.create(username="someone", name="Someone", role=made.id, active=True)
        _, text = tokens.mint(user.id, scopes=scopes)
    headers = {"Authorization": f"Bearer {text}"}
    answer = client.get("/metrics", environ_base=STRANGER, headers=headers)
    assert answer.status_code == (200 if opens else 404)
    assert ("checks" in client.get("/readyz", environ_base=STRANGER, headers=headers).json) is opens  # type: ignore[operator]


def test_the_doors_look_at_no_session() -> None:
    assert operations.blueprint in auth.identity._doors
