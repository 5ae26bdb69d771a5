"""What is a password, what is stored of it, and what checking it costs."""

from __future__ import annotations

import threading
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher

from crm_admin.auth import passwords
from crm_admin.auth.passwords import Busy, Weak
from crm_admin.entities.user import User
from tests.crm_admin.auth.house import PASSWORD, House

People = dict[str, int]


def test_the_hash_is_argon2id_with_owasps_parameters() -> None:
    stored = passwords.hashed(PASSWORD)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.matches(stored, PASSWORD)
    assert not passwords.matches(stored, PASSWORD + "x")
    assert not passwords.matches(None, PASSWORD)
    assert not passwords.matches("not a hash", PASSWORD)


def test_composed_and_decomposed_letters_are_one_password() -> None:
    composed, decomposed = (unicodedata.normalize(form, "mật khẩu dài của tôi") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert passwords.matches(passwords.hashed(composed), decomposed)


def test_an_endless_password_is_not_hashed() -> None:
    started = time.perf_counter()
    assert not passwords.matches(None, "x" * 5_000_000)
    assert time.perf_counter() - started < 1
    with pytest.raises(Weak):
        passwords.refuse_weak("aB3$ř" * 500, least=10)


@pytest.mark.parametrize(
    "password",
    [
        "short-9A", "password123", "1234567890", "qwertyuiop", "abcdefghij", "aaaaaaaaaaaa", "matkhau123",
        "Welcome123", "lan.nguyen2", "Nguyễn Lan1", "acmetrading1", "2024-12-31", "iloveyou123", "woaini1234",
    ],
)  # fmt: skip
def test_guessable_passwords_are_refused(password: str) -> None:
    with pytest.raises(Weak):
        passwords.refuse_weak(password, least=10, about=["lan.nguyen", "Nguyễn Lan", "Acme Trading"])


@pytest.mark.parametrize(
    "password", [PASSWORD, "trời xanh mây trắng 7", "correct horse battery", "我家的猫喜欢晒太阳了吧"]
)
def test_good_passwords_are_taken(password: str) -> None:
    passwords.refuse_weak(password, least=9, about=["lan"])


def test_an_old_hash_is_renewed_at_sign_in(house: House, people: People) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    User.update(password_hash=old).where(User.username == "lan").execute()
    house.signed_in("lan")
    assert User.get(User.username == "lan").password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    house.signed_in("lan")


def test_a_crowd_is_sent_away_instead_of_keeping_every_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most, lock = 0, 0, threading.Lock()

    class Slow:
        def verify(self, stored: str, password: str) -> bool:
            nonlocal inside, most
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.05)
            with lock:
                inside -= 1
            return True

    monkeypatch.setattr(passwords, "_hasher", Slow())

    def check(_: int) -> str:
        try:
            return "right" if passwords.matches("stored", "x") else "wrong"
        except Busy:
            return "busy"

    with ThreadPoolExecutor(50) as crowd:
        answers = list(crowd.map(check, range(50)))
    assert most == passwords.AT_ONCE
    assert answers.count("right") >= passwords.AT_ONCE + passwords.WAITING
    assert answers.count("busy") >= 20


def test_who_is_sent_away_is_told_to_try_again_and_has_lost_no_try(
    house: House, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(stored: str | None, password: str) -> bool:
        raise Busy

    browser = house.browser()
    with monkeypatch.context() as patch:
        patch.setattr(passwords, "matches", busy)
        for _ in range(8):
            answer = browser.sign_in("lan")
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert browser.sign_in("lan").status_code == 303


def test_known_and_unknown_names_take_the_same_time(house: House, people: People) -> None:
    """Somewhere in three rounds they cannot be told apart; a difference of ours would show in every one."""
    rounds = (_told_apart(house, number) for number in range(3))
    assert any(0.25 < share < 0.75 for share in rounds)


def _told_apart(house: House, network: int) -> float:
    """AUC of telling them apart by time, over pairs taken in turns so that load hits both alike."""
    times: dict[str, list[float]] = {"lan": [], "nobody": []}
    browser = house.browser()
    token = browser.csrf()
    for number in range(15):
        for username, taken in times.items():
            data = {"username": username, "password": "wrong-password", "csrf_token": token}
            browser.ip = f"10.{number + 50 * network}.{len(username)}.1"
            started = time.perf_counter()
            assert browser.raw_post("/login", data).status_code == 401
            taken.append(time.perf_counter() - started)
    pairs = [(a < b) + (a == b) / 2 for a in times["lan"] for b in times["nobody"]]
    return sum(pairs) / len(pairs)
