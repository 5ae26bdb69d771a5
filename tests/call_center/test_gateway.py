"""What we ask of the provider, and what becomes of us when it says no, says nothing, or says it twice."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from call_center import recording_download
from call_center.gateway import Gateway
from call_center.provider_error import (
    Busy,
    NotConfigured,
    ProviderError,
    Refused,
    UnknownOutcome,
    Unreachable,
)
from call_center.settings import Settings
from crm_admin import clock
from tests.call_center.standin import ACCOUNT, TOKEN, Reply, Standin, call, standing_in

CALL = "CA" + "1" * 32
SOUND = "RE" + "2" * 32
DIALLED: dict[str, Any] = {
    "to": "+84901234567",
    "caller": "+842838221234",
    "url": "https://crm.example.com/twilio/voice/outbound?c=abc",
    "status_callback": "https://crm.example.com/twilio/voice/status?c=abc",
}


@pytest.fixture
def provider() -> Iterator[Standin]:
    with standing_in() as made:
        yield made


def at(base: str, **settings: Any) -> Gateway:
    made = Settings(account_sid=ACCOUNT, auth_token=TOKEN, api_base=base, **{"timeout_s": 5, **settings})
    return Gateway(made, "https://crm.example.com")


def test_a_call_is_asked_for_as_the_provider_wants_it(provider: Standin) -> None:
    provider.answer("POST", "/Calls.json", Reply(201, call(CALL)))
    assert at(provider.url).create_call(**DIALLED, ring_s=25) == CALL
    (asked,) = provider.asked
    assert asked.path == f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
    assert asked.form["To"] == ["+84901234567"]
    assert asked.form["StatusCallbackEvent"] == ["initiated", "ringing", "answered", "completed"]
    assert asked.form["Timeout"] == ["25"]
    assert asked.headers["Authorization"] == basic(ACCOUNT, TOKEN)


def test_without_an_account_nothing_is_sent() -> None:
    gateway = Gateway(Settings(), "")
    verbs: list[Callable[[], object]] = [
        lambda: gateway.create_call(**DIALLED),
        gateway.account,
        lambda: gateway.access_token(1),
    ]
    for verb in verbs:
        with pytest.raises(NotConfigured):
            verb()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(400, {"code": 21211, "message": "Invalid 'To'", "status": 400}), Refused),
        (Reply(401, {"code": 20003, "message": "Authenticate", "status": 401}), Refused),
        (Reply(403, b"<html>"), Refused),
        (Reply(429, {"code": 20429, "message": "Too many"}, {"Retry-After": "7"}), Busy),
        (Reply(500, {"code": 20500, "message": "Internal"}), UnknownOutcome),
        (Reply(503, b"<html>"), UnknownOutcome),
        (Reply(302, {}, {"Location": "https://evil.example.com"}), UnknownOutcome),
        (Reply(201, b"not json"), UnknownOutcome),
        (Reply(201, b"[]"), UnknownOutcome),
        (Reply(201, {"no": "sid"}), UnknownOutcome),
        (Reply(201, {"sid": CALL, "date_created": 3}), UnknownOutcome),
        (Reply(break_off=True), UnknownOutcome),
        (Reply(silence_s=1.5), UnknownOutcome),
    ],
)
def test_what_went_wrong_tells_what_may_be_done_next(
    provider: Standin, reply: Reply, error: type[ProviderError]
) -> None:
    provider.answer("POST", "/Calls.json", reply)
    with pytest.raises(ProviderError) as caught:
        at(provider.url, timeout_s=1).create_call(**DIALLED)
    assert type(caught.value) is error
    assert "+84901234567" not in str(caught.value)
    assert len(provider.asked) == 1  # a call is never asked for twice by itself
    if isinstance(caught.value, Busy):
        assert caught.value.wait_s == 7
    if isinstance(caught.value, Refused) and reply.status == 400:
        assert caught.value.code == 21211


def test_nobody_there_is_certain_to_have_done_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(Unreachable):
        at(f"http://127.0.0.1:{port}").create_call(**DIALLED)


def test_a_question_is_asked_again_and_a_list_that_fails_is_an_error_of_ours(provider: Standin) -> None:
    provider.answer("GET", f"/Calls/{CALL}.json", Reply(break_off=True), Reply(200, call(CALL)))
    assert at(provider.url).fetch_call(CALL).sid == CALL
    provider.answer("GET", "/IncomingPhoneNumbers.json", Reply(500, b"oops"))
    with pytest.raises(Unreachable):
        at(provider.url).numbers()
    provider.answer("GET", "/IncomingPhoneNumbers.json", Reply(401, {"code": 20003, "message": "no"}))
    with pytest.raises(Refused) as refused:
        at(provider.url).numbers()
    assert refused.value.code == 20003


def test_a_busy_provider_is_not_waited_for(provider: Standin) -> None:
    busy = Reply(429, {"code": 20429, "message": "Too many"}, {"Retry-After": "9"})
    provider.answer("GET", f"/Calls/{CALL}.json", busy)
    with pytest.raises(Busy) as caught:
        at(provider.url).fetch_call(CALL)
    assert caught.value.wait_s == 9
    assert len(provider.asked) == 1


def test_after_an_unknown_outcome_the_call_is_looked_for_first(provider: Standin) -> None:
    """Never a second call to the customer: neither for one that rings already, nor instead of another of today."""
    provider.answer("POST", "/Calls.json", Reply(break_off=True), Reply(201, call("CA" + "9" * 32)))
    tried = datetime(2026, 11, 22, 2, 0, 3)
    rows = [
        call("CA" + "3" * 32, date_created="Sun, 22 Nov 2026 01:50:00 +0000"),
        call("CA" + "4" * 32, date_created="Sun, 22 Nov 2026 02:00:01 +0000"),
        call("CA" + "5" * 32, direction="outbound-dial"),
        call(CALL, date_created="Sun, 22 Nov 2026 02:00:05 +0000", start_time=None),
    ]
    provider.answer("GET", "/Calls.json", Reply(200, {"calls": rows, "next_page_uri": None}))
    gateway = at(provider.url)
    with pytest.raises(UnknownOutcome):
        gateway.create_call(**DIALLED)
    again = gateway.create_call(**DIALLED, attempted_at=tried, known=["CA" + "4" * 32])
    assert again == CALL
    assert [asked.method for asked in provider.asked] == ["POST", "GET"]
    assert provider.asked[1].query["To"] == ["+84901234567"]
    fresh = gateway.create_call(**DIALLED, attempted_at=tried, known=[CALL, "CA" + "4" * 32])
    assert fresh == "CA" + "9" * 32


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, {"code": 21220, "message": "Call is not in-progress"}),
        Reply(404, {"code": 20404, "message": "not found"}),
    ],
)
def test_a_leg_that_is_over_is_no_error(provider: Standin, reply: Reply) -> None:
    room = "CF" + "4" * 32
    provider.answer("POST", ".json", reply)
    provider.answer("DELETE", ".json", reply)
    gateway = at(provider.url)
    verbs: list[Callable[[], bool]] = [
        lambda: gateway.redirect_call(CALL, "https://crm.example.com/twilio/voice/conference?c=x"),
        lambda: gateway.end_call(CALL),
        lambda: gateway.hold(room, CALL, True, "https://crm.example.com/twilio/voice/hold"),
        lambda: gateway.mute(room, CALL, False),
        lambda: gateway.remove_participant(room, CALL),
        lambda: gateway.end_conference(room),
        lambda: gateway.pause_recording(CALL, SOUND),
        lambda: gateway.delete_recording(SOUND),
    ]
    assert [verb() for verb in verbs] == [False] * len(verbs)
    assert provider.asked[2].form == {
        "Hold": ["true"],
        "HoldUrl": ["https://crm.example.com/twilio/voice/hold"],
        "HoldMethod": ["POST"],
    }


def test_the_list_of_calls_is_read_page_by_page(provider: Standin) -> None:
    following = f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json?Page=1"
    first = call(
        CALL,
        status="completed",
        start_time="Sun, 22 Nov 2026 02:00:00 +0000",
        end_time="Sun, 22 Nov 2026 02:01:10 +0000",
        duration="60",
    )
    provider.answer(
        "GET",
        "/Calls.json",
        Reply(200, {"calls": [first], "next_page_uri": following, "page_size": 200}),
        Reply(200, {"calls": [call("CA" + "6" * 32, parent_call_sid=CALL)], "next_page_uri": None}),
    )
    found = list(at(provider.url).calls_since(datetime(2026, 11, 22, 1, 0)))
    assert [leg.sid for leg in found] == [CALL, "CA" + "6" * 32]
    assert (found[0].ended_at, found[0].duration_s) == (datetime(2026, 11, 22, 2, 1, 10), 60)
    assert found[1].parent_sid == CALL
    assert provider.asked[0].query["StartTime>"] == ["2026-11-22T01:00:00Z"]


def test_the_account_tells_the_time(provider: Standin) -> None:
    facts = {"sid": ACCOUNT, "friendly_name": "Sao Mai", "status": "active", "type": "Trial"}
    provider.answer(
        "GET", f"/Accounts/{ACCOUNT}.json", Reply(200, facts, {"Date": "Sun, 22 Nov 2026 02:00:30 GMT"})
    )
    with clock.at(datetime(2026, 11, 22, 2, 0, 0)):
        account = at(provider.url).account()
    assert (account.kind, account.clock_ahead_s) == ("Trial", 30.5)


def test_the_token_of_a_browser_phone() -> None:
    made = Settings(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        api_key_sid="SK" + "b" * 32,
        api_key_secret="s" * 32,
        twiml_app_sid="AP" + "c" * 32,
        token_minutes=30,
    )
    token = Gateway(made, "").access_token(7)
    head, body = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.text.split(".")[:2])
    assert (token.identity, token.expires_in_s) == ("agent_7", 1800)
    assert head["cty"] == "twilio-fpa;v=1"
    assert (body["iss"], body["sub"]) == (made.api_key_sid, ACCOUNT)
    assert body["grants"]["identity"] == "agent_7"
    assert body["grants"]["voice"] == {
        "incoming": {"allow": True},
        "outgoing": {"application_sid": made.twiml_app_sid},
    }
    assert 1780 < body["exp"] - datetime.now(UTC).timestamp() <= 1801


def test_the_region_is_part_of_the_address() -> None:
    made = Settings(account_sid=ACCOUNT, auth_token=TOKEN, region="ie1", edge="dublin")
    assert Gateway(made, "").recording_url(SOUND).startswith("https://api.dublin.ie1.twilio.com/2010-04-01/")


def test_a_recording_comes_without_handing_our_token_on(provider: Standin, tmp_path: Path) -> None:
    with standing_in() as store:
        store.answer("GET", "/sound", Reply(200, b"RIFF" + b"\0" * 5000, {"Content-Type": "audio/x-wav"}))
        provider.answer("GET", f"{SOUND}.wav", Reply(302, {}, {"Location": store.url + "/sound"}))
        into = tmp_path / "sound"
        download = recording_download.fetch(at(provider.url), SOUND, into)
        assert (download.content_type, download.size, into.stat().st_size) == ("audio/wav", 5004, 5004)
        assert provider.asked[0].headers["Authorization"] == basic(ACCOUNT, TOKEN)
        assert store.asked[0].headers["Authorization"] is None


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(404, {"code": 20404, "message": "not found"}), Refused),
        (Reply(200, b"<html>", {"Content-Type": "text/html"}), Refused),
        (Reply(200, b"x", {"Content-Type": "audio/wav", "Content-Length": str(3 * 1024 * 1024)}), Refused),
        (Reply(200, b"x" * (2 * 1024 * 1024), {"Content-Type": "audio/wav"}), Refused),
        (Reply(302, {}, {"Location": "file:///etc/passwd"}), Refused),
        (Reply(302, {}, {"Location": "/2010-04-01/again.wav"}), Refused),
        (Reply(429, {"code": 20429}), Busy),
        (Reply(503, b""), Unreachable),
        (Reply(break_off=True), Unreachable),
        (Reply(200, b"RIFF", {"Content-Type": "audio/wav", "Content-Length": "9"}), Unreachable),
    ],
)
def test_what_is_no_recording_leaves_no_file(
    provider: Standin, tmp_path: Path, reply: Reply, error: type[ProviderError]
) -> None:
    provider.answer("GET", ".wav", reply)
    into = tmp_path / "sound"
    with pytest.raises(ProviderError) as caught:
        recording_download.fetch(at(provider.url, recording_mb=1, timeout_s=1), SOUND, into)
    assert type(caught.value) is error
    assert not into.exists()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
