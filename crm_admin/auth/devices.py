"""Browsers that have signed in before: a signed cookie says to which accounts, and nothing else.

It opens nothing. It only keeps the guesses of strangers from locking the owner of an account out.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeSerializer

MAX_AGE_S = 400 * 86_400  # browsers keep no cookie longer
ACCOUNTS = 10


@dataclass(frozen=True)
class Device:
    """A browser by its random id, and the people who have signed in with it, latest first."""

    id: str
    users: tuple[int, ...] = ()

    def knows(self, user_id: int) -> bool:
        return user_id in self.users

    def remembering(self, user_id: int) -> Device:
        """The same device after `user_id` has signed in."""
        others = tuple(user for user in self.users if user != user_id)
        return Device(self.id, (user_id, *others)[:ACCOUNTS])


def read(cookie: str | None, secret_key: str) -> Device:
    """The device of a cookie; a new one when there is none or it is not ours."""
    try:
        device_id, users = _serializer(secret_key).loads(cookie or "")
        return Device(str(device_id), tuple(int(user) for user in users))
    except (BadSignature, ValueError, TypeError):
        return Device(secrets.token_urlsafe(16))


def write(device: Device, secret_key: str) -> str:
    """The cookie of a device."""
    return str(_serializer(secret_key).dumps([device.id, list(device.users)]))


def _serializer(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt="crm-device")
