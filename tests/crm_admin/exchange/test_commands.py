"""`crm import` and `crm export` as an operator types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask

from crm_admin import cli, db, registry

ACCOUNT = registry.entity("account")


@pytest.fixture
def crm_command(sqlite_crm: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Commands find the installation by the environment."""
    config = sqlite_crm.extensions["crm"]
    monkeypatch.setenv("CRM_DATABASE_URL", config.database_url)
    monkeypatch.setenv("CRM_DATA_DIR", config.data_dir)
    monkeypatch.setenv("CRM_SECRET_KEY", config.secret_key)
    file = tmp_path / "config.toml"
    file.write_text('environment = "test"\n')
    monkeypatch.setenv("CRM_CONFIG", str(file))
    return sqlite_crm


def accounts() -> list[str]:
    with db.connection():
        return [row.name for row in ACCOUNT.model.select().where(ACCOUNT.model.deleted_at.is_null())]


@pytest.mark.usefixtures("crm_command")
def test_a_file_goes_in_out_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "list.csv"
    file.write_text("Tên,Hạng,Phone\nHòa Bình,A,0912345678\nSao Mai,,nothing\n", encoding="utf-8")
    arguments = ["import", "account", str(file), "--map", "Tên=name", "--map", "Hạng=tier"]
    assert cli.main([*arguments, "--dry-run", "--json"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out) == {"create": 1, "update": 0, "skip": 0, "error": 1}
    assert "row 3: Phone: This is not a phone number" in said.err
    assert accounts() == []

    assert cli.main([*arguments, "--json"]) == 1
    counts = json.loads(capsys.readouterr().out)
    assert {**counts, "batch": 0} == {"batch": 0, "created": 1, "updated": 0, "skipped": 0, "failed": 1}
    assert accounts() == ["Hòa Bình"]

    out = tmp_path / "out.jsonl"
    assert (
        cli.main(["export", "account", "--format", "jsonl", "--filter", "name__contains=hoa", "-o", str(out)])
        == 0
    )
    assert json.loads(out.read_text())["tier"] == "A"
    assert cli.main(["export", "account", "--filter", "name__contains=nobody", "-o", str(out)]) == 0
    assert out.read_text().count("\n") == 1
    assert not list(tmp_path.glob("*.part"))

    assert cli.main(["import", "--undo", str(counts["batch"]), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"batch": counts["batch"], "undone": 1, "kept": 0}
    assert accounts() == []


@pytest.mark.usefixtures("crm_command")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["export", "nothing"], 2, "there is no entity 'nothing'"),
        (["export", "account", "--filter", "shoe=42"], 2, "There is no such filter"),
        (["export", "account", "--filter", "shoe"], 2, "should be NAME=VALUE"),
        (["import", "account"], 2, "name an ENTITY and a FILE"),
        (["import", "account", "FILE", "--map", "Nope=name"], 2, "the file has no column 'Nope'"),
        (["import", "account", "FILE", "--map", "Name=nope"], 2, "has no field 'nope'"),
        (["import", "account", "FILE", "--match", "phone"], 2, "no column goes there"),
        (["import", "account", "EMPTY"], 1, "There is nothing in this file."),
        (["import", "--undo", "999"], 1, "there is no import number 999"),
    ],
)
def test_wrong_use_is_refused_in_a_line(
    arguments: list[str], code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "list.csv").write_text("Name\nA\n")
    (tmp_path / "empty.csv").write_text("")
    paths = {"FILE": str(tmp_path / "list.csv"), "EMPTY": str(tmp_path / "empty.csv")}
    assert cli.main([paths.get(part, part) for part in arguments]) == code
    assert said in capsys.readouterr().err
    assert accounts() == []
