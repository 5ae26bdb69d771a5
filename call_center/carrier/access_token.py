"""The token a browser phone shows: a JWT that one of the account's API keys signed, as Twilio's libraries make it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

INVALID = 31204
EXPIRED = 31205

_IDENTITY = re.compile(r"\w{1,121}", re.ASCII)


class TokenRefused(Exception):
    """A token that opens nothing; `code` is the error the phone is told."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True)
class AccessToken:
    """Who the phone is and what it may do. `application_sid` is None where it may not place calls."""

    identity: str
    may_receive: bool
    application_sid: str | None
    expires_at: float  # seconds since 1970, by the clock on the wall


def read(token: str, account_sid: str, api_keys: Mapping[str, str]) -> AccessToken:
    """Check signature, expiry, account and shape. `api_keys`: sid → secret. Raises TokenRefused."""
    try:
        issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
        claims = jwt.decode(
            token,
            api_keys[issuer],
            algorithms=["HS256"],
            options={"require": ["exp", "iss", "sub"], "verify_aud": False},
        )
    except jwt.ExpiredSignatureError as expired:
        raise TokenRefused(EXPIRED, "Cannot register. Token is expired") from expired
    except (jwt.PyJWTError, KeyError, TypeError) as invalid:
        raise TokenRefused(INVALID, f"JWT is invalid: {invalid}") from invalid
    if claims["sub"] != account_sid:
        raise TokenRefused(INVALID, "JWT is invalid: the token is of another account")
    return _granted(claims)


def _granted(claims: Mapping[str, Any]) -> AccessToken:
    grants = _mapping(claims.get("grants"))
    voice = grants.get("voice")
    identity = grants.get("identity")
    if not isinstance(voice, dict):
        raise TokenRefused(INVALID, "JWT is invalid: it grants no voice")
    if not isinstance(identity, str) or not _IDENTITY.fullmatch(identity):
        raise TokenRefused(INVALID, "JWT is invalid: an identity has letters, digits and underscores")
    application = _mapping(voice.get("outgoing")).get("application_sid")
    return AccessToken(
        identity=identity,
        may_receive=_mapping(voice.get("incoming")).get("allow") is True,
        application_sid=application if isinstance(application, str) else None,
        expires_at=float(claims["exp"]),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
