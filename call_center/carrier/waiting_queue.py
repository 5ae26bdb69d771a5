"""A queue of callers: first in, first out, unless somebody picks one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from call_center.carrier.leg import Leg
from call_center.carrier.parameters import Fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from call_center.carrier.meeting import Meeting
    from call_center.carrier.network import Network


@dataclass(eq=False)
class Member:
    """A leg in a queue; the place of the leg while it waits, and while it talks with who took it."""

    queue: WaitingQueue
    leg: Leg
    entered: float
    farewell: Callable[[Fields], None]  # reports to the action URL of <Enqueue> when the leg goes elsewhere
    done: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    taken: float | None = None
    taker: Leg | None = None
    meeting: Meeting | None = None  # with the taker

    @property
    def in_conversation(self) -> bool:
        return self.meeting is not None

    @property
    def waited(self) -> int:
        """Whole seconds in the queue."""
        end = self.taken if self.taken is not None else self.queue.network.clock.now()
        return round(end - self.entered)

    def result(self, result: str) -> Fields:
        """What the action URL of `<Enqueue>` is told."""
        return [("QueueResult", result), ("QueueSid", self.queue.sid), ("QueueTime", str(self.waited))]

    def leave(self, leg: Leg, reason: Literal["hangup", "redirect"]) -> None:
        """The caller hung up, or was sent elsewhere."""
        bridged = self.meeting is not None
        self.queue.remove(self)
        if self.meeting is not None:
            self.meeting.part()
        if reason == "hangup":
            self._part()
            self.farewell(self.result("bridged" if bridged else "hangup"))
            return
        fields = self.result("redirected-from-bridged" if bridged else "redirected")
        self._part()
        network = self.queue.network
        if network.random.random() < 0.5:
            self.farewell(fields)
        else:
            # Which of the two requests comes first, this or the new document, is not documented.
            asyncio.get_running_loop().call_later(0.02, self.farewell, fields)

    def pressed(self, leg: Leg, digits: str) -> None:
        """Keys in the waiting room are read by its document; in a talk they go to the other party."""
        if self.meeting is not None and self.taker is not None and self.taker.endpoint is not None:
            self.taker.endpoint.dtmf(self.taker, digits)

    def finish(self, result: str) -> None:
        """The stay is over, the verb goes on."""
        self.queue.remove(self)
        if not self.done.done():
            self.done.set_result(result)

    def _part(self) -> None:
        if not self.done.done():
            self.done.cancel()


class WaitingQueue:
    """Callers who wait."""

    def __init__(self, network: Network, sid: str, friendly_name: str, max_size: int) -> None:
        self.network = network
        self.sid = sid
        self.friendly_name = friendly_name
        self.max_size = max_size
        self.created = self.updated = network.clock.now()
        self.members: list[Member] = []
        self.arrival: asyncio.Future[object] | None = None  # done when somebody enters
        self._waits: list[int] = []

    @property
    def average_wait(self) -> int:
        """Whole seconds, of those who left it and those in it."""
        waits = self._waits[-100:] + [member.waited for member in self.members]
        return round(sum(waits) / len(waits)) if waits else 0

    def enter(self, leg: Leg, farewell: Callable[[Fields], None]) -> Member:
        member = Member(self, leg, self.network.clock.now(), farewell)
        self.members.append(member)
        self.updated = member.entered
        leg.place = member
        if self.arrival is not None and not self.arrival.done():
            self.arrival.set_result(None)
        return member

    def find(self, call_sid: str) -> Member | None:
        """The member with that call, or the first one for `Front`."""
        if call_sid.lower() == "front":
            return self.members[0] if self.members else None
        return next((m for m in self.members if m.leg.sid == call_sid), None)

    def take(self, member: Member, taker: Leg) -> None:
        """Somebody fetches the member to talk with it."""
        self.remove(member)
        member.taker = taker

    def remove(self, member: Member) -> None:
        if member in self.members:
            self.members.remove(member)
            member.taken = self.updated = self.network.clock.now()
            self._waits.append(member.waited)
            del self._waits[:-100]

    def next_arrival(self) -> asyncio.Future[object]:
        """Done when the next caller enters."""
        if self.arrival is None or self.arrival.done():
            self.arrival = asyncio.get_running_loop().create_future()
        return self.arrival
