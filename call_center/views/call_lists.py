"""Beside the phone: who could not reach us and waits for a call, and the calls one had last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template
from markupsafe import Markup
from peewee import fn

from call_center.models.call import CALL, Call
from call_center.views.desk import blueprint
from crm_admin import clock, policy, records
from crm_admin.i18n import gettext, moment_text
from crm_admin.kinds import Reader
from crm_admin.kinds.datetime import local
from crm_admin.policy import Actor
from crm_admin.views.seat import actor, reader

ROWS = 8
LOOKED_AT = 40
DAYS = 7
"""After so long a missed call is no longer news: the call log has it."""

NEEDED = frozenset({"name", "number", "status", "direction", "started_at"})


@dataclass(frozen=True)
class CallRow:
    """One call of a list."""

    url: str
    name: str
    number: str
    dial: str
    customer: str
    icon: str
    tone: str
    status: Markup
    talked: str
    at: str
    at_text: str


@dataclass(frozen=True)
class CallLists:
    """`missed`: not called back yet, newest first; `more` of them are in the log."""

    missed: list[CallRow]
    recent: list[CallRow]
    more: bool


@blueprint.get("/lists/")
def lists() -> str:
    """Both lists, fetched anew when something has happened."""
    return render_template("call_center/lists.html", lists=build(actor(), reader()))


def build(actor: Actor, reader: Reader) -> CallLists:
    """The lists of `actor`: only calls, and only fields, that they may see."""
    if NEEDED - policy.fields(actor, "call"):
        return CallLists([], [], more=False)
    missed = _missed(actor)
    recent = _recent(actor)
    records.load_names(CALL, [*missed, *recent], ("contact", "lead", "account"), reader)
    return CallLists(
        [_row(call, reader) for call in missed[:ROWS]],
        [_row(call, reader) for call in recent],
        len(missed) > ROWS,
    )


def _missed(actor: Actor) -> list[Any]:
    """Missed calls and messages since which nobody talked with that number: one line a number, its last call."""
    found = (
        policy.scope(actor, "call")
        .where(
            Call.direction == "inbound",
            Call.status.in_(("missed", "voicemail")),
            Call.started_at > clock.ago(days=DAYS),
        )
        .order_by(Call.started_at.desc(), Call.id.desc())
        .limit(LOOKED_AT)
    )
    last: dict[str, Any] = {}
    for call in found:
        last.setdefault(call.number_e164 or f"#{call.id}", call)
    talked = _last_talks([number for number in last if not number.startswith("#")])
    return [
        call for number, call in last.items() if not talked.get(number, call.started_at) > call.started_at
    ]


def _last_talks(numbers: list[str]) -> dict[str, datetime]:
    """When somebody of the company last talked with each number: that alone, not who and what about."""
    if not numbers:
        return {}
    rows = (
        Call.select(Call.number_e164, fn.MAX(Call.started_at))
        .where(Call.number_e164.in_(numbers), Call.status.in_(("completed", "talking")))
        .group_by(Call.number_e164)
    )
    return {
        number: at if isinstance(at, datetime) else datetime.fromisoformat(at) for number, at in rows.tuples()
    }


def _recent(actor: Actor) -> list[Any]:
    return list(
        policy.scope(actor, "call")
        .where(Call.agent == actor.id, Call.started_at.is_null(False))
        .order_by(Call.started_at.desc())
        .limit(ROWS)
    )


_LOOKS = {
    ("inbound", True): ("phone-incoming", "success"),
    ("inbound", False): ("phone-x", "danger"),
    ("outbound", True): ("phone-outgoing", "info"),
    ("outbound", False): ("phone-outgoing", "neutral"),
}


def _row(call: Any, reader: Reader) -> CallRow:
    number, status = CALL.fields["number"], CALL.fields["status"]
    written = number.kind.format(number.kind.read(call, number), number, reader)
    icon, tone = _LOOKS[call.direction, call.answered_at is not None]
    if call.status == "voicemail":
        icon, tone = "mailbox", "violet"
    customer, name = _customer(call, reader)
    talked = CALL.fields["talked_s"]
    return CallRow(
        f"/admin/call/{call.id}/",
        name or written or gettext("Number withheld"),
        written if name else "",
        call.number_e164 or "",
        customer,
        icon,
        tone,
        status.kind.html(call.status, status, reader),
        talked.kind.format(call.talked_s, talked, reader) if call.talked_s else "",
        call.started_at.isoformat() + "Z",
        moment_text(local(call.started_at, reader.timezone), reader.language),
    )


def _customer(call: Any, reader: Reader) -> tuple[str, str]:
    """The customer as `contact:7` and by name; empty for one who is unknown, or not shown to this person."""
    for entity in ("contact", "lead", "account"):
        number = getattr(call, entity)
        name = reader.names(entity, [number]).get(number) if number is not None else None
        if name:
            return f"{entity}:{number}", name
    return "", ""
