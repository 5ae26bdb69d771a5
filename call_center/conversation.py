"""What happened in a call, made from everything the provider said about it. Pure: events in, facts out.

The provider promises neither order nor that a notice comes once, or at all. So nothing is ever derived from the
notice that came last: legs, call and recordings follow from the whole set of events, whatever order they came in,
and the same set always gives the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

RANK = {"queued": 0, "initiated": 1, "ringing": 2, "in-progress": 3, "answered": 3}
TERMINAL = ("completed", "busy", "no-answer", "failed", "canceled")
LONGEST_S = 999_999_999


@dataclass(frozen=True)
class Said:
    """One event: its kind (the door it came through), the moment, the parameters."""

    kind: str
    at: datetime
    dated: bool
    """Whether the provider itself gave the moment."""
    facts: Mapping[str, str]


@dataclass
class Leg:
    """One phone's part. `role`: customer | agent; `user`: the agent's id where it is known.

    An agent's telephone is `asked` whether a person has picked it up; it is answered from the moment a key said so.
    """

    sid: str
    parent_sid: str | None = None
    role: str = "customer"
    user: int | None = None
    caller: str = ""
    callee: str = ""
    status: str = "queued"
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: int | None = None
    sip_code: int | None = None
    synthesised: bool = True
    asked: bool = False
    accepted_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        return self.status in TERMINAL


@dataclass
class Recorded:
    """A recording as the provider tells of it. `state`: in_progress | pending | absent."""

    sid: str
    leg_sid: str
    kind: str
    state: str
    started_at: datetime | None = None
    duration_s: int | None = None
    channels: int | None = None


@dataclass
class Conversation:
    """The call as a whole; `request` is the uid of the call that a person asked for, "" for an incoming one.

    `synthesised`: the request that began it never came, so it is made from other notices.
    """

    root: str = ""
    direction: str = "inbound"
    request: str = ""
    number: str = ""
    line: str = ""
    status: str = "ringing"
    user: int | None = None
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    waited_s: int | None = None
    talked_s: int | None = None
    caller_check: str = "unknown"
    synthesised: bool = False
    reconciled: bool = False
    legs: dict[str, Leg] = field(default_factory=dict)
    recordings: dict[str, Recorded] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None

    @property
    def is_known(self) -> bool:
        """Whether enough was said to show the call: of an outgoing one the first notice alone says nothing."""
        root = self.legs.get(self.root)
        if root is None or not (root.caller or root.callee):
            return False
        return self.direction == "inbound" or bool(self.request) or self.reconciled


def fold(events: Iterable[Said]) -> Conversation:
    """The state of a call that follows from its events, whatever their order and however often each came."""
    said = sorted(events, key=_place)
    made = Conversation()
    for event in said:
        _legs(made, event)
    _root(made, said)
    for leg in made.legs.values():
        if leg.asked:
            leg.answered_at = leg.accepted_at
    for event in said:
        if event.kind == "dial":
            _dialled(made, event)
    for event in said:
        if event.kind in ("recording", "voicemail"):
            _recording(made, event)
    _whole(made, said)
    return made


def _place(event: Said) -> tuple[Any, ...]:
    """A total order that does not depend on how the events came."""
    number = _number(event.facts.get("SequenceNumber"))
    return (event.at, -1 if number is None else number, event.kind, sorted(event.facts.items()))


_OF_LEGS = ("voice", "outbound", "accept", "accepted", "announce", "status", "dial", "queue", "reconcile")


# ── legs ────────────────────────────────────────────────────────────────────────────────────────────
def _legs(made: Conversation, event: Said) -> None:
    facts = event.facts
    sid = facts.get("CallSid", "")
    if not sid or event.kind not in _OF_LEGS:
        return
    leg = made.legs.setdefault(sid, Leg(sid))
    leg.parent_sid = facts.get("ParentCallSid") or leg.parent_sid
    leg.caller = facts.get("From") or leg.caller
    leg.callee = facts.get("To") or leg.callee
    if event.kind != "reconcile":
        leg.synthesised = False
    # At the end of a <Dial> the address names whom it dialled, not who asks.
    if facts.get("_agent") and event.kind != "dial":
        leg.role, leg.user = "agent", _number(facts["_agent"])
    for side in (leg.caller, leg.callee):
        if side.startswith("client:"):
            leg.role = "agent"
            leg.user = leg.user or _agent(side)
    leg.asked = leg.asked or event.kind == "accept"
    if event.kind == "accepted" and facts.get("Digits") == "1":
        leg.accepted_at = event.at if leg.accepted_at is None else min(event.at, leg.accepted_at)
    status = facts.get("CallStatus", "")
    if status:
        _advance(leg, status, event)


def _advance(leg: Leg, status: str, event: Said) -> None:
    """The status moves up only; of two ends, the first in the order of events stays."""
    if status in RANK:
        if not leg.is_over and RANK[status] >= RANK.get(leg.status, 0):
            leg.status = "in-progress" if RANK[status] == 3 else status
        if leg.started_at is None or (event.at < leg.started_at):
            leg.started_at = event.at
        # A document that is fetched says that the leg is up; only a notice says since when.
        if RANK[status] == 3 and event.kind in ("status", "reconcile"):
            leg.answered_at = event.at if leg.answered_at is None else min(leg.answered_at, event.at)
    elif status in TERMINAL:
        if event.kind not in ("status", "reconcile"):
            return  # a document was asked for while the leg ended: its own notice says when
        if not leg.is_over:
            leg.status, leg.ended_at = status, event.at
        seconds = _number(event.facts.get("CallDuration"))
        if seconds is not None:
            leg.duration_s = seconds
        leg.sip_code = _number(event.facts.get("SipResponseCode")) or leg.sip_code
        if leg.started_at is None:
            leg.started_at = event.at - timedelta(seconds=seconds or 0)


def _dialled(made: Conversation, event: Said) -> None:
    """What the end of a <Dial> says of the leg it dialled, where that leg's own notices did not come.

    A <Dial> also ends when its leg is taken elsewhere, into a conference: such a leg is over only with the call.
    """
    sid, status = event.facts.get("DialCallSid", ""), event.facts.get("DialCallStatus", "")
    parent = made.legs.get(event.facts.get("CallSid", ""))
    if not sid or parent is None:
        return
    child = made.legs.setdefault(sid, Leg(sid, role="agent" if parent.role == "customer" else "customer"))
    child.parent_sid = child.parent_sid or parent.sid
    child.user = child.user or _number(event.facts.get("_agent"))
    talked = status in ("completed", "answered")
    if child.is_over or status not in (*TERMINAL, "answered") or (talked and not parent.is_over):
        return
    child.status, child.ended_at = "completed" if talked else status, event.at
    if child.duration_s is None:
        child.duration_s = _number(event.facts.get("DialCallDuration"))


# ── the whole ───────────────────────────────────────────────────────────────────────────────────────
def _root(made: Conversation, said: list[Said]) -> None:
    """The leg that all others hang on."""
    parents = [leg.parent_sid for leg in made.legs.values() if leg.parent_sid]
    asked = [e.facts.get("CallSid", "") for e in said if e.kind in ("voice", "outbound")]
    alone = sorted(sid for sid, leg in made.legs.items() if not leg.parent_sid)
    for sid in (*asked, *sorted(parents), *alone):
        if sid and (sid not in made.legs or not made.legs[sid].parent_sid):
            made.root = sid
            break


def _whole(made: Conversation, said: list[Said]) -> None:
    root = made.legs.get(made.root)
    if root is None:
        return
    made.request = next((e.facts["_request"] for e in said if e.facts.get("_request")), "")
    outgoing = bool(made.request) or root.role == "agent"
    made.direction = "outbound" if outgoing else "inbound"
    made.synthesised = not any(event.kind in ("voice", "outbound") for event in said)
    made.reconciled = any(event.kind == "reconcile" for event in said)
    customer = _customer(made, root) if outgoing else root
    agents = [leg for leg in made.legs.values() if leg.role == "agent"]
    made.number = (customer.callee if outgoing else root.caller) if customer else ""
    made.line = (customer.caller if outgoing else root.callee) if customer else ""
    made.caller_check = _caller_check(said)
    made.started_at = min((leg.started_at for leg in made.legs.values() if leg.started_at), default=None)
    talked = [customer] if outgoing and customer else [] if outgoing else agents
    answered = sorted((leg for leg in talked if was_answered(leg)), key=lambda leg: (_answer(leg), leg.sid))
    if answered:
        made.answered_at = _answer(answered[0])
        made.talked_s = min(LONGEST_S, sum(_seconds(leg) for leg in answered if leg.is_over))
    made.user = root.user if outgoing else (answered[-1].user if answered else None)
    if root.is_over:
        made.ended_at = root.ended_at
    _times(made)
    made.status = _status(made, customer or root, said, bool(answered))


def _customer(made: Conversation, root: Leg) -> Leg | None:
    """The customer's leg of an outgoing call: the one that is no agent's."""
    others = [leg for leg in made.legs.values() if leg.sid != root.sid and leg.role != "agent"]
    return min(others, key=_earliest, default=None)


def _earliest(leg: Leg) -> tuple[bool, datetime | None, str]:
    return (leg.started_at is None, leg.started_at, leg.sid)


def _times(made: Conversation) -> None:
    if made.started_at is None:
        return
    until = made.answered_at or made.ended_at
    if until is not None:
        made.waited_s = _between(made.started_at, until)


_ENDS = {"busy": "busy", "no-answer": "no_answer", "failed": "failed", "canceled": "cancelled"}


def _status(made: Conversation, customer: Leg, said: list[Said], answered: bool) -> str:
    if answered:
        return "completed" if made.is_over else "talking"
    if made.direction == "outbound":
        return _ENDS.get(customer.status, "cancelled") if made.is_over else "ringing"
    if any(_left_message(event) for event in said):
        return "voicemail"
    if made.is_over:
        return "missed"
    last = next((e.kind for e in reversed(said) if e.kind in ("wait", "queue")), "")
    return "waiting" if last == "wait" else "ringing"


def _left_message(event: Said) -> bool:
    of_message = event.kind == "voicemail" or (
        event.kind == "recording" and event.facts.get("RecordingSource") == "RecordVerb"
    )
    return of_message and (_number(event.facts.get("RecordingDuration")) or 0) > 0


def was_answered(leg: Leg) -> bool:
    """Whether a person spoke on that leg."""
    if leg.asked:
        return leg.accepted_at is not None
    return leg.answered_at is not None or (leg.status == "completed" and bool(leg.duration_s))


def _answer(leg: Leg) -> datetime:
    if leg.answered_at is not None:
        return leg.answered_at
    assert leg.ended_at is not None  # a leg is completed by the event that ends it
    return leg.ended_at - timedelta(seconds=leg.duration_s or 0)


def _seconds(leg: Leg) -> int:
    """How long a leg that was answered lasted: the provider's own figure, else its two moments."""
    if leg.duration_s is not None:
        return leg.duration_s
    if leg.ended_at is None or leg.answered_at is None:
        return 0
    return _between(leg.answered_at, leg.ended_at)


def _between(start: datetime, end: datetime) -> int:
    return min(LONGEST_S, max(0, round((end - start).total_seconds())))


def _caller_check(said: list[Said]) -> str:
    verdict = next((e.facts["StirVerstat"] for e in said if e.facts.get("StirVerstat")), "")
    if verdict.startswith("TN-Validation-Passed"):
        return "passed"
    return "failed" if verdict.startswith("TN-Validation-Failed") else "unknown"


# ── recordings ──────────────────────────────────────────────────────────────────────────────────────
_STATES = {"in-progress": 0, "absent": 1, "failed": 1, "completed": 2}


def _recording(made: Conversation, event: Said) -> None:
    facts = event.facts
    sid = facts.get("RecordingSid") or _sid_of(facts.get("RecordingUrl", ""))
    if not sid:
        return
    kind = (
        "voicemail" if event.kind == "voicemail" or facts.get("RecordingSource") == "RecordVerb" else "call"
    )
    found = made.recordings.setdefault(sid, Recorded(sid, facts.get("CallSid", ""), kind, "in_progress"))
    found.kind = "voicemail" if kind == "voicemail" else found.kind
    if event.kind == "recording":
        word = facts.get("RecordingStatus", "")
        state = {"in-progress": "in_progress", "completed": "pending"}.get(word, "absent")
        # "Completed" is believed over everything: only then the file is promised.
        if word in _STATES and found.state != "pending":
            found.state = state if state != "in_progress" or found.state == "in_progress" else found.state
        found.channels = _number(facts.get("RecordingChannels")) or found.channels
    found.duration_s = _number(facts.get("RecordingDuration")) or found.duration_s
    if event.dated and found.started_at is None:
        found.started_at = event.at


def _sid_of(url: str) -> str:
    last = url.rsplit("/", 1)[-1].split(".", 1)[0]
    return last if last.startswith("RE") and last.isalnum() and len(last) == 34 else ""


# ── words ───────────────────────────────────────────────────────────────────────────────────────────
def _agent(address: str) -> int | None:
    return _number(address.removeprefix("client:").removeprefix("agent_"))


def _number(text: str | None) -> int | None:
    """A whole number of up to nine digits, which every column holds; None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
