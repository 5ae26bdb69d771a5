"""From the provider's notices to the call log: an event is written down, and what follows from it all is brought up
to date in the same transaction. The one place that writes calls, legs and recordings as the provider tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from peewee import fn

from call_center import conversation, matching
from call_center.conversation import Conversation, Said
from call_center.models import agent, call_event, call_leg
from call_center.models import call as calls
from call_center.models.call import CALL, Call
from call_center.models.call_event import CallEvent
from call_center.models.call_leg import CallLeg
from call_center.models.phone_line import PhoneLine, called, queue_of
from call_center.models.recording import Recording
from crm_admin import clock, jobs, policy, push, records, registry, search
from crm_admin.db import joined
from crm_admin.entities.values import put
from crm_admin.kinds import Invalid, phone
from crm_admin.records import telling

YEARS = range(2000, 2100)
"""In which a moment of a call can lie."""


@dataclass(frozen=True)
class Noted:
    """An event as it stands in the log; `call` is None while too little was said to show one, and for a repetition
    of one that was answered."""

    event: CallEvent
    is_new: bool
    call: Call | None
    state: Conversation


def note(
    kind: str, facts: Mapping[str, str], *, thread: str, country: str, delivery: str | None = None
) -> Noted:
    """Write an event down and bring the call up to date. Safe to repeat: the same fact changes nothing.

    `country` is the company's (ISO 3166-1): for numbers that came without a country of their own.
    """
    with joined():
        call_event.hold(thread)
        event, is_new = call_event.append(
            kind, facts, thread=thread, occurred_at=moment_of(facts), delivery=delivery
        )
        if not is_new and event.answer is not None:
            # What followed from it stands since the first time.
            return Noted(event, False, None, Conversation())
        call, state = refresh(thread, country)
    return Noted(event, is_new, call, state)


def refresh(thread: str, country: str) -> tuple[Call | None, Conversation]:
    """Make legs, call and recordings say what the events of `thread` say; changes nothing that agrees already."""
    state = conversation.fold(_said(event) for event in call_event.of_thread(thread))
    call = _found(thread, state)
    if not state.is_known or (call is None and state.direction == "outbound" and not state.number):
        return call, state
    is_new = call is None
    if call is None:
        call = _begin(thread, state, country)
    before = call.status
    changed = _apply(call, state, is_new)
    _write_legs(call, state)
    _write_recordings(call, state)
    if is_new or changed:
        telling.tell(policy.SYSTEM, CALL, call, {}, 0, new=is_new)
    if is_new or call.status != before:
        announce(call)
        if call.status == "voicemail":
            jobs.enqueue("call_center.after_call", {"call": call.id}, key=f"after_call:{call.id}")
    return call, state


def moment_of(facts: Mapping[str, str]) -> datetime | None:
    """When the provider says it happened (UTC), None when it does not say, or nothing that can be true."""
    try:
        moment = parsedate_to_datetime(facts.get("Timestamp", ""))
        moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment.year in YEARS else None


def announce(call: Call) -> None:
    """Tell the people at the phones that a call of theirs has changed; the page asks for what it shows."""
    users = {row.user for row in agent.of_call(call.id)} | ({call.agent} if call.agent else set())
    push.publish(
        "call", {"call": call.id, "status": call.status}, users=users, entity="call", record_id=call.id
    )
    if call.status in ("missed", "voicemail"):
        # Without a word about whom: the desks ask for what their people may see.
        signed_on = agent.Agent.select(agent.Agent.user).where(agent.Agent.state != "offline")
        push.publish("missed", {}, users={row.user for row in signed_on})


def _said(event: CallEvent) -> Said:
    dated = event.occurred_at is not None
    return Said(event.kind, event.occurred_at or event.received_at, dated, event.facts)


def _found(thread: str, state: Conversation) -> Call | None:
    call = calls.of_thread(thread)
    if call is None and state.request:
        # What a browser says it dials for is believed only of the person who asked for that call.
        asked = Call.get_or_none((Call.uid == state.request) & (Call.agent == state.user))
        if asked is not None and asked.thread is None:
            asked.thread = thread
            asked.save()
            return asked
    return call


# ── a call that begins ──────────────────────────────────────────────────────────────────────────────
def _begin(thread: str, state: Conversation, country: str) -> Call:
    """The row of a call that the provider told of first: who calls, whom, and whose call it is."""
    call = Call(thread=thread, created_at=clock.now(), modified_at=clock.now(), source="call_center")
    seeing = records.reader(policy.SYSTEM, country=country)
    number = _phone(state.number, country)
    line = _line(state.line, country)
    queue = queue_of(line)
    found = matching.candidates(state.number, country) if number else []
    who = matching.caller(found) if state.caller_check != "failed" else None
    put(call, "direction", state.direction)
    put(call, "number", number)
    put(call, "line", line.id if line else None)
    put(call, "queue", queue.id if queue and state.direction == "inbound" else None)
    for key in ("contact", "lead", "account"):
        put(call, key, who.id if who and who.entity == key else None)
    if who and who.entity == "contact":
        model = registry.entity("contact").model
        put(call, "account", model.select(model.account).where(model.id == who.id).scalar())
    put(call, "certainty", who.certainty if who else None)
    put(call, "name", called_by(call, seeing))
    call.owner = who.owner if who else None
    call.team = _team(queue)
    return call


def called_by(call: Call, reader: Any) -> str | None:
    """What a call is called: the customer it is with, else the number, else nothing."""
    for key in ("contact", "lead", "account"):
        number = getattr(call, key)
        name = reader.names(key, [number]).get(number) if number is not None else None
        if name:
            return str(name)
    field = CALL.fields["number"]
    return field.kind.format(field.kind.read(call, field), field, reader) or None


def _team(queue: Any) -> int | None:
    """Whose calls a queue's are: its team's; where it names none, that of whoever was first at a phone."""
    if queue is not None and queue.team is not None:
        return int(queue.team)
    first = agent.Agent.select(agent.Agent.user).order_by(agent.Agent.id).limit(1).scalar()
    return min(policy.teams_of(first), default=None) if first is not None else None


def _phone(address: str, country: str) -> phone.Phone | None:
    text = matching.dialable(address)
    try:
        return phone.read(text, country) if text else None
    except Invalid:
        return None


def _line(address: str, country: str) -> PhoneLine | None:
    number = _phone(address, country)
    return called(number.e164) if number else None


# ── bringing it up to date ──────────────────────────────────────────────────────────────────────────
def _apply(call: Call, state: Conversation, is_new: bool) -> bool:
    """Put what follows from the events on the row; whether anything changed."""
    said = {
        "status": state.status,
        "started_at": state.started_at,
        "answered_at": state.answered_at,
        "ended_at": state.ended_at,
        "waited_s": state.waited_s,
        "talked_s": state.talked_s,
        "agent": state.user if state.user is not None else call.agent,
        "caller_check": state.caller_check,
        "recorded": any(found.state != "absent" for found in state.recordings.values()),
        "synthesised": state.synthesised,
        "provider_sid": state.root,
    }
    changed = False
    if state.user is not None and (state.user != call.agent or call.owner is None):
        # Whose customer it is shows who should have been rung; the conversation belongs to whoever had it.
        call.owner = state.user
    for key, value in said.items():
        if getattr(call, CALL.fields[key].name) != value:
            put(call, key, value)
            changed = True
    if is_new:
        call.search_fold = search.index(CALL, call)
        call.save(force_insert=True)
    elif changed:
        call.modified_at = clock.now()
        call.save()
    return changed


def _write_legs(call: Call, state: Conversation) -> None:
    present = {leg.sid: leg for leg in call_leg.of_call(call.id)}
    for leg in state.legs.values():
        row = {
            "call": call.id,
            "parent_sid": leg.parent_sid,
            "role": leg.role,
            "user": leg.user,
            "caller": leg.caller,
            "callee": leg.callee,
            "status": leg.status,
            "started_at": leg.started_at,
            "answered_at": leg.answered_at,
            "ended_at": leg.ended_at,
            "duration_s": leg.duration_s,
            "sip_code": leg.sip_code,
            "synthesised": leg.synthesised,
        }
        old = present.get(leg.sid)
        if old is None:
            CallLeg.insert(sid=leg.sid, **row).on_conflict(
                conflict_target=[CallLeg.sid], update=row
            ).execute()
        elif changed := {key: value for key, value in row.items() if getattr(old, key) != value}:
            CallLeg.update(**changed).where(CallLeg.id == old.id).execute()


def _write_recordings(call: Call, state: Conversation) -> None:
    """New recordings are noted; what we fetched, gave up or deleted stays as it is."""
    for found in state.recordings.values():
        row = {
            "call": call.id,
            "leg_sid": found.leg_sid,
            "kind": found.kind,
            "state": found.state,
            "started_at": found.started_at,
            "duration_s": found.duration_s,
            "channels": found.channels,
        }
        old = Recording.get_or_none(Recording.sid == found.sid)
        if found.state == "pending" and (old is None or old.state == "in_progress"):
            jobs.enqueue("call_center.store_recording", {"sid": found.sid}, key=f"recording:{found.sid}")
        if old is None:
            Recording.insert(sid=found.sid, **row).execute()
        elif old.state in ("in_progress", "pending") and any(getattr(old, k) != v for k, v in row.items()):
            Recording.update(**row).where(Recording.id == old.id).execute()


def cancel(call: Call) -> None:
    """A call that was asked for is not made: no notice will ever tell of it."""
    if call.status == "requested":
        put(call, "status", "cancelled")
        put(call, "ended_at", clock.now())
        call.modified_at = clock.now()
        call.save()
        telling.tell(policy.SYSTEM, CALL, call, {}, 0, new=False)
        announce(call)


def unseen(since: datetime) -> list[str]:
    """Threads with events since a moment (UTC) of which no call could be made."""
    shown = Call.select(Call.thread).where(Call.thread.is_null(False))
    rows = (
        CallEvent.select(CallEvent.thread, fn.MIN(CallEvent.id))
        .where(CallEvent.received_at >= since, CallEvent.thread.not_in(shown))
        .group_by(CallEvent.thread)
    )
    return [thread for thread, _ in rows.tuples()]
