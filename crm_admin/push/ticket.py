"""The ticket with which a browser opens its event stream: signed, short-lived, tied to a session."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeTimedSerializer

from crm_admin.config import Config

SALT = "push"
HOURS = 12
SESSION_CHARS = 16


class BadTicket(Exception):
    """Not ours, altered, or too old."""


@dataclass(frozen=True)
class Ticket:
    """Whose stream it is. `session` is the beginning of the stored session hash, `expires_at` is in epoch seconds."""

    user_id: int
    session: str
    roles: frozenset[str]
    expires_at: float


def token(config: Config, user_id: int, session_id: str, roles: Collection[str] = ()) -> str:
    """A ticket for a page of this user, good for 12 hours or until the session ends, whichever is first.

    `session_id` is the hash under which the session is stored, never the secret of the cookie. Roles may travel in
    the ticket because a change of roles ends the session.
    """
    payload = {"u": user_id, "s": session_id[:SESSION_CHARS], "r": sorted(roles)}
    return str(_signer(config).dumps(payload))


def read(config: Config, text: str) -> Ticket:
    """The ticket in `text`; raises BadTicket."""
    try:
        payload, made = _signer(config).loads(text, max_age=HOURS * 3600, return_timestamp=True)
        return Ticket(
            int(payload["u"]), str(payload["s"]), frozenset(payload["r"]), made.timestamp() + HOURS * 3600
        )
    except (BadData, KeyError, TypeError, ValueError) as error:
        raise BadTicket from error


def _signer(config: Config) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(config.secret_key, salt=SALT)
