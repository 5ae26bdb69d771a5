"""A call through our carrier and our doors, request by request: npm's twilio would have let each of them in too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import requests
from flask import Flask

from call_center.carrier.account import Account, Behaviour
from call_center.carrier.server import Carrier
from call_center.models import agent
from call_center.models.call_leg import CallLeg
from call_center.settings import Settings
from tests.browser.site import served
from tests.call_center.peers.line import ANSWERS, OURS, soon
from tests.call_center.provider import ACCOUNT
from tests.peers import twiml_checker
from tests.peers.signer import Signer
from tests.people import Person

TOKEN = "signs-either-way"
KINDS = ("voice", "wait", "action", "status")


def a_caller_gives_up(app: Flask, behaviour: Behaviour) -> list[dict[str, Any]]:
    """A customer waits for an agent who is busy, and hangs up; every request of the carrier that was answered."""
    busy = Person(app, "agent").id
    agent.sign_on(busy, device="phone", phone="+84900000001", tab=None)
    agent.become(busy, "wrap_up")
    account = Account(ACCOUNT, TOKEN, behaviour=behaviour)
    with served(app) as site, Carrier(site, account=account, numbers=[OURS], scale=50) as carrier:
        config = app.extensions["crm"]
        ours = Settings(
            account_sid=ACCOUNT,
            auth_token=TOKEN,
            shared_keys=f"{behaviour.shared_key}:{TOKEN}",
            public_url=site,
        )
        app.extensions["crm"] = replace(config, sections={**config.sections, "call_center": ours})
        simulator = f"{carrier.url}/_sim"
        call = requests.post(f"{simulator}/inbound", json={"from": ANSWERS}, timeout=20).json()["call_sid"]

        def answered() -> dict[str, list[dict[str, Any]]]:
            sent = requests.get(f"{simulator}/journal?direction=sent", timeout=20).json()["entries"]
            # What was asked when the caller hung up may never get its answer.
            return {kind: [one for one in sent if one["kind"] == kind and one["status"]] for kind in KINDS}

        soon(lambda: answered()["wait"])
        requests.post(f"{simulator}/calls/{call}/hangup", json={}, timeout=20).raise_for_status()
        soon(lambda: all(answered().values()))
        return [one for kind in answered().values() for one in kind]


@pytest.mark.parametrize("algorithm", ["HMAC_SHA1", "HMAC_SHA256"])
def test_every_request_is_signed_as_the_provider_signs(
    sqlite_crm: Flask, npm: Signer, algorithm: str
) -> None:
    sent = a_caller_gives_up(sqlite_crm, Behaviour(signature=algorithm, shared_key="key_1"))
    assert {one["status"] for one in sent} <= {200, 204}
    assert CallLeg.get().status == "completed"
    for one in sent:
        if one["status"] == 200:
            assert twiml_checker.check(one["body"]) == [], one
        if algorithm == "HMAC_SHA1":
            assert npm.accepts(TOKEN, one["signature"], one["url"], one["params"]), one
