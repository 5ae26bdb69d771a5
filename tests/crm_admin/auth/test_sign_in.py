"""Signing in and out, as a person in front of a browser and as one who should not get in."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from crm_admin import clock, db, policy, records
from crm_admin.auth import accounts, sessions
from crm_admin.auth.sessions import Session
from crm_admin.entities.role import Role
from crm_admin.entities.user import User
from tests.crm_admin.auth.house import PASSWORD, House

NEW_PASSWORD = "copper-meadow-planet-4"
People = dict[str, int]


def test_a_person_signs_in_and_goes_on_to_where_they_wanted(house: House, people: People) -> None:
    browser = house.browser()
    first = browser.get("/secret?a=1")
    assert (first.status_code, first.headers["Location"]) == (302, "/login?next=/secret?a%3D1")
    answer = browser.sign_in("lan", next="/secret?a=1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/secret?a=1")
    assert browser.get("/secret").text == "lan agent"


def test_case_and_spaces_of_the_user_name_do_not_matter(house: House, people: People) -> None:
    assert house.browser().sign_in("  LAN ").status_code == 303


@pytest.mark.parametrize("username", ["lan", "gone", "nobody", "", "lan'--", "x" * 5000, "\u0000lan"])
def test_wrong_name_and_wrong_password_look_the_same(house: House, people: People, username: str) -> None:
    answer = house.browser().sign_in(username or " ", "wrong-password-1")
    if username:
        assert answer.status_code == 401
        assert "User name and password do not match." in answer.text
    else:
        assert answer.status_code == 422
    assert house.browser().is_in() is False


def test_answers_to_known_and_unknown_names_are_equal_but_for_the_name(house: House, people: People) -> None:
    def page(username: str) -> str:
        text = house.browser().sign_in(username, "wrong-password-1").text
        shown = re.sub(r'nonce="[^"]*"|value="[^"]{40,}"|content="[^"]{40,}"', "", text)
        return shown.replace(f'value="{username}"', "")

    assert page("lan") == page("qqq") == page("gone")


def test_the_disabled_cannot_sign_in_even_with_the_right_password(house: House, people: People) -> None:
    assert house.browser().sign_in("gone").status_code == 401


def test_a_copied_cookie_is_worth_nothing_after_signing_out(house: House, people: People) -> None:
    browser, thief = house.signed_in("lan"), house.browser("198.51.100.7")
    thief.client.set_cookie("crm_session", browser.cookie("crm_session") or "")
    assert thief.is_in()
    assert browser.post("/logout").headers["Location"] == "/login"
    assert not thief.is_in()
    assert not browser.is_in()


def test_opening_the_sign_out_address_only_asks(house: House, people: People) -> None:
    browser = house.signed_in("lan")
    assert "Sign out?" in browser.get("/logout").text
    assert browser.is_in()


def _demote(user: int) -> None:
    viewer = Role.get(Role.key == "viewer").id
    records.update(policy.SYSTEM, User.get_by_id(user), {"role": viewer})


def _demote_behind_our_back(user: int) -> None:
    viewer = Role.get(Role.key == "viewer").id
    User.update(role=viewer).where(User.id == user).execute()


EVENTS: dict[str, Callable[[int], object]] = {
    "disabled": lambda user: records.update(policy.SYSTEM, User.get_by_id(user), {"active": False}),
    "disabled in the table": lambda user: User.update(active=False).where(User.id == user).execute(),
    "another role": _demote,
    "another role in the table": _demote_behind_our_back,
    "no role": lambda user: User.update(role=None).where(User.id == user).execute(),
    "new password": lambda user: accounts.set_password(user, NEW_PASSWORD),
    "deleted": lambda user: User.update(deleted_at=clock.now()).where(User.id == user).execute(),
    "ended": lambda user: sessions.end_all(user),
}


@pytest.mark.parametrize("event", EVENTS)
def test_a_session_ends_with(house: House, people: People, event: str) -> None:
    browser, bystander = house.signed_in("lan"), house.signed_in("minh")
    assert browser.is_in()
    EVENTS[event](people["lan"])
    assert not browser.is_in()
    assert bystander.is_in()


@pytest.mark.parametrize(
    ("idle_minutes", "days", "lives"), [(479, 0, True), (481, 0, False), (0, 13.9, True), (0, 14.1, False)]
)
def test_sessions_end_when_unused_and_when_old(
    house: House, people: People, idle_minutes: int, days: float, lives: bool
) -> None:
    start = clock.now()
    with clock.at(start):
        browser = house.signed_in("lan")
    moment = start
    while moment < start + timedelta(days=days):
        moment += timedelta(hours=7)
        with clock.at(min(moment, start + timedelta(days=days))):
            browser.get("/secret")
    with clock.at(start + timedelta(days=days, minutes=idle_minutes)):
        assert browser.is_in() is lives


def test_what_a_browser_carried_before_signing_in_is_worth_nothing(house: House, people: People) -> None:
    browser = house.browser()
    browser.client.set_cookie("crm_session", "planted-by-somebody-else")
    token, page = browser.csrf(), browser.cookie("crm_page")
    assert browser.sign_in("lan").status_code == 303
    assert browser.cookie("crm_session") not in (None, "planted-by-somebody-else")
    assert browser.cookie("crm_page") != page
    # A cookie with a CSRF seed that the attacker knows, put back into the victim's browser.
    browser.client.set_cookie("crm_page", page or "")
    assert browser.raw_post("/write", {"csrf_token": token}).status_code == 400
    assert house.written == []


def test_signing_in_again_gives_another_session(house: House, people: People) -> None:
    browser = house.signed_in("lan")
    first = browser.cookie("crm_session")
    browser.post("/logout")
    browser.sign_in("lan")
    assert browser.cookie("crm_session") != first


def test_one_query_tells_who_is_asking(house: House, people: People) -> None:
    browser = house.signed_in("lan")
    browser.get("/secret")
    with db.count_queries() as seen:
        assert browser.get("/secret").status_code == 200
    assert len([sql for sql in seen if sql.startswith("SELECT")]) == 1, seen
    assert len(seen) == 1, seen


def test_use_is_noted_once_a_minute(house: House, people: People) -> None:
    start = clock.now()
    with clock.at(start):
        browser = house.signed_in("lan")
    for seconds in (30, 61, 70, 130):
        with clock.at(start + timedelta(seconds=seconds)):
            browser.get("/secret")
    assert Session.get().seen_at == start + timedelta(seconds=130)
    assert User.get_by_id(people["lan"]).last_seen_at == start + timedelta(seconds=130)


def test_scripts_of_a_stranger_hear_401_and_pages_go_to_sign_in(house: House, people: People) -> None:
    browser = house.browser()
    for headers in ({"HX-Request": "true"}, {"Accept": "application/json"}, {"X-Requested-With": "fetch"}):
        answer = browser.get("/secret", headers=headers)
        assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert browser.raw_post("/write", {}).status_code == 302
    assert browser.get("/open").text == "open"
    assert browser.get("/static/nothing.css").status_code == 404
    assert browser.get("/no-such-page").status_code == 404


def test_a_new_installation_says_how_to_begin(house: House) -> None:
    assert "crm user add NAME --role administrator" in house.browser().get("/login").text


def test_nothing_of_the_password_is_logged(
    house: House, people: People, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    browser = house.browser()
    browser.sign_in("lan", "secret-typed-wrong")
    browser.sign_in("secret-typed-wrong", "x")
    browser.sign_in("lan")
    events = [vars(r)["event"] for r in caplog.records if r.name == "crm.security"]
    assert events == ["sign_in_failed", "sign_in_failed", "signed_in"]
    lines = [str(vars(r)) for r in caplog.records if r.name == "crm.security"]
    assert not any("secret-typed-wrong" in line or PASSWORD in line for line in lines)
    assert str(browser.cookie("crm_session")) not in " ".join(lines)


def test_the_language_of_a_stranger(house: House, people: People) -> None:
    browser = house.browser()
    assert 'lang="en"' in browser.get("/login").text
    assert 'lang="vi"' in browser.get("/login", headers={"Accept-Language": "vi-VN,vi;q=0.9"}).text
    assert 'lang="zh-Hans"' in browser.get("/login?language=zh").text
    assert 'lang="zh-Hans"' in browser.get("/login", headers={"Accept-Language": "vi"}).text
    browser.get("/login?language=xx")
    assert browser.cookie("language") == "zh"
