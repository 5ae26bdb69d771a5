"""A call through our carrier and our doors, request by request: npm's twilio would have let each of them in too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import requests
from flask import Flask

from call_center.carrier.account import Account, Behaviour
from call_center.carrier.server import Carrier
from call_center.models.call_leg import CallLeg
from call_center.settings import Settings
from tests.browser.site import served
from tests.call_center.peers.line import ANSWERS, OURS, soon
from tests.call_center.provider import ACCOUNT
from tests.peers import twiml_checker
from tests.peers.signer import Signer

TOKEN = "signs-either-way"


def a_caller_gives_up(app: Flask, behaviour: Behaviour) -> list[dict[str, Any]]:
    """A customer waits for half a minute while nobody is there, and hangs up; every request of the carrier."""
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
        script = {"patience": 30}
        rung = requests.post(
            f"{carrier.url}/_sim/inbound", json={"from": ANSWERS, "script": script}, timeout=20
        )
        rung.raise_for_status()

        def sent() -> list[dict[str, Any]]:
            return requests.get(f"{carrier.url}/_sim/journal?direction=sent", timeout=20).json()["entries"]

        soon(lambda: [one for one in sent() if one["event"] == "completed" and one["status"]])
        return sent()


@pytest.mark.parametrize("algorithm", ["HMAC_SHA1", "HMAC_SHA256"])
def test_every_request_is_signed_as_the_provider_signs(
    sqlite_crm: Flask, npm: Signer, algorithm: str
) -> None:
    sent = a_caller_gives_up(sqlite_crm, Behaviour(signature=algorithm, shared_key="key_1"))
    assert {one["status"] for one in sent} <= {200, 204}
    assert {one["kind"] for one in sent} == {"voice", "wait", "action", "status"}
    assert CallLeg.get().status == "completed"
    for one in sent:
        if one["status"] == 200:
            assert twiml_checker.check(one["body"]) == [], one
        if algorithm == "HMAC_SHA1":
            assert npm.accepts(TOKEN, one["signature"], one["url"], one["params"]), one
