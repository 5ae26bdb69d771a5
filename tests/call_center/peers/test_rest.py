"""The real library asks our carrier, and Prism with Twilio's own description stands between: it finds nothing.

Whatever a call center does with the REST API is done here once; every field of every answer is checked on its way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from call_center.carrier.account import (
    DEFAULT_ACCOUNT,
    DEFAULT_APPLICATION,
    DEFAULT_KEY,
    DEFAULT_SECRET,
    DEFAULT_TOKEN,
)
from tests.call_center.peers.line import ANSWERS, BUSY, OURS, RINGS, soon
from tests.peers import prism

TALK = '<Response><Pause length="600"/></Response>'
NOWHERE = "http://127.0.0.1:9/status"


@pytest.fixture
def transport(rest: str) -> Iterator[prism.Client]:
    """The way through Prism; a test that leaves a violation behind has failed."""
    made = prism.Client(rest)
    yield made
    made.session.close()
    assert made.violations == []


@pytest.fixture
def twilio(transport: prism.Client) -> Client:
    return Client(DEFAULT_ACCOUNT, DEFAULT_TOKEN, http_client=transport)


def talking(twilio: Client, to: str = ANSWERS, twiml: str = TALK) -> str:
    """The sid of a call that was answered."""
    call = twilio.calls.create(to=to, from_=OURS, twiml=twiml)
    soon(lambda: twilio.calls(call.sid).fetch().status == "in-progress")
    return str(call.sid)


def hang_up(twilio: Client, *calls: str) -> None:
    for call in calls:
        twilio.calls(call).update(status="completed")


def refused(code: int, ask: Callable[[], object]) -> None:
    with pytest.raises(TwilioRestException) as caught:
        ask()
    assert caught.value.code == code


def test_a_call_from_queued_to_deleted(twilio: Client) -> None:
    call = twilio.calls.create(
        to=ANSWERS,
        from_=OURS,
        url="http://127.0.0.1:9/answer",
        status_callback=NOWHERE,
        status_callback_event=["initiated", "ringing", "answered", "completed"],
        machine_detection="Enable",
        async_amd=True,
        time_limit=600,
        timeout=20,
    )
    assert call.status == "queued"
    soon(lambda: twilio.calls(call.sid).fetch().status == "completed")
    assert [event.request["method"] for event in twilio.calls(call.sid).events.list(limit=20)]
    assert twilio.calls(call.sid).delete()
    refused(20404, twilio.calls(call.sid).fetch)


def test_calls_nobody_answers(twilio: Client) -> None:
    busy = twilio.calls.create(to=BUSY, from_=OURS, twiml=TALK)
    assert soon(lambda: twilio.calls(busy.sid).fetch().status == "busy")
    ringing = twilio.calls.create(to=RINGS, from_=OURS, twiml=TALK)
    soon(lambda: twilio.calls(ringing.sid).fetch().status == "ringing")
    assert twilio.calls(ringing.sid).update(status="canceled").sid == ringing.sid
    assert twilio.calls(ringing.sid).fetch().status == "canceled"


def test_a_call_gets_other_instructions(twilio: Client) -> None:
    call = talking(twilio)
    refused(20009, twilio.calls(call).delete)
    assert twilio.calls(call).update(twiml=TALK).status == "in-progress"
    hang_up(twilio, call)
    refused(21220, lambda: twilio.calls(call).update(status="completed"))


def test_lists_are_filtered_and_paged(twilio: Client) -> None:
    made = {talking(twilio) for _ in range(3)}
    hang_up(twilio, *made)
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    listed = twilio.calls.list(to=ANSWERS, from_=OURS, start_time_after=an_hour_ago, page_size=1)
    assert made <= {call.sid for call in listed}
    assert not twilio.calls.list(to=ANSWERS, start_time_before=an_hour_ago)
    assert {call.status for call in twilio.calls.list(status="completed", limit=2)} == {"completed"}


def test_a_call_is_recorded(twilio: Client) -> None:
    call = talking(twilio)
    recording = twilio.calls(call).recordings.create(
        recording_channels="dual",
        recording_status_callback=NOWHERE,
        recording_status_callback_event=["completed"],
    )
    on_call = twilio.calls(call).recordings(recording.sid)
    assert on_call.update(status="paused", pause_behavior="silence").status == "paused"
    assert on_call.update(status="in-progress").status == "in-progress"
    assert on_call.update(status="stopped").status
    hang_up(twilio, call)
    soon(lambda: twilio.recordings(recording.sid).fetch().status == "completed")
    assert on_call.fetch().channels == 2
    assert [one.sid for one in twilio.calls(call).recordings.list()] == [recording.sid]
    assert recording.sid in {one.sid for one in twilio.recordings.list(call_sid=call)}
    assert twilio.recordings(recording.sid).transcriptions.list() == []
    assert twilio.transcriptions.list(limit=5) is not None
    assert twilio.recordings(recording.sid).delete()


def test_a_conference_with_its_participants(twilio: Client) -> None:
    room = '<Response><Dial><Conference record="record-from-start">room-17</Conference></Dial></Response>'
    agent, customer = (talking(twilio, twiml=room) for _ in range(2))
    conference = soon(lambda: twilio.conferences.list(friendly_name="room-17", status="in-progress"))[0]
    room_17 = twilio.conferences(conference.sid)
    assert room_17.fetch().friendly_name == "room-17"
    soon(lambda: len(room_17.participants.list()) == 2)
    held = room_17.participants(customer).update(
        hold=True, hold_url="http://127.0.0.1:9/music", hold_method="GET"
    )
    assert held.hold
    assert room_17.participants(customer).update(hold=False, muted=True).muted
    assert room_17.participants(agent).update(
        end_conference_on_exit=False, announce_url="http://127.0.0.1:9/note"
    )
    third = room_17.participants.create(
        from_=OURS,
        to=ANSWERS,
        label="supervisor",
        coaching=True,
        call_sid_to_coach=agent,
        beep="false",
        status_callback=NOWHERE,
        status_callback_event=["initiated", "ringing", "answered", "completed"],
        conference_status_callback=NOWHERE,
        conference_status_callback_event=["start", "end", "join", "leave"],
    )
    soon(lambda: len(room_17.participants.list()) == 3)
    assert room_17.participants("supervisor").fetch().coaching
    assert not room_17.participants(third.call_sid).update(coaching=False, muted=False).coaching
    assert len(room_17.participants.list(muted=True)) == 1
    assert room_17.participants(third.call_sid).delete()
    assert room_17.recordings.list() is not None
    assert room_17.update(status="completed").status == "completed"
    soon(lambda: room_17.fetch().status == "completed")
    refused(20404, room_17.participants(agent).fetch)
    soon(lambda: {twilio.calls(call).fetch().status for call in (agent, customer)} == {"completed"})


def test_a_queue_with_its_members(twilio: Client) -> None:
    queue = twilio.queues.create(friendly_name="support", max_size=20)
    waiting = '<Response><Enqueue waitUrl="">support</Enqueue></Response>'
    first, second = (talking(twilio, twiml=waiting) for _ in range(2))
    support = twilio.queues(queue.sid)
    soon(lambda: support.fetch().current_size == 2)
    assert support.update(friendly_name="help", max_size=30).max_size == 30
    assert queue.sid in {one.sid for one in twilio.queues.list()}
    assert {member.call_sid for member in support.members.list()} == {first, second}
    assert support.members("Front").fetch().call_sid == first
    assert support.members(second).fetch().position == 2
    assert support.members(first).update(url="http://127.0.0.1:9/agent", method="POST").call_sid == first
    refused(22001, support.delete)
    hang_up(twilio, second)
    soon(lambda: support.fetch().current_size == 0)
    assert support.delete()


def test_messages(twilio: Client) -> None:
    message = twilio.messages.create(to=ANSWERS, from_=OURS, body="Hẹn 9 giờ", status_callback=NOWHERE)
    assert message.status == "queued"
    soon(lambda: twilio.messages(message.sid).fetch().status == "delivered")
    assert message.sid in {one.sid for one in twilio.messages.list(to=ANSWERS, from_=OURS)}
    assert twilio.messages(message.sid).update(body="").body == ""
    assert twilio.messages(message.sid).delete()


def test_numbers(twilio: Client) -> None:
    (number,) = twilio.incoming_phone_numbers.list(phone_number=OURS)
    changed = twilio.incoming_phone_numbers(number.sid).update(
        voice_url="https://crm.example.com/twilio/voice/inbound",
        voice_method="POST",
        voice_fallback_url="https://crm.example.com/twilio/voice/fallback",
        status_callback="https://crm.example.com/twilio/voice/status",
        sms_url="https://crm.example.com/twilio/sms/inbound",
    )
    assert changed.voice_url.endswith("/inbound")
    assert twilio.incoming_phone_numbers(number.sid).fetch().status_callback.endswith("/status")


def test_applications(twilio: Client) -> None:
    made = twilio.applications.create(
        friendly_name="browser phone",
        voice_url="https://crm.example.com/twilio/voice/outbound",
        voice_method="POST",
    )
    assert {DEFAULT_APPLICATION, made.sid} <= {one.sid for one in twilio.applications.list()}
    assert [one.sid for one in twilio.applications.list(friendly_name="browser phone")] == [made.sid]
    assert twilio.applications(made.sid).update(voice_url="https://other.example.com/").voice_url
    assert twilio.applications(made.sid).fetch().voice_url == "https://other.example.com/"
    assert twilio.applications(made.sid).delete()
    refused(20404, twilio.applications(made.sid).fetch)


def test_caller_ids_and_lookups(twilio: Client) -> None:
    asked = twilio.validation_requests.create(phone_number="+84901234567", friendly_name="An's desk")
    assert asked.validation_code
    (shown,) = soon(lambda: twilio.outgoing_caller_ids.list(phone_number="+84901234567"))
    assert twilio.outgoing_caller_ids(shown.sid).update(friendly_name="desk").friendly_name == "desk"
    assert twilio.outgoing_caller_ids(shown.sid).fetch().phone_number == "+84901234567"
    assert twilio.outgoing_caller_ids(shown.sid).delete()
    assert twilio.lookups.v2.phone_numbers("+84901234567").fetch().country_code == "VN"


def test_refusals_carry_the_codes_of_the_provider(twilio: Client, transport: prism.Client) -> None:
    refused(21210, lambda: twilio.calls.create(to=ANSWERS, from_="+84909999999", twiml=TALK))
    refused(21211, lambda: twilio.calls.create(to="nobody", from_=OURS, twiml=TALK))
    refused(21218, lambda: twilio.calls.create(to=ANSWERS, from_=OURS, application_sid="AP" + "0" * 32))
    refused(20404, twilio.calls("CA" + "0" * 32).fetch)
    refused(20404, twilio.conferences("CF" + "0" * 32).fetch)
    stranger = Client(DEFAULT_ACCOUNT, "wrong", http_client=transport)
    refused(20003, stranger.calls("CA" + "0" * 32).fetch)
    with pytest.raises(TwilioException):
        stranger.calls.list(limit=1)
    with_a_key = Client(DEFAULT_KEY, DEFAULT_SECRET, DEFAULT_ACCOUNT, http_client=transport)
    assert with_a_key.calls.list(limit=1) is not None
