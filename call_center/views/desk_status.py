"""How a person stands at the phones, as their desk shows it: state, since when, on which phone, with which call."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import current_app

from call_center.models import agent
from call_center.models.agent import Agent
from call_center.models.call import Call
from call_center.models.queue import Queue
from call_center.models.recording import Recording
from call_center.settings import Settings
from crm_admin import clock
from crm_admin.config import Config
from crm_admin.i18n import lazy_gettext, lazy_pgettext
from crm_admin.policy import Actor

LABELS = {
    "offline": lazy_gettext("Signed off"),
    "available": lazy_gettext("Available"),
    "ringing": lazy_gettext("Ringing"),
    "on_call": lazy_gettext("In a call"),
    "wrap_up": lazy_gettext("Wrapping up"),
    "away": lazy_gettext("Away"),
    "not_responding": lazy_gettext("Not reachable"),
}

REASONS = {
    "break": lazy_gettext("Break"),
    "lunch": lazy_gettext("Lunch"),
    "training": lazy_gettext("Training"),
    "meeting": lazy_pgettext("away", "Meeting"),
    "back_office": lazy_gettext("Other work"),
}
"""Why somebody is away; the key is what is kept."""

CAUSES = {
    "did not answer": lazy_gettext("A call rang at your phone and nobody answered."),
    "page closed": lazy_gettext("The page of your phone was closed or reloaded."),
    "phone lost": lazy_gettext("Your browser phone lost its connection."),
    "the browser is gone": lazy_gettext("Your browser phone was silent for too long."),
}
"""Why somebody is not reachable, in words."""

WRAP_UP_S = 60
"""Time to wrap up a call that no queue sets a time for."""


def settings() -> Settings:
    config: Config = current_app.extensions["crm"]
    found: Settings = config.section("call_center")
    return found


def of(actor: Actor, tab: str = "") -> dict[str, Any]:
    """What the desk of `actor` needs to know, as JSON; `here`: the browser phone lives in this `tab`."""
    row = agent.of(actor.id) if actor.id is not None else None
    if row is None:
        row = Agent(user=actor.id, state="offline", since=clock.now())
    call = Call.get_or_none(Call.id == row.call) if row.call is not None else None
    return {
        "state": row.state,
        "label": str(LABELS.get(row.state, row.state)),
        "since": _iso(row.since),
        "now": _iso(clock.now()),
        "reason": row.reason,
        "reason_label": str(REASONS.get(row.reason) or CAUSES.get(row.reason) or ""),
        "device": row.device,
        "phone": row.phone or "",
        "here": bool(tab) and row.tab == tab,
        "next": row.next or "",
        "call": None if call is None else _call(call),
        "wrap_up_until": _iso(wrap_up_until(row, call)) if row.state == "wrap_up" else "",
    }


def wrap_up_until(row: Agent, call: Call | None) -> datetime:
    """When the time to wrap up is over: so long after it began as the queue of the call gives."""
    queue = Queue.get_or_none(Queue.id == call.queue) if call is not None and call.queue is not None else None
    seconds = WRAP_UP_S if queue is None or queue.wrap_up_s is None else queue.wrap_up_s
    return row.since + timedelta(seconds=seconds)


def _call(call: Call) -> dict[str, Any]:
    recorded = (
        Recording.select(Recording.id)
        .where(Recording.call == call.id, Recording.kind == "call", Recording.state == "in_progress")
        .exists()
    )
    return {
        "id": call.id,
        "uid": call.uid,
        "direction": call.direction,
        "status": call.status,
        "live": call.is_live,
        "answered_at": _iso(call.answered_at),
        "started_at": _iso(call.started_at),
        "recorded": recorded,
        "held": bool(call.held),
        "joined": bool(call.room),
        "paused": bool(call.recording_paused),
    }


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() + "Z" if moment is not None else ""
