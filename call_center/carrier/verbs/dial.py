"""Dial: the caller and somebody else."""

from __future__ import annotations

import re

from call_center.carrier import hearing
from call_center.carrier.dialing import Dialing
from call_center.carrier.endpoint import RINGING
from call_center.carrier.leg import Document, Leg, RecordingOrder
from call_center.carrier.run import Run
from call_center.carrier.twiml import Element
from call_center.carrier.verbs.dial_conference import dial_conference
from call_center.carrier.verbs.dial_queue import dial_queue

ALL_EVENTS = "initiated ringing answered completed"
NUMBER = re.compile(r"^\+?[0-9]{3,15}$")
DIALABLE = frozenset({"Number", "Client", "Sip"})
MOST_NOUNS = 10


async def dial(run: Run, element: Element) -> Document | None:
    """Call others and join the caller with the first to answer; or lead it to a conference or a queue."""
    for child in element.children:
        if child.name == "Conference":
            return await dial_conference(run, element, child)
        if child.name == "Queue":
            return await dial_queue(run, element, child)
    if not element.flag("answerOnBridge"):
        run.network.pick_up(run.leg)
    nouns = [child for child in element.children if child.name in DIALABLE][:MOST_NOUNS]
    if not nouns and element.text:
        nouns = [Element("Number", element.text)]
    dialing = _dialing(run, element)
    run.leg.place = dialing
    if (caller_id := _caller_id(run, element, nouns)) is not None:
        await _call(run, element, dialing, nouns, caller_id)
    run.leg.place = None
    return run.action(element, dialing.result())


def _dialing(run: Run, element: Element) -> Dialing:
    action, method = run.url(element.get("action")), element.method()
    mode = element.get("record", "do-not-record").replace("true", "record-from-answer")
    order = None
    if mode.startswith("record-from"):
        callback = run.callback(element, "completed", "recordingStatusCallback")
        channels = 2 if mode.endswith("-dual") else 1
        order = RecordingOrder("DialVerb", channels, callback, element.get("recordingTrack", "both"))
    return Dialing(
        run.network, run.leg, lambda fields: run.executor.farewell(action, method, fields),
        element.flag("hangupOnStar"), order, mode.startswith("record-from-ringing"),
    )  # fmt: skip


def _caller_id(run: Run, element: Element, nouns: list[Element]) -> str | None:
    """Whom the called see; None, with an alert, where it may not be shown."""
    leg, account = run.leg, run.network.account
    caller_id = element.get("callerId") or (leg.to if leg.direction == "outbound-api" else leg.from_)
    to_numbers = any(noun.name == "Number" for noun in nouns)
    owned = account.may_show(caller_id) or (not element.get("callerId") and leg.direction == "inbound")
    if to_numbers and (caller_id.startswith("client:") or not owned):
        run.network.alert(13214, f"Dial: Invalid callerId value {caller_id}", run.base, leg.sid)
        return None
    return caller_id


async def _call(run: Run, element: Element, dialing: Dialing, nouns: list[Element], caller_id: str) -> None:
    """Ring them, at once or one after the other, until one is joined; stay until they part."""
    hearing.play(run.leg, RINGING)
    if dialing.record_ringing:
        dialing.start_recording()
    rounds = [[noun] for noun in nouns] if element.flag("sequential") else [nouns]
    for ringing in rounds:
        children = [leg for noun in ringing if (leg := _ring(run, noun, caller_id)) is not None]
        dialing.children += children
        child = await _first_to_answer(run, dialing, children, element.integer("timeout", 30))
        if child is not None:
            await _talk(run, dialing, child, element.integer("timeLimit", 14400))
            return
        if dialing.over.done():
            return
    hearing.hush(run.leg)


async def _talk(run: Run, dialing: Dialing, child: Leg, longest: float) -> None:
    limit = run.network.clock.call_later(longest, lambda: run.network.end(child, "completed"))
    try:
        await dialing.over
    finally:
        limit.cancel()


def _ring(run: Run, noun: Element, caller_id: str) -> Leg | None:
    """One called party; None for what is no number."""
    network, to = run.network, _target(noun)
    if noun.name == "Number" and not NUMBER.match(to):
        network.alert(13223, f"Dial: Invalid phone number format {to}", run.base, run.leg.sid)
        return None
    leg = network.new_leg("outbound-dial", caller_id, to, run.leg)
    leg.callback = run.callback(noun, "completed")
    leg.send_digits = noun.get("sendDigits")
    leg.parameters = {p.get("name"): p.get("value") for p in noun.children if p.name == "Parameter"}
    if url := noun.get("url"):
        leg.document = Document(url=run.url(url), method=noun.method(), kind="whisper")
    network.dial(leg)
    return leg


def _target(noun: Element) -> str:
    if noun.name == "Client":
        identity = next((child.text for child in noun.children if child.name == "Identity"), noun.text)
        return f"client:{identity}"
    if noun.name == "Sip":
        return noun.text
    return re.sub(r"[\s().-]", "", noun.text)


async def _first_to_answer(run: Run, dialing: Dialing, children: list[Leg], timeout: float) -> Leg | None:
    """Who is joined with the caller; the others stop ringing. None when nobody answers in time."""
    network = run.network
    expiry = network.clock.now() + timeout
    open_ = list(children)
    while open_ and not dialing.over.done():
        waited = await network.clock.wait(
            {dialing.over, *(child.answer for child in open_)},
            expiry - network.clock.now(),
        )
        answered = next((child for child in open_ if child.is_answered), None)
        if answered is not None:
            open_.remove(answered)
            for loser in open_:
                network.end(loser, "no-answer")
            if await _whisper(run, answered):
                dialing.join(answered)
                return answered
            network.end(answered, "completed")
            return None
        open_ = [child for child in open_ if not child.is_over]
        if not waited:
            break
    for child in open_:
        network.end(child, "no-answer")
    return None


async def _whisper(run: Run, child: Leg) -> bool:
    """What the called party hears first, and whether it stays."""
    if child.document is None:
        return not child.is_over
    return await run.executor.of(child).whisper(child.document)
