"""Text messages as customers, agents and the provider see them: they come in, go out, and end when somebody says so."""

from __future__ import annotations

import html
import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import time
from typing import Any

import pytest
from flask import Flask

from call_center import text_keywords, text_log
from call_center.models import text_opt_out
from call_center.models.text_message import TextMessage
from call_center.settings import Settings
from call_center.texting import SEND
from crm_admin import clock, history, jobs, policy, records
from crm_admin.kinds.phone import Phone
from crm_admin.push.event import Event
from tests.call_center import standin as api
from tests.call_center.provider import NOON, Provider, sid
from tests.call_center.standin import Asked, Reply, Standin, standing_in
from tests.people import Person

MAI = "+84912345678"
OURS = "+842873001234"


def company(**rule: Any) -> Any:
    """A company number with a queue, and what the law of Viet Nam says."""
    queue = records.create(policy.SYSTEM, "queue", {"name": "Hotline"})
    values = {"name": "Main", "number": Phone(OURS, OURS, ""), "queue": queue.id, "outbound": True}
    if rule:
        records.create(policy.SYSTEM, "calling_rule", {"country": "VN", **rule})
    return records.create(policy.SYSTEM, "phone_line", values)


def mai(**more: Any) -> Any:
    values = {"family_name": "Trần", "given_name": "Mai", "mobile": Phone(MAI, MAI, ""), **more}
    return records.create(policy.SYSTEM, "contact", values)


def written(provider: Provider, body: str, sender: str = MAI, **more: str) -> dict[str, str]:
    """A customer writes; what the provider told us of it."""
    facts = {"MessageSid": sid("SM"), "From": sender, "To": OURS, "Body": body, "NumMedia": "0", **more}
    answer = provider.post("/twilio/sms/inbound", facts)
    assert (answer.status_code, answer.mimetype) == (200, "text/xml")
    assert answer.text.endswith("<Response />")
    return facts


# ── what comes in ───────────────────────────────────────────────────────────────────────────────────
def test_a_message_of_a_customer_stands_in_their_history(provider: Provider) -> None:
    line, owner = company(), Person(provider.app, "agent")
    contact = mai(owner=owner.id)
    facts = written(provider, "Máy pha cà phê bị rò nước ạ")
    message = TextMessage.get()
    assert (message.contact, message.certainty, message.line) == (contact.id, "exact", line.id)
    assert (message.name, message.direction, message.status) == ("Trần Mai", "inbound", "received")
    assert message.owner == owner.id
    (said,) = history.timeline(policy.SYSTEM, "contact", contact.id, kinds=["text_message"])[0]
    assert said.data["body"] == facts["Body"]
    page = owner.get(f"/admin/contact/{contact.id}/").text
    assert facts["Body"] in page
    assert facts["Body"] in owner.get("/admin/text_message/").text


def test_a_message_that_is_told_twice_is_one(provider: Provider) -> None:
    company()
    facts = written(provider, "Alo")
    again = provider.post("/twilio/sms/inbound", facts)
    assert again.status_code == 200
    assert TextMessage.select().count() == 1


def test_only_the_provider_writes_messages(sqlite_provider: Provider) -> None:
    forged = {"AccountSid": "AC" + "0" * 32, "MessageSid": sid("SM"), "From": MAI, "Body": "x"}
    for door in ("inbound", "status"):
        assert sqlite_provider.client.post(f"/twilio/sms/{door}", data=forged).status_code == 403
    assert not TextMessage.select().exists()


@pytest.mark.parametrize("sender", ["VIETCOMBANK", "8088", "", "anonymous", "+1" + "0" * 60, "<b>"])
def test_any_sender_is_written_down(sqlite_provider: Provider, sender: str) -> None:
    written(sqlite_provider, "Ma OTP: 123456", sender, NumMedia="zwei")
    message = TextMessage.get()
    assert (message.contact, message.body) == (None, "Ma OTP: 123456")


def test_whoever_answers_the_line_hears_of_it_as_far_as_they_may_read_it(sqlite_provider: Provider) -> None:
    company()
    app = sqlite_provider.app
    owner, other = Person(app, "rep"), Person(app, "rep2")
    mai(owner=owner.id)
    written(sqlite_provider, "Hôm nay có giao hàng không?")
    message = TextMessage.get()
    event = Event.get(Event.type == "text")
    assert owner.id in json.loads(event.users)
    assert json.loads(event.data) == {"message": message.id}
    seen: Any = owner.get(f"/call-center/texts/{message.id}/toast/").json
    assert (seen["name"], seen["text"]) == ("Trần Mai", "Hôm nay có giao hàng không?")
    assert other.get(f"/call-center/texts/{message.id}/toast/").status_code == 404


# ── no more of them ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "word",
    ["STOP", " stop. ", "Unsubscribe", "TC", "Từ chối", "từ chối!", "tu choi", "退订", "TD", "【退订】"],
)
def test_who_writes_stop_gets_no_more(sqlite_provider: Provider, word: str) -> None:
    company()
    contact, person = mai(), Person(sqlite_provider.app, "agent")
    written(sqlite_provider, word)
    page = person.get(f"/call-center/texts/new/?customer=contact:{contact.id}").text
    assert "has asked for no more text messages" in page
    refused = write(person, contact)
    assert refused.status_code == 422
    assert "has asked for no more text messages" in refused.text
    assert "Xin chào" in refused.text  # what was typed stays
    written(sqlite_provider, "START")
    assert write(person, contact).status_code == 302


@pytest.mark.parametrize("text", ["Stop by at five", "dung", "Dung roi", "Huy", "yes", "", "停止了吗"])
def test_other_words_end_nothing(text: str) -> None:
    assert text_keywords.meaning(text) is None


def test_the_provider_may_understand_it_first(sqlite_provider: Provider) -> None:
    written(sqlite_provider, "Thôi nhé", OptOutType="STOP")
    assert text_opt_out.since(MAI) == NOON


# ── what goes out ───────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def standin() -> Iterator[Standin]:
    with standing_in() as made:
        made.answer("POST", "/Messages.json", Reply(201, {"sid": "SM" + "7" * 32}))
        made.answer("GET", "/Messages.json", Reply(200, {"messages": [], "next_page_uri": None}))
        yield made


def connect(app: Flask, standin: Standin) -> None:
    config = app.extensions["crm"]
    ours = Settings(account_sid=api.ACCOUNT, auth_token=api.TOKEN, api_base=standin.url, timeout_s=2)
    app.extensions["crm"] = replace(config, sections={**config.sections, "call_center": ours})


def posted(standin: Standin) -> list[Asked]:
    """What the provider was asked to do about messages."""
    return [asked for asked in standin.asked if asked.method == "POST" and "Messages" in asked.path]


def write(person: Person, contact: Any, body: str = "Xin chào", to: str = MAI) -> Any:
    form = {"customer": f"contact:{contact.id}", "to": to, "body": body}
    return person.post("/call-center/texts/new/", data=form)


def work(app: Flask) -> None:
    """Let a worker send what is due now."""
    worker = jobs.Worker(app.extensions["crm"], around=app.app_context)
    due = jobs.Job.select().where(jobs.Job.name == SEND, jobs.Job.state == "ready")
    while due.where(jobs.Job.run_at <= clock.now()).exists():
        worker.step()


def test_a_message_is_sent_from_a_customers_page(crm: Flask, standin: Standin) -> None:
    connect(crm, standin)
    with clock.at(NOON):
        company()
        contact, person = mai(), Person(crm, "agent")
        page = html.unescape(person.get(f"/admin/contact/{contact.id}/").text)
        assert f"/call-center/texts/new/?customer=contact:{contact.id}" in page
        form = person.get(f"/call-center/texts/new/?customer=contact:{contact.id}").text
        assert 'value="0912 345 678"' in form
        sent = write(person, contact, "  Đơn hàng của chị đã giao.\r\nCảm ơn chị! ")
        assert sent.headers["Location"] == f"/admin/contact/{contact.id}/"
        work(crm)
    (asked,) = posted(standin)
    assert (asked.form["To"], asked.form["From"]) == ([MAI], [OURS])
    assert asked.form["Body"] == ["Đơn hàng của chị đã giao.\nCảm ơn chị!"]
    message = TextMessage.get()
    assert f"/twilio/sms/status?c={message.uid}#" in asked.form["StatusCallback"][0]
    assert (message.status, message.provider_sid, message.agent) == ("queued", "SM" + "7" * 32, person.id)
    (line,) = history.timeline(policy.SYSTEM, "contact", contact.id, kinds=["text_message"])[0]
    assert (line.data["status"], line.by) == ("queued", person.id)


def outgoing() -> Any:
    """A message of ours that the provider has taken."""
    contact = mai()
    internal = {
        "direction": "outbound",
        "status": "queued",
        "body": "Hi",
        "number": Phone(MAI, MAI, ""),
        "contact": contact.id,
        "provider_sid": sid("SM"),
        "sent_at": clock.now(),
    }
    return records.create(policy.SYSTEM, "text_message", {}, internal=internal)


@pytest.mark.parametrize(
    ("told", "status", "failure"),
    [
        (("queued", "sending", "sent", "delivered"), "delivered", None),
        (("sent", "undelivered:30003"), "undelivered", "unreachable"),
        (("failed:21610",), "failed", "opted_out"),
        (("undelivered:30007", "delivered"), "delivered", None),
        (("sent", "something new"), "sent", None),
    ],
)
def test_notices_may_come_in_any_order_and_twice(
    provider: Provider, told: tuple[str, ...], status: str, failure: str | None
) -> None:
    for order in itertools.islice(itertools.permutations((*told, told[0])), 0, None, 5):
        message = outgoing()
        for notice in order:
            word, _, code = notice.partition(":")
            more = {"ErrorCode": code} if code else {}
            facts = {
                "MessageSid": message.provider_sid,
                "MessageStatus": word,
                "To": MAI,
                "From": OURS,
                **more,
            }
            assert provider.post(f"/twilio/sms/status?c={message.uid}", facts).status_code == 204
        now = TextMessage.get_by_id(message.id)
        assert (now.status, now.failure) == (status, failure), order
    assert (text_opt_out.since(MAI) is not None) == (failure == "opted_out")


def test_a_notice_of_no_message_of_ours_is_taken_and_forgotten(sqlite_provider: Provider) -> None:
    company()
    facts = written(sqlite_provider, "Alo")
    for known in (facts["MessageSid"], sid("SM"), ""):
        said = {"MessageSid": known, "MessageStatus": "failed"}
        assert sqlite_provider.post("/twilio/sms/status", said).status_code == 204
    assert TextMessage.get().status == "received"


def test_a_notice_may_be_quicker_than_the_answer_to_us(sqlite_provider: Provider) -> None:
    company()
    contact, person = mai(), Person(sqlite_provider.app, "agent")
    write(person, contact)
    message = TextMessage.get()
    early = {"MessageSid": "SM" + "8" * 32, "MessageStatus": "sent"}
    sqlite_provider.post(f"/twilio/sms/status?c={message.uid}", early)
    work(sqlite_provider.app)  # there is nobody to ask, and nothing left to ask
    message = TextMessage.get()
    assert (message.status, message.provider_sid) == ("sent", "SM" + "8" * 32)


def test_a_message_whose_answer_was_lost_is_looked_for_before_another_is_sent(
    sqlite_crm: Flask, standin: Standin
) -> None:
    connect(sqlite_crm, standin)
    there = {
        "sid": "SM" + "9" * 32,
        "direction": "outbound-api",
        "body": "Xin chào",
        "date_created": "Fri, 20 Nov 2026 05:00:01 +0000",
    }
    others = [
        {**there, "sid": "SM" + "1" * 32, "body": "Xin lỗi"},
        {**there, "sid": "SM" + "2" * 32, "date_created": "Fri, 20 Nov 2026 04:00:00 +0000"},
        {**there, "sid": "SM" + "3" * 32, "direction": "inbound"},
    ]
    standin.answer("POST", "/Messages.json", Reply(break_off=True))
    standin.answer("GET", "/Messages.json", Reply(200, {"messages": [*others, there], "next_page_uri": None}))
    with clock.at(NOON):
        company()
        write(Person(sqlite_crm, "agent"), mai())
        work(sqlite_crm)
        assert TextMessage.get().status == "requested"
    with clock.at(NOON.replace(minute=1)):
        work(sqlite_crm)
    assert (TextMessage.get().status, TextMessage.get().provider_sid) == ("queued", "SM" + "9" * 32)
    assert len(posted(standin)) == 1


@pytest.mark.parametrize(
    ("code", "failure"), [(21610, "opted_out"), (21614, "no_number"), (21408, "refused")]
)
def test_what_the_provider_refuses_is_said(
    sqlite_crm: Flask, standin: Standin, code: int, failure: str
) -> None:
    connect(sqlite_crm, standin)
    standin.answer("POST", "/Messages.json", Reply(400, {"code": code, "message": "No"}))
    with clock.at(NOON):
        company()
        contact, person = mai(), Person(sqlite_crm, "agent")
        write(person, contact)
        work(sqlite_crm)
        message = TextMessage.get()
        assert (message.status, message.failure, message.error_code) == ("failed", failure, code)
        assert write(person, contact).status_code == (422 if failure == "opted_out" else 302)


def test_what_is_never_answered_is_shown_as_uncertain(sqlite_crm: Flask, standin: Standin) -> None:
    connect(sqlite_crm, standin)
    standin.answer("POST", "/Messages.json", Reply(503, b"<html>"))
    with clock.at(NOON):
        company()
        write(Person(sqlite_crm, "agent"), mai())
    for hour in range(8):
        with clock.at(NOON.replace(hour=NOON.hour + hour)):
            work(sqlite_crm)
    assert (TextMessage.get().status, TextMessage.get().failure) == ("failed", "unknown")


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"to": "hello"}, "This is not a phone number"),
        ({"body": " "}, "Write something."),
        ({"body": "x" * 1_601}, "This is 1 character too long"),
    ],
)
def test_what_cannot_be_sent_is_said_beside_its_field(
    sqlite_provider: Provider, form: dict[str, str], why: str
) -> None:
    company()
    answer = write(Person(sqlite_provider.app, "agent"), mai(), **form)
    assert answer.status_code == 422
    assert why in answer.text
    assert not TextMessage.select().exists()


def test_nobody_is_written_to_at_night_nor_without_a_number_of_ours(sqlite_provider: Provider) -> None:
    contact = mai()
    assert "no number to write from" in write(Person(sqlite_provider.app, "agent"), contact).text
    company(calls_from=time(8), calls_until=time(20))
    with clock.at(NOON.replace(hour=14)):
        answer = write(Person(sqlite_provider.app, "agent"), contact)
    assert answer.status_code == 422
    assert "Text messages are sent between" in answer.text


def test_a_message_that_waited_into_the_night_is_not_sent(sqlite_crm: Flask, standin: Standin) -> None:
    connect(sqlite_crm, standin)
    with clock.at(NOON):
        company(calls_from=time(8), calls_until=time(20))
        write(Person(sqlite_crm, "agent"), mai())
    with clock.at(NOON.replace(hour=20)):
        work(sqlite_crm)
    assert (TextMessage.get().status, TextMessage.get().failure) == ("failed", "hours")
    assert posted(standin) == []


def test_an_answer_comes_from_the_number_that_was_written_to(sqlite_provider: Provider) -> None:
    company()
    second = "+842838221234"
    other = records.create(
        policy.SYSTEM, "phone_line", {"name": "Second", "number": Phone(second, second, "")}
    )
    contact, person = mai(), Person(sqlite_provider.app, "agent")
    written(sqlite_provider, "Alo", To=second)
    write(person, contact)
    assert TextMessage.get(TextMessage.direction == "outbound").line == other.id


def test_who_may_not_write_is_offered_nothing(sqlite_provider: Provider) -> None:
    company()
    contact = mai()
    viewer, rep = Person(sqlite_provider.app, "viewer"), Person(sqlite_provider.app, "rep")
    assert "/call-center/texts/new/" not in viewer.get(f"/admin/contact/{contact.id}/").text
    assert write(viewer, contact).status_code == 403
    assert write(rep, contact).status_code == 404  # a customer of somebody else
    assert not TextMessage.select().exists()


def test_the_rank_of_a_status_is_its_place_in_the_list() -> None:
    """Whatever the provider's word is worth, it is worth something that we show."""
    from call_center.models.text_message import RANKS  # noqa: PLC0415 — beside its only use

    assert set(text_log._STATUSES.values()) <= set(RANKS)
