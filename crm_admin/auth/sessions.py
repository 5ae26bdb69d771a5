"""Signed-in browsers: one row each, so that a session ends when it is ended, whatever cookie somebody kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from peewee import JOIN, BigAutoField, DateTimeField, TextField, Value, fn

from crm_admin import clock
from crm_admin.config import Security
from crm_admin.db import LinkField, Table, database
from crm_admin.entities.user import User
from crm_admin.policy import Version

SEEN_EVERY = timedelta(minutes=1)
AGENT_LENGTH = 200

# The first mark that a User-Agent contains; most claim to be several.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)

# What a request needs to know of a person; the password hash stays in the database.
PERSON = (
    User.id,
    User.username,
    User.name,
    User.email,
    User.role,
    User.language,
    User.timezone,
    User.theme,
    User.active,
    User.last_seen_at,
    User.row_version,
    User.list_preferences,
)


class Session(Table):
    """A signed-in browser. The cookie holds the token, the row its SHA-256, and the role it was opened with."""

    id = BigAutoField()
    token_hash = TextField(unique=True)
    user = LinkField("user", index=True)
    role = LinkField("role")
    created_at = DateTimeField()
    seen_at = DateTimeField()
    expires_at = DateTimeField(index=True)
    ip = TextField(default="")
    agent = TextField(default="")

    class Meta:
        table_name = "sys_session"

    @property
    def device_name(self) -> str:
        """Browser and system in words people know, such as "Firefox · Windows"; empty when neither is known."""
        found = (
            next((name for mark, name in marks if mark in self.agent), "") for marks in (_BROWSERS, _SYSTEMS)
        )
        return " · ".join(name for name in found if name)


@dataclass(frozen=True)
class Found:
    """A valid session with its person (columns `PERSON`) and the versions that tell whether caches are fresh."""

    session: Session
    user: Any
    policy_version: int
    schema_version: int


def start(user: Any, security: Security, *, ip: str, agent: str) -> tuple[Session, str]:
    """A new session of `user` (id, role) and the token for its cookie. Ended sessions of everybody are cleared away."""
    now = clock.now()
    token = secrets.token_urlsafe(32)
    with database.atomic():
        Session.delete().where(
            (Session.expires_at < now) | (Session.seen_at < now - idle_limit(security))
        ).execute()
        session = Session.create(
            token_hash=digest(token),
            user=user.id,
            role=user.role,
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(days=security.session_days),
            ip=ip,
            agent="".join(c for c in agent if c.isprintable())[:AGENT_LENGTH],
        )
    return session, token


def find(token: str, security: Security) -> Found | None:
    """The session of this token, in one query; None when it never was, has ended, or its person may not sign in.

    A session is void by itself when the person's role is another one or the password newer than it, so that no
    way of changing them can forget to end it.
    """
    now = clock.now()
    query = (
        Session.select(Session, *PERSON, version_of("policy"), version_of("schema"))
        .join(User, JOIN.INNER, on=(User.id == Session.user), attr="person")
        .where(
            Session.token_hash == digest(token),
            Session.expires_at > now,
            Session.seen_at > now - idle_limit(security),
            Session.role == User.role,
            User.active == Value(True),
            User.deleted_at.is_null(),
            User.password_changed_at.is_null() | (User.password_changed_at <= Session.created_at),
        )
    )
    session = query.first()
    if session is None:
        return None
    return Found(session, session.person, session.policy_version, session.schema_version)


def note_seen(session: Session) -> None:
    """Note that the session is in use, at most once a minute."""
    now = clock.now()
    if session.seen_at > now - SEEN_EVERY:
        return
    with database.atomic():
        # Requests of one page come together; only the first of them writes.
        mine = Session.update(seen_at=now).where(Session.id == session.id, Session.seen_at == session.seen_at)
        if mine.execute():
            User.update(last_seen_at=now).where(User.id == session.user).execute()


def of_person(user_id: int, security: Security) -> list[Session]:
    """The open sessions of a person, last used first."""
    now = clock.now()
    query = Session.select().where(
        Session.user == user_id, Session.expires_at > now, Session.seen_at > now - idle_limit(security)
    )
    return list(query.order_by(Session.seen_at.desc(), Session.id.desc()))


def end(user_id: int, session_id: int) -> bool:
    """End one session of this person; whether there was such a one."""
    return bool(Session.delete().where(Session.id == session_id, Session.user == user_id).execute())


def end_all(user_id: int, *, but: int | None = None) -> int:
    """End all sessions of a person, except the one with id `but`; how many there were."""
    query = Session.delete().where(Session.user == user_id)
    if but is not None:
        query = query.where(Session.id != but)
    return int(query.execute())


def version_of(name: str) -> Any:
    """The sub-select `<name>_version`: a counter of `sys_version`, 1 before its first change."""
    row = Version.select(Version.value).where(Version.name == name)
    return fn.COALESCE(row, 1).alias(f"{name}_version")


def idle_limit(security: Security) -> timedelta:
    """How long a session may go unused."""
    return timedelta(minutes=security.session_idle_minutes)


def digest(token: str) -> str:
    """What is stored of a random token. It has 256 bits, so a plain hash cannot be searched."""
    return hashlib.sha256(token.encode()).hexdigest()
