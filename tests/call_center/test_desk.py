"""The agent desk through the door: the caller's card, who it was, what comes of it, how people stand at phones."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from flask import Flask

from call_center.models import agent
from call_center.models.call import Call
from crm_admin import clock, db, jobs, policy, records, registry
from tests.call_center.desk import BINH, answer, customer, lines, number, sit, talked
from tests.call_center.provider import NOON, Provider
from tests.people import Person

CARD_QUERIES = 16
"""Most questions to the database for the fullest card, that of the session among them."""


# ── the card ────────────────────────────────────────────────────────────────────────────────────────
def test_the_whole_story_is_there_while_it_rings(provider: Provider, an: Person) -> None:
    customer()
    provider.call(BINH)
    standing = an.get("/call-center/status/").json or {}
    assert (standing["state"], standing["call"]["status"]) == ("ringing", "ringing")
    address = f"/call-center/calls/{standing['call']['uid']}/card/"
    an.get(address)  # templates are compiled once
    with db.count_queries() as asked:
        card = an.get(address)
    assert card.status_code == 200
    assert len(asked) <= CARD_QUERIES, "\n".join(asked)
    for shown in ("Nguyễn Bình", "Đèn Tím", "Huế", "This very number", "not checked", "Quản lý"):
        assert shown in card.text
    for open_now in ("Máy rò nước", "Bảo trì 2027", "Ghé thăm"):
        assert open_now in card.text
    assert [word for word in ("ba", "bảy", "hai", "một") if f"Chuyện {word}" in card.text] == ["ba", "bảy"]


def test_a_call_that_does_not_ring_for_them_is_not_there(provider: Provider, an: Person) -> None:
    owner = Person(provider.app, "rep2").id
    customer(owner=owner)
    provider.call(BINH)
    call = Call.get()
    assert an.get(f"/call-center/calls/{call.uid}/card/").status_code == 200
    for key in (call.id, call.uid, 10**14, "no-such-call"):
        assert Person(provider.app, "rep").get(f"/call-center/calls/{key}/card/").status_code == 404


# ── who it was ──────────────────────────────────────────────────────────────────────────────────────
def test_of_two_with_the_number_a_person_says_who_it_was(provider: Provider, an: Person) -> None:
    both = [
        records.create(
            policy.SYSTEM, "contact", {"family_name": "Trần", "given_name": name, "mobile": number(BINH)}
        )
        for name in ("Nam", "Hương")
    ]
    call = talked(provider.call(BINH))
    base = f"/call-center/calls/{call.id}/"
    card = an.get(f"{base}card/").text
    assert "Who is it?" in card
    assert "Trần Nam" in card
    assert "Trần Hương" in card
    linked = an.post(f"{base}link/", {"entity": "contact", "id": both[1].id})
    assert "Chosen by a person" in linked.text
    assert (len(lines("contact", both[1])), len(lines("contact", both[0]))) == (1, 0)
    assert Call.get().name == "Trần Hương"
    an.post(f"{base}link/", {"entity": "contact", "id": both[0].id})
    assert (len(lines("contact", both[1])), len(lines("contact", both[0]))) == (0, 1)
    nobody = an.post(f"{base}unlink/")
    assert "Who is it?" in nobody.text
    assert (lines("contact", both[0]), Call.get().certainty, Call.get().name) == ([], None, "0901 234 500")


@pytest.mark.parametrize(
    ("entity", "typed", "named"),
    [
        ("contact", {"family_name": "Phan", "given_name": "Châu"}, "Phan Châu"),
        ("lead", {"company_name": "汐巷咖啡"}, "汐巷咖啡"),
    ],
)
def test_somebody_new_is_created_from_the_call(
    provider: Provider, an: Person, entity: str, typed: dict[str, str], named: str
) -> None:
    call = talked(provider.call(BINH))
    base = f"/call-center/calls/{call.id}/"
    assert "Nobody we know has this number." in an.get(f"{base}card/").text
    empty = an.post(f"{base}create/", {"entity": entity, "family_name": " "})
    assert empty.status_code == 422
    assert "family_name" in (empty.json or {})["errors"]
    assert named in an.post(f"{base}create/", {"entity": entity, **typed}).text
    made = registry.entity(entity).model.get()
    assert (made.mobile_e164, made.owner, made.name) == (BINH, an.id, named)
    assert [line.ref for line in lines(entity, made)] == [("call", call.id)]


# ── what comes of it ────────────────────────────────────────────────────────────────────────────────
def test_note_and_outcome_are_in_the_history_as_they_are_typed(provider: Provider, an: Person) -> None:
    binh = customer(owner=Person(provider.app, "rep").id)
    caller = provider.call(BINH)
    base = f"/call-center/calls/{Call.get().id}/"
    assert an.post(f"{base}note/", {"note": "Máy"}).status_code == 200
    child = answer(caller)
    an.post(f"{base}note/", {"note": "Máy rò nước,\nhẹn thứ ba"})
    an.post(f"{base}note/", {"disposition": "appointment"})
    caller.leg("completed", child, 64, 3, CallDuration="60")
    caller.ended(65, 65)
    (line,) = lines("contact", binh)
    assert line.data["note"] == "Máy rò nước,\nhẹn thứ ba"
    assert (line.data["disposition"], line.data["status"], line.data["talked_s"]) == (
        "appointment",
        "completed",
        60,
    )
    page = an.get(f"/admin/contact/{binh.id}/").text
    assert "hẹn thứ ba" in page
    assert "Appointment made" in page
    an.post(f"{base}note/", {"disposition": ""})
    assert Call.get().disposition is None


def test_one_click_makes_a_task_for_tomorrow_at_nine(provider: Provider, an: Person) -> None:
    binh = customer()
    call = talked(provider.call(BINH))
    answer = an.post(f"/call-center/calls/{call.id}/follow-up/")
    task = registry.entity("task").model.get()
    assert (answer.json or {})["url"] == f"/admin/task/{task.id}/"
    assert task.due_at == datetime(2026, 11, 21, 2)  # nine in Viet Nam
    assert (task.owner, task.regarding_entity, task.regarding_id) == (an.id, "contact", binh.id)
    assert "Nguyễn Bình" in task.subject


# ── keys of the phone ───────────────────────────────────────────────────────────────────────────────
def test_hold_and_hang_up_are_asked_of_the_carrier_for_whose_call_it_is(
    provider: Provider, an: Person
) -> None:
    caller = provider.call(BINH)
    base = f"/call-center/calls/{Call.get().id}/"
    assert an.post(f"{base}hold/").status_code == 409  # nobody has answered
    child = answer(caller)
    assert an.post(f"{base}hold/").status_code == 202
    assert an.post(f"{base}hold/").status_code == 202  # pressed twice, done once
    assert Person(provider.app, "office").post(f"{base}hang-up/").status_code == 403
    lan = Person(provider.app, "supervisor")
    assert lan.post(f"{base}hang-up/").status_code == 202
    rows = jobs.Job.select().where(jobs.Job.name.startswith("call_center.")).order_by(jobs.Job.id)
    payload = {"call": Call.get().id}
    assert [(row.name, json.loads(row.payload)) for row in rows if row.name != "call_center.look_after"] == [
        ("call_center.hold", {**payload, "user": an.id}),
        ("call_center.hang_up", {**payload, "user": lan.id}),
    ]
    caller.leg("completed", child, 9, 3, CallDuration="5")
    caller.ended(10, 10)
    assert an.post(f"{base}hang-up/").status_code == 409
    assert an.post(f"{base}transfer/").status_code == 404


# ── how people stand ────────────────────────────────────────────────────────────────────────────────
def test_a_wish_in_a_call_comes_true_after_it(provider: Provider, an: Person) -> None:
    caller = provider.call(BINH)
    child = answer(caller)
    standing = an.post("/call-center/state/", {"state": "away", "reason": "lunch"}).json or {}
    assert (standing["state"], standing["next"]) == ("on_call", "away")
    caller.leg("completed", child, 64, 3, CallDuration="60")
    caller.ended(65, 65)
    standing = an.get("/call-center/status/").json or {}
    assert standing["state"] == "wrap_up"
    until = datetime.fromisoformat(standing["wrap_up_until"])
    with clock.at(clock.now() + timedelta(seconds=30)):
        later = an.post("/call-center/more-time/").json or {}
    assert datetime.fromisoformat(later["wrap_up_until"]) - until == timedelta(seconds=30)
    assert (an.post("/call-center/ready/").json or {})["state"] == "away"
    assert (an.post("/call-center/state/", {"state": "available"}).json or {})["state"] == "available"


def test_whoever_becomes_available_gets_who_waits(provider: Provider, an: Person) -> None:
    an.post("/call-center/state/", {"state": "away", "reason": "break"})
    lan = Person(provider.app, "supervisor")
    sit(lan)
    agent.become(lan.id, "on_call")
    caller = provider.call(BINH)
    caller.ask(caller.door("Enqueue", "waitUrl"), CallStatus="in-progress", QueueTime="0")
    standing = an.post("/call-center/state/", {"state": "available"}).json or {}
    assert (standing["state"], standing["call"]["id"]) == ("ringing", Call.get().id)
    assert [stay.reason for stay in agent.stays(an.id, NOON) if stay.state == "away"] == ["break"]


# ── beside the phone ────────────────────────────────────────────────────────────────────────────────
def test_a_missed_call_waits_until_somebody_has_talked_with_them(
    provider: Provider, browser_phones: Flask
) -> None:
    customer()
    provider.call(BINH).ended(20, 20)
    lan = Person(provider.app, "supervisor")
    waiting = lan.get("/call-center/lists/").text
    assert "Nguyễn Bình" in waiting
    assert f'data-phone="{BINH}"' in waiting
    assert "Nguyễn Bình" not in Person(provider.app, "rep").get("/call-center/lists/").text
    with clock.at(NOON + timedelta(minutes=5)):
        sit(lan)
        provider.now = clock.now()
        talked(provider.call(BINH))
        later = lan.get("/call-center/lists/").text
    assert "Nobody is waiting" in later
    assert "Nguyễn Bình" in later  # among the last calls
    assert "1:00" in later
