"""Delivery: signatures, tries and retries, and everything that can go wrong on the way."""

from __future__ import annotations

import threading
import time

import pytest
from twilio.request_validator import RequestValidator

from tests.call_center.carrier.application import FALLBACK, INBOUND, STATUS, Exchange

HELLO = "<Response><Say>Hello</Say></Response>"


def number(exchange: Exchange, **settings: str) -> None:
    """Change where the company's number is answered."""
    exchange.client.incoming_phone_numbers.list()[0].update(**settings)


def finished_call(exchange: Exchange) -> str:
    exchange.application.answers.setdefault(INBOUND, HELLO)
    call = exchange.ring()
    exchange.pass_(5)
    return call


def test_a_status_that_meets_an_error_is_lost_by_default(exchange: Exchange) -> None:
    exchange.application.answers[STATUS] = 503
    finished_call(exchange)
    assert len(exchange.application.to(STATUS)) == 1


def test_overrides_in_the_fragment_try_again_with_the_same_token(exchange: Exchange) -> None:
    tries = iter([503, 500, 204])
    exchange.application.answers[STATUS] = lambda form: next(tries)
    number(exchange, status_callback=f"{exchange.application.url}{STATUS}?o=1#rc=4&rp=5xx,rt")
    finished_call(exchange)
    told = exchange.application.to(STATUS)
    assert len(told) == 3
    assert len({asked.headers["I-Twilio-Idempotency-Token"] for asked in told}) == 1
    assert all(asked.signed for asked in told)
    sent = exchange.sim("GET", "/journal?kind=status")["entries"]
    assert [(entry["attempt"], entry["status"]) for entry in sent] == [(1, 503), (2, 500), (3, 204)]
    assert "#" not in sent[0]["url"]


def test_a_slow_application_is_given_up_in_time(exchange: Exchange) -> None:
    held = threading.Event()
    exchange.application.answers[INBOUND] = lambda form: held.wait(5) and HELLO
    exchange.application.answers[FALLBACK] = HELLO
    number(exchange, voice_url=f"{exchange.application.url}{INBOUND}#rt=100&rc=0")
    exchange.ring()
    exchange.until(lambda: bool(exchange.application.to(FALLBACK)))
    held.set()
    assert exchange.application.to(FALLBACK)[0]["ErrorCode"] == "11200"


def test_an_application_that_is_not_there_is_tried_once_more(exchange: Exchange) -> None:
    number(exchange, voice_url="http://127.0.0.1:1/gone")
    exchange.ring()
    exchange.pass_(1)
    sent = exchange.sim("GET", "/journal?kind=voice")["entries"]
    assert [(entry["attempt"], entry["error"]) for entry in sent] == [(1, "11205"), (2, "11205")]
    assert exchange.application.to(FALLBACK)[0]["ErrorCode"] == "11205"


def test_a_get_webhook_carries_its_fields_in_the_query_signed(exchange: Exchange) -> None:
    number(exchange, status_callback_method="GET")
    finished_call(exchange)
    asked = exchange.application.to(STATUS)[0]
    assert asked.signed
    assert asked["CallStatus"] == "completed"


def test_cookies_of_a_call_come_back(exchange: Exchange) -> None:
    finished_call(exchange)
    first, last = exchange.application.to(INBOUND)[0], exchange.application.to(STATUS)[0]
    assert "Cookie" not in first.headers
    assert last.headers["Cookie"] == "seen=1"


def test_a_shared_key_signs_with_sha256_and_says_so(exchange: Exchange) -> None:
    exchange.sim(
        "POST", "/behaviour", signature="HMAC_SHA256", shared_key="key-1", shared_secret="of its own"
    )
    finished_call(exchange)
    asked = exchange.application.to(STATUS)[0]
    assert asked.headers["X-Twilio-Webhooks-Signature-Settings"] == "key=key-1,algorithm=HMAC_SHA256"
    url = f"{exchange.application.url}{STATUS}"
    validator = RequestValidator("of its own")
    assert validator.validate(url, asked.form, asked.headers["X-Twilio-Signature"], "HMAC_SHA256")


@pytest.mark.parametrize(
    "how", ["wrong-token", "stale-key", "other-url", "tampered", "missing", "sha256-without-header"]
)
def test_bad_signatures_are_bad(exchange: Exchange, how: str) -> None:
    exchange.sim("POST", "/faults", fault="signature", how=how, kind="status")
    finished_call(exchange)
    assert exchange.application.to(INBOUND)[0].signed
    assert not exchange.application.to(STATUS)[0].signed


def test_duplicates_come_with_the_same_token_or_another(exchange: Exchange) -> None:
    exchange.sim("POST", "/faults", fault="duplicate", kind="status", copies=2, gap=1)
    exchange.sim("POST", "/faults", fault="duplicate", kind="voice", gap=1, same_token=False)
    finished_call(exchange)
    told = exchange.application.to(STATUS)
    assert (len(told), len({asked.headers["I-Twilio-Idempotency-Token"] for asked in told})) == (3, 1)
    asked = exchange.application.to(INBOUND)
    assert (len(asked), len({a.headers["I-Twilio-Idempotency-Token"] for a in asked})) == (2, 2)


DIAL = """<Response><Dial><Client statusCallback="/agent"
    statusCallbackEvent="initiated ringing answered completed">anna</Client></Dial></Response>"""


def told_of_the_agent(exchange: Exchange) -> list[str]:
    exchange.application.answers[INBOUND] = DIAL
    exchange.policy("client:anna", ring=2, talk=3)
    exchange.ring()
    exchange.pass_(30)
    return [asked["CallStatus"] for asked in exchange.application.to("/agent")]


def test_the_last_event_may_come_first(exchange: Exchange) -> None:
    exchange.sim("POST", "/faults", fault="completed-first", kind="status", hold=20)
    order = told_of_the_agent(exchange)
    assert order[0] == "completed"
    assert sorted(order) == ["completed", "in-progress", "initiated", "ringing"]


def test_events_change_places(exchange: Exchange) -> None:
    exchange.sim("POST", "/faults", fault="reorder", kind="status", event="initiated", window=1)
    assert told_of_the_agent(exchange) == ["ringing", "initiated", "in-progress", "completed"]


def test_events_come_late_or_never(exchange: Exchange) -> None:
    exchange.sim("POST", "/faults", fault="delay", event="ringing", seconds=10)
    exchange.sim("POST", "/faults", fault="drop", event="answered")
    assert told_of_the_agent(exchange) == ["initiated", "completed", "ringing"]
    assert len(exchange.sim("GET", "/journal?direction=dropped")["entries"]) == 1


def test_a_call_falls_silent(exchange: Exchange) -> None:
    exchange.sim("POST", "/faults", fault="silence", event="ringing", times=1)
    assert told_of_the_agent(exchange) == ["initiated"]


def test_fields_are_added_renamed_skewed_and_of_another_account(exchange: Exchange) -> None:
    exchange.sim(
        "POST", "/faults", fault="parameters", kind="status", add={"CallStatus": "melted", "New": "1"}
    )
    exchange.sim("POST", "/faults", fault="foreign-account", kind="status")
    exchange.sim("POST", "/faults", fault="clock-skew", kind="status", seconds=86400)
    finished_call(exchange)
    told = exchange.application.to(STATUS)[0]
    assert told.signed
    assert (told["CallStatus"], told["New"], told["AccountSid"]) == ("melted", "1", "AC" + "f" * 32)
    sent = exchange.sim("GET", "/journal?kind=status")["entries"][0]
    assert sent["faults"] == ["parameters-1", "foreign-account-2", "clock-skew-3"]


def test_a_connection_cut_after_the_head_is_not_tried_again(exchange: Exchange) -> None:
    exchange.sim("POST", "/faults", fault="reset", kind="voice")
    exchange.application.answers[FALLBACK] = HELLO
    finished_call(exchange)
    assert len(exchange.application.to(INBOUND)) == 1
    assert exchange.application.to(FALLBACK)[0]["ErrorCode"] == "11200"


def test_an_old_request_is_replayed_letter_for_letter(exchange: Exchange) -> None:
    exchange.sim("POST", "/faults", fault="replay", kind="status", after=600)
    finished_call(exchange)
    exchange.pass_(600)
    first, again = exchange.application.to(STATUS)
    assert (first.form, first.headers["X-Twilio-Signature"]) == (
        again.form,
        again.headers["X-Twilio-Signature"],
    )


def test_a_slow_webhook_does_not_hold_up_the_next_ones_for_ever(exchange: Exchange) -> None:
    exchange.sim("POST", "/behaviour", patience=0.05)
    held = threading.Event()
    exchange.application.answers["/agent"] = lambda form: (
        204 if form["CallStatus"] != "initiated" else held.wait(3) and 204
    )
    exchange.application.answers[INBOUND] = DIAL
    exchange.policy("client:anna", ring=0, talk=0)
    exchange.sim("POST", "/clock", scale=100)
    start = time.monotonic()
    exchange.ring()
    exchange.until(lambda: "in-progress" in [a["CallStatus"] for a in exchange.application.to("/agent")])
    held.set()
    assert time.monotonic() - start < 3


def test_a_request_under_way_is_answered_even_when_the_caller_has_gone(exchange: Exchange) -> None:
    held = threading.Event()
    exchange.application.answers[INBOUND] = lambda form: held.wait(5) and HELLO
    call = exchange.ring()
    exchange.until(lambda: bool(exchange.application.to(INBOUND)))
    exchange.sim("POST", f"/calls/{call}/hangup")
    held.set()
    exchange.sim("POST", "/expect", where={"kind": "voice", "status": 200})
    exchange.sim("POST", "/expect", where={"kind": "status", "status": 200})


def test_a_fault_that_is_none_is_refused_with_the_reason(exchange: Exchange) -> None:
    with pytest.raises(AssertionError, match="unknown 'explode'"):
        exchange.sim("POST", "/faults", fault="explode")
