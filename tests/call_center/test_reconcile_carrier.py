"""A carrier loses a third of what it should tell: one comparison, and every call of an hour is in the log, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import requests
from flask import Flask

from call_center import reconcile
from call_center.carrier.server import Carrier
from call_center.gateway import Gateway
from call_center.models import agent
from call_center.models.call import LIVE, Call
from call_center.models.call_leg import CallLeg
from call_center.settings import Settings
from crm_admin import clock
from crm_admin.config import Config
from tests.browser.site import served
from tests.people import Person


def test_what_the_carrier_lost_on_the_way_is_found_again(sqlite_crm: Flask) -> None:
    for name in ("agent", "supervisor", "office"):
        agent.sign_on(Person(sqlite_crm, name).id, device="browser", phone=None, tab="a")
    with served(sqlite_crm) as address, Carrier(address, scale=0, seed=7) as carrier:
        config, gateway = told_of(sqlite_crm, carrier, address)
        legs = lossy_hour(carrier)
        theirs = {leg["call_sid"]: leg["status"] for leg in legs}
        unheard = set(theirs) - set(ours())
        unfinished = {sid for sid, status in ours().items() if status != theirs[sid]}
        assert unheard
        assert unfinished
        began = clock.ago(hours=1)
        reconcile.since(began, config, gateway)
        assert reconcile.since(began, config, gateway).legs_mended == 0
    assert ours() == theirs
    roots = sorted(leg["call_sid"] for leg in legs if leg["direction"] == "inbound")
    assert sorted(call.provider_sid for call in Call.select()) == roots
    assert Call.select().where(Call.status.in_(LIVE)).count() == 0


def ours() -> dict[str, str]:
    """The legs that we know, and how they stand."""
    return dict(CallLeg.select(CallLeg.sid, CallLeg.status).tuples())


def told_of(app: Flask, carrier: Carrier, address: str) -> tuple[Config, Gateway]:
    """Let the application and the carrier know each other."""
    config: Config = app.extensions["crm"]
    ours = Settings(
        account_sid=carrier.account.sid,
        auth_token=carrier.account.token,
        api_base=carrier.url,
        public_url=address,
    )
    config = app.extensions["crm"] = replace(config, sections={**config.sections, "call_center": ours})
    return config, Gateway(ours, address)


def lossy_hour(carrier: Carrier) -> list[dict[str, Any]]:
    """Calls of an hour, a third of all requests lost, and some calls whole; every leg that there was."""
    sim = f"{carrier.url}/_sim"
    policy: dict[str, Any] = {"pattern": "client:*", "script": {"ring": [1, 8], "talk": 0}}
    requests.post(f"{sim}/policies", json=policy, timeout=5).raise_for_status()
    faults: list[dict[str, Any]] = [
        {"fault": "drop", "probability": 0.33},
        {"fault": "silence", "probability": 0.1},
    ]
    requests.post(f"{sim}/faults", json=faults, timeout=5).raise_for_status()
    hour = {
        "rate": 0.01,
        "seconds": timedelta(minutes=40).total_seconds(),
        "talk_mean": 60,
        "patience_mean": 20,
    }
    requests.post(f"{sim}/load", json=hour, timeout=5).raise_for_status()
    requests.post(f"{sim}/clock", json={"advance": 3600}, timeout=120).raise_for_status()
    legs: list[dict[str, Any]] = requests.get(f"{sim}/calls", timeout=5).json()["calls"]
    assert len(legs) > 20
    return legs
