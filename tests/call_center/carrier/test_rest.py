"""The REST API, through Twilio's own library: states, refusals, lists."""

from __future__ import annotations

import io
import wave
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.call_center.carrier.application import INBOUND, Exchange, LocalHttpClient

PAUSE = "<Response><Pause length='60'/></Response>"


def call(exchange: Exchange, to: str = "+84281111111", **options: Any) -> str:
    given = {"twiml": PAUSE} if "url" not in options else {}
    return str(exchange.client.calls.create(to=to, from_=exchange.number, **given, **options).sid)


def code_of(exchange: Exchange, **options: Any) -> int:
    given = {"to": "+84281111111", "from_": exchange.number, "twiml": PAUSE} | options
    with pytest.raises(TwilioRestException) as refused:
        exchange.client.calls.create(**given)
    return int(refused.value.code)


def test_a_call_goes_from_queued_to_completed_and_tells_each_step(exchange: Exchange) -> None:
    exchange.policy("+8428*", ring=5, talk=30)
    exchange.application.answers["/answered"] = PAUSE
    created = exchange.client.calls.create(
        to="+84 28 111-1111", from_=exchange.number, url=f"{exchange.application.url}/answered",
        status_callback=f"{exchange.application.url}/told",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )  # fmt: skip
    assert (created.status, created.direction, created.duration) == ("queued", "outbound-api", None)
    exchange.pass_(3)
    assert exchange.status(created.sid) == "ringing"
    exchange.pass_(10)
    assert exchange.status(created.sid) == "in-progress"
    exchange.pass_(30)
    over = exchange.client.calls(created.sid).fetch()
    assert (over.status, over.duration, over.price) == ("completed", "30", "-0.01400")
    told = exchange.application.to("/told")
    assert [asked["CallStatus"] for asked in told] == ["initiated", "ringing", "in-progress", "completed"]
    assert [asked["SequenceNumber"] for asked in told] == ["0", "1", "2", "3"]
    assert exchange.application.paths().index("/answered") == 3


@pytest.mark.parametrize(
    ("outcome", "status"), [("busy", "busy"), ("no-answer", "no-answer"), ("failed", "failed")]
)
def test_a_call_that_reaches_nobody_asks_for_no_document(
    exchange: Exchange, outcome: str, status: str
) -> None:
    exchange.policy("+8428*", outcome=outcome)
    sid = call(
        exchange,
        url=f"{exchange.application.url}/answered",
        status_callback=f"{exchange.application.url}/told",
    )
    exchange.pass_(61)
    assert [a["CallStatus"] for a in exchange.application.to("/told")] == [status]
    assert (exchange.status(sid), exchange.application.to("/answered")) == (status, [])


def test_a_call_cancelled_while_it_waits_for_its_turn_tells_nothing(exchange: Exchange) -> None:
    exchange.sim("POST", "/behaviour", calls_per_second=1)
    told = f"{exchange.application.url}/told"
    sids = [
        call(exchange, status_callback=told, status_callback_event=["initiated", "completed"])
        for _ in range(3)
    ]
    assert exchange.client.calls(sids[2]).fetch().queue_time == "2000"
    assert exchange.client.calls(sids[2]).update(status="canceled").status == "canceled"
    exchange.pass_(10)
    assert {asked["CallSid"] for asked in exchange.application.to("/told")} <= set(sids[:2])
    assert exchange.status(sids[2]) == "canceled"


def test_refusals_have_twilios_numbers(exchange: Exchange) -> None:
    assert code_of(exchange, from_="+84999999999") == 21210
    assert code_of(exchange, from_="nobody") == 21212
    assert code_of(exchange, to="12") == 21211
    assert code_of(exchange, to="+84900055505") == 21211
    assert code_of(exchange, twiml=None, url="ftp://x") == 21205
    assert code_of(exchange, twiml=None) == 21205
    assert code_of(exchange, application_sid="AP" + "0" * 32) == 21218
    assert code_of(exchange, timeout=9000) == 20001
    stranger = Client(
        exchange.carrier.account.sid, "guess", http_client=LocalHttpClient(exchange.carrier.url)
    )
    with pytest.raises(TwilioRestException) as refused:
        stranger.calls("CA" + "0" * 32).fetch()
    assert (refused.value.status, refused.value.code) == (401, 20003)
    with pytest.raises(TwilioRestException) as missing:
        exchange.client.calls("CA" + "0" * 32).fetch()
    assert (missing.value.status, missing.value.code) == (404, 20404)
    with pytest.raises(TwilioRestException) as unknown:
        exchange.client.keys("SK" + "0" * 32).fetch()
    assert unknown.value.code == 20404


def test_a_call_that_is_over_cannot_be_changed_and_one_that_goes_on_cannot_be_deleted(
    exchange: Exchange,
) -> None:
    exchange.policy("+8428*", ring=1, talk=0)
    sid = call(exchange)
    exchange.pass_(2)
    with pytest.raises(TwilioRestException) as early:
        exchange.client.calls(sid).delete()
    assert early.value.code == 20009
    assert exchange.client.calls(sid).update(status="completed").status == "completed"
    for change in ({"status": "completed"}, {"url": "http://127.0.0.1/x"}):
        with pytest.raises(TwilioRestException) as late:
            exchange.client.calls(sid).update(**change)
        assert late.value.code == 21220
    assert exchange.client.calls(sid).delete() is True


def test_who_answers_is_found_out_first_or_beside(exchange: Exchange) -> None:
    exchange.policy("+8428*", ring=1, talk=0, answered_by="machine_start")
    url = f"{exchange.application.url}/answered"
    exchange.application.answers["/answered"] = PAUSE
    call(exchange, url=url, machine_detection="DetectMessageEnd")
    exchange.pass_(5)
    assert not exchange.application.to("/answered")
    exchange.pass_(10)
    assert exchange.application.to("/answered")[0]["AnsweredBy"] == "machine_end_beep"
    call(
        exchange, url=url, machine_detection="Enable", async_amd="true",
        async_amd_status_callback=f"{exchange.application.url}/amd",
    )  # fmt: skip
    exchange.pass_(2)
    assert "AnsweredBy" not in exchange.application.to("/answered")[1].form
    exchange.pass_(5)
    assert exchange.application.to("/amd")[0]["AnsweredBy"] == "machine_start"


def test_lists_come_in_pages_newest_first_and_by_what_is_asked(exchange: Exchange) -> None:
    exchange.policy("+8428*", outcome="busy", ring=0)
    exchange.policy("+8429*", ring=0, talk=5)
    sids = [call(exchange, to=f"+842{8 + n % 2}1111{n:03d}") for n in range(7)]
    exchange.pass_(30)
    calls = exchange.client.calls
    assert [c.sid for c in calls.list(page_size=3)] == sids[::-1]
    assert [c.sid for c in calls.list(status="completed")] == sids[5::-2]
    assert [c.sid for c in calls.list(to="+84281111004")] == [sids[4]]
    assert calls.list(start_time_after=datetime.now(UTC) + timedelta(days=1)) == []
    assert len(calls.list(start_time_after=datetime.now(UTC) - timedelta(days=1))) == 7
    assert len(calls.list(limit=2)) == 2
    page = calls.page(page_size=4)
    assert page.next_page_url is not None


def test_a_live_call_is_recorded_paused_and_played(exchange: Exchange) -> None:
    exchange.policy("+8428*", ring=0, talk=0)
    sid = call(exchange)
    exchange.pass_(1)
    recordings = exchange.client.calls(sid).recordings
    started = recordings.create(
        recording_channels="dual", recording_status_callback=f"{exchange.application.url}/file",
        recording_status_callback_event=["in-progress", "completed"],
    )  # fmt: skip
    exchange.pass_(10)
    assert recordings("Twilio.CURRENT").update(status="paused", pause_behavior="skip").status == "paused"
    exchange.pass_(30)
    assert recordings(started.sid).update(status="in-progress").status == "in-progress"
    exchange.pass_(5)
    assert recordings(started.sid).update(status="stopped").status == "stopped"
    exchange.pass_(2)
    kept = exchange.client.recordings(started.sid).fetch()
    assert (kept.status, kept.duration, kept.channels, kept.source) == (
        "completed",
        "15",
        2,
        "StartCallRecordingAPI",
    )
    media = requests.get(
        f"{exchange.carrier.url}{kept.uri.removesuffix('.json')}.wav", auth=_auth(exchange), timeout=10
    )
    with wave.open(io.BytesIO(media.content)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 8000, 15 * 8000)
    assert [told["RecordingStatus"] for told in exchange.application.to("/file")] == [
        "in-progress",
        "completed",
    ]
    assert exchange.client.recordings(started.sid).delete() is True
    assert requests.get(media.url, auth=_auth(exchange), timeout=10).status_code == 404
    assert exchange.client.recordings.list(include_soft_deleted=True)[0].status == "deleted"


def test_a_recording_comes_late_or_not_at_all(exchange: Exchange) -> None:
    exchange.sim("POST", "/behaviour", recording_delay=120, recording_404=1)
    exchange.application.answers[INBOUND] = (
        '<Response><Record maxLength="9" action="/next" recordingStatusCallback="/file" '
        'recordingStatusCallbackEvent="completed absent"/></Response>'
    )
    exchange.ring()
    exchange.pass_(100)
    recording = exchange.client.recordings.list()[0]
    url = f"{exchange.carrier.url}{recording.uri.removesuffix('.json')}.wav"
    assert (recording.status, exchange.application.to("/file")) == ("processing", [])
    exchange.pass_(40)
    assert exchange.application.to("/file")[0]["RecordingDuration"] == "9"
    assert [requests.get(url, auth=_auth(exchange), timeout=10).status_code for _ in range(2)] == [404, 200]
    assert requests.get(url, timeout=10).status_code == 401
    exchange.sim("POST", "/behaviour", recording_absent=1)
    exchange.ring()
    exchange.pass_(200)
    assert exchange.application.to("/file")[1]["RecordingStatus"] == "absent"


def test_messages_go_their_way(exchange: Exchange) -> None:
    told = f"{exchange.application.url}/sms"
    send = exchange.client.messages.create
    sent = [
        send(to=to, from_=exchange.number, body="Xin chào", status_callback=told)
        for to in ("+84901111111", "+84900055506")
    ]
    assert [message.status for message in sent] == ["queued", "queued"]
    exchange.pass_(20)
    assert [exchange.client.messages(m.sid).fetch().status for m in sent] == ["delivered", "undelivered"]
    codes = {
        a.form.get("ErrorCode") for a in exchange.application.to("/sms") if a["MessageSid"] == sent[1].sid
    }
    assert codes == {None, "30003"}
    exchange.sim("POST", f"/messages/{sent[0].sid}/status", status="sent")
    assert exchange.client.messages(sent[0].sid).fetch().status == "sent"
    with pytest.raises(TwilioRestException) as stopped:
        send(to="+84900055507", from_=exchange.number, body="x")
    assert stopped.value.code == 21610


def test_a_text_that_comes_in_is_answered(exchange: Exchange) -> None:
    exchange.application.answers["/twilio/sms/inbound"] = (
        "<Response><Message>We call you back</Message></Response>"
    )
    exchange.sim(
        "POST", "/messages", **{"from": "+84901234567", "body": "Hello", "media": ["http://x/1.jpg"]}
    )
    exchange.pass_(10)
    asked = exchange.application.to("/twilio/sms/inbound")[0]
    assert (asked["Body"], asked["NumMedia"], asked["MediaUrl0"], asked.signed) == (
        "Hello",
        "1",
        "http://x/1.jpg",
        True,
    )
    reply = exchange.client.messages.list(to="+84901234567")[0]
    assert (reply.direction, reply.body, reply.status) == ("outbound-reply", "We call you back", "delivered")


def test_numbers_and_applications_are_configured(exchange: Exchange) -> None:
    number = exchange.client.incoming_phone_numbers.list(phone_number=exchange.number)[0]
    assert number.update(voice_url="http://127.0.0.1:9/voice", voice_method="GET").voice_method == "GET"
    bought = exchange.client.incoming_phone_numbers.create(phone_number="+842873009999")
    assert exchange.client.incoming_phone_numbers(bought.sid).delete() is True
    application = exchange.client.applications.create(
        friendly_name="Phones", voice_url="http://127.0.0.1:9/out"
    )
    assert exchange.client.applications(application.sid).update(voice_url="").voice_url is None
    with pytest.raises(TwilioRestException) as wrong:
        exchange.client.applications(application.sid).update(voice_url="nowhere")
    assert wrong.value.code == 21502


def test_a_caller_id_is_verified_before_it_is_shown(exchange: Exchange) -> None:
    assert code_of(exchange, from_="+84988888888") == 21210
    exchange.client.validation_requests.create(phone_number="+84988888888", friendly_name="Shop")
    exchange.pass_(10)
    assert exchange.client.outgoing_caller_ids.list()[0].friendly_name == "Shop"
    assert (
        exchange.client.calls.create(to="+84281111111", from_="+84988888888", twiml=PAUSE).status == "queued"
    )


def test_a_number_is_looked_up(exchange: Exchange) -> None:
    found = exchange.client.lookups.v2.phone_numbers("+84901234567").fetch(fields="line_type_intelligence")
    assert (found.valid, found.country_code, found.line_type_intelligence["type"]) == (True, "VN", "mobile")
    assert exchange.client.lookups.v2.phone_numbers("12345").fetch().valid is False


def test_the_api_fails_in_the_ways_of_the_real_one(exchange: Exchange) -> None:
    exchange.sim(
        "POST", "/faults", fault="status", kind="rest", event="POST", code=429, retry_after=2, times=1
    )
    assert code_of(exchange) == 20429
    exchange.sim("POST", "/faults", fault="html", kind="rest", code=502, times=1)
    with pytest.raises(TwilioRestException) as refused:
        exchange.client.calls("CA" + "0" * 32).fetch()
    assert refused.value.status == 502
    exchange.sim("POST", "/faults", fault="cut", kind="rest", event="POST", when="after", times=1)
    with pytest.raises(requests.RequestException):
        call(exchange)
    assert len(exchange.client.calls.list(to="+84281111111")) == 1


def _auth(exchange: Exchange) -> tuple[str, str]:
    return exchange.carrier.account.sid, exchange.carrier.account.token
