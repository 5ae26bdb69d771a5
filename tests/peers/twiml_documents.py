"""Documents that are TwiML, and documents that are almost: each with its one fault, as the checker names it."""

from __future__ import annotations

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
