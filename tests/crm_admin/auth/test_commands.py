"""`crm user` and `crm token`, as whoever runs the machine types them."""

from __future__ import annotations

import io
import re

import pytest

from crm_admin import db, log, migrations
from crm_admin.auth import tokens
from crm_admin.cli import main
from crm_admin.commands import options
from crm_admin.entities.team import Team
from crm_admin.entities.user import User
from tests.crm_admin.auth.house import PASSWORD, House

People = dict[str, int]
NEW = "copper-meadow-planet-4"


@pytest.fixture(autouse=True)
def same_database(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find the database of the test; its schema is taken as current."""
    monkeypatch.setattr(options, "load", lambda path, overrides: house.config)
    monkeypatch.setattr(db, "connect_to", lambda config: db.database.obj)
    monkeypatch.setattr(migrations, "wait_until_current", lambda config, timeout_s: None)
    monkeypatch.setattr(log, "setup", lambda config: None)


def crm(*words: str) -> int:
    return main(words)


def test_the_first_person_sets_their_password_by_link(
    house: House, people: People, capsys: pytest.CaptureFixture[str]
) -> None:
    Team.create(name="Sales", name_fold="sales")
    assert crm("user", "add", "Anna", "--role", "administrator", "--team", "sales", "--name", "Anna") == 0
    link = capsys.readouterr().out.strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/password/\S+", link)
    browser = house.browser()
    path = link.removeprefix("http://127.0.0.1:8000")
    assert browser.post(path, {"new": NEW, "again": NEW}, page=path).status_code == 303
    assert browser.get("/secret").text == "anna administrator"


def test_a_password_from_standard_input(
    house: House, people: People, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{NEW}\n"))
    assert crm("user", "add", "tuan", "--role", "agent", "--password-stdin") == 0
    assert capsys.readouterr().out == ""
    assert house.browser().sign_in("tuan", NEW).status_code == 303
    monkeypatch.setattr("sys.stdin", io.StringIO("password123\n"))
    assert crm("user", "password", "tuan", "--password-stdin") == 1
    assert "easy to guess" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    assert crm("user", "password", "tuan", "--password-stdin") == 0
    assert house.browser().sign_in("tuan", PASSWORD).status_code == 303


def test_disabling_ends_what_is_open(
    house: House, people: People, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = house.signed_in("lan")
    assert crm("user", "disable", "lan") == 0
    assert not browser.is_in()
    assert crm("user", "disable", "boss") == 1
    assert "last active administrator" in capsys.readouterr().err
    assert User.get_by_id(people["boss"]).active


def test_a_token_is_printed_once(house: House, people: People, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        crm(
            "token", "add", "lan", "--scope", "contact:read", "--scope", "write", "--days", "7", "--name", "x"
        )
        == 0
    )
    found = tokens.authenticate(f"Bearer {capsys.readouterr().out.strip()}")
    assert found is not None
    assert (found[0].username, found[1]) == ("lan", ["contact:read", "write"])


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("user", "add", "x", "--role", "king"), 2, "no such role: king"),
        (("user", "add", "x", "--role", "agent", "--team", "none"), 2, "no team is called"),
        (("user", "add", "lan", "--role", "agent"), 1, "username"),
        (("user", "add", "no space", "--role", "agent"), 1, "username"),
        (("user", "add", "x"), 2, "--role"),
        (("user", "disable", "nobody"), 1, "nobody signs in as"),
        (("user", "password", "nobody"), 1, "nobody signs in as"),
        (("token", "add", "nobody"), 1, "nobody signs in as"),
        (("token", "add", "lan", "--scope", "all"), 2, "no such scope: all"),
        (("token", "add", "lan", "--days", "0"), 2, "--days"),
    ],
)
def test_what_is_refused(
    house: House,
    people: People,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    text: str,
) -> None:
    before = User.select().count()
    assert crm(*words) == code
    assert text in capsys.readouterr().err
    assert User.select().count() == before
