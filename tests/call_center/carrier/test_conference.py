"""Conferences: who joins, is held, muted, coached, sent away; and what is told of it."""

from __future__ import annotations

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.call_center.carrier.application import INBOUND, Exchange

ROOM = """<Response><Dial action="/left"><Conference statusCallback="/conference" participantLabel="customer"
statusCallbackEvent="start end join leave mute hold modify" endConferenceOnExit="true">room-1</Conference></Dial>
</Response>"""


def events(exchange: Exchange) -> list[str]:
    return [asked["StatusCallbackEvent"] for asked in exchange.application.to("/conference")]


def meet(exchange: Exchange) -> tuple[str, str, str]:
    """A customer and an agent in a conference: the sids of the conference and of both calls."""
    exchange.application.answers[INBOUND] = ROOM
    exchange.policy("client:*", ring=2, talk=0)
    customer = exchange.ring()
    exchange.pass_(1)
    agent = exchange.client.conferences("room-1").participants.create(
        from_=exchange.number, to="client:anna", label="agent", status_callback=f"{exchange.application.url}/agent",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )  # fmt: skip
    assert agent.status == "queued"
    exchange.pass_(5)
    return agent.conference_sid, customer, agent.call_sid


def test_a_conference_starts_with_the_second_and_ends_with_the_one_that_ends_it(exchange: Exchange) -> None:
    conference, customer, agent = meet(exchange)
    assert exchange.client.conferences(conference).fetch().status == "in-progress"
    assert exchange.client.conferences(conference).participants("agent").fetch().status == "connected"
    exchange.sim("POST", f"/calls/{customer}/hangup")
    exchange.pass_(1)
    assert events(exchange) == [
        "participant-join", "participant-join", "conference-start", "participant-leave", "participant-leave",
        "conference-end",
    ]  # fmt: skip
    first, second = exchange.application.to("/conference")[3:5]
    assert (first["ParticipantLabel"], first["ReasonParticipantLeft"]) == ("customer", "participant_hung_up")
    assert (second["ParticipantLabel"], second["ReasonParticipantLeft"]) == (
        "agent",
        "moderator_ended_conference",
    )
    end = exchange.application.to("/conference")[5]
    assert end["ReasonConferenceEnded"] == "participant-with-end-conference-on-exit-left"
    assert end["CallSidEndingConference"] == customer
    assert exchange.application.to("/left")[0]["DialCallStatus"] == "answered"
    assert [a["CallStatus"] for a in exchange.application.to("/agent")] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert exchange.status(agent) == "completed"
    assert (
        exchange.client.conferences(conference).fetch().reason_conference_ended
        == end["ReasonConferenceEnded"]
    )


def test_hold_mute_and_coaching_are_told_and_shown(exchange: Exchange) -> None:
    conference, customer, agent = meet(exchange)
    participants = exchange.client.conferences(conference).participants
    assert participants(customer).update(hold=True, hold_url=f"{exchange.application.url}/music").hold is True
    exchange.pass_(3)
    assert exchange.application.to("/music")
    assert participants(customer).update(hold=False).hold is False
    assert participants(agent).update(muted=True).muted is True
    supervisor = participants.create(
        from_=exchange.number, to="client:boss", coaching=True, call_sid_to_coach=agent, label="supervisor"
    )
    exchange.pass_(5)
    assert participants(supervisor.call_sid).fetch().coaching is True
    participants("supervisor").update(coaching=False)
    exchange.pass_(1)
    assert events(exchange)[3:] == [
        "participant-hold", "participant-unhold", "participant-mute", "participant-join", "participant-modify",
    ]  # fmt: skip
    numbers = [int(asked["SequenceNumber"]) for asked in exchange.application.to("/conference")]
    assert numbers == list(range(len(numbers)))


def test_an_announcement_is_heard_and_music_on_hold_after_it(exchange: Exchange) -> None:
    conference, customer, _ = meet(exchange)
    url = exchange.application.url
    participants = exchange.client.conferences(conference).participants
    exchange.client.conferences(conference).update(announce_url=f"{url}/announcement")
    participants(customer).update(announce_url=f"{url}/to-one")
    exchange.pass_(5)
    assert len(exchange.application.to("/announcement")) == 2
    assert [asked["CallSid"] for asked in exchange.application.to("/to-one")] == [customer]
    participants(customer).update(hold=True, hold_url=f"{url}/music")
    exchange.pass_(5)
    assert exchange.application.to("/music")[0]["ConferenceSid"] == conference


def test_who_is_sent_away_goes_on_with_what_follows_its_dial(exchange: Exchange) -> None:
    conference, customer, agent = meet(exchange)
    exchange.application.answers["/left"] = "<Response><Pause length='60'/></Response>"
    exchange.client.conferences(conference).participants(customer).delete()
    exchange.pass_(1)
    assert exchange.status(customer) == "in-progress"
    assert exchange.application.to("/left")
    assert exchange.client.conferences(conference).fetch().status == "completed"
    assert exchange.status(agent) == "completed"


def test_the_conference_can_be_ended_from_outside(exchange: Exchange) -> None:
    conference, _, _ = meet(exchange)
    exchange.client.conferences(conference).update(status="completed")
    exchange.pass_(1)
    assert exchange.application.to("/conference")[-1]["ReasonConferenceEnded"] == "conference-ended-via-api"
    assert exchange.client.conferences.list(status="in-progress") == []


def test_a_label_names_one_participant_only(exchange: Exchange) -> None:
    conference, _, _ = meet(exchange)
    with pytest.raises(TwilioRestException) as refused:
        exchange.client.conferences(conference).participants.create(
            from_=exchange.number, to="client:eve", label="agent"
        )
    assert refused.value.code == 16025


def test_a_participant_who_does_not_answer_was_never_there(exchange: Exchange) -> None:
    exchange.application.answers[INBOUND] = ROOM
    exchange.policy("client:*", outcome="busy", ring=2)
    exchange.ring()
    exchange.pass_(1)
    called = exchange.client.conferences("room-1").participants.create(
        from_=exchange.number, to="client:anna"
    )
    exchange.pass_(5)
    assert exchange.status(called.call_sid) == "busy"
    assert len(exchange.client.conferences(called.conference_sid).participants.list()) == 1
    assert events(exchange) == ["participant-join"]


def test_a_conference_is_recorded_from_the_moment_two_are_in_it(exchange: Exchange) -> None:
    exchange.application.answers[INBOUND] = """<Response><Dial><Conference record="record-from-start"
        recordingStatusCallback="/recording" endConferenceOnExit="true">room-1</Conference></Dial></Response>"""
    exchange.policy("client:*", ring=10, talk=0)
    customer = exchange.ring()
    exchange.pass_(1)
    agent = exchange.client.conferences("room-1").participants.create(from_=exchange.number, to="client:anna")
    exchange.pass_(40)
    exchange.sim("POST", f"/calls/{customer}/hangup")
    exchange.pass_(5)
    told = exchange.application.to("/recording")[0]
    assert (told["RecordingStatus"], told["RecordingSource"]) == ("completed", "Conference")
    assert told["ConferenceSid"] == agent.conference_sid
    assert told["RecordingDuration"] == "30"
