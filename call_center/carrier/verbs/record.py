"""Record: a message after the beep. Start and Stop: a recording beside whatever follows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from call_center.carrier import hearing
from call_center.carrier.endpoint import Prompt
from call_center.carrier.leg import Callback, Document, Leg, RecordingOrder
from call_center.carrier.parameters import Fields
from call_center.carrier.recording import Recording
from call_center.carrier.run import Run
from call_center.carrier.twiml import Element

BEEP = Prompt("tone", 0.5)
ANY_KEY = "1234567890*#"


async def record(run: Run, element: Element) -> Document | None:
    """Record until a key, the longest time, or the caller hangs up. A scripted caller talks until one of them."""
    network, leg = run.network, run.leg
    network.pick_up(leg)
    if element.flag("playBeep", True):
        hearing.play(leg, BEEP)
        await network.clock.sleep(BEEP.seconds)
    leg.input.clear()
    order = RecordingOrder(
        "RecordVerb", callback=run.callback(element, "completed", "recordingStatusCallback")
    )
    taking = Taking(run, element, network.recorder.start(order, leg=leg))
    leg.place = taking
    key = await taking.key()
    leg.place = None
    fields = taking.finish(key)
    return run.action(element, fields) or run.again(fields)


@dataclass(eq=False)
class Taking:
    """A message being recorded; the place of the leg meanwhile."""

    run: Run
    element: Element
    recording: Recording

    async def key(self) -> str:
        """The key that ends it; empty when the time is over."""
        finish = self.element.get("finishOnKey", ANY_KEY)
        longest = self.element.integer("maxLength", 3600)
        loop = asyncio.get_running_loop()
        expiry = loop.create_future()
        timer = self.run.network.clock.call_later(
            longest, lambda: None if expiry.done() else expiry.set_result(None)
        )
        try:
            while not expiry.done():
                await asyncio.wait({expiry, self.run.leg.input.next()}, return_when=asyncio.FIRST_COMPLETED)
                for key in self.run.leg.input.take():
                    if finish and key in finish:
                        return key
        finally:
            timer.cancel()
        return ""

    def finish(self, key: str) -> Fields:
        """Stop, and say what the action URL is told."""
        network, element = self.run.network, self.element
        network.recorder.stop(self.recording.sid)
        if element.flag("transcribe") or element.get("transcribeCallback"):
            self._transcribe()
        known = network.recorder.fields(self.recording)
        return [*known.items(), ("Digits", key)]

    def leave(self, leg: Leg, reason: Literal["hangup", "redirect"]) -> None:
        """The caller has said what there was to say."""
        fields = self.finish("hangup" if reason == "hangup" else "")
        if reason == "hangup":
            url = self.run.url(self.element.get("action")) or self.run.document.url
            self.run.executor.farewell(url, self.element.method(), fields)

    def pressed(self, leg: Leg, digits: str) -> None:
        """Keys are read from the leg's input."""

    def _transcribe(self) -> None:
        url = self.run.url(self.element.get("transcribeCallback"))
        network, leg = self.run.network, self.run.leg
        callback = Callback(url) if url else None
        wait = network.behaviour.recording_delay
        network.clock.call_later(wait, lambda: network.recorder.transcribe(self.recording, leg, callback))


async def start(run: Run, element: Element) -> None:
    """Record the leg from now on; streams and live transcription are not for this exchange."""
    run.network.pick_up(run.leg)
    for child in element.children:
        if child.name == "Recording":
            callback = run.callback(child, "completed", "recordingStatusCallback")
            channels = 2 if child.get("channels") == "dual" else 1
            order = RecordingOrder("StartCallRecordingAPI", channels, callback, child.get("track", "both"))
            run.network.recorder.start(order, leg=run.leg)
        else:
            run.network.alert(12200, f"<Start><{child.name}> is not done", run.base, run.leg.sid)


async def stop(run: Run, element: Element) -> None:
    """End what Start began."""
    if any(child.name == "Recording" for child in element.children):
        for sid in run.leg.recordings:
            recording = run.network.recorder.recordings.get(sid)
            if recording is not None and recording.order.source == "StartCallRecordingAPI":
                run.network.recorder.stop(sid)
