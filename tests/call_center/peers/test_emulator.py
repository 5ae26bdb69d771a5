"""An emulator by somebody else signs its webhooks in its own way, and our doors take them for the provider's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from call_center.models import text_opt_out
from call_center.models.call_leg import CallLeg
from call_center.models.rejected_request import RejectedRequest
from call_center.models.text_message import TextMessage
from call_center.settings import Settings
from crm_admin import clock, policy, records
from tests.browser.site import served
from tests.call_center.peers.line import ANSWERS, OURS
from tests.call_center.provider import ACCOUNT, TOKEN
from tests.peers import emulator
from tests.peers.emulator import Emulator


@pytest.fixture
def doors(sqlite_crm: Flask) -> Iterator[str]:
    """Where the provider's doors of a served installation begin."""
    with served(sqlite_crm) as site:
        config = sqlite_crm.extensions["crm"]
        ours = Settings(account_sid=ACCOUNT, auth_token=TOKEN, public_url=site)
        sqlite_crm.extensions["crm"] = replace(config, sections={**config.sections, "call_center": ours})
        yield f"{site}/twilio"


def ring_and_dial(emulated: Emulator, doors: str) -> tuple[str, str]:
    """A customer rings us, we ring one back; the sids of both calls, which are over."""
    came = emulated.ring(ANSWERS)
    emulated.advance(came, "completed")
    # Escapes in an address are what frameworks decode and signatures do not.
    went = emulated.library.calls.create(
        to=ANSWERS,
        from_=OURS,
        url=f"{doors}/voice/outbound",
        status_callback=f"{doors}/voice/status?c=t%2B%C3%A9%2F%201",
        status_callback_event=["queued", "ringing", "completed"],
    )
    emulated.library.calls(went.sid).update(status="completed")
    return came, str(went.sid)


def test_calls_of_the_emulator_are_logged(doors: str, tmp_path: Path) -> None:
    urls = {"voice_url": f"{doors}/voice/inbound", "status_callback": f"{doors}/voice/status"}
    with emulator.running(ACCOUNT, TOKEN, OURS, urls, tmp_path) as emulated:
        calls = ring_and_dial(emulated, doors)
        deliveries = emulated.deliveries()
    assert [(one.event, one.status) for one in deliveries] == [
        ("call.inbound", 200),
        ("call.completed", 204),
        ("call.queued", 204),
        ("call.ringing", 204),
        ("call.completed", 204),
    ]
    for call in calls:
        assert CallLeg.get(CallLeg.sid == call).status == "completed"


def test_text_messages_of_the_emulator_are_logged(doors: str, tmp_path: Path) -> None:
    urls = {"sms_url": f"{doors}/sms/inbound"}
    with emulator.running(ACCOUNT, TOKEN, OURS, urls, tmp_path) as emulated:
        came = emulated.text(ANSWERS, "Từ chối")
        uid = outgoing().uid
        went = emulated.library.messages.create(
            to=ANSWERS, from_=OURS, body="Xin chào", status_callback=f"{doors}/sms/status?c={uid}"
        )
        for status in ("sent", "delivered"):
            emulated.report(str(went.sid), status)
        deliveries = emulated.deliveries()
    assert {one.status for one in deliveries} <= {200, 204}
    assert TextMessage.get(TextMessage.provider_sid == came).body == "Từ chối"
    assert text_opt_out.since(ANSWERS) is not None
    assert TextMessage.get(TextMessage.uid == uid).status == "delivered"


def outgoing() -> Any:
    """A message of ours as it is before the provider has taken it."""
    internal = {"direction": "outbound", "status": "requested", "body": "Xin chào", "sent_at": clock.now()}
    return records.create(policy.SYSTEM, "text_message", {}, internal=internal)


def test_an_emulator_with_another_token_stays_outside(doors: str, tmp_path: Path) -> None:
    urls = {"voice_url": f"{doors}/voice/inbound", "status_callback": f"{doors}/voice/status"}
    with emulator.running(ACCOUNT, "guessed", OURS, urls, tmp_path) as emulated:
        ring_and_dial(emulated, doors)
        deliveries = emulated.deliveries()
    assert [one.status for one in deliveries] == [403] * 5
    assert not CallLeg.select().exists()
    assert {row.reason for row in RejectedRequest.select()} == {"wrong signature"}
