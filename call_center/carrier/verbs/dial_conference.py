"""Dial Conference: the caller joins, and stays until it leaves or the conference ends."""

from __future__ import annotations

from call_center.carrier.conference import Settings
from call_center.carrier.leg import Document, RecordingOrder
from call_center.carrier.parameters import Fields
from call_center.carrier.run import Run
from call_center.carrier.twiml import Element


async def dial_conference(run: Run, dial: Element, noun: Element) -> Document | None:
    """Join; the action URL is told `answered`, without a call of its own."""
    network, leg = run.network, run.leg
    network.pick_up(leg)
    if not noun.text:
        network.alert(13255, "Dial Conference: no name", run.base, leg.sid)
        return run.action(dial, [("DialCallStatus", "failed")])
    conference = network.open_conference(noun.text, noun.get("region", "us1"))
    settings = conference_settings(run, noun)
    taken = settings.label and conference.find(settings.label) is not None
    if taken or len(conference.participants) >= settings.max_participants:
        code, why = (16025, "label is taken") if taken else (16020, "too many participants")
        network.alert(code, f"Dial Conference: {why}", run.base, leg.sid)
        return run.action(dial, [("DialCallStatus", "failed")])
    participant = conference.expect(leg, settings)
    limit = network.clock.call_later(dial.integer("timeLimit", 14400), lambda: network.end(leg, "completed"))
    fields: Fields = [("DialCallStatus", "answered")]
    action, method = run.url(dial.get("action")), dial.method()
    participant.farewell = lambda: run.executor.farewell(action, method, fields)
    conference.join(participant)
    try:
        await participant.left
    finally:
        limit.cancel()
    return run.action(dial, fields)


def conference_settings(run: Run, noun: Element) -> Settings:
    """What the attributes of `<Conference>` say."""
    record = None
    if noun.get("record") in {"record-from-start", "true"}:
        callback = run.callback(noun, "completed", "recordingStatusCallback")
        record = RecordingOrder("Conference", callback=callback)
    return Settings(
        label=noun.get("participantLabel"),
        muted=noun.flag("muted"),
        start_on_enter=noun.flag("startConferenceOnEnter", True),
        end_on_exit=noun.flag("endConferenceOnExit"),
        coaching=bool(noun.get("coach")),
        call_to_coach=noun.get("coach"),
        max_participants=min(250, max(2, noun.integer("maxParticipants", 250))),
        wait_url=run.url(noun.get("waitUrl")) if "waitUrl" in noun.attributes else None,
        wait_method=noun.method("waitMethod"),
        callback=run.callback(noun, "start end"),
        record=record,
    )
