"""Guessing is slow for strangers, and the owner is never locked out on a browser they have used before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from crm_admin import clock, db
from crm_admin.auth import passwords, throttle
from crm_admin.auth.throttle import Limit, Throttled
from tests.crm_admin.auth.house import Browser, House

People = dict[str, int]


@pytest.fixture
def guesses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that came as far as the hash; none of them is right."""
    reached: list[str] = []
    real = passwords.matches

    def matches(stored: str | None, password: str) -> bool:
        if not password.startswith("guess"):
            return real(stored, password)
        reached.append(password)
        return False

    monkeypatch.setattr(passwords, "matches", matches)
    return reached


def guess(
    house: House, ips: list[str], username: str = "lan", headers: dict[str, str] | None = None
) -> list[int]:
    """One guess from each address, with one browser; the statuses."""
    browser = house.browser()
    token = browser.csrf()
    statuses = []
    for number, ip in enumerate(ips):
        data = {"username": username.format(number), "password": f"guess-{number}", "csrf_token": token}
        sent = {name: value.format(number % 250) for name, value in (headers or {}).items()}
        statuses.append(Browser(browser.client, ip).raw_post("/login", data, headers=sent).status_code)
    return statuses


def test_one_address_gets_five_tries_and_is_told_when_to_come_back(
    house: House, people: People, guesses: list[str]
) -> None:
    with clock.at(clock.now()):
        assert guess(house, ["203.0.113.9"] * 8) == [401] * 5 + [429] * 3
        browser = house.browser("203.0.113.77")
        answer = browser.sign_in("lan")
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "900"
        assert "Wait 15 minutes" in answer.text
    assert len(guesses) == 5


def test_tries_come_back_one_by_one(house: House, people: People, guesses: list[str]) -> None:
    start = clock.now()
    for minutes in range(5):
        with clock.at(start + timedelta(minutes=minutes)):
            assert guess(house, ["203.0.113.9"]) == [401]
    with clock.at(start + timedelta(minutes=15, seconds=1)):
        assert guess(house, ["203.0.113.9"] * 2) == [401, 429]


@pytest.mark.parametrize(
    ("ips", "headers"),
    [
        ([f"203.0.113.{n}" for n in range(30)], {}),
        ([f"2001:db8:1:2:{n:x}::1" for n in range(30)], {}),
        ([f"::ffff:203.0.113.{n}" for n in range(30)], {}),
        (["203.0.113.9"] * 30, {"X-Forwarded-For": "198.51.{}.1"}),
        (["203.0.113.9"] * 30, {"X-Real-IP": "198.51.{}.1", "Forwarded": "for=198.51.{}.1"}),
    ],
    ids=["ipv4 /24", "ipv6 /64", "mapped", "forwarded-for", "other headers"],
)
def test_many_addresses_of_one_network_are_one(
    house: House, people: People, guesses: list[str], ips: list[str], headers: dict[str, str]
) -> None:
    guess(house, ips, headers=headers)
    assert len(guesses) == 5


def test_a_botnet_gets_a_hundred_tries_an_hour_and_the_owner_still_signs_in(
    house: House, people: People, guesses: list[str]
) -> None:
    start = clock.now()
    with clock.at(start):
        owner = house.signed_in("lan", "192.0.2.1")
        owner.post("/logout")
    for minutes in (0, 20, 40, 59):
        with clock.at(start + timedelta(minutes=minutes)):
            guess(house, [f"10.{minutes}.{n}.1" for n in range(40)])
            assert owner.sign_in("lan").status_code == 303
            owner.post("/logout")
    assert len(guesses) == 100
    with clock.at(start + timedelta(minutes=59)):
        assert house.browser("192.0.2.99").sign_in("lan").status_code == 429
        assert house.browser("192.0.2.99").sign_in("minh").status_code == 303


def test_a_known_browser_is_slow_too_when_it_guesses(
    house: House, people: People, guesses: list[str]
) -> None:
    thief = house.signed_in("lan")
    thief.post("/logout")
    token = thief.csrf()
    data = {"username": "lan", "password": "guess", "csrf_token": token}
    assert [thief.raw_post("/login", data).status_code for _ in range(7)] == [401] * 5 + [429] * 2
    # And it knows only the account it was used for.
    data["username"] = "minh"
    assert [thief.raw_post("/login", data).status_code for _ in range(7)] == [401] * 5 + [429] * 2


@pytest.mark.parametrize("cookie", ["", "x", "WyJhIixbMSwyLDNdXQ", "WyJhIixbMSwyLDNdXQ.forged", "[]"])
def test_a_forged_device_is_unknown(house: House, people: People, guesses: list[str], cookie: str) -> None:
    guess(house, ["203.0.113.9"] * 5)
    browser = house.browser("203.0.113.10")
    browser.client.set_cookie("crm_device", cookie)
    assert browser.sign_in("lan").status_code == 429


def test_one_network_cannot_try_one_password_on_everybody(house: House, guesses: list[str]) -> None:
    statuses = guess(house, ["203.0.113.9"] * 60, username="somebody-{}")
    assert statuses == [401] * 50 + [429] * 10


def test_unknown_names_are_throttled_like_known_ones(
    house: House, people: People, guesses: list[str]
) -> None:
    assert guess(house, ["203.0.113.9"] * 7, "nobody") == [401] * 5 + [429] * 2


def test_right_passwords_do_not_count(house: House, people: People) -> None:
    for _ in range(7):
        house.signed_in("lan")
    assert throttle.Attempt.select().count() == 0


def test_at_the_same_moment_no_more_get_through(house: House) -> None:
    limit = Limit("pair:race", 5, timedelta(minutes=15))

    def attempt(_: int) -> bool:
        with db.connection():
            try:
                throttle.take([limit])
            except Throttled:
                return False
            return True

    with ThreadPoolExecutor(12) as crowd:
        passed = sum(crowd.map(attempt, range(60)))
    assert 1 <= passed <= 5


def test_old_tries_are_cleared_away(house: House) -> None:
    start = clock.now()
    limits = [Limit("pair:a", 5, timedelta(minutes=15))]
    with clock.at(start):
        throttle.take(limits)
    with clock.at(start + timedelta(hours=2)):
        throttle.take([Limit("pair:b", 5, timedelta(minutes=15))])
    assert [row.key for row in throttle.Attempt.select()] == ["pair:b"]


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("203.0.113.9", "203.0.113.0/24"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        (None, "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_network(ip: str | None, network: str) -> None:
    assert throttle.network(ip) == network
