"""A Dial under way: the caller, those who ring, and the one who took the call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from call_center.carrier import hearing
from call_center.carrier.leg import Leg, RecordingOrder
from call_center.carrier.parameters import Fields
from call_center.carrier.recording import Recording

if TYPE_CHECKING:
    from call_center.carrier.network import Network


@dataclass(eq=False)
class Dialing:
    """The place of the caller while its Dial lasts; the place of the other party once they talk."""

    network: Network
    caller: Leg
    farewell: Callable[[Fields], None]  # reports to the action URL when the caller is gone
    hangup_on_star: bool = False
    record: RecordingOrder | None = None
    record_ringing: bool = False
    children: list[Leg] = field(default_factory=list)
    child: Leg | None = None  # who took the call
    joined: float | None = None
    parted: float | None = None
    recording: Recording | None = None
    over: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def in_conversation(self) -> bool:
        return self.joined is not None and self.parted is None

    def join(self, child: Leg) -> None:
        """The two talk."""
        self.child, self.joined = child, self.network.clock.now()
        child.place = self
        self.network.pick_up(self.caller)
        hearing.join(self.caller, [child])
        hearing.join(child, [self.caller])
        self.network.serve(self.caller, child)
        self.start_recording()

    def start_recording(self) -> None:
        if self.record is not None and self.recording is None:
            self.recording = self.network.recorder.start(self.record, leg=self.caller)

    def leave(self, leg: Leg, reason: Literal["hangup", "redirect"]) -> None:
        """One of the two goes: the caller takes those it called along, the other lets the caller go on."""
        self._part()
        if leg is not self.caller:
            self._finish()
            return
        for child in self.children:
            if child is not self.child or child.place is self:
                child.place = None
                self.network.end(child, "no-answer")
        if reason == "hangup":
            self.farewell(self.result())
        self._finish()

    def pressed(self, leg: Leg, digits: str) -> None:
        """Keys go to the other party; the caller's star ends the Dial, if it was asked for."""
        if leg is self.caller and self.hangup_on_star and "*" in digits:
            for child in self.children:
                self.network.end(child, "canceled")
            self._finish()
            return
        other = self.child if leg is self.caller else self.caller
        if other is not None and other.endpoint is not None and self.in_conversation:
            other.endpoint.dtmf(other, digits)

    def result(self) -> Fields:
        """What the action URL is told."""
        child = self.child or (self.children[-1] if self.children else None)
        fields: Fields = [("DialCallStatus", self._status())]
        if child is not None:
            fields.append(("DialCallSid", child.sid))
        if self.joined is not None:
            end = self.parted if self.parted is not None else self.network.clock.now()
            fields.append(("DialCallDuration", str(max(0, round(end - self.joined)))))
        fields.append(("DialBridged", "true" if self.joined is not None else "false"))
        if self.recording is not None:
            fields += self.network.recorder.fields(self.recording).items()
        return fields

    def _status(self) -> str:
        if self.joined is not None:
            return "completed"
        states = [child.status for child in self.children]
        # Several rang: the best that happened to one of them.
        return next((s for s in ("busy", "no-answer", "canceled") if s in states), "failed")

    def _part(self) -> None:
        if self.in_conversation:
            self.parted = self.network.clock.now()
            assert self.child is not None
            hearing.join(self.caller, [])
            hearing.join(self.child, [])
        if self.recording is not None:
            self.network.recorder.stop(self.recording.sid)

    def _finish(self) -> None:
        if not self.over.done():
            self.over.set_result(None)
