"""A caller from a queue and who took it: two legs that both have instructions of their own to go on with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from call_center.carrier import hearing
from call_center.carrier.leg import Leg
from call_center.carrier.parameters import Fields

if TYPE_CHECKING:
    from call_center.carrier.network import Network
    from call_center.carrier.waiting_queue import Member


@dataclass(eq=False)
class Meeting:
    """The place of the taker; the queued caller stays a member of its queue until they part."""

    network: Network
    taker: Leg
    farewell: Callable[[Fields], None]  # reports to the action URL of the taker's Dial
    member: Member
    joined: float | None = None
    parted: float | None = None
    over: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def in_conversation(self) -> bool:
        return self.joined is not None and self.parted is None

    def begin(self) -> None:
        """The two talk."""
        self.joined = self.network.clock.now()
        self.member.meeting = self
        hearing.join(self.taker, [self.member.leg])
        hearing.join(self.member.leg, [self.taker])
        self.network.serve(self.taker, self.member.leg)

    def part(self) -> None:
        """They talk no longer; both go on."""
        if self.in_conversation:
            self.parted = self.network.clock.now()
            hearing.join(self.taker, [])
            hearing.join(self.member.leg, [])
        if not self.over.done():
            self.over.set_result(None)

    def leave(self, leg: Leg, reason: Literal["hangup", "redirect"]) -> None:
        """The taker goes: the caller's Enqueue is over."""
        self.part()
        self.member.finish("bridged")
        if reason == "hangup":
            self.farewell(self.result())

    def pressed(self, leg: Leg, digits: str) -> None:
        """Keys of the taker go to the caller."""
        if self.in_conversation and self.member.leg.endpoint is not None:
            self.member.leg.endpoint.dtmf(self.member.leg, digits)

    def result(self) -> Fields:
        """What the action URL of the taker's Dial is told."""
        fields: Fields = [
            ("DialCallStatus", "completed" if self.joined is not None else "failed"),
            ("DialCallSid", self.member.leg.sid),
            ("DialBridged", "true" if self.joined is not None else "false"),
            ("QueueSid", self.member.queue.sid),
        ]
        if self.joined is not None:
            end = self.parted if self.parted is not None else self.network.clock.now()
            fields.append(("DialCallDuration", str(max(0, round(end - self.joined)))))
        return fields
