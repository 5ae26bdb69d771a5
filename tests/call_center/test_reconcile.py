"""What the provider knows and never told us: gaps in the call log close, once, whatever was missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from call_center import reconcile, reconcile_jobs
from call_center.gateway import Gateway
from call_center.models import agent
from call_center.models.call import Call
from call_center.models.call_event import CallEvent
from call_center.models.call_leg import CallLeg
from call_center.models.recording import Recording
from call_center.settings import Settings
from crm_admin import clock, db, history, jobs, policy, records
from crm_admin.config import Config
from crm_admin.jobs import Running, schedule
from crm_admin.kinds.phone import Phone
from tests.call_center.provider import ACCOUNT, NOON, TOKEN, Provider, sid
from tests.call_center.standin import Reply, Standin, call, standing_in
from tests.people import Person

MAI = "+84912345678"
LINE = "+842873001234"
JOB = cast(Running, SimpleNamespace(payload={}))
DAY = NOON - timedelta(hours=24)


@pytest.fixture
def remote() -> Iterator[Standin]:
    with standing_in() as made:
        made.answer("GET", "/Calls.json", Reply(200, {"calls": []}))
        made.answer("GET", "/Recordings.json", Reply(200, {"recordings": []}))
        yield made


def of(provider: Provider, remote: Standin) -> tuple[Config, Gateway]:
    config: Config = provider.app.extensions["crm"]
    ours = Settings(account_sid=ACCOUNT, auth_token=TOKEN, api_base=remote.url, timeout_s=2)
    config = replace(config, sections={**config.sections, "call_center": ours})
    return config, Gateway(ours, "http://127.0.0.1:8000")


def stamp(after_s: float) -> str:
    return format_datetime((NOON + timedelta(seconds=after_s)).replace(tzinfo=UTC))


def leg(number: str, *, begin_s: float, end_s: float, seconds: int, **facts: Any) -> dict[str, Any]:
    """An incoming leg that is over, as the provider keeps it."""
    ours = {"direction": "inbound", "from": MAI, "to": LINE, "status": "completed", "account_sid": ACCOUNT}
    times = {"date_created": stamp(begin_s), "start_time": stamp(begin_s), "end_time": stamp(end_s)}
    return call(number, **{**ours, **times, "duration": str(seconds), **facts})


def told(remote: Standin, *legs: dict[str, Any]) -> None:
    remote.answer("GET", "/Calls.json", Reply(200, {"calls": list(legs), "next_page_uri": None}))


def rows() -> list[tuple[Any, ...]]:
    legs = CallLeg.select(CallLeg.sid, CallLeg.status, CallLeg.duration_s, CallLeg.ended_at).order_by(
        CallLeg.sid
    )
    calls = Call.select(Call.thread, Call.status, Call.talked_s, Call.ended_at).order_by(Call.thread)
    return [*legs.tuples(), *calls.tuples()]


def test_a_call_that_we_never_heard_of_stands_in_the_history(provider: Provider, remote: Standin) -> None:
    contact = records.create(
        policy.SYSTEM,
        "contact",
        {"family_name": "Trần", "given_name": "Mai", "mobile": Phone("0912 345 678", MAI, "")},
    )
    user, root, child = Person(provider.app, "agent").id, sid(), sid()
    ringing = {"parent_call_sid": root, "direction": "outbound-dial", "to": f"client:agent_{user}"}
    told(
        remote,
        leg(child, begin_s=-100, end_s=-30, seconds=60, **ringing),
        leg(root, begin_s=-101, end_s=-29, seconds=72),
    )
    config, gateway = of(provider, remote)
    made = reconcile.since(DAY, config, gateway)
    assert (made.legs, made.legs_mended) == (2, 2)
    found = Call.get()
    assert (found.status, found.agent, found.contact, found.talked_s) == ("completed", user, contact.id, 60)
    assert (found.thread, found.synthesised) == (root, True)
    assert found.started_at == NOON - timedelta(seconds=101)
    before, events = rows(), CallEvent.select().count()
    assert reconcile.since(DAY, config, gateway).legs_mended == 0
    assert (rows(), CallEvent.select().count()) == (before, events)
    assert len(history.timeline(policy.SYSTEM, "contact", contact.id, kinds=["call"])[0]) == 1


def test_late_notices_after_a_comparison_change_nothing(provider: Provider, remote: Standin) -> None:
    caller = provider.call(MAI)
    told(remote, leg(caller.sid, begin_s=0, end_s=20, seconds=20))
    config, gateway = of(provider, remote)
    assert reconcile.since(DAY, config, gateway).legs_mended == 1
    assert Call.get().status == "missed"
    before = rows()
    caller.ended(20, 20)
    assert rows() == before
    assert Call.select().count() == 1


def test_a_call_whose_end_was_lost_ends_and_its_agent_is_free(provider: Provider, remote: Standin) -> None:
    user = Person(provider.app, "agent").id
    agent.sign_on(user, device="browser", phone=None, tab="a")
    caller, child = provider.call(MAI), sid()
    caller.leg("in-progress", child, 5, 2)
    assert agent.of(user).state == "on_call"  # type: ignore[union-attr]
    ended = {"parent_call_sid": caller.sid, "to": f"client:agent_{user}", "direction": "outbound-dial"}
    remote.answer(
        "GET", f"/Calls/{child}.json", Reply(200, leg(child, begin_s=0, end_s=65, seconds=60, **ended))
    )
    remote.answer(
        "GET", f"/Calls/{caller.sid}.json", Reply(200, leg(caller.sid, begin_s=0, end_s=66, seconds=66))
    )
    config, gateway = of(provider, remote)
    assert reconcile.stale(config, gateway).legs == 0  # it may still be going on
    with clock.at(NOON + timedelta(minutes=30)):
        assert reconcile.stale(config, gateway).legs_mended == 2
        assert reconcile.stale(config, gateway).legs == 0
    found = Call.get()
    assert (found.status, found.talked_s, found.ended_at) == ("completed", 60, NOON + timedelta(seconds=66))
    assert agent.of(user).state == "wrap_up"  # type: ignore[union-attr]


def test_a_call_that_still_goes_on_is_left_alone(sqlite_provider: Provider, remote: Standin) -> None:
    caller = sqlite_provider.call(MAI)
    living = leg(caller.sid, begin_s=0, end_s=0, seconds=0, status="ringing", end_time=None, duration=None)
    remote.answer("GET", f"/Calls/{caller.sid}.json", Reply(200, living))
    config, gateway = of(sqlite_provider, remote)
    with clock.at(NOON + timedelta(minutes=30)):
        assert reconcile.stale(config, gateway).legs_mended == 0
    assert Call.get().status == "ringing"


def test_a_leg_that_the_provider_does_not_know_is_not_alive(
    sqlite_provider: Provider, remote: Standin
) -> None:
    sqlite_provider.call(MAI)
    config, gateway = of(sqlite_provider, remote)
    with clock.at(NOON + timedelta(minutes=30)):
        assert reconcile.stale(config, gateway).legs_mended == 1
        assert reconcile.stale(config, gateway).legs == 0
    assert Call.get().status == "missed"


def test_a_recording_whose_notice_was_lost_is_fetched_later(
    sqlite_provider: Provider, remote: Standin
) -> None:
    caller, recorded, foreign = sqlite_provider.call(MAI), sid("RE"), sid("RE")
    row = {
        "call_sid": caller.sid,
        "status": "completed",
        "source": "DialVerb",
        "channels": 2,
        "duration": "60",
    }
    times = {"date_created": stamp(5), "start_time": stamp(5)}
    listed = [{"sid": recorded, **row, **times}, {"sid": foreign, **row, **times, "call_sid": sid()}]
    remote.answer("GET", "/Recordings.json", Reply(200, {"recordings": listed, "next_page_uri": None}))
    told(remote, leg(caller.sid, begin_s=0, end_s=66, seconds=66))
    config, gateway = of(sqlite_provider, remote)
    assert reconcile.since(DAY, config, gateway).recordings_mended == 1
    found = Recording.get()
    assert (found.sid, found.state, found.duration_s, found.channels) == (recorded, "pending", 60, 2)
    assert reconcile.since(DAY, config, gateway).recordings_mended == 0


def test_the_regular_comparison_goes_on_where_the_last_good_one_began(
    sqlite_provider: Provider, remote: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "_periods", {})
    app = sqlite_provider.app
    app.extensions["crm"], _gateway = of(sqlite_provider, remote)

    def compared() -> str:
        remote.asked.clear()
        jobs.enqueue(reconcile_jobs.ALL, {})
        assert jobs.Worker(app.extensions["crm"], around=app.app_context).step()
        return remote.asked[0].query["StartTime>"][0]

    assert compared() == "2026-11-19T05:00:00Z"
    with clock.at(NOON + timedelta(hours=30)):
        assert compared() == "2026-11-20T04:00:00Z"
    with clock.at(NOON + timedelta(days=30)):
        assert compared() == "2026-12-13T05:00:00Z"


def test_without_an_account_there_is_nothing_to_compare(sqlite_provider: Provider) -> None:
    app = sqlite_provider.app
    config: Config = app.extensions["crm"]
    app.extensions["crm"] = replace(config, sections={"call_center": Settings()})
    with app.app_context():
        assert reconcile_jobs.compare(JOB) == reconcile_jobs.end_stale(JOB) == {}


def test_the_command_compares_since_a_moment(
    sqlite_provider: Provider, remote: Standin, tmp_path: Path
) -> None:
    told(remote, leg(sid(), begin_s=0, end_s=20, seconds=20))
    url = str(sqlite_provider.app.extensions["crm"].database_url)
    db.database.close()
    done = crm(tmp_path, url, remote, "--since", "2026-11-20T05:00:00+07:00", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"legs": 1, "legs_mended": 1, "recordings": 0, "recordings_mended": 0}
    (asked,) = [asked for asked in remote.asked if asked.path.endswith("/Calls.json")]
    assert asked.query["StartTime>"] == ["2026-11-19T22:00:00Z"]
    assert Call.select().count() == 1

    assert crm(tmp_path, url, remote, "--since", "yesterday").returncode == 2
    remote.answer("GET", "/Calls.json", Reply(401, {"code": 20003, "message": "Authenticate"}))
    refused = crm(tmp_path, url, remote)
    assert (refused.returncode, refused.stderr) == (1, "crm: the provider: 20003: Authenticate\n")


def crm(folder: Path, url: str, remote: Standin, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = {"environment": "test", "data_dir": str(folder), "database.url": url}
    given = [part for key, value in settings.items() for part in ("--set", f"{key}={json.dumps(value)}")]
    return subprocess.run(
        [sys.executable, "-m", "crm_admin", "calls", "reconcile", *given, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={
            **os.environ,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_API_BASE": remote.url,
            "CRM_SECRET_KEY": "a-secret-for-tests-only-0123456789abcdef",
        },
    )


def test_moments_are_read_with_and_without_a_zone() -> None:
    from call_center.commands import Moment  # noqa: PLC0415 — the command's file loads late everywhere

    read = Moment().convert
    assert read("2026-11-22", None, None) == datetime(2026, 11, 22)
    assert read("2026-11-22T08:00:00+07:00", None, None) == datetime(2026, 11, 22, 1)
