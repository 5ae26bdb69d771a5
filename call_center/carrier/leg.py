"""One leg of a call: a party on the line, its state and what it did when."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Literal, Protocol

from call_center.carrier.input import Input

if TYPE_CHECKING:
    from call_center.carrier.endpoint import Endpoint, MediaPort
    from call_center.carrier.executor import Executor
    from call_center.carrier.line import Line

Direction = Literal["inbound", "outbound-api", "outbound-dial"]
Status = Literal["queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"]

OVER: frozenset[str] = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
SIP_CODES = {"completed": "200", "busy": "486", "no-answer": "480", "canceled": "487", "failed": "404"}


@dataclass(frozen=True)
class Callback:
    """Where progress is reported: `events` of initiated, ringing, answered, completed (or of a conference)."""

    url: str
    method: str = "POST"
    events: frozenset[str] = frozenset({"completed"})


@dataclass(frozen=True)
class Document:
    """Where instructions come from: a URL to be asked, or the text itself; with what to ask when that fails."""

    url: str = ""
    method: str = "POST"
    text: str = ""
    base: str = ""  # of the text: what its URLs are relative to
    fallback_url: str = ""
    fallback_method: str = "POST"
    application_sid: str = ""
    kind: str = "voice"  # of the request, for the journal: voice, action, redirect, wait, whisper …
    parameters: tuple[tuple[str, str], ...] = ()  # asked with the request, beside those of the call


@dataclass(frozen=True)
class MachineDetection:
    """Whether a person or a machine answers is found out first, or beside (`asynchronous`)."""

    message_end: bool = False  # DetectMessageEnd: wait for the beep
    timeout: float = 30.0
    asynchronous: bool = False
    callback: Callback | None = None


@dataclass(frozen=True)
class RecordingOrder:
    """What to record, and where to tell of it."""

    source: str
    channels: int = 1
    callback: Callback | None = None
    track: str = "both"


class Place(Protocol):
    """Where a leg is held while one verb lasts: a bridge, a conference, a queue, a recording."""

    def leave(self, leg: Leg, reason: Literal["hangup", "redirect"]) -> None:
        """The leg goes, at once: it hung up, or the REST API gave it other instructions."""

    def pressed(self, leg: Leg, digits: str) -> None:
        """The party of the leg pressed keys here."""


@dataclass(eq=False)
class Leg:
    """A leg. Times are seconds of the carrier's clock since 1970; what has not happened is None."""

    sid: str
    account_sid: str
    direction: Direction
    from_: str
    to: str
    line: Line  # keeps the requests of one family of calls in order
    created: float
    parent: Leg | None = None
    status: Status = "queued"
    document: Document | None = None
    callback: Callback | None = None
    parameters: Mapping[str, str] = field(
        default_factory=dict
    )  # of <Client><Parameter>, or of the browser's call
    extra: dict[str, str] = field(
        default_factory=dict
    )  # further fields of every request: StirVerstat, CallerName …
    number_sid: str = ""
    forwarded_from: str = ""
    answered_by: str = ""
    machine: MachineDetection | None = None
    timeout: float = 60.0  # seconds it may ring
    time_limit: float = 14400.0  # seconds it may talk
    send_digits: str = ""
    record: RecordingOrder | None = None  # from the answer on
    queue_time: int = 0  # ms that the call waited for its turn (calls per second)
    dialed: bool = False  # it left the waiting room of the exchange
    ringing: float | None = None
    answered: float | None = None
    ended: float | None = None
    updated: float = 0.0
    sequence: int = 0  # of the next progress event
    cookies: dict[str, str] = field(default_factory=dict)
    endpoint: Endpoint | None = None  # the party, once it is known which of the rung ones it is
    rung: list[Endpoint] = field(default_factory=list)
    place: Place | None = None
    executor: Executor | None = None
    recordings: list[str] = field(default_factory=list)  # sids
    recorded: dict[str, str] = field(default_factory=dict)  # RecordingUrl … of the last event
    log: list[dict[str, object]] = field(default_factory=list)  # Calls/{sid}/Events
    answer: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    over: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    input: Input = field(default_factory=Input)  # what the party keys and says

    @property
    def is_over(self) -> bool:
        return self.status in OVER

    @property
    def is_answered(self) -> bool:
        return self.status == "in-progress"

    @property
    def duration(self) -> int:
        """Whole seconds from answer to end; 0 for a call that nobody answered or that goes on."""
        if self.answered is None or self.ended is None:
            return 0
        return max(0, round(self.ended - self.answered))

    @property
    def billed_minutes(self) -> int:
        """Started minutes, as `Duration` of the last callback counts them."""
        return -(-self.duration // 60)

    @property
    def port(self) -> MediaPort | None:
        """The audio of the party; None for a virtual one, and before it is known."""
        return self.endpoint.media(self) if self.endpoint is not None and self.answered is not None else None


def rfc2822(moment: float) -> str:
    """A moment as the carrier writes it: `Sun, 22 Nov 2026 10:00:00 +0000`."""
    return format_datetime(datetime.fromtimestamp(moment, UTC))
