"""The call center's part of the demo: a carrier on this machine, a queue, a number, and two months of calls.

Read by `crm demo` when the module is enabled. Light on purpose: the process that stays loads nothing else of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from call_center.carrier.account import (
    DEFAULT_ACCOUNT,
    DEFAULT_APPLICATION,
    DEFAULT_KEY,
    DEFAULT_SECRET,
    DEFAULT_TOKEN,
)
from call_center.settings import RETRIES

if TYPE_CHECKING:
    from crm_admin.config import Config
    from crm_admin.seeds.diary import Diary

LINE = "+842873001234"
PEOPLE = "callers.json"
CALLS_AN_HOUR = 20


def settings(port: int) -> dict[str, object]:
    """The account at a carrier that listens on `port` of this machine, by dotted key."""
    ours = {
        "account_sid": DEFAULT_ACCOUNT,
        "auth_token": DEFAULT_TOKEN,
        "api_key_sid": DEFAULT_KEY,
        "api_key_secret": DEFAULT_SECRET,
        "twiml_app_sid": DEFAULT_APPLICATION,
        "api_base": f"http://127.0.0.1:{port}",
        "signalling": f"127.0.0.1:{port}",
        "public_url": "",
        "shared_keys": "",
        "edge": "",
        "region": "",
    }
    return {f"call_center.{key}": value for key, value in ours.items()}


def command(config: Config, port: int, *, quiet: bool) -> tuple[str, ...]:
    """The arguments of `crm` that start the carrier; `quiet`: nobody calls by themselves."""
    people = config.data / PEOPLE
    return (
        "carrier",
        *("--port", str(port), "--app", config.public_url, "--number", LINE, "--quiet"),
        *("--overrides", RETRIES.removeprefix("#")),
        *(("--people", str(people)) if people.exists() else ()),
        *(() if quiet else ("--life", str(CALLS_AN_HOUR))),
    )


def announcement(port: int) -> str:
    """What a newcomer has to know, in one line."""
    return f"Play a customer at http://127.0.0.1:{port} and ring the company."


def enter(config: Config, diary: Diary) -> None:
    """Give a demo company that is just being built its number and its queue; its calls and texts go into the diary."""
    from call_center.seeds import enter_calls  # noqa: PLC0415 — see the top
    from call_center.text_seeds import enter_texts  # noqa: PLC0415 — see the top

    enter_calls(config, LINE, diary)
    enter_texts(config, LINE, diary)


def leave(config: Config) -> None:
    """When the company is built: write down whom the carrier's page suggests to play."""
    from call_center.seeds import suggested  # noqa: PLC0415 — see the top

    write_people(config.data / PEOPLE, suggested())


def write_people(file: Path, callers: list[dict[str, str]]) -> None:
    """Write down whom the carrier's page suggests to play."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_text(json.dumps(callers, ensure_ascii=False, indent=1), encoding="utf-8")
