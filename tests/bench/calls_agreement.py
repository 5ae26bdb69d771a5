"""Whether the call log says what the carrier did: its journal and its calls beside our tables, as sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from call_center.models import call_event
from call_center.models.call import LIVE, Call
from call_center.models.call_event import CallEvent
from call_center.models.call_leg import CallLeg
from call_center.provider_records import RemoteCall
from crm_admin.history import HistoryLine

KINDS = {
    "/twilio/voice/inbound": "voice",
    "/twilio/voice/fallback": "voice",
    "/twilio/voice/status": "status",
    "/twilio/voice/after-dial": "dial",
    "/twilio/voice/wait": "wait",
    "/twilio/voice/queue-left": "queue",
    "/twilio/voice/connect": "connect",
    "/twilio/voice/after-message": "voicemail",
    "/twilio/recording": "recording",
}
"""Door → kind of the events that come through it."""


@dataclass(frozen=True)
class Agreement:
    """What is wrong, counted; all zero when nothing is.

    `lost`: acknowledged and not in the log. `invented`: in the log and never sent. `doubled`: calls, legs or lines of
    the history beyond one each. `wrong`: legs or calls whose end is not the carrier's.
    """

    lost: int
    invented: int
    doubled: int
    missing_calls: int
    missing_lines: int
    wrong: int
    unfinished: int

    @property
    def faults(self) -> int:
        return sum(vars(self).values())


def of(journal: Iterable[dict[str, Any]], legs: Iterable[RemoteCall]) -> Agreement:
    """Compare, when the last call is over and told of; the database is connected."""
    acknowledged, sent = set(), set()
    for entry in journal:
        identity = identity_of(entry)
        sent.add(identity)
        if 200 <= entry["status"] < 300:
            acknowledged.add(identity)
    # What reconciliation found out was never sent.
    ours = {row.dedup for row in CallEvent.select(CallEvent.dedup).where(CallEvent.kind != "reconcile")}
    theirs = {leg.sid: leg for leg in legs}
    roots = {sid for sid, leg in theirs.items() if not leg.parent_sid}
    known = dict(CallLeg.select(CallLeg.sid, CallLeg.status).tuples())
    calls = Counter(sid for (sid,) in Call.select(Call.provider_sid).tuples())
    lines = Counter(source for (source,) in HistoryLine.select(HistoryLine.source).tuples())
    told = {f"call:{number}" for (number,) in Call.select(Call.id).tuples()}
    return Agreement(
        lost=len(acknowledged - ours),
        invented=len(ours - sent),
        doubled=sum(n - 1 for n in calls.values()) + sum(n - 1 for n in lines.values()),
        missing_calls=len(roots - set(calls)),
        missing_lines=len(told - set(lines)),
        wrong=sum(known.get(sid) != leg.status for sid, leg in theirs.items()) + _wrong_calls(theirs),
        unfinished=Call.select().where(Call.status.in_(LIVE)).count(),
    )


def _wrong_calls(legs: dict[str, RemoteCall]) -> int:
    """Calls that are not "completed" although an agent's leg was talked on, or are although none was."""
    talked = {leg.parent_sid for leg in legs.values() if leg.parent_sid and leg.status == "completed"}
    ours = dict(Call.select(Call.provider_sid, Call.status).tuples())
    return sum((status == "completed") != (sid in talked) for sid, status in ours.items())


def identity_of(entry: dict[str, Any]) -> str:
    """What our log knows a request of the journal by."""
    facts = dict(entry["params"])
    parts = urlsplit(entry["url"])
    for name, ours in (("c", "_thread"), ("a", "_agent")):
        if name in (asked := parse_qs(parts.query)):
            facts[ours] = asked[name][0]
    return call_event.identity(KINDS[parts.path], facts)
