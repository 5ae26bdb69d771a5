"""Bulk calls for `crm seed --calls`: by rows instead of notices (docs/decisions/0011)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from call_center.models.call import Call
from call_center.models.call_leg import CallLeg
from crm_admin import clock, registry
from crm_admin.config import Config
from crm_admin.db import connection, database
from crm_admin.history import HistoryLine, HistorySubject
from crm_admin.kinds.phone import Phone
from crm_admin.seeds import layout, loading
from crm_admin.seeds.layout import Draft, Rows

BATCH = 5_000
MOST_PARTIES = 50_000
DAYS = 365

_FATES = ("completed", "missed", "voicemail", "completed_out", "no_answer")
_OFTEN = (46, 10, 4, 32, 8)
_OUTCOMES = ("resolved", "information", "order", "complaint", "call_back", "appointment")
_LEG = tuple(field.column_name for field in CallLeg._meta.sorted_fields if field.name != "id")


class Party(NamedTuple):
    """A contact who calls and is called."""

    id: int
    name: str
    account: int | None
    number: str
    owner: int | None
    team: int | None


def seed(config: Config, *, calls: int, seed: int = 1) -> int:
    """Add `calls` finished calls with contacts that have a telephone; how many were added.

    In one transaction. The same `seed` on the same database gives the same calls, but for their dates.
    """
    rng = Random(f"calls {seed}")  # noqa: S311 — realistic, not secret
    with connection():
        with database.atomic():
            parties = _parties()
            if not parties:
                return 0
            first = loading.reserve(Call._meta.table_name, calls)
            line = loading.reserve(HistoryLine._meta.table_name, calls)
            coming = {model._meta.table_name: calls for model in (Call, CallLeg, HistoryLine)}
            coming[HistorySubject._meta.table_name] = calls * 2
            with loading.bulk(coming):
                for rows in _batches(rng, parties, calls, first, line):
                    for table, lines in rows.items():
                        names = _LEG if table == CallLeg._meta.table_name else layout.columns(table)
                        loading.insert(table, names, lines)
        loading.analyze(list(coming))
    return calls


def _parties() -> list[Party]:
    contact = registry.entity("contact").model
    number = contact.mobile_e164
    rows = (
        contact.select(contact.id, contact.name, contact.account, number, contact.owner, contact.team)
        .where(number.is_null(False), contact.deleted_at.is_null())
        .order_by(contact.id.desc())
        .limit(MOST_PARTIES)
    )
    return [Party(*row) for row in rows.tuples()]


def _batches(rng: Random, parties: list[Party], calls: int, first: int, line: int) -> Iterator[Rows]:
    now = clock.now()
    for start in range(0, calls, BATCH):
        rows: Rows = {}
        for place in range(start, min(start + BATCH, calls)):
            at = now - timedelta(seconds=rng.randint(60, DAYS * 86_400))
            _call(rng, rng.choice(parties), first + place, line + place, at, rows)
        yield rows


def _call(rng: Random, party: Party, number: int, line: int, at: datetime, into: Rows) -> None:
    fate = rng.choices(_FATES, _OFTEN)[0]
    out, status = fate in ("completed_out", "no_answer"), fate.removesuffix("_out")
    wait = rng.randint(3, 45)
    talk = max(10, round(rng.lognormvariate(5.0, 0.7))) if status == "completed" else None
    answered = at + timedelta(seconds=wait) if talk else None
    ended = at + timedelta(seconds=wait + (talk or 0))
    root = f"CA{rng.getrandbits(128):032x}"
    values: dict[str, Any] = {
        "name": party.name,
        "direction": "outbound" if out else "inbound",
        "status": status,
        "number": Phone(party.number, party.number),
        "contact": party.id,
        "account": party.account,
        "certainty": "exact",
        "agent": party.owner if talk or out else None,
        "started_at": at,
        "answered_at": answered,
        "ended_at": ended,
        "waited_s": wait,
        "talked_s": talk,
        "disposition": rng.choice(_OUTCOMES) if talk else None,
        "caller_check": "unknown",
        "recorded": False,
        "synthesised": False,
        "provider_sid": root,
        "owner": party.owner,
        "team": party.team,
    }
    said = {key: value for key, value in values.items() if value is not None}
    above = (("contact", party.id), *((("account", party.account),) if party.account else ()))
    plain = {"uid": root[2:], "thread": root, "held": False, "recording_paused": False}
    layout.put(Draft("call", number, said, at, party.owner if out else None, above, line, at, plain), into)
    legs = into.setdefault(CallLeg._meta.table_name, [])
    legs.append(_leg(number, root, party.number, status, at, answered, ended))


def _leg(
    call: int, sid: str, number: str, status: str, at: datetime, answered: datetime | None, ended: datetime
) -> tuple[Any, ...]:
    row: dict[str, Any] = {
        "call": call,
        "sid": sid,
        "role": "customer",
        "caller": number,
        "callee": "",
        "status": "no-answer" if status == "no_answer" else "completed",
        "started_at": at,
        "answered_at": answered,
        "ended_at": ended,
        "duration_s": round((ended - at).total_seconds()),
        "synthesised": False,
    }
    return tuple(row.get(name) for name in _LEG)
