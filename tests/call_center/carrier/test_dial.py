"""Dial: the story of a call that looks for somebody to talk to, webhook by webhook."""

from __future__ import annotations

import pytest

from tests.call_center.carrier.application import INBOUND, STATUS, Exchange

TO_ANNA = """<Response><Dial action="/done" timeout="20" answerOnBridge="true">
<Client statusCallback="/agent" statusCallbackEvent="initiated ringing answered completed">
<Identity>anna</Identity><Parameter name="interaction" value="42"/></Client></Dial></Response>"""


def test_an_answered_call_is_told_from_the_first_ring_to_the_last_word(exchange: Exchange) -> None:
    exchange.application.answers |= {INBOUND: TO_ANNA, "/done": "<Response><Hangup/></Response>"}
    exchange.policy("client:anna", ring=4, talk=60)
    call = exchange.ring()
    exchange.pass_(100)
    told = [
        (a.path, a.form.get("StatusCallbackEvent") or a["CallStatus"], a.form.get("SequenceNumber"))
        for a in exchange.application.asked
    ]
    assert told == [
        (INBOUND, "ringing", None),
        ("/agent", "initiated", "0"),
        ("/agent", "ringing", "1"),
        ("/agent", "in-progress", "2"),
        ("/agent", "completed", "3"),
        ("/done", "in-progress", None),
        (STATUS, "completed", "0"),
    ]
    done, over = exchange.application.to("/done")[0], exchange.application.to(STATUS)[0]
    assert (done["DialCallStatus"], done["DialCallDuration"], done["DialBridged"]) == (
        "completed",
        "60",
        "true",
    )
    assert (over["CallSid"], over["CallDuration"], over["Duration"]) == (call, "60", "1")
    child = exchange.client.calls(done["DialCallSid"]).fetch()
    assert (child.parent_call_sid, child.direction, child.to) == (call, "outbound-dial", "client:anna")
    assert all(asked.signed for asked in exchange.application.asked)


@pytest.mark.parametrize(
    ("script", "status", "seconds"),
    [
        ({"outcome": "busy"}, "busy", 3),
        ({"outcome": "no-answer"}, "no-answer", 20),
        ({"outcome": "failed"}, "failed", 0),
    ],
)
def test_a_call_nobody_takes_goes_on_with_what_happened(
    exchange: Exchange, script: dict[str, str], status: str, seconds: int
) -> None:
    exchange.application.answers[INBOUND] = (
        f'<Response><Dial action="/done" timeout="20" callerId="{exchange.number}">'
        "<Number>+84281111111</Number></Dial></Response>"
    )
    exchange.policy("+8428*", ring=3, **script)
    exchange.ring()
    exchange.pass_(seconds + 1)
    done = exchange.application.to("/done")[0]
    assert (done["DialCallStatus"], done["DialBridged"]) == (status, "false")
    assert "DialCallDuration" not in done.form


def test_a_phone_that_is_not_there_does_not_answer(exchange: Exchange) -> None:
    exchange.application.answers[INBOUND] = TO_ANNA
    exchange.ring()
    exchange.pass_(1)
    assert exchange.application.to("/done")[0]["DialCallStatus"] == "no-answer"


def test_a_caller_who_gives_up_stops_the_ringing_and_the_action_still_hears_of_it(exchange: Exchange) -> None:
    exchange.application.answers[INBOUND] = TO_ANNA
    exchange.policy("client:anna", outcome="no-answer")
    call = exchange.ring(patience=7)
    exchange.pass_(8)
    assert [a["CallStatus"] for a in exchange.application.to("/agent")] == [
        "initiated",
        "ringing",
        "no-answer",
    ]
    assert exchange.application.to("/done")[0]["CallStatus"] == "no-answer"
    assert exchange.application.paths()[-1] == STATUS
    assert exchange.status(call) == "no-answer"


def test_of_several_who_ring_the_first_to_answer_has_the_call(exchange: Exchange) -> None:
    exchange.application.answers[INBOUND] = """<Response><Dial action="/done" timeout="30">
        <Client statusCallback="/slow">slow</Client><Client statusCallback="/quick">quick</Client></Dial></Response>"""
    exchange.policy("client:slow", ring=9, talk=50)
    exchange.policy("client:quick", ring=2, talk=10)
    exchange.ring()
    exchange.pass_(20)
    assert exchange.application.to("/slow")[0]["CallStatus"] == "no-answer"
    assert exchange.application.to("/quick")[0]["CallStatus"] == "completed"
    assert (
        exchange.application.to("/done")[0]["DialCallSid"] == exchange.application.to("/quick")[0]["CallSid"]
    )


def test_one_after_the_other_rings_only_when_the_first_did_not_answer(exchange: Exchange) -> None:
    exchange.application.answers[INBOUND] = """<Response><Dial action="/done" timeout="10" sequential="true">
        <Client statusCallback="/a" statusCallbackEvent="initiated completed">a</Client>
        <Client statusCallback="/b" statusCallbackEvent="initiated completed">b</Client></Dial></Response>"""
    exchange.policy("client:a", outcome="no-answer")
    exchange.policy("client:b", ring=1, talk=5)
    exchange.ring()
    exchange.pass_(30)
    paths = [path for path in exchange.application.paths() if path in {"/a", "/b"}]
    assert paths == ["/a", "/a", "/b", "/b"]
    assert exchange.application.to("/done")[0]["DialCallStatus"] == "completed"


def test_a_child_sent_elsewhere_lives_on_and_its_parent_goes_on_with_the_action(exchange: Exchange) -> None:
    exchange.application.answers |= {
        INBOUND: TO_ANNA,
        "/done": "<Response><Pause length='60'/></Response>",
        "/elsewhere": "<Response><Dial><Conference>room</Conference></Dial></Response>",
    }
    exchange.policy("client:anna", ring=1, talk=0)
    parent = exchange.ring()
    exchange.pass_(10)
    child = exchange.sim("GET", f"/calls?parent={parent}")["calls"][0]["call_sid"]
    exchange.client.calls(child).update(url=f"{exchange.application.url}/elsewhere")
    exchange.pass_(5)
    assert exchange.application.to("/done")[0]["DialCallStatus"] == "completed"
    assert exchange.application.to("/elsewhere")[0]["CallSid"] == child
    exchange.sim("POST", f"/calls/{parent}/hangup")
    exchange.pass_(1)
    assert (exchange.status(parent), exchange.status(child)) == ("completed", "in-progress")


def test_a_parent_that_is_hung_up_takes_its_child_along(exchange: Exchange) -> None:
    exchange.application.answers[INBOUND] = TO_ANNA
    exchange.policy("client:anna", ring=1, talk=0)
    parent = exchange.ring()
    exchange.pass_(10)
    exchange.client.calls(parent).update(status="completed")
    exchange.pass_(1)
    calls = exchange.client.calls.list()
    assert {call.status for call in calls} == {"completed"}
    tail = exchange.application.paths()[-3:]
    assert tail == ["/agent", "/done", STATUS]


def test_a_star_ends_the_dial_and_other_keys_reach_the_other_party(exchange: Exchange) -> None:
    exchange.application.answers |= {
        INBOUND: '<Response><Dial action="/done" hangupOnStar="true"><Client>anna</Client></Dial></Response>',
        "/done": "<Response><Pause length='60'/></Response>",
    }
    exchange.policy("client:anna", ring=1, talk=0)
    call = exchange.ring()
    exchange.pass_(5)
    exchange.sim("POST", f"/calls/{call}/press", digits="12*")
    exchange.pass_(1)
    assert exchange.application.to("/done")[0]["DialCallStatus"] == "completed"
    assert exchange.status(call) == "in-progress"


def test_a_talk_is_recorded_from_the_answer_in_two_channels(exchange: Exchange) -> None:
    exchange.application.answers[INBOUND] = """<Response><Dial action="/done" record="record-from-answer-dual"
        recordingStatusCallback="/file"><Client>anna</Client></Dial></Response>"""
    exchange.policy("client:anna", ring=5, talk=20)
    call = exchange.ring()
    exchange.pass_(40)
    done, file = exchange.application.to("/done")[0], exchange.application.to("/file")[0]
    assert (file["RecordingSource"], file["RecordingChannels"], file["RecordingDuration"]) == (
        "DialVerb",
        "2",
        "20",
    )
    assert (file["RecordingSid"], file["CallSid"]) == (done["RecordingSid"], call)


def test_a_talk_ends_with_its_longest_time(exchange: Exchange) -> None:
    exchange.application.answers[INBOUND] = (
        '<Response><Dial action="/done" timeLimit="10"><Client>anna</Client></Dial></Response>'
    )
    exchange.policy("client:anna", ring=1, talk=0)
    exchange.ring()
    exchange.pass_(12)
    assert exchange.application.to("/done")[0]["DialCallDuration"] == "10"


def test_a_caller_id_of_somebody_else_is_refused(exchange: Exchange) -> None:
    exchange.application.answers[INBOUND] = (
        '<Response><Dial action="/done" callerId="+84999999999"><Number>+84281111111</Number></Dial></Response>'
    )
    exchange.ring()
    exchange.pass_(1)
    assert exchange.application.to("/done")[0]["DialCallStatus"] == "failed"
    assert exchange.alerts() == ["13214"]


def test_the_called_party_may_hear_something_first_and_refuse(exchange: Exchange) -> None:
    exchange.application.answers |= {
        INBOUND: '<Response><Dial action="/done"><Client url="/whisper">anna</Client></Dial></Response>',
        "/whisper": "<Response><Say>Press one to accept</Say><Hangup/></Response>",
    }
    exchange.policy("client:anna", ring=1, talk=0)
    exchange.ring()
    exchange.pass_(10)
    assert exchange.application.to("/whisper")[0]["To"] == "client:anna"
    assert exchange.application.to("/done")[0]["DialBridged"] == "false"


def test_a_browser_phone_calls_through_its_application(exchange: Exchange) -> None:
    exchange.application.answers["/twilio/voice/outbound"] = (
        f'<Response><Dial callerId="{exchange.number}" action="/done"><Number>+84281111111</Number></Dial></Response>'
    )
    exchange.policy("+8428*", ring=2, talk=30)
    exchange.sim(
        "POST", "/clients/anna/call", parameters={"To": "+84281111111", "CallSid": "forged", "case": "7"}
    )
    exchange.pass_(60)
    asked = exchange.application.to("/twilio/voice/outbound")[0]
    assert (asked["Direction"], asked["From"], asked["To"], asked["case"]) == (
        "inbound",
        "client:anna",
        "+84281111111",
        "7",
    )
    assert asked["CallSid"].startswith("CA")
    assert asked["ApplicationSid"].startswith("AP")
    assert exchange.application.to("/done")[0]["DialCallStatus"] == "completed"
