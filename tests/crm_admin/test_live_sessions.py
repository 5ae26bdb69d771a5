"""The push process and the web process agree on which sessions live, though one of them goes without the ORM."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crm_admin import clock, live_sessions
from crm_admin import config as settings
from crm_admin.auth import sessions
from crm_admin.config import Config
from crm_admin.entities.user import User
from crm_admin.policy import Version
from crm_admin.push.source import source_of
from tests.connected import connected


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Iterator[Config]:
    made = settings.load(
        environ={}, overrides={"environment": "test", "data_dir": str(tmp_path), "database.url": database_url}
    )
    with connected(made, [User, Version, sessions.Session]):
        yield made


def person(**values: Any) -> Any:
    number = User.select().count()
    user = {"username": f"p{number}", "name": "Person", "role": 1, "active": True, **values}
    return User.create(**user)


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "in use": ({}, {}),
    "idle for too long": ({}, {"seen_at": -timedelta(minutes=480, seconds=1)}),
    "idle for nearly too long": ({}, {"seen_at": -timedelta(minutes=479)}),
    "over": ({}, {"expires_at": -timedelta(seconds=1)}),
    "of a person with another role": ({}, {"role": 2}),
    "of a disabled person": ({"active": False}, {}),
    "of a deleted person": ({"deleted_at": timedelta(0)}, {}),
    "older than the password": ({"password_changed_at": timedelta(seconds=1)}, {}),
    "newer than the password": ({"password_changed_at": -timedelta(days=1)}, {}),
}


def test_both_agree_on_every_kind_of_session(config: Config) -> None:
    now = clock.now()
    tokens, prefixes = {}, {}
    for case, (of_person, _) in CASES.items():
        moved = {
            key: now + value if isinstance(value, timedelta) else value for key, value in of_person.items()
        }
        session, token = sessions.start(person(**moved), config.security, ip="192.0.2.1", agent="test")
        tokens[case], prefixes[case] = token, session.token_hash[: live_sessions.PREFIX_CHARS]
    for case, (_, of_session) in CASES.items():
        moved = {
            key: now + value if isinstance(value, timedelta) else value for key, value in of_session.items()
        }
        if moved:
            hashed = sessions.digest(tokens[case])
            sessions.Session.update(**moved).where(sessions.Session.token_hash == hashed).execute()

    async def ask() -> set[str]:
        source = source_of(config)
        await source.open()
        try:
            return set(await live_sessions.of(config)(source, [*prefixes.values(), "0" * 16]))
        finally:
            await source.close()

    living = asyncio.run(ask())
    by_rule = {case for case, token in tokens.items() if sessions.find(token, config.security) is not None}
    assert {case for case, prefix in prefixes.items() if prefix in living} == by_rule
    assert by_rule == {"in use", "idle for nearly too long", "newer than the password"}


def test_nobody_to_ask_about(config: Config) -> None:
    async def ask() -> list[str]:
        return list(await live_sessions.of(config)(source_of(config), []))

    assert asyncio.run(ask()) == []
