"""One's own page: preferences, password, devices, tokens; and the link that an administrator hands over."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from crm_admin import auth, clock, policy, records
from crm_admin.audit import AuditEntry
from crm_admin.auth import accounts, tokens
from crm_admin.auth.sessions import Session
from crm_admin.auth.tokens import Token, UnknownScope
from crm_admin.entities.role import Role
from crm_admin.entities.user import User
from tests.crm_admin.auth.house import PASSWORD, House

NEW = "copper-meadow-planet-4"
People = dict[str, int]


def test_the_page_shows_who_where_and_what(house: House, people: People) -> None:
    browser = house.browser()
    browser.client.environ_base["HTTP_USER_AGENT"] = (
        "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"
    )
    browser.sign_in("lan")
    page = browser.get("/profile")
    assert page.status_code == 200
    for text in ("Lan", "Firefox · Linux", "203.0.113.5", "this device", "Asia/Ho Chi Minh"):
        assert text in page.text
    assert "argon2" not in page.text


def test_preferences_take_effect_at_once_and_are_audited_under_ones_name(
    house: House, people: People
) -> None:
    browser = house.signed_in("lan")
    data = {"language": "vi", "timezone": "Europe/Paris", "theme": "dark"}
    assert browser.post("/profile/settings", data).status_code == 303
    page = browser.get("/profile").text
    assert 'lang="vi"' in page
    assert 'data-theme="dark"' in page
    row = User.get_by_id(people["lan"])
    assert (row.language, row.timezone, row.theme, row.row_version) == ("vi", "Europe/Paris", "dark", 2)
    entry = AuditEntry.get(AuditEntry.entity == "user")
    assert (entry.user, entry.record_id, sorted(entry.changes)) == (
        row.id,
        row.id,
        ["language", "theme", "timezone"],
    )


@pytest.mark.parametrize("data", [{"language": "xx"}, {"timezone": "Mars/Base"}, {"theme": "<b>"}, {}])
def test_preferences_that_do_not_exist_are_refused(
    house: House, people: People, data: dict[str, str]
) -> None:
    browser = house.signed_in("lan")
    good = {"language": "en", "timezone": "UTC", "theme": "auto"}
    sent = {**good, **data} if data else {}
    assert browser.post("/profile/settings", sent).status_code == 422
    assert User.get_by_id(people["lan"]).row_version == 1


def test_nobody_gives_themselves_another_role_here(house: House, people: People) -> None:
    browser = house.signed_in("lan")
    boss = User.get_by_id(people["boss"]).role
    data = {
        "language": "en",
        "timezone": "UTC",
        "theme": "auto",
        "role": boss,
        "active": "0",
        "username": "root",
    }
    browser.post("/profile/settings", data)
    row = User.get_by_id(people["lan"])
    assert (row.role == boss, row.active, row.username) == (False, True, "lan")


def test_the_switches_of_the_top_bar(house: House, people: People) -> None:
    browser = house.signed_in("lan")
    answer = browser.post("/profile/language", {"language": "zh", "next": "/secret?q=阮"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/secret?q=%E9%98%AE")
    token = browser.csrf()
    answer = browser.raw_post(
        "/profile/theme", {"theme": "dark", "csrf_token": token}, headers={"X-Requested-With": "fetch"}
    )
    assert answer.status_code == 204
    assert browser.post("/profile/theme", {"theme": "pink"}).status_code == 400
    row = User.get_by_id(people["lan"])
    assert (row.language, row.theme) == ("zh", "dark")
    assert browser.is_in()


# ── password ────────────────────────────────────────────────────────────────────────────────────────
def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(house: House, people: People) -> None:
    here, there = house.signed_in("lan"), house.signed_in("lan", "198.51.100.1")
    assert here.post("/profile/password", {"current": PASSWORD, "new": NEW, "again": NEW}).status_code == 303
    assert here.is_in()
    assert not there.is_in()
    assert house.browser().sign_in("lan").status_code == 401
    assert house.browser().sign_in("lan", NEW).status_code == 303


@pytest.mark.parametrize(
    ("current", "new", "again", "text"),
    [
        ("wrong", NEW, NEW, "This is not your present password."),
        (PASSWORD, NEW, NEW + "x", "This is not the same password as above."),
        (PASSWORD, "short", "short", "Use at least 10 characters."),
        (PASSWORD, "password123", "password123", "easy to guess"),
        (PASSWORD, "", "", "This field is required."),
        ("", NEW, NEW, "This field is required."),
    ],
)
def test_a_password_is_not_changed(
    house: House, people: People, current: str, new: str, again: str, text: str
) -> None:
    browser = house.signed_in("lan")
    before = User.get_by_id(people["lan"]).password_hash
    answer = browser.post("/profile/password", {"current": current, "new": new, "again": again})
    assert answer.status_code == 422
    assert text in answer.text
    assert User.get_by_id(people["lan"]).password_hash == before


def test_a_stolen_session_cannot_try_out_the_password(house: House, people: People) -> None:
    browser = house.signed_in("lan")
    token = browser.csrf()
    data = {"current": "wrong", "new": NEW, "again": NEW, "csrf_token": token}
    assert [browser.raw_post("/profile/password", data).status_code for _ in range(7)] == [422] * 5 + [
        429
    ] * 2
    data["current"] = PASSWORD
    assert browser.raw_post("/profile/password", data).headers["Retry-After"]


def path_of(link: str) -> str:
    return link.removeprefix("http://127.0.0.1:8000")


def test_a_link_sets_a_password_once(house: House, people: People) -> None:
    old = house.signed_in("minh")
    path = path_of(auth.password_link(people["minh"], house.config))
    browser = house.browser()
    assert browser.get(path).status_code == 200
    assert browser.get(path).status_code == 200, "opening it uses nothing up"
    assert browser.post(path, {"new": "short", "again": "short"}, page=path).status_code == 422
    assert browser.post(path, {"new": NEW, "again": NEW}, page=path).status_code == 303
    assert browser.get("/secret").text == "minh agent"
    assert not old.is_in()
    other = house.browser()
    assert other.get(path).status_code == 404
    assert other.post(path, {"new": NEW + "9", "again": NEW + "9"}).status_code == 404
    assert house.browser().sign_in("minh", NEW).status_code == 303


def test_a_link_dies(house: House, people: People) -> None:
    def status(link: str) -> int:
        return house.browser().get(path_of(link)).status_code

    now = clock.now()
    with clock.at(now):
        link = auth.password_link(people["minh"], house.config)
    with clock.at(now + timedelta(hours=23, minutes=59)):
        assert status(link) == 200
    with clock.at(now + timedelta(hours=24, minutes=1)):
        assert status(link) == 404
    assert status(link[:-1] + ("a" if link[-1] != "a" else "b")) == 404
    assert status("/password/WzEsIngiLDk5OTk5OTk5OTld.x") == 404
    assert status(auth.password_link(people["gone"], house.config)) == 404
    link = auth.password_link(people["minh"], house.config)
    auth.set_password(people["minh"], NEW)
    assert status(link) == 404
    link = auth.password_link(people["minh"], house.config)
    User.update(deleted_at=now).where(User.id == people["minh"]).execute()
    assert status(link) == 404


# ── devices ─────────────────────────────────────────────────────────────────────────────────────────
def test_other_devices_can_be_signed_out(house: House, people: People) -> None:
    here, there, third = (house.signed_in("lan", f"198.51.{n}.1") for n in range(3))
    number = Session.get(Session.ip == "198.51.1.1").id
    assert here.post(f"/profile/sessions/{number}/end").status_code == 303
    assert (here.is_in(), there.is_in(), third.is_in()) == (True, False, True)
    assert here.post(f"/profile/sessions/{number}/end").status_code == 404
    here.post("/profile/sessions/end-others")
    assert (here.is_in(), third.is_in()) == (True, False)


def test_nobody_ends_the_session_of_somebody_else(house: House, people: People) -> None:
    victim, other = house.signed_in("lan"), house.signed_in("boss")
    number = Session.get(Session.user == people["lan"]).id
    assert other.post(f"/profile/sessions/{number}/end").status_code == 404
    assert victim.is_in()


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────────
def call(house: House, token: str, method: str = "GET") -> tuple[int, dict[str, str | bool]]:
    answer = house.app.test_client().open(
        "/api/me", method=method, headers={"Authorization": f"Bearer {token}"}
    )
    return answer.status_code, answer.get_json()


def test_a_token_is_shown_once_and_acts_for_its_owner(house: House, people: People) -> None:
    browser = house.signed_in("lan")
    answer = browser.post("/profile/tokens", {"name": "Telephone import", "access": "all", "days": "30"})
    found = re.search(r"crm_[0-9a-f]{12}_[\w-]{43}", answer.text)
    assert found
    assert answer.headers["Cache-Control"] == "no-store"
    assert call(house, found[0]) == (200, {"user": "lan", "role": "agent", "read": True, "create": True})
    assert call(house, found[0], "POST")[0] == 200, "a door asks for no CSRF token"
    page = browser.get("/profile").text
    assert "Telephone import" in page
    assert found[0] not in page
    assert found[0].split("_", 2)[2] not in str(list(Token.select().dicts()))


def test_a_token_narrows_and_never_widens(house: House, people: People) -> None:
    def may(user: str, *scopes: str) -> tuple[bool, bool]:
        _, body = call(house, tokens.mint(people[user], scopes=scopes)[1])
        return bool(body["read"]), bool(body["create"])

    assert may("lan") == (True, True)
    assert may("lan", "read") == (True, False)
    assert may("lan", "write") == (True, True)
    assert may("lan", "contact:read") == (True, False)
    assert may("lan", "account:write") == (False, False)
    assert may("boss", "contact:write") == (True, True)
    viewer = Role.get(Role.key == "viewer").id
    records.update(policy.SYSTEM, User.get_by_id(people["lan"]), {"role": viewer})
    assert may("lan", "write") == (True, False)
    for scope in ("", "all", "nothing:read", "contact:delete", ":read", "admin"):
        with pytest.raises(UnknownScope):
            tokens.mint(people["lan"], scopes=[scope])


def test_a_token_dies(house: House, people: People) -> None:
    now = clock.now()
    with clock.at(now):
        token, text = tokens.mint(people["lan"], days=30)
        assert call(house, text)[0] == 200
    with clock.at(now + timedelta(days=31)):
        assert call(house, text)[0] == 401
    assert tokens.revoke(token.id)
    assert not tokens.revoke(token.id)
    assert call(house, text)[0] == 401
    for change in ({"active": False}, {"deleted_at": now}, {"role": None}):
        _, other = tokens.mint(people["minh"])
        assert call(house, other)[0] == 200
        User.update(**change).where(User.id == people["minh"]).execute()
        assert call(house, other)[0] == 401, change
        role = Role.get(Role.key == "agent").id
        User.update(active=True, deleted_at=None, role=role).where(User.id == people["minh"]).execute()


def test_only_the_header_with_the_whole_token_opens_the_door(house: House, people: People) -> None:
    _, text = tokens.mint(people["lan"])
    client = house.app.test_client()
    prefix, secret = text.split("_", 2)[1:]
    for header in (
        None, "", text, f"Basic {text}", "Bearer", "Bearer ", f"Bearer {text[:-1]}", f"Bearer {text}x",
        f"Bearer crm_{prefix}_{'A' * 43}", f"Bearer crm_{'0' * 12}_{secret}", f"Bearer {secret}", "Bearer \u00fc",
    ):  # fmt: skip
        headers = {} if header is None else {"Authorization": header}
        assert client.get("/api/me", headers=headers).status_code == 401, header
    assert client.get("/api/me", query_string={"token": text, "access_token": text}).status_code == 401
    assert house.signed_in("lan").get("/api/me").status_code == 401, "a cookie opens no door for programs"
    assert client.get("/secret", headers={"Authorization": f"Bearer {text}"}).status_code == 302


def test_tokens_are_revoked_by_their_owner_and_by_administrators(house: House, people: People) -> None:
    token, text = tokens.mint(people["lan"], name="import")
    assert house.signed_in("minh").post(f"/profile/tokens/{token.id}/revoke").status_code == 404
    assert house.signed_in("minh").get("/profile/tokens/everyone").status_code == 404
    assert call(house, text)[0] == 200
    boss = house.signed_in("boss")
    assert "import" in boss.get("/profile/tokens/everyone").text
    answer = boss.post(f"/profile/tokens/{token.id}/revoke", {"next": "/profile/tokens/everyone"})
    assert answer.headers["Location"] == "/profile/tokens/everyone"
    assert call(house, text)[0] == 401
    token, text = tokens.mint(people["lan"])
    assert house.signed_in("lan").post(f"/profile/tokens/{token.id}/revoke").headers["Location"] == "/profile"
    assert call(house, text)[0] == 401


def test_use_of_a_token_is_noted_once_a_minute(house: House, people: People) -> None:
    token, text = tokens.mint(people["lan"])
    start = clock.now()
    for seconds in (0, 30, 59):
        with clock.at(start + timedelta(seconds=seconds)):
            call(house, text)
    assert Token.get_by_id(token.id).last_used_at == start


# ── rules ───────────────────────────────────────────────────────────────────────────────────────────
def test_the_last_administrator(house: House, people: People) -> None:
    assert auth.last_administrator(people["boss"])
    assert not auth.last_administrator(people["lan"])
    User.update(role=User.get_by_id(people["boss"]).role).where(User.username == "gone").execute()
    assert auth.last_administrator(people["boss"]), "one who is disabled does not count"
    User.update(active=True).where(User.username == "gone").execute()
    assert not auth.last_administrator(people["boss"])


def test_a_change_of_rights_is_heard_by_every_process(house: House, people: People) -> None:
    before = policy.version()
    records.update(policy.SYSTEM, User.get_by_id(people["lan"]), {"given_name": "Lan"})
    assert policy.version() == before
    records.update(policy.SYSTEM, User.get_by_id(people["lan"]), {"active": False})
    assert policy.version() == before + 1


def test_a_name_is_what_was_typed_without_its_case() -> None:
    assert accounts.username_of(" Lan\u0000\t ") == "lan"
