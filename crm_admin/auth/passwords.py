"""Passwords: argon2id, never more than two at once, refused when anybody could guess them."""

from __future__ import annotations

import base64
import secrets
import threading
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from crm_admin.i18n import gettext

# OWASP's smallest argon2id setting: 19 MiB and about 0.1 s, so that sign-in cannot starve the other threads.
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
MAX_BYTES = 1024

AT_ONCE = 2
WAITING = 4

# zxcvbn's scale: below 2 a password falls to fewer than a million guesses.
LEAST_SCORE = 2
# What its English word lists do not have: the usual first choices in Vietnamese and Chinese.
USUAL_WORDS = (
    "matkhau", "mật khẩu", "anhyeuem", "emyeuanh", "yeuem", "xinchao", "vietnam", "saigon", "hanoi", "khongbiet",
    "mima", "密码", "woaini", "我爱你", "zhongguo", "woshishui", "wodemima", "crm",
)  # fmt: skip

_hasher = PasswordHasher(
    time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, hash_len=32, salt_len=16, type=Type.ID
)
_places = threading.BoundedSemaphore(AT_ONCE + WAITING)
# Threads of their own: glibc keeps 19 MiB for every thread that has ever hashed (docs/decisions/0061).
_hashers = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")

Result = TypeVar("Result")


class Weak(ValueError):
    """A new password is refused; `str()` is the reason, in the reader's language."""


class Busy(Exception):
    """Too many passwords are being checked at this moment. Nothing was checked; a second later it will work."""


def refuse_weak(password: str, *, least: int, about: Iterable[str] = ()) -> None:
    """Raise Weak unless `password` has `least` characters and is hard to guess for who knows the words `about`."""
    plain = _normal(password)
    if len(plain) < least:
        raise Weak(gettext("Use at least %(count)s characters.", count=least))
    if is_too_long(password):
        raise Weak(gettext("This password is too long."))
    # Late: its word lists take 14 MB, which only a process that sets passwords should carry.
    from zxcvbn import zxcvbn  # noqa: PLC0415

    known = [
        *USUAL_WORDS,
        *(part for word in about if word for part in (word, "".join(word.split()), *word.split())),
    ]
    if zxcvbn(plain[:72], user_inputs=known)["score"] < LEAST_SCORE:
        raise Weak(gettext("This password is easy to guess. Use several words that do not belong together."))


def is_too_long(password: str) -> bool:
    """Whether `password` is longer than anybody types: hashing it would only cost time."""
    return len(_normal(password).encode()) > MAX_BYTES


def hashed(password: str) -> str:
    """The argon2id hash to store. Raises Busy."""
    return _in_turn(_hasher.hash, _normal(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the one that was stored. Takes as long when nothing was stored. Raises Busy."""
    if is_too_long(password):
        return False
    try:
        return _in_turn(_hasher.verify, stored or _nobodys(), _normal(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether `stored` was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def _in_turn(work: Callable[..., Result], *arguments: str) -> Result:
    """Run `work` when it is its turn: two at a time, a few wait, the rest get Busy at once, so that the threads of
    the web server are never all queueing here."""
    if not _places.acquire(blocking=False):
        raise Busy
    try:
        return _hashers.submit(work, *arguments).result()
    finally:
        _places.release()


def _nobodys() -> str:
    """A well-formed hash that no password has: checking against it is the same work as a real check."""
    salt, digest = (base64.b64encode(secrets.token_bytes(n)).decode().rstrip("=") for n in (16, 32))
    return f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${digest}"


def _normal(password: str) -> str:
    """One spelling: keyboards differ in how they compose "ệ", the person typing it does not know."""
    return unicodedata.normalize("NFKC", password)
