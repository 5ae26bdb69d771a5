"""What the provider said, word for word: the log from which legs, calls and recordings are made, never changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from peewee import BigAutoField, DateTimeField, IntegerField, TextField

from crm_admin import clock
from crm_admin.compiled import CompiledQuery, slot
from crm_admin.db import Table, database, is_sqlite

# What makes a fact the same fact, whichever delivery brings it: the idempotency token of a delivery does not.
_IDENTITY = (
    "CallStatus",
    "SequenceNumber",
    "RecordingSid",
    "RecordingStatus",
    "ConferenceSid",
    "StatusCallbackEvent",
    "DialCallSid",
    "DialCallStatus",
    "QueueResult",
    "QueueTime",
    "Digits",
    "TranscriptionSid",
    "TranscriptionStatus",
)


_WRITTEN = (
    *("thread", "kind", "account_sid", "call_sid", "name", "sequence", "dedup", "occurred_at", "received_at"),
    *("delivery", "payload"),
)


class CallEvent(Table):
    """`thread` is what the events of one call have in common; `answer` the TwiML that was given."""

    id = BigAutoField()
    thread = TextField()
    kind = TextField()
    account_sid = TextField()
    call_sid = TextField()
    name = TextField()
    sequence = IntegerField(null=True)
    dedup = TextField(unique=True)
    occurred_at = DateTimeField(null=True)
    received_at = DateTimeField(default=clock.now)
    delivery = TextField(null=True)
    payload = TextField()
    answer = TextField(null=True)

    class Meta:
        table_name = "call_event"
        indexes = ((("thread", "id"), False), (("call_sid", "id"), False), (("received_at", "id"), False))

    @property
    def facts(self) -> dict[str, str]:
        """The parameters as they came."""
        found: dict[str, str] = json.loads(self.payload)
        return found


_append = CompiledQuery(
    CallEvent,
    lambda: (
        CallEvent.insert({name: slot(name) for name in _WRITTEN}).on_conflict_ignore().returning(CallEvent.id)
    ),
)


def append(
    kind: str,
    facts: Mapping[str, str],
    *,
    thread: str,
    occurred_at: datetime | None,
    delivery: str | None = None,
) -> tuple[CallEvent, bool]:
    """Write the event, and whether it is new; an event that was there is given as it stands, with its answer.

    Call it inside the transaction that holds the thread.
    """
    row = {
        "thread": thread,
        "kind": kind,
        "account_sid": facts.get("AccountSid", ""),
        "call_sid": facts.get("CallSid", ""),
        "name": _name(kind, facts),
        "sequence": _number(facts.get("SequenceNumber")),
        "dedup": identity(kind, facts),
        "occurred_at": occurred_at,
        "received_at": clock.now(),
        "delivery": delivery,
        "payload": json.dumps(dict(facts), ensure_ascii=False, sort_keys=True),
    }
    written = _append.first(**row)
    if written is not None:
        return CallEvent(id=written.id, answer=None, **row), True
    return CallEvent.get(CallEvent.dedup == row["dedup"]), False


_OF_MEANING = (CallEvent.id, CallEvent.kind, CallEvent.occurred_at, CallEvent.received_at, CallEvent.payload)
_of_thread = CompiledQuery(
    CallEvent,
    lambda: CallEvent.select(*_OF_MEANING).where(CallEvent.thread == slot("thread")).order_by(CallEvent.id),
)


def of_thread(thread: str) -> list[CallEvent]:
    """What was said of one call, in the order it came: as much of each event as its meaning hangs on."""
    return _of_thread(thread=thread)


def was_told_before(event: CallEvent) -> bool:
    """Whether the same leg has asked at the same door before."""
    earlier = CallEvent.select(CallEvent.id).where(
        CallEvent.thread == event.thread,
        CallEvent.kind == event.kind,
        CallEvent.call_sid == event.call_sid,
        CallEvent.id < event.id,
    )
    return bool(earlier.exists())


def hold(thread: str) -> None:
    """Let no other process work on this call until the transaction ends. SQLite has one writer anyway."""
    if not is_sqlite():
        number = int.from_bytes(hashlib.sha256(thread.encode()).digest()[:8], "big", signed=True)
        database.execute_sql("SELECT pg_advisory_xact_lock(%s)", (number,))


def identity(kind: str, facts: Mapping[str, str]) -> str:
    """The same for two deliveries of one fact, different for two facts."""
    said = [facts.get(name, "") for name in ("AccountSid", "CallSid", *_IDENTITY)]
    return hashlib.sha256("\x1f".join([kind, *said]).encode()).hexdigest()


def _name(kind: str, facts: Mapping[str, str]) -> str:
    for key in ("StatusCallbackEvent", "RecordingStatus", "QueueResult", "DialCallStatus", "CallStatus"):
        if facts.get(key):
            return str(facts[key])[:60]
    return kind


def _number(text: Any) -> int | None:
    return (
        int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 10 else None
    )
