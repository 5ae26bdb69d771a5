"""What the agent desk lets in and refuses, and how a browser's phone comes and goes, whatever the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from call_center.models import agent
from call_center.models.agent import Agent
from call_center.models.call import Call
from call_center.views import card_parts
from crm_admin import clock, policy
from tests.call_center.desk import BINH, TAB, customer, sit, talked
from tests.call_center.provider import NOON, Provider, sid
from tests.people import Person


@pytest.fixture
def provider(sqlite_provider: Provider) -> Provider:
    return sqlite_provider


# ── the card ────────────────────────────────────────────────────────────────────────────────────────
def test_what_a_role_may_not_read_is_not_on_its_card(provider: Provider, an: Person) -> None:
    binh = customer()
    role = an.row.role
    for entity, field in (("contact", "job_title"), ("account", "tier"), ("call", "caller_check")):
        policy.FieldGrant.create(role=role, entity=entity, field=field, read=False, write=False)
    policy.Grant.create(role=role, entity="case", action="read", level="none")
    policy.bump()
    provider.call(BINH)
    card = an.get(f"/call-center/calls/{Call.get().id}/card/").text
    assert "Nguyễn Bình" in card
    assert not [hidden for hidden in ("Quản lý", "Máy rò nước", "not checked", "tag-green") if hidden in card]
    assert binh.name in card


def test_a_module_adds_to_the_card_of_a_known_customer(provider: Provider, an: Person) -> None:
    customer()
    part = lambda actor, call, who, reader: f"<b>Visit {who.given_name}</b>"  # noqa: E731
    card_parts.offer(part)  # type: ignore[arg-type]
    try:
        provider.call(BINH)
        known = an.get(f"/call-center/calls/{Call.get().id}/card/").text
    finally:
        card_parts._parts.remove(part)  # type: ignore[arg-type]
    assert "Visit Bình" in known


# ── who it was ──────────────────────────────────────────────────────────────────────────────────────
def test_a_customer_out_of_reach_cannot_be_chosen(provider: Provider, an: Person) -> None:
    call = talked(provider.call(BINH))
    base = f"/call-center/calls/{call.id}/"
    for form in ({"entity": "user", "id": "1"}, {"entity": "contact", "id": "x"}, {}):
        assert an.post(f"{base}link/", form).status_code == 400
    assert an.post(f"{base}link/", {"entity": "contact", "id": "987654"}).status_code == 404
    assert an.post(f"{base}create/", {"entity": "account"}).status_code == 400


# ── what comes of it ────────────────────────────────────────────────────────────────────────────────
def test_who_may_not_write_on_a_call_does_not(provider: Provider, an: Person) -> None:
    call = talked(provider.call(BINH))
    base = f"/call-center/calls/{call.id}/"
    viewer, rep = Person(provider.app, "viewer"), Person(provider.app, "rep")
    for verb in ("note/", "follow-up/", "unlink/", "hang-up/"):
        assert viewer.post(base + verb, {"note": "x"}).status_code == 403
        assert rep.post(base + verb, {"note": "x"}).status_code == 404
    assert "data-note" not in viewer.get(f"{base}card/").text
    assert an.post(f"{base}note/", {"disposition": "bought"}).status_code == 422
    assert an.post(f"{base}note/", {"note": "x" * 20_001}).status_code == 422
    assert an.post(f"{base}note/", {"status": "missed"}).status_code == 400
    assert (Call.get().note, Call.get().status) == (None, "completed")


# ── how people stand ────────────────────────────────────────────────────────────────────────────────
def test_a_telephone_needs_a_number(provider: Provider) -> None:
    an = Person(provider.app, "agent")
    wrong = an.post("/call-center/sign-on/", {"device": "phone", "phone": "12"})
    assert wrong.status_code == 422
    assert list((wrong.json or {})["errors"]) == ["phone"]
    right = an.post("/call-center/sign-on/", {"device": "phone", "phone": "0912 000 111"})
    standing = right.json or {}
    assert (standing["state"], standing["phone"]) == ("available", "+84912000111")
    assert "+84912000111" in an.get("/call-center/").text


def test_states_that_nobody_may_choose_are_refused(provider: Provider, browser_phones: Flask) -> None:
    an = Person(provider.app, "agent")
    for form in ({"state": "on_call"}, {"state": "away", "reason": "beach"}, {}):
        assert an.post("/call-center/state/", form).status_code == 400
    sit(an)
    an.post("/call-center/sign-off/")
    assert an.post("/call-center/state/", {"state": "available"}).status_code == 409
    viewer = Person(provider.app, "viewer")
    for verb in ("sign-on", "state", "ready", "beat", "lost", "token"):
        assert (
            viewer.post(f"/call-center/{verb}/", {"device": "phone", "phone": "0912 000 111"}).status_code
            == 403
        )
    assert not Agent.select().where(Agent.user == viewer.id).exists()


# ── the browser's phone ─────────────────────────────────────────────────────────────────────────────
def test_without_an_account_nobody_signs_on_in_the_browser(provider: Provider) -> None:
    an = Person(provider.app, "agent")
    assert an.post("/call-center/sign-on/", {"device": "browser", "tab": TAB}).status_code == 409
    assert an.post("/call-center/token/").status_code == 409
    page = an.get("/call-center/")
    assert "twilio" not in page.text
    assert "Not set up yet" in page.text


def test_only_the_desk_may_speak_with_the_carrier(browser_phones: Flask) -> None:
    an = Person(browser_phones, "agent")
    desk = an.get("/call-center/")
    assert "ws://127.0.0.1:4010" in desk.headers["Content-Security-Policy"]
    assert "127.0.0.1:4010" not in an.get("/").headers["Content-Security-Policy"]
    token = an.post("/call-center/token/").json or {}
    assert token["identity"] == f"agent_{an.id}"
    assert 'href="/call-center/"' in Person(browser_phones, "viewer").get("/").text
    assert 'id="sign-on"' not in Person(browser_phones, "viewer").get("/call-center/").text


def test_a_tab_that_is_gone_is_not_rung_until_it_is_back(provider: Provider, browser_phones: Flask) -> None:
    an = Person(browser_phones, "agent")
    sit(an)
    # Another tab's word does not count.
    assert (an.post("/call-center/lost/", {"tab": "some-other-tab"}).json or {})["state"] == "available"
    gone = an.post("/call-center/lost/", {"tab": TAB, "why": "closed"}).json or {}
    assert (gone["state"], gone["reason_label"]) == (
        "not_responding",
        "The page of your phone was closed or reloaded.",
    )
    assert "Dial" not in [verb.tag for verb in provider.call(BINH).heard]
    assert sit(an)["state"] == "available"
    assert "Dial" in [verb.tag for verb in provider.call(BINH).heard]


def test_only_the_tab_that_is_the_phone_keeps_it_alive(browser_phones: Flask) -> None:
    an = Person(browser_phones, "agent")
    with clock.at(NOON):
        sit(an)
    with clock.at(NOON + timedelta(seconds=30)):
        assert not (an.post("/call-center/beat/", {"tab": "some-other-tab"}).json or {})["here"]
    with clock.at(NOON + timedelta(seconds=60)):
        assert agent.reachable(None) == []
        assert (an.post("/call-center/beat/", {"tab": TAB}).json or {})["here"]
        assert [row.user for row in agent.reachable(None)] == [an.id]
    assert an.post("/call-center/beat/", {"tab": "<b>"}).status_code == 400


# ── beside the phone ────────────────────────────────────────────────────────────────────────────────
def test_the_call_log_is_a_list_like_any_other(sqlite_crm: Flask) -> None:
    an = Person(sqlite_crm, "agent")
    assert an.get("/call-center/calls/?status=missed").headers["Location"] == "/admin/call/?status=missed"
    assert an.get("/admin/call/").status_code == 200


def test_the_page_of_a_call_tells_leg_by_leg_how_it_went(provider: Provider, an: Person) -> None:
    # We write down when we were asked, to the microsecond; the provider's notices know whole seconds.
    with clock.at(NOON + timedelta(milliseconds=400)):
        caller = provider.call(BINH)
    child = sid()
    caller.leg("ringing", child, 0, 1)
    caller.leg("no-answer", child, 20, 2)
    caller.ended(25, 25)
    page = Person(provider.app, "supervisor").get(f"/admin/call/{Call.get().id}/").text
    told = [part.split("<")[0] for part in page.split('class="story-text">')[1:]]
    assert told == [
        "Called in.",
        "Rang at Lê An for 0:20, nobody answered.",
        "The caller hung up before anybody answered.",
    ]


def test_a_stranger_and_who_sees_no_calls_find_no_desk(sqlite_crm: Flask) -> None:
    assert Person(sqlite_crm, None).get("/call-center/").status_code == 302
    rep = Person(sqlite_crm, "rep")
    policy.Grant.create(role=rep.row.role, entity="call", action="read", level="none")
    policy.bump()
    assert rep.get("/call-center/").status_code == 404
    assert rep.get("/call-center/lists/").status_code == 404
    assert 'href="/call-center/"' not in rep.get("/").text
