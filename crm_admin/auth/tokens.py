"""Tokens by which programs act for a person: shown once, stored as a hash, never worth more than their owner."""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from peewee import JOIN, BigAutoField, DateTimeField, ModelSelect, TextField, Value

from crm_admin import clock, registry
from crm_admin.auth.events import tell
from crm_admin.auth.sessions import PERSON, SEEN_EVERY, digest, version_of
from crm_admin.db import LinkField, Table
from crm_admin.entities.user import User

NAME_LENGTH = 80
_FORM = re.compile(r"crm_([0-9a-f]{12})_([A-Za-z0-9_-]{43})\Z")


class Token(Table):
    """A token. `scopes` is a JSON list that narrows its owner's rights; NULL narrows nothing."""

    id = BigAutoField()
    prefix = TextField(unique=True)
    token_hash = TextField()
    user = LinkField("user", index=True)
    name = TextField(default="")
    scopes = TextField(null=True)
    created_at = DateTimeField(default=clock.now)
    expires_at = DateTimeField(null=True)
    last_used_at = DateTimeField(null=True)
    revoked_at = DateTimeField(null=True)

    class Meta:
        table_name = "sys_token"

    @property
    def scope_list(self) -> list[str] | None:
        return None if self.scopes is None else list(json.loads(self.scopes))

    @property
    def is_live(self) -> bool:
        """Whether it still opens anything."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > clock.now())


class UnknownScope(ValueError):
    """There is no such scope; `str()` is the one that was given."""


def mint(
    user_id: int, *, name: str = "", scopes: Iterable[str] = (), days: int | None = None
) -> tuple[Token, str]:
    """A new token and its text, which nobody can read again. No scopes: all its owner may do. No days: no end.

    Raises UnknownScope.
    """
    wanted = sorted(set(scopes))
    for scope in wanted:
        if not is_scope(scope):
            raise UnknownScope(scope)
    now = clock.now()
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    token = Token.create(
        prefix=prefix,
        token_hash=digest(secret),
        user=user_id,
        name=" ".join(name.split())[:NAME_LENGTH],
        scopes=json.dumps(wanted) if wanted else None,
        created_at=now,
        expires_at=None if days is None else now + timedelta(days=days),
    )
    tell("program_access_given", user_id=user_id, program_id=token.id, scopes=wanted or None, days=days)
    return token, f"crm_{prefix}_{secret}"


def is_scope(scope: str) -> bool:
    """`read`, `write`, `<entity>:read` or `<entity>:write`."""
    entity, colon, kind = scope.rpartition(":")
    return kind in ("read", "write") and (not colon or registry.find(entity) is not None)


def authenticate(header: str | None) -> tuple[Any, list[str] | None] | None:
    """The person (columns `PERSON`, with `policy_version` and `schema_version`) and the scopes of an `Authorization`
    header, in one query; None for everything but `Bearer` and a live token of a person who may sign in."""
    scheme, _, text = (header or "").partition(" ")
    parts = _FORM.match(text.strip()) if scheme.lower() == "bearer" else None
    if parts is None:
        return None
    prefix, secret = parts.groups()
    query = (
        Token.select(Token, *PERSON, version_of("policy"), version_of("schema"))
        .join(User, JOIN.INNER, on=(User.id == Token.user), attr="person")
        .where(
            Token.prefix == prefix,
            User.active == Value(True),
            User.deleted_at.is_null(),
            User.role.is_null(False),
        )
    )
    token = query.first()
    if token is None or not hmac.compare_digest(token.token_hash, digest(secret)) or not token.is_live:
        return None
    _note_used(token)
    person = token.person
    person.policy_version, person.schema_version = token.policy_version, token.schema_version
    return person, token.scope_list


def revoke(token_id: int, *, owner: int | None = None) -> bool:
    """End a token, for good; only one of `owner` when that is given. Whether there was such a live token."""
    query = Token.update(revoked_at=clock.now()).where(Token.id == token_id, Token.revoked_at.is_null())
    if owner is not None:
        query = query.where(Token.user == owner)
    done = bool(query.execute())
    if done:
        tell("program_access_ended", program_id=token_id)
    return done


def of_person(user_id: int) -> list[Token]:
    """The tokens of a person, newest first, ended ones included."""
    return list(Token.select().where(Token.user == user_id).order_by(Token.id.desc()))


def live() -> ModelSelect:
    """All live tokens with their owners (`token.person`: name, username), newest first."""
    query = Token.select(Token, User.id, User.name, User.username).join(
        User, on=(User.id == Token.user), attr="person"
    )
    unended = Token.expires_at.is_null() | (Token.expires_at > clock.now())
    return query.where(Token.revoked_at.is_null(), unended, User.active == Value(True)).order_by(
        Token.id.desc()
    )


def _note_used(token: Token) -> None:
    now = clock.now()
    if token.last_used_at is None or token.last_used_at <= now - SEEN_EVERY:
        Token.update(last_used_at=now).where(Token.id == token.id).execute()
