"""Documents: what the verbs do, and what happens to those that are wrong."""

from __future__ import annotations

import pytest

from tests.call_center.carrier.application import FALLBACK, INBOUND, STATUS, Exchange


def answer(exchange: Exchange, verbs: str) -> str:
    """A customer calls and is answered with these verbs."""
    exchange.application.answers[INBOUND] = f"<Response>{verbs}</Response>"
    return exchange.ring()


def test_keys_are_gathered_until_there_are_enough(exchange: Exchange) -> None:
    call = answer(exchange, '<Gather numDigits="3" action="/digits"><Say>Your number please</Say></Gather>')
    exchange.pass_(1)
    exchange.sim("POST", f"/calls/{call}/press", digits="12")
    exchange.pass_(2)
    exchange.sim("POST", f"/calls/{call}/press", digits="34")
    exchange.pass_(1)
    assert exchange.application.to("/digits")[0]["Digits"] == "123"


def test_the_finishing_key_ends_a_gather_and_is_not_part_of_it(exchange: Exchange) -> None:
    call = answer(exchange, '<Gather action="/digits"/>')
    exchange.pass_(1)
    exchange.sim("POST", f"/calls/{call}/press", digits="42#")
    exchange.pass_(1)
    assert exchange.application.to("/digits")[0]["Digits"] == "42"


def test_nothing_gathered_goes_on_with_the_next_verb(exchange: Exchange) -> None:
    answer(exchange, '<Gather action="/digits" timeout="5"/><Redirect>/next</Redirect>')
    exchange.pass_(4)
    assert not exchange.application.to("/next")
    exchange.pass_(2)
    assert exchange.application.to("/next")
    assert not exchange.application.to("/digits")


def test_nothing_gathered_is_told_where_that_is_wanted(exchange: Exchange) -> None:
    answer(exchange, '<Gather action="/digits" timeout="5" actionOnEmptyResult="true"/>')
    exchange.pass_(6)
    assert exchange.application.to("/digits")[0]["Digits"] == ""


def test_words_are_understood(exchange: Exchange) -> None:
    call = answer(exchange, '<Gather input="dtmf speech" action="/said" timeout="5"/>')
    exchange.pass_(1)
    exchange.sim("POST", f"/calls/{call}/speak", text="the second one", confidence=0.81)
    exchange.pass_(1)
    said = exchange.application.to("/said")[0]
    assert (said["SpeechResult"], said["Confidence"]) == ("the second one", "0.81")


def test_a_message_after_the_beep_is_recorded_and_its_file_follows(exchange: Exchange) -> None:
    answer(
        exchange,
        '<Say>Leave a message</Say><Record action="/message" maxLength="60" recordingStatusCallback="/file" '
        'recordingStatusCallbackEvent="in-progress completed absent" transcribeCallback="/text"/>',
    )
    exchange.pass_(20)
    call = exchange.sim("GET", "/calls")["calls"][0]["call_sid"]
    exchange.sim("POST", f"/calls/{call}/hangup")
    exchange.pass_(10)
    message = exchange.application.to("/message")[0]
    assert (message["Digits"], message["CallStatus"]) == ("hangup", "completed")
    assert [told["RecordingStatus"] for told in exchange.application.to("/file")] == [
        "in-progress",
        "completed",
    ]
    file = exchange.application.to("/file")[1]
    assert (file["RecordingSid"], file["RecordingSource"]) == (message["RecordingSid"], "RecordVerb")
    assert file["RecordingDuration"] == "18"
    text = exchange.application.to("/text")[0]
    assert (text["TranscriptionStatus"], text["RecordingSid"]) == ("completed", message["RecordingSid"])
    assert exchange.client.transcriptions.list()[0].sid == text["TranscriptionSid"]


def test_a_key_ends_a_message_and_the_call_goes_on(exchange: Exchange) -> None:
    call = answer(exchange, '<Record action="/message" playBeep="false"/>')
    exchange.pass_(7)
    exchange.sim("POST", f"/calls/{call}/press", digits="#")
    exchange.pass_(1)
    message = exchange.application.to("/message")[0]
    assert (message["Digits"], message["RecordingDuration"], message["CallStatus"]) == (
        "#",
        "7",
        "in-progress",
    )


@pytest.mark.parametrize(("reason", "status"), [("busy", "busy"), ("rejected", "no-answer")])
def test_a_rejected_call_was_never_answered(exchange: Exchange, reason: str, status: str) -> None:
    call = answer(exchange, f'<Reject reason="{reason}"/>')
    exchange.pass_(1)
    assert (exchange.status(call), exchange.client.calls(call).fetch().duration) == (status, "0")
    assert exchange.application.to(STATUS)[0]["CallStatus"] == status


def test_what_cannot_be_read_is_asked_for_at_the_fallback(exchange: Exchange) -> None:
    exchange.application.answers[FALLBACK] = "<Response><Say>Please leave a message</Say></Response>"
    exchange.application.answers[INBOUND] = "<Response><Say>"
    exchange.ring()
    exchange.pass_(5)
    asked = exchange.application.to(FALLBACK)[0]
    assert asked["ErrorCode"] == "12100"
    assert asked["ErrorUrl"] == f"{exchange.application.url}{INBOUND}"
    assert exchange.application.to(STATUS)[0]["CallStatus"] == "completed"


def test_the_fallback_stands_in_for_later_documents_too_but_only_once_in_a_row(exchange: Exchange) -> None:
    exchange.application.answers |= {
        FALLBACK: "<Response><Record action='/message' maxLength='5'/></Response>",
        "/broken": 500,
        "/message": 500,
    }
    answer(exchange, "<Say>Hello</Say><Redirect>/broken</Redirect>")
    exchange.pass_(20)
    asked = exchange.application.to(FALLBACK)
    assert [a["ErrorUrl"] for a in asked] == [f"{exchange.application.url}/broken"]
    assert exchange.application.to(STATUS)[0]["CallStatus"] == "completed"


def test_a_failing_application_without_fallback_ends_the_call(exchange: Exchange) -> None:
    exchange.application.answers |= {INBOUND: 500, FALLBACK: 500}
    call = exchange.ring()
    exchange.pass_(1)
    assert exchange.alerts() == ["11200", "11200"]
    assert exchange.status(call) == "completed"


def test_too_long_a_document_and_a_wrong_type_have_numbers_of_their_own(exchange: Exchange) -> None:
    exchange.application.answers[INBOUND] = f"<Response><Say>{'x' * 65_536}</Say></Response>"
    exchange.ring()
    exchange.pass_(1)
    assert exchange.application.to(FALLBACK)[0]["ErrorCode"] == "11750"
    exchange.application.answers[INBOUND] = "<Response/>"
    exchange.application.content_type = "application/json"
    exchange.ring()
    exchange.pass_(1)
    assert exchange.application.to(FALLBACK)[1]["ErrorCode"] == "12300"


def test_what_the_schema_does_not_know_is_told_and_left_out(exchange: Exchange) -> None:
    answer(exchange, '<Sing/><Say voise="x">Hello</Say><Dial><Response/></Dial><Redirect>/next</Redirect>')
    exchange.pass_(10)
    assert exchange.alerts()[:3] == ["12200"] * 3
    assert exchange.application.to("/next")


def test_documents_that_run_in_a_circle_come_to_an_end(exchange: Exchange) -> None:
    call = answer(exchange, "<Redirect/>")
    exchange.until(lambda: exchange.status(call) == "failed", within=20)
    assert len(exchange.application.to(INBOUND)) == 1000


def test_a_first_pause_lets_the_phone_ring_on(exchange: Exchange) -> None:
    call = answer(exchange, '<Pause length="10"/><Say>Hello</Say>')
    exchange.pass_(9)
    assert exchange.status(call) == "ringing"
    exchange.pass_(2)
    assert exchange.application.to(STATUS)[0]["CallDuration"] == "0"


def test_a_text_is_sent_from_within_a_call(exchange: Exchange) -> None:
    answer(exchange, '<Sms statusCallback="/sent">Thank you for calling</Sms>')
    exchange.pass_(10)
    message = exchange.client.messages.list()[0]
    assert (message.to, message.from_, message.status) == ("+84901234567", exchange.number, "delivered")
    assert {told["MessageStatus"] for told in exchange.application.to("/sent")} == {
        "sending",
        "sent",
        "delivered",
    }
