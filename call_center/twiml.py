"""Decisions in the provider's words. The only place that writes TwiML; texts are spoken in the caller's language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.etree import ElementTree as Xml

from call_center.dispatch import Goodbye, Message, Phone, Ring, Service, Wait
from call_center.models.agent import identity_of
from call_center.settings import RETRIES
from crm_admin.i18n import catalogue, force_locale, gettext

VOICES = {"en": "en-US", "vi": "vi-VN", "zh": "zh-CN"}
MESSAGE_S = 120


@dataclass(frozen=True)
class Doors:
    """Builds the addresses that the provider calls back: opaque ids only, tried again when an answer is lost."""

    base: str
    thread: str

    def __call__(self, path: str, user: int | None = None, **more: str) -> str:
        said = {"c": self.thread, **({"a": str(user)} if user is not None else {}), **more}
        return f"{self.base}/twilio/{path}?{urlencode(said)}{RETRIES}"


def document(*build: Callable[[Xml.Element], None]) -> str:
    """A whole document out of its verbs, in order."""
    root = Xml.Element("Response")
    for add in build:
        add(root)
    return '<?xml version="1.0" encoding="UTF-8"?>' + Xml.tostring(root, encoding="unicode")


# ── decisions ───────────────────────────────────────────────────────────────────────────────────────
def ring(decision: Ring, phone: Phone, doors: Doors, *, uid: str, caller: str) -> str:
    """Ring one agent; whatever comes of it is asked for at `after-dial`. `caller`: the number they see."""
    service = decision.service

    def dial(root: Xml.Element) -> None:
        verb = Xml.SubElement(root, "Dial", _dial(service, doors, phone.user))
        verb.set("timeout", str(service.ring_s))
        if phone.number:
            if caller:
                verb.set("callerId", caller)
            noun = Xml.SubElement(verb, "Number", url=doors("voice/accept", phone.user), method="POST")
            noun.text = phone.number
        else:
            noun = Xml.SubElement(verb, "Client")
            Xml.SubElement(noun, "Identity").text = identity_of(phone.user)
            Xml.SubElement(noun, "Parameter", name="call", value=uid)
        _follow(noun, doors, phone.user)

    return document(*_welcome(service, decision.greeted), dial)


def wait(decision: Wait, doors: Doors) -> str:
    """Put the caller into the waiting room."""

    def enqueue(root: Xml.Element) -> None:
        verb = Xml.SubElement(
            root,
            "Enqueue",
            action=doors("voice/queue-left"),
            method="POST",
            waitUrl=doors("voice/wait"),
            waitUrlMethod="POST",
        )
        verb.text = "waiting"

    return document(*_welcome(decision.service, decision.greeted), enqueue)


def waiting(decision: Wait, base: str, position: int | None) -> str:
    """What a waiting caller hears until the next look."""
    service = decision.service
    said = []
    if position is not None:
        said.append(
            _say(service.language, _text(service, "waiting", position))
            if position > 1
            else _say(service.language, _text(service, "next"))
        )
    return document(*said, _play(f"{base}/call-center/static/sounds/waiting.wav"))


def leave() -> str:
    """Out of the waiting room: the next document comes from its action."""
    return document(lambda root: _add(root, "Leave"))


def message(decision: Message, doors: Doors) -> str:
    """Take a message."""
    service = decision.service
    words = service.voicemail_greeting or _text(service, f"message_{decision.reason}")

    def record(root: Xml.Element) -> None:
        Xml.SubElement(
            root,
            "Record",
            action=doors("voice/after-message"),
            method="POST",
            maxLength=str(MESSAGE_S),
            timeout="5",
            playBeep="true",
            recordingStatusCallback=doors("recording"),
            recordingStatusCallbackMethod="POST",
            recordingStatusCallbackEvent="in-progress completed absent",
        )

    return document(_say(service.language, words), record, _hang_up)


def goodbye(decision: Goodbye) -> str:
    return document(_say(decision.service.language, _text(decision.service, decision.reason)), _hang_up)


def hang_up() -> str:
    return document(_hang_up)


def nothing() -> str:
    """An empty document: a leg that goes on where it was sent."""
    return document()


def silence(seconds: int) -> str:
    """So many seconds of nothing."""
    return document(lambda root: _pause(root, seconds))


def reject() -> str:
    """Refuse a call that may not be made from a browser."""
    return document(lambda root: _add(root, "Reject"))


# ── outgoing calls, and calls that are taken elsewhere ──────────────────────────────────────────────
def dial_customer(service: Service, doors: Doors, *, number: str, caller: str, digits: str, user: int) -> str:
    """Call a customer for an agent whose phone is up. `digits`: pressed when they answer (an extension)."""

    def dial(root: Xml.Element) -> None:
        verb = Xml.SubElement(root, "Dial", _dial(service, doors, user))
        verb.set("timeout", "45")
        if caller:
            verb.set("callerId", caller)
        noun = Xml.SubElement(verb, "Number")
        if digits:
            noun.set("sendDigits", digits)
        if service.recording == "announced":
            noun.set("url", doors("voice/announce"))
            noun.set("method", "POST")
        noun.text = number
        _follow(noun, doors, None)

    return document(dial)


def announce(service: Service) -> str:
    """What a customer whom we call hears before they are put through."""
    return document(_say(service.language, service.announcement or _text(service, "recorded")))


def accept(service: Service, doors: Doors, user: int) -> str:
    """Ask an agent at a telephone to press 1: a mailbox that answers is nobody."""

    def gather(root: Xml.Element) -> None:
        verb = Xml.SubElement(
            root, "Gather", action=doors("voice/accepted", user), method="POST", numDigits="1", timeout="8"
        )
        _say(service.language, _text(service, "press_one"))(verb)

    return document(gather, _hang_up)


def join(room: str, doors: Doors, *, base: str) -> str:
    """Into the conference of a call, which is over when either side leaves: nobody stays there alone."""

    def dial(root: Xml.Element) -> None:
        verb = Xml.SubElement(root, "Dial", action=doors("voice/after-dial"), method="POST")
        noun = Xml.SubElement(
            verb,
            "Conference",
            beep="false",
            startConferenceOnEnter="true",
            endConferenceOnExit="true",
            waitUrl=f"{base}/call-center/static/sounds/waiting.wav",
            waitMethod="GET",
            statusCallback=doors("conference"),
            statusCallbackMethod="POST",
            statusCallbackEvent="start end join leave hold",
        )
        noun.text = room

    return document(dial)


# ── parts ───────────────────────────────────────────────────────────────────────────────────────────
def _dial(service: Service, doors: Doors, user: int) -> dict[str, str]:
    verb = {"action": doors("voice/after-dial", user), "method": "POST", "answerOnBridge": "true"}
    if service.recording != "never":
        verb |= {
            "record": "record-from-answer-dual",
            "recordingStatusCallback": doors("recording"),
            "recordingStatusCallbackMethod": "POST",
            "recordingStatusCallbackEvent": "in-progress completed absent",
        }
    return verb


def _follow(noun: Xml.Element, doors: Doors, user: int | None) -> None:
    noun.set("statusCallback", doors("voice/status", user))
    noun.set("statusCallbackMethod", "POST")
    noun.set("statusCallbackEvent", "initiated ringing answered completed")


def _welcome(service: Service, greeted: bool) -> list[Callable[[Xml.Element], None]]:
    """The greeting and, where it must be, the announcement of a recording: once a call."""
    if greeted:
        return []
    said = [_say(service.language, service.greeting)] if service.greeting else []
    if service.recording == "announced":
        said.append(_say(service.language, service.announcement or _text(service, "recorded")))
    return said


def _say(language: str, text: str) -> Callable[[Xml.Element], None]:
    def add(root: Xml.Element) -> None:
        Xml.SubElement(root, "Say", language=VOICES.get(language, "en-US")).text = text

    return add


def _play(url: str) -> Callable[[Xml.Element], None]:
    def add(root: Xml.Element) -> None:
        # Ten seconds of sound, twice: as long as dispatch.PIECE_S.
        Xml.SubElement(root, "Play", loop="2").text = url

    return add


def _add(root: Xml.Element, name: str) -> None:
    Xml.SubElement(root, name)


def _pause(root: Xml.Element, seconds: int) -> None:
    Xml.SubElement(root, "Pause", length=str(seconds))


def _hang_up(root: Xml.Element) -> None:
    Xml.SubElement(root, "Hangup")


def _text(service: Service, which: str, number: int = 0) -> str:
    with force_locale(catalogue(service.language)):
        if which == "recorded":
            return gettext("This call is recorded, so that we can serve you better.")
        if which == "waiting":
            return gettext("You are number %(number)s in the queue. Please stay on the line.", number=number)
        if which == "next":
            return gettext("You are the next to be served. Please stay on the line.")
        if which == "message_closed":
            return gettext("We are closed at the moment. Please leave a message after the tone.")
        if which == "message_nobody":
            return gettext("Nobody is free at the moment. Please leave a message after the tone.")
        if which == "closed":
            return gettext("We are closed at the moment. Please call again during our opening hours.")
        if which == "after_message":
            return gettext("Thank you. We will call you back.")
        if which == "press_one":
            return gettext("A customer is calling. Press 1 to answer.")
        return gettext("Nobody is free at the moment. Please call again later.")
