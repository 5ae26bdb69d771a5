"""What may happen to a person's account: password, sessions, preferences, and the last administrator."""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer
from peewee import Value

from crm_admin import audit, clock, policy, records
from crm_admin.auth import passwords, sessions
from crm_admin.auth.events import tell
from crm_admin.config import Config
from crm_admin.db import database
from crm_admin.entities.role import Role
from crm_admin.entities.user import User
from crm_admin.policy import Actor
from crm_admin.registry import Record
from crm_admin.roles import ADMINISTRATOR

LINK_HOURS = 24
# A change of one of these ends the person's sessions; a new password does so in set_password().
ENDS_SESSIONS = frozenset({"role", "active", "username"})
RIGHTS = frozenset({"role", "active", "teams"})


def username_of(typed: str) -> str:
    """The spelling under which a sign-in name is kept: case and stray spaces do not matter."""
    return "".join(c for c in unicodedata.normalize("NFC", typed) if c.isprintable()).strip().lower()


def by_username(typed: str) -> Any | None:
    """The person who signs in by this name; None when there is none, or they are in the recycle bin."""
    return User.select().where(User.username == username_of(typed), User.deleted_at.is_null()).first()


def may_sign_in(user: Any) -> bool:
    """Whether this person is active, there, and has a role."""
    return bool(user.active and user.deleted_at is None and user.role is not None)


def nobody_yet() -> bool:
    """Whether the installation has no people."""
    return User.select(Value(1)).tuples().first() is None


def set_password(
    user_id: int, password: str, *, by: Actor = policy.SYSTEM, keep_session: int | None = None
) -> None:
    """Give a person a new password and end their sessions, but the one with id `keep_session`.

    Whether it is good enough is the caller's question: `passwords.refuse_weak`. Raises passwords.Busy.
    """
    stored = passwords.hashed(password)
    now = clock.now()
    with database.atomic():
        User.update(password_hash=stored, password_changed_at=now).where(User.id == user_id).execute()
        if keep_session is not None:
            # A session older than the password is void, so the one in hand begins anew.
            sessions.Session.update(created_at=now).where(sessions.Session.id == keep_session).execute()
        sessions.end_all(user_id, but=keep_session)
        version = User.select(User.row_version).where(User.id == user_id).scalar()
        audit.write(by, "user", user_id, "password", {}, version)
    tell("password_set", user_id=user_id, by=by.id)


def renew_hash(user: Any, password: str) -> None:
    """Store the right password of `user` with today's parameters, where it was stored with others."""
    if not passwords.is_outdated(user.password_hash):
        return
    # When the machine is busy, the next sign-in will do it.
    with suppress(passwords.Busy):
        renewed = passwords.hashed(password)
        User.update(password_hash=renewed).where(
            User.id == user.id, User.password_hash == user.password_hash
        ).execute()


def hash_of(user_id: int) -> str | None:
    """The stored hash, which no other query of a request brings along."""
    found: str | None = User.select(User.password_hash).where(User.id == user_id).scalar()
    return found


def acting(user: Any) -> Actor:
    """An actor who may do with their own account what roles do not grant, under their own name in the audit."""
    return replace(policy.SYSTEM, id=user.id, name=user.name or user.username)


def set_preferences(user_id: int, values: dict[str, Any]) -> None:
    """Set language, time zone or theme: anybody may for themselves, whatever their role may do with people."""
    person = User.get_by_id(user_id)
    records.update(acting(person), person, values)


def after_user_change(user_id: int, changed_fields: Iterable[str]) -> None:
    """Let a change of a person take effect at once: end their sessions, tell every process that rights moved.

    Runs in the transaction of the change. Every save of a `user` record comes here by itself.
    """
    changed = set(changed_fields)
    if changed & ENDS_SESSIONS:
        sessions.end_all(user_id)
    if changed & RIGHTS:
        policy.bump()
        tell("rights_changed", user_id=user_id, fields=sorted(changed & RIGHTS))


def last_administrator(user_id: int) -> bool:
    """Whether this person is the only one left who can sign in as administrator."""
    able = (
        User.select(User.id)
        .join(Role, on=(Role.id == User.role))
        .where(Role.key == ADMINISTRATOR, User.active == Value(True), User.deleted_at.is_null())
        .limit(2)
        .tuples()
    )
    return [row[0] for row in able] == [user_id]


# ── links by which a person sets a password ─────────────────────────────────────────────────────────
def password_link(user_id: int, config: Config) -> str:
    """An address at which this person sets a password, once, within 24 hours. Hand it over in private."""
    user = User.get_by_id(user_id)
    until = clock.now() + timedelta(hours=LINK_HOURS)
    signed = _links(config.secret_key).dumps([user.id, _state(user, config.secret_key), _seconds(until)])
    tell("password_link_made", user_id=user_id)
    return f"{config.public_url}/password/{signed}"


def of_link(signed: str, config: Config) -> Any | None:
    """The person of a link that is still good; None once it was used, is too old, or they may not sign in."""
    try:
        user_id, state, until = _links(config.secret_key).loads(signed)
    except (BadSignature, ValueError, TypeError):
        return None
    if _seconds(clock.now()) > until:
        return None
    user = User.get_or_none(User.id == user_id)
    if user is None or not may_sign_in(user):
        return None
    return user if hmac.compare_digest(state, _state(user, config.secret_key)) else None


def _links(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt="crm-password-link", signer_kwargs={"digest_method": sha256})


def _state(user: Any, secret_key: str) -> str:
    """Changes with the password, so that a link works once and dies with any other change of it."""
    return hmac.new(secret_key.encode(), f"{user.id}:{user.password_hash}".encode(), "sha256").hexdigest()[
        :32
    ]


def _seconds(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp())


def _saved(actor: Actor, record: Record, before: dict[str, Any] | None) -> None:
    after_user_change(int(record.id), before or ())


records.subscribe("user", _saved)
