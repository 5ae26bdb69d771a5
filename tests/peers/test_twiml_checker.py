"""The TwiML checker finds what a carrier would trip over, and nothing in what the provider documents."""

from __future__ import annotations

import re

import pytest

from tests.peers import node, twiml_checker

GOOD = (
    "<Response/>",
    '<Response><Say language="vi-VN" loop="2">Xin chào &amp; cảm ơn</Say><Hangup/></Response>',
    '<Response><Say>You owe <say-as interpret-as="cardinal">12</say-as><break strength="weak"/> dong.</Say></Response>',
    '<Response><Gather input="dtmf speech" numDigits="1" timeout="5"><Play>/a.wav</Play><Pause/></Gather></Response>',
    '<Response><Dial callerId="+84901234567" record="record-from-answer" answerOnBridge="true">'
    '<Number statusCallback="/s" statusCallbackEvent="initiated ringing answered completed">+84901234568</Number>'
    '<Client><Identity>an</Identity><Parameter name="call" value="17"/></Client></Dial></Response>',
    '<Response><Dial><Conference beep="onEnter" startConferenceOnEnter="true" waitUrl=""'
    ' statusCallbackEvent="start end join leave mute hold">room-17</Conference></Dial></Response>',
    '<Response><Enqueue waitUrl="/wait" action="/left">support</Enqueue></Response>',
    '<Response><Record maxLength="120" playBeep="true" finishOnKey="#" recordingStatusCallback="/r"/></Response>',
    '<Response><!-- closed today --><Reject reason="busy"/></Response>',
)

BAD = (
    ("<Response><Say>", "not well-formed"),
    ("<Antwort/>", "the root is <Antwort>, not <Response>"),
    ("<response/>", "the root is <response>, not <Response>"),
    ('<Response version="2"/>', "Response: no attribute version"),
    ("<Response>hello</Response>", "Response: no text may stand here"),
    ("<Response><Hangup/>good bye</Response>", "Response: no text may stand here"),
    ("<Response><Whisper/></Response>", "Response/Whisper: no such element"),
    ("<Response><say>hello</say></Response>", "Response/say: is written <Say>"),
    ("<Response><Number>+84901234567</Number></Response>", "Response/Number: may not stand in Response"),
    ("<Response><Dial><Gather/></Dial></Response>", "Response/Dial/Gather: may not stand in Dial"),
    ("<Response><Gather><Dial/></Gather></Response>", "Response/Gather/Dial: may not stand in Gather"),
    ("<Response><Say><Play>/a</Play></Say></Response>", "Response/Say/Play: may not stand in Say"),
    ("<Response><Gather>press 1</Gather></Response>", "Response/Gather: no text may stand here"),
    ('<Response><Dial beep="true"/></Response>', "Response/Dial: no attribute beep"),
    ('<Response><Dial callerid="x"/></Response>', "Response/Dial: callerid is written callerId"),
    ('<Response><Dial record="true"/></Response>', "Response/Dial: record may not be 'true'"),
    ('<Response><Dial timeout="soon"/></Response>', "Response/Dial: timeout may not be 'soon'"),
    ('<Response><Dial hangupOnStar="True"/></Response>', "Response/Dial: hangupOnStar may not be 'True'"),
    ('<Response><Reject reason="Busy"/></Response>', "Response/Reject: reason may not be 'Busy'"),
    ('<Response><Gather input="dtmf voice"/></Response>', "Response/Gather: input may not be 'voice'"),
    (
        '<Response><Dial><Number statusCallbackEvent="initiated,completed">1</Number></Dial></Response>',
        "Response/Dial/Number: statusCallbackEvent may not be 'initiated,completed'",
    ),
    ('<Response><Say language="vi">chào</Say></Response>', "Response/Say: language may not be 'vi'"),
)


@pytest.mark.parametrize("twiml", GOOD)
def test_what_is_documented_has_no_fault(twiml: str) -> None:
    assert twiml_checker.check(twiml) == []


@pytest.mark.parametrize(("twiml", "fault"), BAD)
def test_each_fault_is_found_and_named(twiml: str, fault: str) -> None:
    faults = twiml_checker.check(twiml)
    assert len(faults) == 1
    assert faults[0].startswith(fault)


def test_all_faults_are_found_at_once() -> None:
    twiml = '<Response><Dial foo="1" record="on"><Nummer/></Dial><Hangup>now</Hangup></Response>'
    assert len(twiml_checker.check(twiml)) == 4


def test_messages_have_declarations_of_their_own() -> None:
    twiml = '<Response><Message to="+84901234567"><Body>Đã nhận</Body><Media>https://a/b.png</Media></Message></Response>'
    assert twiml_checker.check(twiml, "MessagingResponse") == []
    assert twiml_checker.check(twiml) == ["Response/Message: no such element"]


@pytest.mark.parametrize("root", ["VoiceResponse", "MessagingResponse"])
def test_no_declared_element_is_overlooked(root: twiml_checker.Root) -> None:
    written = node.installed(f"twilio/lib/twiml/{root}.js").read_text("utf-8")
    assert twiml_checker.declarations(root).names == set(re.findall(r'\.ele\("([\w-]+)"', written))
