"""A customer calls: what they hear, whose phone rings, and what stands in the history afterwards."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from call_center import routing
from call_center.models import agent
from call_center.models.call import Call
from call_center.models.call_event import CallEvent
from call_center.models.call_leg import CallLeg
from crm_admin import clock, history, jobs, policy, records
from crm_admin.kinds.phone import Phone
from tests.call_center.provider import Caller, Provider, sid
from tests.people import Person

MAI = "+84912345678"


def mai(**more: Any) -> Any:
    """A contact with a telephone."""
    number = Phone("0912 345 678", MAI, "")
    values = {"family_name": "Trần", "given_name": "Mai", "mobile": number, **more}
    return records.create(policy.SYSTEM, "contact", values)


def at_phone(provider: Provider, username: str, **where: Any) -> int:
    """Somebody of the cast at a phone, available."""
    user = Person(provider.app, username).id
    agent.sign_on(user, **{"device": "browser", "phone": None, "tab": "a", **where})
    return user


def lines(contact: Any) -> list[history.Line]:
    return history.timeline(policy.SYSTEM, "contact", contact.id, kinds=["call"])[0]


def verbs(caller: Caller) -> list[str]:
    return [verb.tag for verb in caller.heard]


def test_the_phone_rings_and_the_call_stands_in_the_history(provider: Provider) -> None:
    contact, user = mai(), at_phone(provider, "agent")
    caller = provider.call(MAI)
    assert verbs(caller) == ["Dial"]
    assert caller.heard.findtext(".//Client/Identity") == f"agent_{user}"
    call = Call.get()
    assert caller.heard.find(".//Parameter").attrib == {"name": "call", "value": call.uid}  # type: ignore[union-attr]
    assert (call.contact, call.certainty, call.status) == (contact.id, "exact", "ringing")
    assert agent.of(user).state == "ringing"  # type: ignore[union-attr]
    child = sid()
    for number, (status, after) in enumerate((("initiated", 0), ("ringing", 1), ("in-progress", 5))):
        assert caller.leg(status, child, after, number).status_code == 204
    assert Call.get().status == "talking"
    assert agent.of(user).state == "on_call"  # type: ignore[union-attr]
    caller.leg("completed", child, 65, 3, CallDuration="60")
    caller.ask(
        caller.door("Dial", "action"),
        CallStatus="in-progress",
        DialCallStatus="completed",
        DialCallSid=child,
        DialCallDuration="60",
    )
    assert verbs(caller) == ["Hangup"]
    caller.ended(66, 66)
    call = Call.get()
    assert (call.status, call.agent, call.talked_s, call.waited_s) == ("completed", user, 60, 5)
    assert agent.of(user).state == "wrap_up"  # type: ignore[union-attr]
    (line,) = lines(contact)
    assert (line.kind, line.data["status"], line.data["talked_s"]) == ("call", "completed", 60)
    assert CallLeg.select().count() == 2


def test_a_repeated_request_gets_the_same_answer_and_changes_nothing(provider: Provider) -> None:
    at_phone(provider, "agent")
    caller = provider.call(MAI)
    first = caller.ask("/twilio/voice/inbound", CallStatus="ringing").text
    assert caller.ask("/twilio/voice/inbound", CallStatus="ringing").text == first
    assert (Call.select().count(), CallEvent.select().count()) == (1, 1)


def test_nobody_free_means_waiting_and_whoever_gets_free_fetches_the_caller(provider: Provider) -> None:
    user = at_phone(provider, "agent")
    agent.become(user, "wrap_up")
    caller = provider.call(MAI)
    assert verbs(caller) == ["Enqueue"]
    caller.ask(caller.door("Enqueue", "waitUrl"), CallStatus="in-progress", QueueTime="0")
    assert verbs(caller) == ["Say", "Play"]
    assert Call.get().status == "waiting"
    agent.become(user, "available")
    routing.fetch_waiting([user])
    assert agent.of(user).call == Call.get().id  # type: ignore[union-attr]
    assert jobs.Job.get(jobs.Job.name == "call_center.fetch").state == "ready"
    caller.ask(f"/twilio/voice/connect?c={caller.sid}", CallStatus="in-progress")
    assert caller.heard.findtext(".//Client/Identity") == f"agent_{user}"


@pytest.mark.parametrize("ended", ["canceled", "no-answer"])
def test_a_caller_who_gives_up_is_not_the_agents_fault(sqlite_provider: Provider, ended: str) -> None:
    user = at_phone(sqlite_provider, "agent")
    caller, child = sqlite_provider.call(MAI), sid()
    caller.leg("ringing", child, 0, 1)
    caller.leg(ended, child, 6, 2)
    caller.ended(6, 6)
    assert agent.of(user).state == "available"  # type: ignore[union-attr]
    assert Call.get().status == "missed"


def test_nobody_waits_for_people_who_are_not_there(provider: Provider) -> None:
    assert verbs(provider.call(MAI)) == ["Say", "Record", "Hangup"]


def test_no_answer_goes_to_the_next_and_then_to_a_message(provider: Provider) -> None:
    contact = mai()
    first, second = at_phone(provider, "agent"), at_phone(provider, "supervisor")
    caller = provider.call(MAI)
    rung = []
    for _ in range(2):
        identity = caller.heard.findtext(".//Client/Identity") or ""
        rung.append(agent.user_of(identity))
        child = sid()
        caller.leg("ringing", child, 0, 1)
        caller.leg("no-answer", child, 20, 2)
        caller.ask(
            caller.door("Dial", "action"),
            CallStatus="in-progress",
            DialCallStatus="no-answer",
            DialCallSid=child,
        )
    assert rung == [first, second]
    assert {agent.of(user).state for user in rung if user} == {"not_responding"}  # type: ignore[union-attr]
    assert verbs(caller) == ["Say", "Record", "Hangup"]
    caller.ask(
        caller.door("Record", "action"),
        CallStatus="in-progress",
        RecordingDuration="12",
        RecordingUrl=f"https://api.twilio.com/2010-04-01/Accounts/x/Recordings/{sid('RE')}",
    )
    caller.ended(300, 300)
    assert [line.data["status"] for line in lines(contact)] == ["voicemail"]


def test_patience_ends_with_a_message(provider: Provider) -> None:
    agent.become(at_phone(provider, "agent"), "wrap_up")
    caller = provider.call(MAI)
    door, left = caller.door("Enqueue", "waitUrl"), caller.door("Enqueue", "action")
    with clock.at(provider.now.replace(minute=4)):
        at_phone(provider, "agent")
        caller.ask(door, CallStatus="in-progress", QueueTime="240")
        assert verbs(caller) == ["Leave"]
        caller.ask(left, CallStatus="in-progress", QueueResult="leave")
    assert verbs(caller) == ["Say", "Record", "Hangup"]


def test_a_mailbox_that_picks_up_an_agents_telephone_is_nobody(provider: Provider) -> None:
    user = at_phone(provider, "agent", device="phone", phone="+84900000001")
    caller = provider.call(MAI)
    assert caller.heard.findtext(".//Number") == "+84900000001"
    accept, after = caller.door(".//Number", "url"), caller.door("Dial", "action")
    child = sid()
    caller.leg("in-progress", child, 5, 2)
    agents_leg = {"CallSid": child, "ParentCallSid": caller.sid, "CallStatus": "in-progress"}
    asked = provider.post(accept, agents_leg)
    assert "<Gather" in asked.text
    caller.leg("completed", child, 14, 3, CallDuration="9")
    caller.ask(after, CallStatus="in-progress", DialCallStatus="completed", DialCallSid=child)
    assert verbs(caller) == ["Say", "Record", "Hangup"]
    assert agent.of(user).state == "not_responding"  # type: ignore[union-attr]
    assert Call.get().answered_at is None


def test_the_customers_own_person_is_rung_first(provider: Provider) -> None:
    at_phone(provider, "supervisor")
    owner = at_phone(provider, "agent")
    mai(owner=owner)
    assert provider.call(MAI).heard.findtext(".//Client/Identity") == f"agent_{owner}"


def test_outside_opening_hours_a_message_is_taken(provider: Provider) -> None:
    queue = records.create(policy.SYSTEM, "queue", {"name": "Service"})
    hours = {"queue": queue.id, "weekday": "5", "opens": time(8), "closes": time(11, 30)}
    records.create(policy.SYSTEM, "opening_hours", hours)
    at_phone(provider, "agent")
    assert verbs(provider.call(MAI)) == ["Say", "Record", "Hangup"]
    with clock.at(provider.now.replace(hour=3)):
        assert verbs(provider.call(MAI)) == ["Dial"]


def test_who_hides_their_number_is_nobody_in_particular(provider: Provider) -> None:
    mai()
    for address in ("anonymous", "+266696687", "unknown", ""):
        provider.call(address)
    assert {call.contact for call in Call.select()} == {None}


def test_two_customers_with_one_number_are_left_for_a_person_to_choose(provider: Provider) -> None:
    mai()
    mai(given_name="Lan")
    provider.call(MAI)
    assert Call.get().contact is None


def test_doors_are_closed_to_whoever_did_not_sign(provider: Provider) -> None:
    form = {"CallSid": sid(), "From": MAI, "To": "+842873001234", "CallStatus": "ringing"}
    for path in ("inbound", "status", "after-dial", "outbound", "fallback", "wait", "join"):
        bare = provider.client.post(f"/twilio/voice/{path}", data=form)
        wrong = provider.post(f"/twilio/voice/{path}", {**form, "AccountSid": "AC" + "f" * 32})
        assert (bare.status_code, wrong.status_code) == (403, 403)
        assert "Response" not in bare.text
    assert not CallEvent.select().exists()
    assert Call.select().count() == 0


def test_nobody_stays_alone_in_a_conference(sqlite_provider: Provider) -> None:
    at_phone(sqlite_provider, "agent")
    caller, child = sqlite_provider.call(MAI), sid()
    after = caller.door("Dial", "action")
    caller.leg("in-progress", child, 5, 2)
    Call.update(room="room-1").execute()  # as the job does when the customer is put on hold
    caller.ask(after, CallStatus="in-progress", DialCallStatus="completed", DialCallSid=child)
    assert caller.heard.findtext(".//Conference") == "room-1"
    caller.ask(caller.door("Dial", "action"), CallStatus="in-progress", DialCallStatus="answered")
    assert verbs(caller) == ["Hangup"]


def test_a_company_without_queues_still_sees_what_it_missed(sqlite_provider: Provider) -> None:
    agent.become(at_phone(sqlite_provider, "agent"), "away")
    caller = sqlite_provider.call(MAI)
    caller.ended(20, 20)
    assert "0912" in Person(sqlite_provider.app, "agent").get("/admin/call/?status=missed").text
