"""An agent calls a customer: from a page, from a program; and what forbids it."""

from __future__ import annotations

from datetime import time
from typing import Any
from xml.etree import ElementTree

import pytest

from call_center.models import agent
from call_center.models.call import Call
from crm_admin import clock, history, jobs, policy, records
from crm_admin.auth.tokens import mint
from crm_admin.kinds.phone import Phone
from tests.call_center.provider import NOON, Provider, sid
from tests.people import Person

MAI = "+84912345678"
OURS = "+842873001234"


def company(**rule: Any) -> None:
    """A company number, and what the law of Viet Nam says."""
    number = Phone(OURS, OURS, "")
    records.create(policy.SYSTEM, "phone_line", {"name": "Main", "number": number, "outbound": True})
    if rule:
        records.create(policy.SYSTEM, "calling_rule", {"country": "VN", **rule})


def mai(**more: Any) -> Any:
    values = {"family_name": "Trần", "given_name": "Mai", "mobile": Phone(MAI, MAI, ""), **more}
    return records.create(policy.SYSTEM, "contact", values)


def at_phone(provider: Provider, **where: Any) -> Person:
    person = Person(provider.app, "agent")
    agent.sign_on(person.id, **{"device": "browser", "phone": None, "tab": "a", **where})
    return person


def dial(person: Person, number: str = MAI, **more: str) -> Any:
    return person.post("/call-center/dial", data={"number": number, **more})


def test_a_number_on_a_page_is_called_through_the_browser(provider: Provider) -> None:
    company()
    contact, person = mai(), at_phone(provider)
    answer = dial(person)
    assert answer.status_code == 202, answer.text
    call = Call.get()
    assert (call.status, call.contact, call.agent, call.name) == (
        "requested",
        contact.id,
        person.id,
        "Trần Mai",
    )
    leg = {"CallSid": sid(), "From": f"client:agent_{person.id}", "To": "", "Direction": "inbound"}
    asked = provider.post("/twilio/voice/outbound", {**leg, "CallStatus": "ringing", "call": call.uid})
    heard = ElementTree.fromstring(asked.text)
    assert heard.findtext(".//Number") == MAI
    assert heard.find("Dial").attrib["callerId"] == OURS  # type: ignore[union-attr]
    assert agent.of(person.id).state == "on_call"  # type: ignore[union-attr]
    child = {
        "CallSid": sid(),
        "ParentCallSid": leg["CallSid"],
        "From": OURS,
        "To": MAI,
        "Direction": "outbound-dial",
    }
    door = f"/twilio/voice/status?c={leg['CallSid']}"
    for number, (status, after, more) in enumerate(
        (("ringing", 1, {}), ("in-progress", 9, {}), ("completed", 69, {"CallDuration": "60"}))
    ):
        said = {
            **child,
            "CallStatus": status,
            "SequenceNumber": str(number),
            "Timestamp": provider.stamp(after),
        }
        provider.post(door, {**said, **more})
    ended = {**leg, "CallStatus": "completed", "CallDuration": "70", "Timestamp": provider.stamp(70)}
    provider.post("/twilio/voice/status", ended)
    call = Call.get()
    assert (call.status, call.talked_s, call.direction) == ("completed", 60, "outbound")
    (line,) = history.timeline(policy.SYSTEM, "contact", contact.id, kinds=["call"])[0]
    assert (line.data["status"], line.by) == ("completed", person.id)
    assert agent.of(person.id).state == "wrap_up"  # type: ignore[union-attr]


def test_nobody_dials_with_the_call_of_another(provider: Provider) -> None:
    company()
    person = at_phone(provider)
    dial(person)
    other = Person(provider.app, "supervisor").id
    leg = {"CallSid": sid(), "From": f"client:agent_{other}", "To": "", "Direction": "inbound"}
    asked = provider.post("/twilio/voice/outbound", {**leg, "CallStatus": "ringing", "call": Call.get().uid})
    assert "<Dial" not in asked.text
    assert Call.get().thread is None


def test_an_agent_at_a_telephone_is_rung_first(provider: Provider) -> None:
    company()
    person = at_phone(provider, device="phone", phone="+84900000001")
    assert dial(person).status_code == 202
    call = Call.get()
    assert jobs.Job.get(jobs.Job.name == "call_center.dial").state == "ready"
    leg = {"CallSid": sid(), "From": OURS, "To": "+84900000001", "Direction": "outbound-api"}
    door = f"/twilio/voice/outbound?c={call.uid}&a={person.id}"
    asked = provider.post(door, {**leg, "CallStatus": "in-progress"})
    assert ElementTree.fromstring(asked.text).findtext(".//Number") == MAI
    assert Call.select().count() == 1


def test_a_program_asks_for_a_call(provider: Provider) -> None:
    company()
    contact, person = mai(), at_phone(provider)
    program = {"Authorization": f"Bearer {mint(person.id)[1]}"}

    def ask(**said: Any) -> Any:
        return provider.client.post("/api/v1/calls", json=said, headers=program)

    assert "to" in ask().json["errors"]
    assert "colour" in ask(to=MAI, colour="red").json["errors"]
    assert ask(to=MAI, contact=contact.id + 1).status_code == 404
    made = ask(to="0912 345 678", contact=contact.id)
    assert (made.status_code, made.json["status"], made.json["contact"]) == (202, "requested", contact.id)
    found: Any = provider.client.get(made.headers["Location"], headers=program)
    assert found.json["number"]["e164"] == MAI
    assert ask(to=MAI).json["errors"] == {"": ["You are in a call already."]}


@pytest.mark.parametrize(
    ("rule", "at", "why"),
    [
        ({"calls_from": time(8), "calls_until": time(17)}, NOON.replace(hour=14), "between"),
        ({"calls_from": time(8), "calls_until": time(17)}, NOON, ""),
        ({"per_day": 1}, NOON, ""),
    ],
)
def test_the_rules_of_the_country_are_asked_when_it_is_dialled(
    sqlite_provider: Provider, rule: dict[str, Any], at: Any, why: str
) -> None:
    company(**rule)
    with clock.at(at):
        answer = dial(at_phone(sqlite_provider))
    assert (answer.status_code == 422) == bool(why)
    assert why in answer.json.get("error", "")


def test_who_asked_not_to_be_called_is_not(sqlite_provider: Provider) -> None:
    company()
    mai(do_not_call=True)
    answer = dial(at_phone(sqlite_provider))
    assert (answer.status_code, answer.json["error"]) == (422, "This customer has asked not to be called.")
    assert not Call.select().exists()


@pytest.mark.parametrize("number", ["113", "1900 1234", "", "hello", "+84 1"])
def test_numbers_that_are_not_called_from_here(sqlite_provider: Provider, number: str) -> None:
    company()
    answer = dial(at_phone(sqlite_provider), number)
    assert answer.status_code == 422
    assert answer.json["error"]


def test_a_phone_that_is_off_calls_nobody(sqlite_provider: Provider) -> None:
    company()
    answer = dial(Person(sqlite_provider.app, "agent"))
    assert (answer.status_code, answer.json["sign_on"]) == (422, True)
    assert dial(Person(sqlite_provider.app, "viewer")).status_code == 403
