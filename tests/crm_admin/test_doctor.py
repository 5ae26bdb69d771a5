"""`crm check` finds what an operator can mend, on both databases, and changes nothing by looking."""

from __future__ import annotations

import socket
from pathlib import Path

import psycopg
import pytest

from crm_admin import config as settings
from crm_admin import db, doctor, mounts
from crm_admin.config import Config
from crm_admin.doctor import Finding
from crm_admin.migrations import Runner


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    return settings.load(
        environ={},
        overrides={
            "environment": "test",
            "data_dir": str(data),
            "database.url": database_url.replace(str(tmp_path), str(data)),
            "web.port": 0,
            "push.port": 0,
        },
    )


def release() -> None:
    """Close what the last look left open: the program would end here."""
    engine = db.database.obj
    if not isinstance(engine, db.EmbeddedDatabase):
        engine.close_all()
        return
    engine.close()
    if engine._lock_file is not None:
        engine._lock_file.close()
        engine._lock_file = None


def install(config: Config) -> None:
    db.connect_to(config)
    with db.connection():
        Runner(config).up()
    release()


def examine(config: Config) -> list[Finding]:
    try:
        return doctor.examine(config)
    finally:
        release()


def found(config: Config, subject: str) -> list[Finding]:
    return [finding for finding in examine(config) if finding.subject == subject]


def test_a_sound_installation_has_no_error(config: Config) -> None:
    install(config)
    findings = examine(config)
    assert [finding for finding in findings if finding.severity == "error"] == []
    assert [finding.text for finding in findings if finding.subject == "schema"] == ["up to date"]
    assert any("SQLite" in finding.text or "PostgreSQL" in finding.text for finding in findings)


def test_a_missing_trigram_index_is_told_as_slow_not_wrong(config: Config) -> None:
    install(config)
    if config.is_sqlite:
        assert found(config, "pg_trgm") == []
        return
    with psycopg.connect(config.database_url) as server:
        # The migration puts it there where it can be had.
        server.execute("DROP EXTENSION IF EXISTS pg_trgm CASCADE")
    told = found(config, "pg_trgm")
    assert told[0].severity == "warning"
    assert "search works but is slower on PostgreSQL without pg_trgm" in told[0].text
    with psycopg.connect(config.database_url) as server:
        row = server.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'").fetchone()
        if not row or not row[0]:
            return  # the PostgreSQL that tests bring has none
        server.execute("CREATE EXTENSION pg_trgm")
    assert found(config, "pg_trgm") == []


def test_a_schema_that_is_behind_or_ahead(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = tmp_path / "steps"
    steps.mkdir()
    (steps / "0001_one.py").write_text("def up(migrator, db): pass")
    monkeypatch.setattr("crm_admin.migrations.packages", lambda _: [("crm_admin", steps)])
    install(config)
    (steps / "0002_two.py").write_text("def up(migrator, db): pass")
    assert [(f.severity, f.text) for f in found(config, "schema")] == [("warning", "1 steps are pending")]
    install(config)
    assert [f.text for f in found(config, "schema")] == ["up to date"]
    (steps / "0001_one.py").unlink()
    assert found(config, "schema")[0].severity == "error"


def test_a_taken_port(config: Config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = settings.changed(config, {"web.port": taken.getsockname()[1]})
        assert [f.severity for f in found(busy, "web.port")] == ["warning"]
    assert found(config, "web.port") == []


def test_https_without_a_proxy(config: Config) -> None:
    told = found(settings.changed(config, {"web.public_url": "https://crm.example"}), "web.proxies")
    assert [finding.severity for finding in told] == ["warning"]
    behind = settings.changed(config, {"web.public_url": "https://crm.example", "web.proxies": 1})
    assert found(behind, "web.proxies") == []


def test_a_module_that_is_not_installed(config: Config) -> None:
    told = found(settings.changed(config, {"modules.enabled": ["no_such_module"]}), "modules.enabled")
    assert [(finding.severity, finding.text) for finding in told] == [
        ("error", "no_such_module is not installed")
    ]


def test_an_embedded_database_on_a_network(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "network_kind", lambda _: "nfs4")
    told = found(config, "database.url")
    assert bool(told) is config.is_sqlite
    assert all(finding.severity == "error" and "nfs4" in finding.text for finding in told)


def test_a_server_that_does_not_answer(config: Config) -> None:
    gone = settings.changed(config, {"database.url": "postgresql://nobody:canary@127.0.0.1:1/none"})
    told = found(gone, "database")
    assert [finding.severity for finding in told] == ["error"]
    assert "canary" not in str(told)
