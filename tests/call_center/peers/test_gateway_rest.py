"""Every verb of our gateway asks what Twilio takes and understands what Twilio answers, with Prism as the judge.

Prism refuses with 422 or 500, which the gateway raises, so a verb that comes back was clean both ways.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from call_center.carrier.account import (
    DEFAULT_ACCOUNT,
    DEFAULT_APPLICATION,
    DEFAULT_KEY,
    DEFAULT_SECRET,
    DEFAULT_TOKEN,
)
from call_center.gateway import Gateway
from call_center.settings import Settings
from crm_admin import clock
from tests.call_center.peers.line import ANSWERS, OURS, soon

RUNG_ONCE = "+84901255599"
DOOR = "http://127.0.0.1:9/twilio/voice/status?c=17#rc=3&rp=4xx,5xx,ct,rt"


@pytest.fixture
def gateway(rest: str) -> Gateway:
    settings = Settings(
        account_sid=DEFAULT_ACCOUNT,
        auth_token=DEFAULT_TOKEN,
        api_key_sid=DEFAULT_KEY,
        api_key_secret=DEFAULT_SECRET,
        twiml_app_sid=DEFAULT_APPLICATION,
        api_base=rest,
    )
    return Gateway(settings, "http://127.0.0.1:9")


def rung(gateway: Gateway) -> str:
    """The sid of a call that is in a conference of its own, alone."""
    leg = gateway.add_participant(
        f"room-{clock.now().timestamp()}", to=ANSWERS, caller=OURS, status_callback=DOOR
    )
    soon(lambda: gateway.fetch_call(leg).status == "in-progress")
    return leg


def test_a_call_is_made_once_found_sent_elsewhere_and_ended(gateway: Gateway) -> None:
    before = clock.now() - timedelta(seconds=1)
    leg = gateway.create_call(to=RUNG_ONCE, caller=OURS, url=DOOR, status_callback=DOOR)
    again = gateway.create_call(
        to=RUNG_ONCE, caller=OURS, url=DOOR, status_callback=DOOR, attempted_at=before
    )
    assert again == leg
    assert leg in {call.sid for call in gateway.calls_since(before)}
    soon(lambda: gateway.fetch_call(leg).status == "completed")
    assert not gateway.redirect_call(leg, DOOR)
    assert not gateway.end_call(leg)
    other = rung(gateway)
    assert gateway.redirect_call(other, DOOR)
    soon(lambda: gateway.fetch_call(other).status == "completed")


def test_a_text_message_is_sent_once(gateway: Gateway) -> None:
    before = clock.now() - timedelta(seconds=1)
    sent: dict[str, Any] = {
        "to": RUNG_ONCE,
        "sender": OURS,
        "body": "Đơn hàng\nđã giao",
        "status_callback": DOOR,
    }
    message = gateway.create_message(**sent)
    assert gateway.create_message(**sent, attempted_at=before) == message
    assert gateway.create_message(**sent, attempted_at=before, known=[message]) != message


def test_an_application_is_made_and_found_by_its_door(gateway: Gateway) -> None:
    door = "https://crm.example.com/twilio/voice/outbound"
    assert gateway.application_at(door) is None
    sid = gateway.create_application("CRM", voice_url=door, voice_fallback_url=DOOR, status_callback=DOOR)
    assert gateway.application_at(door) == gateway.application(sid)


def test_a_conference_is_led(gateway: Gateway) -> None:
    first = gateway.add_participant("room-18", to=ANSWERS, caller=OURS, status_callback=DOOR)
    gateway.add_participant("room-18", to=ANSWERS, caller=OURS, status_callback=DOOR, ends_conference=True)
    room = soon(lambda: gateway.conference_named("room-18"))
    assert soon(lambda: len(gateway.participants(room)) == 2)
    assert gateway.hold(room, first, True, "http://127.0.0.1:9/music")
    assert gateway.hold(room, first, False)
    assert gateway.mute(room, first, True)
    assert gateway.remove_participant(room, first)
    assert not gateway.mute(room, first, False)
    assert gateway.end_conference(room)
    assert gateway.conference_named("room-18") is None


def test_a_recording_is_made_and_deleted(gateway: Gateway) -> None:
    leg = rung(gateway)
    recording = gateway.start_recording(leg, DOOR)
    assert gateway.pause_recording(leg, recording)
    assert gateway.resume_recording(leg, recording)
    assert gateway.stop_recording(leg, recording)
    assert gateway.end_call(leg)
    soon(lambda: [one.status for one in gateway.recordings_of(leg)] == ["completed"])
    assert recording in {one.sid for one in gateway.recordings_since(clock.now() - timedelta(minutes=1))}
    assert gateway.delete_recording(recording)


def test_what_is_set_up_is_shown_and_mended(gateway: Gateway) -> None:
    assert gateway.account().status == "active"
    gateway.check_api_key()
    doors = {
        "voice_url": "https://crm.example.com/twilio/voice/inbound",
        "voice_fallback_url": "https://crm.example.com/twilio/voice/fallback",
        "status_callback": "https://crm.example.com/twilio/voice/status",
    }
    (number,) = gateway.numbers()
    gateway.update_number(number.sid, **doors)
    assert gateway.numbers()[0].voice_url == doors["voice_url"]
    gateway.update_application(DEFAULT_APPLICATION, **doors)
    assert gateway.application(DEFAULT_APPLICATION).status_callback == doors["status_callback"]
