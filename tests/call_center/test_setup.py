"""The set-up of calls, as an administrator sees and mends it; the provider is a small stand-in."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest
from flask import Flask

from call_center import setup_jobs
from call_center.settings import RETRIES, Settings
from crm_admin import jobs, policy, records
from crm_admin.audit import AuditEntry
from crm_admin.config import Config
from crm_admin.kinds import phone
from tests.call_center.standin import ACCOUNT, TOKEN, Reply, Standin, standing_in
from tests.people import Person

BASE = "http://127.0.0.1:8000/twilio/voice"
TEXTS = f"http://127.0.0.1:8000/twilio/sms/inbound{RETRIES}"
APP = "AP" + "c" * 32
NUMBER = "PN" + "d" * 32
OURS = {
    "voice_method": "POST",
    "voice_fallback_url": f"{BASE}/fallback{RETRIES}",
    "status_callback": f"{BASE}/status{RETRIES}",
}
KEYS = {"api_key_sid": "SK" + "b" * 32, "api_key_secret": "a-key-secret", "twiml_app_sid": APP}


@pytest.fixture
def standin() -> Iterator[Standin]:
    with standing_in() as made:
        made.answer(
            "GET", f"/Accounts/{ACCOUNT}.json", Reply(200, account(), {"Date": formatdate(usegmt=True)})
        )
        made.answer("GET", "/Calls.json", Reply(200, {"calls": []}))
        made.answer("GET", f"/Applications/{APP}.json", Reply(200, application()))
        made.answer("GET", "/IncomingPhoneNumbers.json", numbers(number()))
        yield made


def account(**facts: Any) -> dict[str, Any]:
    return {"sid": ACCOUNT, "friendly_name": "Sao Mai", "status": "active", "type": "Full", **facts}


def application(**facts: Any) -> dict[str, Any]:
    ours = {"voice_url": f"{BASE}/outbound{RETRIES}", **OURS}
    return {"sid": APP, "friendly_name": "CRM", **ours, **facts}


def number(**facts: Any) -> dict[str, Any]:
    ours = {"voice_url": f"{BASE}/inbound{RETRIES}", **OURS, "sms_url": TEXTS, "sms_method": "POST"}
    can = {"capabilities": {"voice": True, "sms": True}}
    return {"sid": NUMBER, "phone_number": "+842871099999", **ours, **can, **facts}


def numbers(*rows: dict[str, Any]) -> Reply:
    return Reply(200, {"incoming_phone_numbers": list(rows), "next_page_uri": None})


@pytest.fixture
def admin(sqlite_crm: Flask, standin: Standin) -> Person:
    set_up(sqlite_crm, account_sid=ACCOUNT, auth_token=TOKEN, api_base=standin.url, **KEYS)
    records.create(
        policy.SYSTEM, "phone_line", {"name": "Hotline", "number": phone.read("+84 28 7109 9999", "VN")}
    )
    return Person(sqlite_crm, "admin")


def set_up(app: Flask, **settings: Any) -> None:
    config: Config = app.extensions["crm"]
    ours = Settings(timeout_s=2, **settings)
    app.extensions["crm"] = replace(config, sections={**config.sections, "call_center": ours})


def looked(admin: Person) -> str:
    """The text of the page after a look."""
    assert admin.post("/call-center/setup/look/").status_code == 302
    return finished(admin)


def finished(admin: Person) -> str:
    worker = jobs.Worker(admin.app.extensions["crm"], around=admin.app.app_context)
    ours = jobs.Job.name.in_((setup_jobs.LOOK, setup_jobs.MEND, setup_jobs.CREATE))
    while jobs.Job.select().where(ours, jobs.Job.state == "ready").exists():
        worker.step()
    page = admin.get("/call-center/setup/").text
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page)))


def test_only_administrators_come_here(sqlite_crm: Flask) -> None:
    for name in ("supervisor", "agent", "viewer"):
        person = Person(sqlite_crm, name)
        assert person.get("/call-center/setup/").status_code == 403
        assert person.post("/call-center/setup/mend/", {"place": "everything"}).status_code == 403
        assert "Telephony" not in person.get("/").text
    assert "/call-center/setup/" in Person(sqlite_crm, "admin").get("/").text


def test_the_page_waits_for_nobody(admin: Person, standin: Standin) -> None:
    assert "Not checked yet" in admin.get("/call-center/setup/").text
    admin.post("/call-center/setup/look/")
    page = admin.get("/call-center/setup/").text
    assert 'hx-get="/call-center/setup/standing/"' in page
    assert standin.asked == []
    finished(admin)
    standing = admin.get("/call-center/setup/standing/").text
    assert "hx-get" not in standing


def test_when_all_is_right_nothing_is_to_be_done(admin: Person) -> None:
    text = looked(admin)
    for said in ("Everything fits", "Sao Mai is in force", "agrees with the provider’s", "for a stand-in"):
        assert said in text
    assert "Mend" not in text


def test_a_number_that_sends_its_calls_elsewhere_is_mended_with_a_click(
    admin: Person, standin: Standin
) -> None:
    elsewhere = number(voice_url="https://old.example.com/in", status_callback=None)
    standin.answer("GET", "/IncomingPhoneNumbers.json", numbers(elsewhere))
    standin.answer("POST", f"/IncomingPhoneNumbers/{NUMBER}.json", Reply(200, number()))
    text = looked(admin)
    assert "1 number does not send its calls here" in text
    assert "https://old.example.com/in" in text
    assert f"{BASE}/inbound{RETRIES}" in text

    standin.answer("GET", "/IncomingPhoneNumbers.json", numbers(elsewhere), numbers(number()))
    admin.post("/call-center/setup/mend/", {"place": NUMBER})
    assert "Everything fits" in finished(admin)
    (told,) = [asked for asked in standin.asked if asked.method == "POST"]
    assert told.form["VoiceUrl"] == [f"{BASE}/inbound{RETRIES}"]
    assert told.form["VoiceMethod"] == ["POST"]
    assert (told.form["SmsUrl"], told.form["SmsMethod"]) == ([TEXTS], ["POST"])
    entry = AuditEntry.select().where(AuditEntry.action == "provider").get()
    assert entry.user == admin.id
    assert entry.changes["voice_url"] == ["https://old.example.com/in", f"{BASE}/inbound{RETRIES}"]


def test_an_address_that_is_asked_by_get_or_without_retries_is_not_ours(
    admin: Person, standin: Standin
) -> None:
    for facts in (
        {"voice_method": "GET"},
        {"voice_url": f"{BASE}/inbound"},
        {"trunk_sid": "TK" + "1" * 32},
        {"sms_url": "https://old.example.com/sms"},
        {"sms_method": "GET"},
        {"sms_application_sid": "AP" + "1" * 32},
    ):
        standin.answer("GET", "/IncomingPhoneNumbers.json", numbers(number(**facts)))
        assert "1 number does not send its calls here" in looked(admin)


def test_a_number_that_takes_no_text_messages_needs_no_door_for_them(admin: Person, standin: Standin) -> None:
    silent = number(sms_url="", capabilities={"voice": True, "sms": False})
    standin.answer("GET", "/IncomingPhoneNumbers.json", numbers(silent))
    assert "Everything fits" in looked(admin)


def applications(*rows: dict[str, Any]) -> Reply:
    return Reply(200, {"applications": list(rows), "next_page_uri": None})


def test_the_application_of_browser_phones_is_made_with_a_click(sqlite_crm: Flask, standin: Standin) -> None:
    set_up(sqlite_crm, account_sid=ACCOUNT, auth_token=TOKEN, api_base=standin.url)
    admin, other = (
        Person(sqlite_crm, "admin"),
        application(sid="AP" + "e" * 32, voice_url="https://a.example"),
    )
    standin.answer("GET", "/Applications.json", applications(other))
    standin.answer("POST", "/Applications.json", Reply(201, application()))
    looked(admin)
    assert "/call-center/setup/application/" in admin.get("/call-center/setup/").text

    standin.answer("GET", "/Applications.json", applications(other), applications(application(), other))
    for _click in range(2):
        assert admin.post("/call-center/setup/application/").status_code == 302
    assert f"Set TWILIO_TWIML_APP_SID={APP} and restart." in finished(admin)
    assert "/call-center/setup/application/" not in admin.get("/call-center/setup/").text
    (told,) = [asked for asked in standin.asked if asked.method == "POST"]
    assert told.form["VoiceUrl"] == [f"{BASE}/outbound{RETRIES}"]
    entry = AuditEntry.select().where(AuditEntry.action == "provider").get()
    assert (entry.user, entry.changes["CRM"]) == (admin.id, [None, APP])
    # One that is there already is no reason to make another.
    admin.post("/call-center/setup/application/")
    finished(admin)
    assert len([asked for asked in standin.asked if asked.method == "POST"]) == 1


def test_an_application_that_the_provider_refuses_is_said(sqlite_crm: Flask, standin: Standin) -> None:
    set_up(sqlite_crm, account_sid=ACCOUNT, auth_token=TOKEN, api_base=standin.url)
    admin = Person(sqlite_crm, "admin")
    standin.answer("GET", "/Applications.json", applications())
    standin.answer("POST", "/Applications.json", Reply(403, {"code": 20003, "message": "Not yours"}))
    admin.post("/call-center/setup/application/")
    text = finished(admin)
    assert "the provider refused to make one" in text
    assert "20003: Not yours" in text
    assert not AuditEntry.select().where(AuditEntry.action == "provider").exists()


def test_mending_all_leaves_what_is_right_alone(admin: Person, standin: Standin) -> None:
    standin.answer("GET", f"/Applications/{APP}.json", Reply(200, application(voice_url="")))
    standin.answer("POST", f"/Applications/{APP}.json", Reply(200, application()))
    assert "does not send its calls here" in looked(admin)
    admin.post("/call-center/setup/mend/", {"place": "everything"})
    finished(admin)
    assert [asked.path.rsplit("/", 1)[1] for asked in standin.asked if asked.method == "POST"] == [
        f"{APP}.json"
    ]


def test_what_the_provider_refuses_to_change_is_said(admin: Person, standin: Standin) -> None:
    standin.answer("GET", "/IncomingPhoneNumbers.json", numbers(number(voice_url="")))
    standin.answer("POST", f"/{NUMBER}.json", Reply(400, {"code": 21402, "message": "Not <b>valid</b>"}))
    looked(admin)
    admin.post("/call-center/setup/mend/", {"place": NUMBER})
    text = finished(admin)
    assert "the provider refused to change 028 7109 9999" in text
    assert "21402: Not <b>valid</b>" in text
    assert AuditEntry.select().where(AuditEntry.action == "provider").count() == 0


@pytest.mark.parametrize(
    ("path", "reply", "said"),
    [
        (f"/Accounts/{ACCOUNT}.json", Reply(401, {"code": 20003, "message": "x"}), "does not take the token"),
        (f"/Accounts/{ACCOUNT}.json", Reply(503, b""), "the provider does not answer"),
        (f"/Accounts/{ACCOUNT}.json", Reply(200, account(status="suspended")), "Sao Mai is suspended"),
        (f"/Accounts/{ACCOUNT}.json", Reply(200, account(type="Trial")), "is a trial account"),
        (
            f"/Accounts/{ACCOUNT}.json",
            Reply(200, account(), {"Date": "Sun, 22 Nov 2020 02:00:00 GMT"}),
            "Let this machine follow NTP",
        ),
        ("/Calls.json", Reply(401, {"code": 20003, "message": "x"}), "Create another key"),
        ("/Calls.json", Reply(403, {"code": 70051, "message": "x"}), "may not read calls"),
        (f"/Applications/{APP}.json", Reply(404, {"code": 20404}), f"{APP} does not exist"),
        (f"/Applications/{APP}.json", Reply(500, b""), "could not be asked for"),
        ("/IncomingPhoneNumbers.json", numbers(), "the account has none"),
        (
            "/IncomingPhoneNumbers.json",
            numbers(number(phone_number="+842873000000")),
            "not in the CRM: 028 7300 0000",
        ),
        (
            "/IncomingPhoneNumbers.json",
            numbers(number(phone_number="+842873000000")),
            "not in the account: 028 7109 9999",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(
    admin: Person, standin: Standin, path: str, reply: Reply, said: str
) -> None:
    standin.answer("GET", path, reply)
    assert said in looked(admin)


def test_without_an_account_the_page_says_where_to_begin(sqlite_crm: Flask) -> None:
    set_up(sqlite_crm)
    text = looked(Person(sqlite_crm, "admin"))
    assert "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN" in text
    assert "is not https" in text


def test_only_a_place_of_the_last_look_can_be_mended(admin: Person) -> None:
    assert admin.post("/call-center/setup/mend/", {"place": "PN" + "9" * 32}).status_code == 400
    assert admin.post("/call-center/setup/mend/").status_code == 400


def test_who_is_no_administrator_any_more_mends_nothing(admin: Person, standin: Standin) -> None:
    standin.answer("GET", "/IncomingPhoneNumbers.json", numbers(number(voice_url="")))
    looked(admin)
    admin.post("/call-center/setup/mend/", {"place": NUMBER})
    model = type(admin.row)
    model.update(active=False).where(model.id == admin.id).execute()
    worker = jobs.Worker(admin.app.extensions["crm"], around=admin.app.app_context)
    while worker.step():
        pass
    assert [asked for asked in standin.asked if asked.method == "POST"] == []
