"""Closes the gaps in our log from the provider's own record: notices that never came, calls that never ended for us.

What the provider says becomes events of the kind "reconcile" in the log, and everything else follows from the log.
So a second run, or one beside late notices, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import islice

from call_center import call_log, routing
from call_center.conversation import TERMINAL
from call_center.gateway import Gateway
from call_center.models.call import Call
from call_center.models.call_event import CallEvent
from call_center.models.call_leg import CallLeg
from call_center.models.recording import Recording
from call_center.provider_error import Refused
from call_center.provider_records import RemoteCall, RemoteRecording
from crm_admin import clock
from crm_admin.config import Config
from crm_admin.db import database

KIND = "reconcile"

STALE = timedelta(minutes=10)
"""A leg that has not been heard of as ended for so long is asked for."""

STALE_AT_ONCE = 200
BATCH = 500

Report = Callable[[int], None]
"""Told how many legs and recordings have been looked at."""


@dataclass
class Outcome:
    """How many legs and recordings the provider told of, and how many of them brought something new."""

    legs: int = 0
    legs_mended: int = 0
    recordings: int = 0
    recordings_mended: int = 0


def since(moment: datetime, config: Config, gateway: Gateway, report: Report | None = None) -> Outcome:
    """Compare everything that began at or after `moment` (UTC). Raises ProviderError; what was mended stays so."""
    made = Outcome()
    told = report or (lambda _done: None)
    # The provider gives the newest first; a leg's parent must be known before it. A day's list fits into memory.
    remote = sorted(gateway.calls_since(moment), key=_order)
    threads = _Threads(remote)
    for batch in _batches(remote):
        ours = _statuses(leg.sid for leg in batch)
        for leg in batch:
            made.legs += 1
            made.legs_mended += _mend_leg(leg, ours.get(leg.sid), threads, config)
            told(made.legs)
    for recording in gateway.recordings_since(moment):
        made.recordings += 1
        made.recordings_mended += _mend_recording(recording, threads, config)
        told(made.legs + made.recordings)
    return made


def stale(config: Config, gateway: Gateway) -> Outcome:
    """Ask for every leg of ours that should have ended by now. Raises ProviderError."""
    made = Outcome()
    living = (
        CallLeg.select()
        .where(CallLeg.status.not_in(TERMINAL), CallLeg.started_at < clock.now() - STALE)
        .order_by(CallLeg.started_at)
        .limit(STALE_AT_ONCE)
    )
    for leg in list(living):
        made.legs += 1
        try:
            remote = gateway.fetch_call(leg.sid)
        except Refused as refused:
            if refused.status != 404:
                raise
            remote = _gone(leg)
        made.legs_mended += _mend_leg(remote, leg.status, _Threads([remote]), config)
    return made


class _Threads:
    """Which conversation a leg belongs to: the one we know it in, else its parent's, else one of its own."""

    def __init__(self, remote: Iterable[RemoteCall]) -> None:
        self._parents = {leg.sid: leg.parent_sid for leg in remote if leg.parent_sid}
        self._found: dict[str, str] = {}

    def of(self, sid: str) -> str:
        if sid not in self._found:
            self._found[sid] = self.known(sid) or self._of_parent(sid) or sid
        return self._found[sid]

    def known(self, sid: str) -> str | None:
        """The conversation that our log has this leg in."""
        event = CallEvent.select(CallEvent.thread).where(CallEvent.call_sid == sid).order_by(CallEvent.id)
        thread = event.tuples().first()
        if thread:
            return str(thread[0])
        call = Call.select(Call.thread).where(Call.provider_sid == sid, Call.thread.is_null(False))
        thread = call.tuples().first()
        return str(thread[0]) if thread else None

    def _of_parent(self, sid: str) -> str | None:
        parent = self._parents.pop(sid, "")
        return self.of(parent) if parent else None


def _mend_leg(leg: RemoteCall, ours: str | None, threads: _Threads, config: Config) -> bool:
    """Write down what the provider knows of a leg and we do not; whether there was anything."""
    if leg.status in ("", "queued") or ours in TERMINAL or ours == leg.status:
        return False
    facts = {
        "AccountSid": config.section("call_center").account_sid,
        "CallSid": leg.sid,
        "ParentCallSid": leg.parent_sid,
        "Direction": leg.direction,
        "From": leg.caller,
        "To": leg.callee,
    }
    thread = threads.of(leg.sid)
    if ours is None:
        # When it began; its end, below, says only how long it was talked.
        begun = {**facts, "CallStatus": "initiated"}
        _note(KIND, begun, leg.started_at or leg.created_at, thread, config)
    seconds = {} if leg.duration_s is None else {"CallDuration": str(leg.duration_s)}
    return _note(KIND, {**facts, "CallStatus": leg.status, **seconds}, leg.ended_at, thread, config)


def _mend_recording(recording: RemoteRecording, threads: _Threads, config: Config) -> bool:
    """Note a finished recording whose notice did not come; whether it did not."""
    state = "absent" if recording.status in ("absent", "failed", "deleted") else recording.status
    if not recording.call_sid or state not in ("completed", "absent"):
        return False
    ours = Recording.select(Recording.state).where(Recording.sid == recording.sid).tuples().first()
    thread = threads.known(recording.call_sid) if ours is None or ours[0] == "in_progress" else None
    if thread is None:
        return False
    facts = {
        "AccountSid": config.section("call_center").account_sid,
        "CallSid": recording.call_sid,
        "RecordingSid": recording.sid,
        "RecordingStatus": state,
        "RecordingSource": recording.source,
        "RecordingDuration": str(recording.duration_s or 0),
        "RecordingChannels": str(recording.channels or 1),
    }
    return _note("recording", facts, recording.started_at, thread, config)


def _note(kind: str, facts: Mapping[str, str], moment: datetime | None, thread: str, config: Config) -> bool:
    """Write one fact down, and what follows from it; whether it was new."""
    with database.atomic():
        noted = call_log.note(kind, _said(facts, moment), thread=thread, country=config.company.country)
        if noted.call is not None and noted.is_new:
            routing.follow(noted.call, noted.state)
    return noted.is_new


def _said(facts: Mapping[str, str], moment: datetime | None) -> dict[str, str]:
    """As a notice says it; a moment that the provider does not give is that of our asking."""
    stamp = {} if moment is None else {"Timestamp": format_datetime(moment.replace(tzinfo=UTC))}
    return {name: value for name, value in facts.items() if value} | stamp


def _gone(leg: CallLeg) -> RemoteCall:
    """A leg that the provider does not know (any more): it is not alive."""
    return RemoteCall(
        sid=leg.sid,
        parent_sid=leg.parent_sid or "",
        direction="",
        caller=leg.caller,
        callee=leg.callee,
        status="failed",
        created_at=None,
        started_at=leg.started_at,
        ended_at=None,
        duration_s=None,
    )


def _statuses(sids: Iterable[str]) -> dict[str, str]:
    rows = CallLeg.select(CallLeg.sid, CallLeg.status).where(CallLeg.sid.in_(list(sids)))
    return dict(rows.tuples())


def _order(leg: RemoteCall) -> tuple[bool, str, str]:
    return bool(leg.parent_sid), str(leg.started_at or leg.created_at or ""), leg.sid


def _batches(legs: Iterable[RemoteCall]) -> Iterable[list[RemoteCall]]:
    remaining = iter(legs)
    while batch := list(islice(remaining, BATCH)):
        yield batch
