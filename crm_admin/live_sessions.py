"""Which sessions still live, for the push process: the rule of `auth.sessions.find` as SQL, without the ORM.

A test holds the two together. The ORM and its drivers weigh more than the whole push process may.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import TYPE_CHECKING

from crm_admin import clock
from crm_admin.config import Config

if TYPE_CHECKING:
    from crm_admin.push import Source

PREFIX_CHARS = 16
_AT_ONCE = 500  # values of one statement; SQLite takes 999 everywhere

_LIVING = """
    SELECT DISTINCT substr(s.token_hash, 1, {length}) FROM sys_session s JOIN "user" u ON u.id = s."user"
    WHERE substr(s.token_hash, 1, {length}) IN ({marks})
      AND s.expires_at > ? AND s.seen_at > ? AND s.role = u.role AND u.active AND u.deleted_at IS NULL
      AND (u.password_changed_at IS NULL OR u.password_changed_at <= s.created_at)
"""


def of(config: Config) -> Callable[[Source, Collection[str]], Awaitable[Collection[str]]]:
    """A question to a push source: of these beginnings of session hashes, which belong to a session that lives?"""
    idle = timedelta(minutes=config.security.session_idle_minutes)

    async def living(source: Source, prefixes: Collection[str]) -> Collection[str]:
        wanted, found = sorted(prefixes), set[str]()
        now = clock.now()
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            sql = _LIVING.format(length=PREFIX_CHARS, marks=", ".join("?" * len(some)))
            found |= {row[0] for row in await source.rows(sql, (*some, str(now), str(now - idle)))}
        return found

    return living
