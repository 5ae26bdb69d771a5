"""Guessing is slow: tries are counted by account and network, exactly, in a sliding window.

A try is written down before the password is looked at and taken back when it was right. Of tries that come at
the same moment the last one to be written sees all the others, so the limit holds without a lock.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import operator
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce

from peewee import BigAutoField, DateTimeField, TextField, fn

from crm_admin import clock
from crm_admin.config import Security
from crm_admin.db import Table

# An office behind one address is many people; one account is one person.
NETWORK_FACTOR = 10
ACCOUNT_TRIES = 100
ACCOUNT_WINDOW = timedelta(hours=1)


class Attempt(Table):
    """A try that counts against `key`. One try has a row for each key, and one `attempt` in common."""

    id = BigAutoField()
    key = TextField()
    at = DateTimeField(index=True)
    attempt = TextField(index=True)

    class Meta:
        table_name = "sys_throttle"
        indexes = ((("key", "at"), False),)


@dataclass(frozen=True)
class Limit:
    """At most `tries` within `window` for everything that counts against `key`."""

    key: str
    tries: int
    window: timedelta


class Throttled(Exception):
    """Too many tries; `retry_s` is how many seconds until the next one can be accepted."""

    def __init__(self, retry_s: int) -> None:
        self.retry_s = retry_s
        super().__init__(f"retry in {retry_s} s")


def sign_in_limits(security: Security, username: str, ip: str | None, device: str | None) -> list[Limit]:
    """What a sign-in counts against. `device` is set when this browser has signed in to this account before:
    then other people's guesses do not count, so that they cannot lock the owner out."""
    window = timedelta(minutes=security.login_window_minutes)
    account = _hide(username)
    if device is not None:
        return [Limit(f"device:{account}:{_hide(device)}", security.login_tries, window)]
    where = network(ip)
    return [
        Limit(f"pair:{account}:{where}", security.login_tries, window),
        Limit(f"network:{where}", security.login_tries * NETWORK_FACTOR, window),
        Limit(f"account:{account}", ACCOUNT_TRIES, ACCOUNT_WINDOW),
    ]


def session_limits(security: Security, session_id: int) -> list[Limit]:
    """What asking for the current password inside a session counts against."""
    window = timedelta(minutes=security.login_window_minutes)
    return [Limit(f"session:{session_id}", security.login_tries, window)]


def take(limits: list[Limit]) -> str:
    """Write a try down; the word by which it can be forgiven. Raises Throttled, then nothing was counted.

    Must not run inside a transaction: others have to see the try at once.
    """
    _refuse_over(limits, pending=1)
    now, attempt = clock.now(), secrets.token_hex(8)
    Attempt.delete().where(
        Attempt.at < now - max(max(limit.window for limit in limits), ACCOUNT_WINDOW)
    ).execute()
    Attempt.insert_many([{"key": limit.key, "at": now, "attempt": attempt} for limit in limits]).execute()
    try:
        _refuse_over(limits, pending=0)
    except Throttled:
        take_back(attempt)
        raise
    return attempt


def take_back(attempt: str) -> None:
    """The try came to nothing: it does not count."""
    Attempt.delete().where(Attempt.attempt == attempt).execute()


def forgive(attempt: str, limits: list[Limit]) -> None:
    """The try was right: it does not count, nor do earlier slips against the narrowest limit."""
    Attempt.delete().where((Attempt.attempt == attempt) | (Attempt.key == limits[0].key)).execute()


def network(ip: str | None) -> str:
    """Whom an address belongs to, as far as one can tell: its IPv4 /24 or IPv6 /64."""
    try:
        address = ipaddress.ip_address(ip or "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(address), 64), strict=False))
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((int(address), 24), strict=False))


def _refuse_over(limits: list[Limit], *, pending: int) -> None:
    """Raise Throttled when the tries of a key in its window, and `pending` more, are over its limit."""
    now = clock.now()
    within = reduce(
        operator.or_, ((Attempt.key == limit.key) & (Attempt.at > now - limit.window) for limit in limits)
    )
    query = Attempt.select(Attempt.key, fn.COUNT(Attempt.id), fn.MIN(Attempt.at)).where(within)
    counted = {key: (count, oldest) for key, count, oldest in query.group_by(Attempt.key).tuples()}
    waits = [
        (counted[limit.key][1] + limit.window - now).total_seconds()
        for limit in limits
        if counted.get(limit.key, (0,))[0] + pending > limit.tries
    ]
    if waits:
        raise Throttled(max(1, math.ceil(max(waits))))


def _hide(text: str) -> str:
    """People type passwords into the field for the name: keep nothing readable."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
