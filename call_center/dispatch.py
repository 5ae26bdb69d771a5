"""What a caller gets next. Pure: the situation in, a decision out; `twiml.py` says it in the provider's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PIECE_S = 20
"""Seconds of waiting between two looks: a waiting caller is asked for again at the end of each piece."""


@dataclass(frozen=True)
class Phone:
    """Where an agent can be rung: their browser, or (`number`, E.164) a desk or mobile phone."""

    user: int
    number: str = ""


@dataclass(frozen=True)
class Service:
    """How a queue treats its callers; the defaults serve a company that has set up none."""

    ring_s: int = 20
    max_wait_s: int = 180
    voicemail: bool = True
    language: str = "en"
    greeting: str = ""
    voicemail_greeting: str = ""
    recording: str = "never"
    announcement: str = ""


@dataclass(frozen=True)
class Situation:
    """All that a decision needs. `free`: phones that can be rung, idle longest first; `nearest`: people whose
    customer this is, nearest first; `refused`: people who declined this call; `staffed`: somebody is at work, free or
    not; `waited_s`: since it came in."""

    service: Service
    is_open: bool = True
    free: Sequence[Phone] = ()
    nearest: Sequence[int] = ()
    refused: frozenset[int] = frozenset()
    staffed: bool = True
    waited_s: float = 0.0
    greeted: bool = False


@dataclass(frozen=True)
class Ring:
    """Ring these phones, one after another: the first that can be taken."""

    phones: tuple[Phone, ...]
    service: Service
    greeted: bool


@dataclass(frozen=True)
class Wait:
    """Wait for somebody to be free; `seconds` until the next look."""

    service: Service
    seconds: int
    greeted: bool


@dataclass(frozen=True)
class Message:
    """Leave a message. `reason`: closed | nobody."""

    service: Service
    reason: str


@dataclass(frozen=True)
class Goodbye:
    """Say why nobody answers, and end. `reason`: closed | nobody | after_message."""

    service: Service
    reason: str


Decision = Ring | Wait | Message | Goodbye


def next_for(situation: Situation) -> Decision:
    """Ring who is free, the customer's own people first; else wait, while somebody is at work; else a message."""
    service = situation.service
    if not situation.is_open:
        return _give_up(service, "closed")
    willing = [phone for phone in situation.free if phone.user not in situation.refused]
    left = service.max_wait_s - situation.waited_s
    if willing and left > 0:
        order = {user: place for place, user in enumerate(situation.nearest)}
        ranked = sorted(willing, key=lambda phone: order.get(phone.user, len(order)))
        return Ring(tuple(ranked), service, situation.greeted)
    # Nobody waits for people who are not there.
    if left > 0 and situation.staffed:
        return Wait(service, max(1, min(PIECE_S, round(left))), situation.greeted)
    return _give_up(service, "nobody")


def _give_up(service: Service, reason: str) -> Decision:
    return Message(service, reason) if service.voicemail else Goodbye(service, reason)


_STRICTNESS = ("never", "announced", "always")


def recording(wanted: str, allowed: str | None) -> str:
    """How a call is recorded: as the queue wants (never | announced | always), within what the country allows."""
    limit = allowed if allowed in _STRICTNESS else "always"
    return min(wanted, limit, key=_STRICTNESS.index)
