"""The rules of the call center, one by one, as `test_rules.py` has those of the core."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from call_center import api, matching, texting
from call_center.models import agent
from call_center.models.call import Call
from call_center.models.recording import Recording
from call_center.settings import Settings
from crm_admin import clock, files, policy, records
from crm_admin.auth import tokens
from crm_admin.kinds.base import Upload
from crm_admin.kinds.phone import Phone
from crm_admin.kinds.subject import Ref
from tests.access.test_rights_change import grant, hide
from tests.access.test_rules import freeze
from tests.call_center.provider import ACCOUNT, BASE, TOKEN, Provider, sid, signature
from tests.people import Person

NUMBER = "+842471000123"
OURS = "+842873001234"


def number(e164: str = NUMBER) -> Phone:
    return Phone(e164, e164, "")


def call_of(owner: Person | None, team: int | None = None, **said: Any) -> Call:
    """A call that belongs to somebody, or to nobody; `said` is what the provider has told of it."""
    mine = min(owner.actor.teams, default=None) if owner else team
    values = {"owner": owner.id if owner else None, "team": mine}
    values |= {key: said.pop(key) for key in ("contact", "account") if key in said}
    internal = {"direction": "inbound", "status": "talking", "number": number(), **said}
    made = records.create(policy.SYSTEM, "call", values, internal=internal)
    assert isinstance(made, Call)
    return made


def desk(call: Call | int, verb: str = "card") -> str:
    return f"/call-center/calls/{call if isinstance(call, int) else call.id}/{verb}/"


def company_number() -> None:
    records.create(policy.SYSTEM, "phone_line", {"name": "Main", "number": number(OURS), "outbound": True})


def at_a_telephone(person: Person) -> Person:
    agent.sign_on(person.id, device="phone", phone="+84912000111", tab=None)
    return person


def bearer(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.mint(person.id)[1]}"}


# ── whose call it is ────────────────────────────────────────────────────────────────────────────────
def test_a_call_is_seen_by_whose_phone_it_was_at(crm: Flask) -> None:
    rep, rep2 = Person(crm, "rep"), Person(crm, "rep2")
    foreign, had = call_of(rep2), call_of(rep2, agent=rep.id)
    missing = rep.get(desk(987_654))
    assert (rep.get(desk(foreign)).status_code, missing.status_code) == (404, 404)
    assert rep.get(f"/call-center/calls/{foreign.uid}/card/").status_code == 404
    assert rep.get(desk(had)).status_code == 200
    assert rep.post(desk(had, "note"), {"note": "They call again"}).status_code == 200
    assert Call.get_by_id(had.id).owner == rep.id


def test_only_who_has_a_call_or_supervises_steps_into_it(crm: Flask) -> None:
    an, lan, viewer = (Person(crm, name) for name in ("agent", "supervisor", "viewer"))
    of_lan, of_an, of_viewer = (call_of(lan, agent=person.id) for person in (lan, an, viewer))
    answers = [
        person.post(desk(call, "hang-up")).status_code
        for person, call in ((an, of_lan), (an, of_an), (lan, of_an), (viewer, of_an), (viewer, of_viewer))
    ]
    assert answers == [403, 202, 202, 403, 403]


def test_nobody_takes_the_call_of_a_colleague(crm: Flask) -> None:
    an, lan, viewer, rep = (Person(crm, name) for name in ("agent", "supervisor", "viewer", "rep"))
    (ours,), (theirs,) = an.actor.teams, rep.actor.teams
    grant("agent", "call", "read", "all")
    of_lan, free, elsewhere = call_of(lan), call_of(None, ours), call_of(None, theirs)
    for call in (of_lan, elsewhere):
        assert an.post(desk(call, "note"), {"note": "Mine"}).status_code == 403
        assert "data-note" not in an.get(desk(call)).text
    assert "data-note" in an.get(desk(free)).text
    assert an.post(desk(free, "note"), {"note": "Mine"}).status_code == 200
    assert Call.get_by_id(free.id).owner == an.id
    looked_at = call_of(lan, agent=viewer.id)
    assert viewer.post(desk(looked_at, "note"), {"note": "Mine"}).status_code == 403
    assert "data-note" not in viewer.get(desk(looked_at)).text


# ── what a card says ────────────────────────────────────────────────────────────────────────────────
def test_a_card_offers_what_its_reader_may_do(crm: Flask) -> None:
    an = Person(crm, "agent")
    call = call_of(an)
    offers = {
        "the number": "7100 0123",
        "search": '<option value="contact"',
        "new": 'data-card-new="contact"',
        "task": "data-follow-up",
        "note": "data-note",
    }

    def offered() -> set[str]:
        card = an.get(desk(call)).text
        return {name for name, text in offers.items() if text in card}

    assert offered() == set(offers)
    grant("agent", "task", "create", "none")
    assert offered() == set(offers) - {"task"}
    assert an.post(desk(call, "follow-up")).status_code == 403
    grant("agent", "contact", "create", "none")
    assert offered() == {"the number", "search", "note"}
    grant("agent", "contact", "read", "none")
    assert offered() == {"the number", "note"}
    hide("agent", "call", "number")
    assert offered() == {"note"}
    freeze("agent", "call", "note")
    assert offered() == set()
    assert an.post(desk(call, "note"), {"note": "x"}).status_code == 403


def test_a_card_tells_of_a_customer_what_its_reader_sees(crm: Flask) -> None:
    rep, rep2 = Person(crm, "rep"), Person(crm, "rep2")
    soon = clock.now() + timedelta(days=1)
    foreign = rep2.owns("contact", given_name="Quiet")
    cafe, mill = rep.owns("account", name="My Cafe"), rep2.owns("account", name="Their Mill")
    minh = rep.owns("contact", given_name="Minh", account=cafe.id, do_not_call=True)
    other = rep.owns("contact", given_name="Hoa", account=mill.id)
    for person, whose in ((rep2, "Their"), (rep, "My")):
        person.owns("case", subject=f"{whose} leak", contact=minh.id)
        person.owns("opportunity", name=f"{whose} chance", contact=minh.id)
        person.owns("meeting", subject=f"{whose} visit", regarding=Ref("contact", minh.id), starts_at=soon)
    known, unknown = call_of(rep, contact=minh.id), call_of(rep, contact=foreign.id)
    hidden = rep.get(desk(unknown)).text
    assert "Quiet" not in hidden
    assert "not shown to you" in hidden
    assert "Their Mill" not in rep.get(desk(call_of(rep, contact=other.id))).text

    def told() -> set[str]:
        # The history on a card is that of every page.
        card = rep.get(desk(known)).text.partition("timeline")[0]
        assert not [text for text in ("Their leak", "Their chance", "Their visit") if text in card]
        facts = ("Minh", "My Cafe", "My leak", "My chance", "My visit", "asked not to be called")
        return {text for text in facts if text in card}

    everything = told()
    assert len(everything) == 6
    for entity, field, gone in (
        ("case", "resolved_at", "My leak"),
        ("meeting", "status", "My visit"),
        ("contact", "do_not_call", "asked not to be called"),
        ("account", "name", "My Cafe"),
    ):
        hide("field_rep", entity, field)
        everything -= {gone}
        assert told() == everything, field
    hide("field_rep", "call", "contact")
    assert told() == set()


def test_a_card_names_nobody_whose_name_is_hidden(crm: Flask) -> None:
    rep = Person(crm, "rep")
    account = rep.owns("account", name="My Cafe")
    call = call_of(rep, account=account.id)
    assert "My Cafe" in rep.get(desk(call)).text
    hide("field_rep", "account", "name")
    assert "My Cafe" not in rep.get(desk(call)).text


def test_the_lists_beside_a_phone_are_those_of_its_person(crm: Flask) -> None:
    rep, rep2 = Person(crm, "rep"), Person(crm, "rep2")
    at = clock.now()
    mine, theirs = (
        call_of(person, number=number(f"+84247100{digits}"), status="missed", started_at=at)
        for person, digits in ((rep, "1111"), (rep2, "2222"))
    )
    talked, lost = (
        call_of(person, number=number(f"+84247100{digits}"), status="completed", started_at=at, agent=rep.id)
        for person, digits in ((rep, "3333"), (rep2, "4444"))
    )

    def shown() -> set[int]:
        page = rep.get("/call-center/lists/").text
        return {call.id for call in (mine, theirs, talked, lost) if f"/admin/call/{call.id}/" in page}

    assert shown() == {mine.id, talked.id}
    hide("field_rep", "call", "number")
    assert shown() == set()


# ── who calls ───────────────────────────────────────────────────────────────────────────────────────
def test_a_caller_is_known_to_who_may_see_them(crm: Flask) -> None:
    rep, rep2 = Person(crm, "rep"), Person(crm, "rep2")
    contact = rep2.owns("contact", given_name="Quiet", mobile=number())
    assert [found.id for found in matching.candidates(NUMBER, "VN", actor=rep2.actor)] == [contact.id]
    assert matching.candidates(NUMBER, "VN", actor=rep.actor) == []


def test_a_caller_is_found_and_described_by_what_may_be_read(crm: Flask) -> None:
    rep, rep2 = Person(crm, "rep"), Person(crm, "rep2")
    contact = rep.owns("contact", given_name="Minh", mobile=number())
    for person in (rep, rep2):
        person.owns("case", subject="Leak", contact=contact.id)
    earlier, later = clock.now() - timedelta(days=9), clock.now() - timedelta(days=1)
    call_of(rep, contact=contact.id, started_at=earlier)
    call_of(rep2, contact=contact.id, started_at=later)

    def hints() -> list[tuple[int, datetime | None]]:
        found = matching.candidates(NUMBER, "VN", actor=rep.actor)
        return [(one.open_cases, one.last_talk) for one in found]

    assert hints() == [(1, earlier)]
    hide("field_rep", "case", "resolved_at")
    hide("field_rep", "call", "started_at")
    assert hints() == [(0, None)]
    hide("field_rep", "contact", "mobile")
    assert hints() == []


def test_a_call_is_linked_to_whom_its_person_sees(crm: Flask) -> None:
    rep, rep2 = Person(crm, "rep"), Person(crm, "rep2")
    foreign, mill = rep2.owns("contact", given_name="Quiet"), rep2.owns("account", name="Their Mill")
    mine = rep.owns("contact", given_name="Minh", account=mill.id)
    call = call_of(rep, account=mill.id)
    refused, missing = (
        rep.post(desk(call, "link"), {"entity": "contact", "id": id}) for id in (foreign.id, 987_654)
    )
    assert (refused.status_code, missing.status_code) == (404, 404)
    made = rep.post(desk(call, "create"), {"entity": "contact", "family_name": "New"})
    assert made.status_code == 200, made.text
    assert Call.get_by_id(call.id).account is None
    assert rep.post(desk(call, "link"), {"entity": "contact", "id": mine.id}).status_code == 200
    linked = Call.get_by_id(call.id)
    assert (linked.contact, linked.account) == (mine.id, None)


# ── recordings ──────────────────────────────────────────────────────────────────────────────────────
def test_a_recording_is_heard_by_who_may_know_of_it(crm: Flask) -> None:
    rep, rep2 = Person(crm, "rep"), Person(crm, "rep2")
    sound = files.store(Upload("a.wav", b"RIFF of a voice", "audio/wav"))
    kept: dict[str, Any] = {"kind": "call", "state": "stored", "sha256": sound, "transcript": "Xin chào"}
    mine, theirs = (
        Recording.insert(
            call=call_of(person, ended_at=clock.now()).id, sid=sid("RE"), leg_sid="CA", **kept
        ).execute()
        for person in (rep, rep2)
    )
    call = Recording.get_by_id(mine).call
    assert rep.get(f"/call-center/recordings/{mine}").data == b"RIFF of a voice"
    assert rep.get(f"/call-center/recordings/{theirs}").status_code == 404
    assert rep.post(f"/call-center/recordings/{theirs}/delete/").status_code == 404
    pages = (desk(call, "recordings"), f"/admin/call/{call}/")
    assert ["Xin chào" in rep.get(page).text for page in pages] == [True, True]
    hide("field_rep", "call", "recorded")
    assert rep.get(f"/call-center/recordings/{mine}").status_code == 404
    assert ["Xin chào" in rep.get(page).text for page in pages] == [False, False]
    assert "story-text" in rep.get(f"/admin/call/{call}/").text
    hide("field_rep", "call", "agent")
    assert "story-text" not in rep.get(f"/admin/call/{call}/").text


def test_a_recording_is_deleted_by_who_may_delete_its_call(crm: Flask) -> None:
    rep, viewer = Person(crm, "rep"), Person(crm, "viewer")
    number = Recording.insert(
        call=call_of(rep).id, sid=sid("RE"), leg_sid="CA", kind="call", state="stored"
    ).execute()
    assert viewer.post(f"/call-center/recordings/{number}/delete/").status_code == 403
    assert Recording.get_by_id(number).state == "stored"
    assert rep.post(f"/call-center/recordings/{number}/delete/").status_code == 302
    assert Recording.get_by_id(number).state == "deleted"


# ── calling ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_number_is_called_for_whom_its_caller_sees(crm: Flask) -> None:
    company_number()
    rep, rep2 = Person(crm, "rep"), Person(crm, "rep2")
    foreign = rep2.owns("contact", given_name="Quiet", mobile=number())
    # Before anything else is said, so that a customer out of reach is answered like one who is missing.
    for id in (foreign.id, 987_654):
        asked = rep.post("/call-center/dial", {"number": NUMBER, "customer": f"contact:{id}"})
        assert asked.status_code == 404
    at_a_telephone(rep)
    asked = rep.post("/call-center/dial", {"number": NUMBER})
    assert asked.status_code == 202, asked.text
    call = Call.get()
    assert (call.contact, call.owner) == (None, rep.id)
    assert "Quiet" not in asked.text + str(call.name)


def test_calling_is_offered_to_who_may_call(crm: Flask) -> None:
    an, viewer = Person(crm, "agent"), Person(crm, "viewer")

    def offered(person: Person) -> tuple[bool, bool]:
        return "js/dial.js" in person.get("/").text, bool(api.describe(person.actor)[0])

    assert (offered(an), offered(viewer)) == ((True, True), (False, False))
    grant("agent", "queue", "read", "none")
    queue = records.create(policy.SYSTEM, "queue", {"name": "Support"})
    said = {"to": NUMBER, "from_queue": queue.id}
    token = bearer(an)
    assert an.client.post("/api/v1/calls", json=said, headers=token).status_code == 404
    grant("agent", "call", "read", "none")
    assert offered(an) == (False, False)
    asked = an.client.post("/api/v1/calls", json={}, headers=token)
    assert asked.status_code == 404
    refused = viewer.client.post("/api/v1/calls", json={}, headers=bearer(viewer))
    assert refused.status_code == 403


# ── the provider ────────────────────────────────────────────────────────────────────────────────────
@contextmanager
def telephony(app: Flask) -> Iterator[Provider]:
    """The provider of a company that has an account."""
    config = app.extensions["crm"]
    ours = Settings(account_sid=ACCOUNT, auth_token=TOKEN)
    app.extensions["crm"] = replace(config, sections={**config.sections, "call_center": ours})
    try:
        yield Provider(app)
    finally:
        app.extensions["crm"] = config


def test_the_provider_alone_comes_in_and_for_us_alone(crm: Flask) -> None:
    path = "/twilio/voice/status"
    form = {
        "CallSid": sid(),
        "AccountSid": ACCOUNT,
        "CallStatus": "ringing",
        "Direction": "inbound",
        "From": NUMBER,
    }
    foreign = {**form, "AccountSid": "AC" + "1" * 32}
    with telephony(crm) as provider:
        for said, by in ((form, "wrong"), (foreign, signature(BASE + path, foreign))):
            headers = {"X-Twilio-Signature": by}
            refused = provider.client.post(path, data=said, headers=headers, base_url=BASE)
            assert refused.status_code == 403
        assert provider.client.post(path, data=form, base_url=BASE).status_code == 403
        assert Call.select().count() == 0
        assert provider.post(path, form).status_code == 204
        assert Call.select().count() == 1


def test_nobody_dials_with_the_call_of_another(crm: Flask) -> None:
    company_number()
    an, other = at_a_telephone(Person(crm, "agent")), Person(crm, "supervisor")
    with telephony(crm) as provider:
        assert an.post("/call-center/dial", {"number": NUMBER}).status_code == 202
        call = Call.get()
        Call.update(thread=None).where(Call.id == call.id).execute()
        leg = {"CallSid": sid(), "From": f"client:agent_{other.id}", "To": "", "Direction": "inbound"}
        for way in ({"call": call.uid}, {}):
            asked = provider.post("/twilio/voice/outbound", {**leg, "CallStatus": "ringing", **way})
            assert "<Dial" not in asked.text
        assert Call.get_by_id(call.id).thread is None


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_text_message_is_for_whom_its_writer_sees(crm: Flask) -> None:
    company_number()
    rep, rep2, viewer = (Person(crm, name) for name in ("rep", "rep2", "viewer"))
    foreign = rep2.owns("contact", given_name="Quiet", mobile=number())
    mine = rep.owns("contact", given_name="Minh", mobile=number("+84247100"))
    page = "/call-center/texts/new/"
    for id in (foreign.id, 987_654):
        assert rep.get(f"{page}?customer=contact:{id}").status_code == 404
        # Before anything else is said of it.
        wish = texting.Wish(NUMBER, "", ("contact", id))
        with pytest.raises(records.NotFound):
            texting.request(rep.actor, wish, records.reader(rep.actor), crm.extensions["crm"])
    form = f"{page}?customer=contact:{mine.id}"
    offer = f'href="{form}"'
    assert ("247100" in rep.get(form).text, offer in rep.get(f"/admin/contact/{mine.id}/").text) == (
        True,
        True,
    )
    assert viewer.get(page).status_code == 403
    assert offer not in viewer.get(f"/admin/contact/{mine.id}/").text
    with pytest.raises(records.Forbidden):
        texting.request(viewer.actor, wish, records.reader(viewer.actor), crm.extensions["crm"])
    hide("field_rep", "contact", "mobile")
    assert "247100" not in rep.get(form).text
    theirs = records.create(
        policy.SYSTEM, "text_message", {"owner": rep2.id}, internal={"body": "Secret", "name": "Quiet"}
    )
    own = records.create(
        policy.SYSTEM, "text_message", {"owner": rep.id}, internal={"body": "Plain", "name": "Hoa"}
    )
    toast = "/call-center/texts/{}/toast/"
    assert rep.get(toast.format(theirs.id)).status_code == 404
    assert rep.get(toast.format(own.id)).json["text"] == "Plain"  # type: ignore[index]
    hide("field_rep", "text_message", "body")
    assert rep.get(toast.format(own.id)).json["text"] == ""  # type: ignore[index]
    assert "js/text_message.js" in rep.get("/").text
    grant("field_rep", "text_message", "read", "none")
    assert "js/text_message.js" not in rep.get("/").text
    assert rep.get(page).status_code == 404
