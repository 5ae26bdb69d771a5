"""Whatever comes to the provider's doors: nothing breaks them, and what the provider did not sign leaves no trace.

CRM_FUZZ=10000 makes the full proof; the benchmark (`python -m tests.bench calls`) does.
"""

from __future__ import annotations

import logging
import os
from random import Random

import pytest
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from call_center.models import agent
from call_center.models.call import Call
from call_center.models.call_event import CallEvent
from call_center.models.call_leg import CallLeg
from call_center.models.recording import Recording
from call_center.models.rejected_request import MOST, RejectedRequest
from crm_admin import history, jobs
from tests.call_center.knocking import Knock, Stranger
from tests.call_center.provider import ACCOUNT, BASE, TOKEN, Provider
from tests.peers import twiml_checker
from tests.people import Person

BODIES = int(os.environ.get("CRM_FUZZ", "150"))
"""How many requests each database sees."""

TRACES = (CallEvent, Call, CallLeg, Recording, history.HistoryLine, jobs.Job, agent.AgentState)


def test_nothing_that_knocks_breaks_a_door(provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    agent.sign_on(Person(provider.app, "agent").id, device="browser", phone=None, tab="a")
    stranger = Stranger(Random(20261122), ACCOUNT)
    genuine = 0
    before = traces()
    with caplog.at_level(logging.ERROR):
        for number in range(BODIES):
            knock = stranger.knock()
            status, text = ask(provider, knock)
            assert status < 500, (number, knock)
            if knock.is_genuine and status == 200:
                assert twiml_checker.check(text) == [], (number, text)
            broken = [
                line
                for line in caplog.records
                if line.levelno >= logging.ERROR and line.getMessage() != "the provider fell back"
            ]
            assert not broken, (number, knock, broken)
            caplog.clear()
            if knock.is_genuine:
                genuine += 1
                before = traces()
            else:
                assert status in (400, 403, 404, 405, 413), (number, knock)
                assert traces() == before, (number, knock)
    assert genuine > BODIES / 4
    assert CallEvent.select().count() > genuine / 4
    assert {event.account_sid for event in CallEvent.select(CallEvent.account_sid)} == {ACCOUNT}
    assert RejectedRequest.select().count() <= MOST


def ask(provider: Provider, knock: Knock) -> tuple[int, str]:
    """The answer to a request that is signed as it says."""
    headers = {}
    if knock.signed_with is not None:
        validator = RequestValidator(TOKEN if knock.signed_with == "ours" else knock.signed_with)
        form: MultiDict[str, str] = MultiDict(knock.fields)
        headers["X-Twilio-Signature"] = validator.compute_signature(BASE + knock.target, form)
    answer = provider.client.open(
        knock.target,
        method=knock.method,
        data=knock.body,
        content_type=knock.content_type,
        headers=headers,
        base_url=BASE,
    )
    return answer.status_code, answer.text


def traces() -> list[int]:
    """How many rows there are of everything that a notice leaves behind."""
    return [table.select().count() for table in TRACES]
