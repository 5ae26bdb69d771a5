"""How a call went, leg by leg, in sentences: where it rang and for how long, who talked, what was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template
from markupsafe import Markup

from call_center.models.call_leg import CallLeg
from call_center.models.phone_line import PhoneLine
from call_center.models.recording import Recording
from call_center.views import desk_call
from call_center.views.desk import blueprint
from crm_admin import policy
from crm_admin.i18n import gettext
from crm_admin.kinds import Reader
from crm_admin.kinds.datetime import local
from crm_admin.kinds.duration import clock_face
from crm_admin.policy import Actor
from crm_admin.registry import Record
from crm_admin.views import record_page, seat

TOLD = frozenset(
    {"status", "direction", "number", "agent", "started_at", "answered_at", "waited_s", "talked_s"}
)
"""Who may not read these is not told the story that gives them away."""


NOTICED_S = 3
"""A shorter wait is the time that a call takes to be put through."""


@dataclass(frozen=True)
class Step:
    """One thing that happened. `at_text` is the time of day."""

    at: datetime
    at_text: str
    icon: str
    tone: str
    text: str


@dataclass(frozen=True)
class Sound:
    """A recording or a message, and where it can be heard; `state` in words while it cannot."""

    label: str
    url: str
    length: str
    state: str
    transcript: str


_STATES = {
    "in_progress": lambda: gettext("being recorded"),
    "pending": lambda: gettext("being fetched"),
    "absent": lambda: gettext("was never delivered"),
    "deleted": lambda: gettext("deleted"),
}


@blueprint.get("/calls/<key>/recordings/")
def recordings(key: str) -> str:
    """The recordings of a call, to be played in the history."""
    person = seat.actor()
    return render_template("call_center/recordings.html", sounds=sounds(person, desk_call.seen(person, key)))


def card(actor: Actor, record: Record, reader: Reader) -> Markup | None:
    """The story on the page of a call."""
    if TOLD - policy.fields(actor, "call"):
        return None
    steps = story(record, reader)
    heard = sounds(actor, record)
    if not steps and not heard:
        return None
    page = render_template("call_center/story_card.html", steps=steps, sounds=heard)
    return Markup(page)  # noqa: S704 — a template of ours, escaped


def install() -> None:
    """Put the story on the page of every call."""
    record_page.add_card("call", card)


def sounds(actor: Actor, call: Any) -> list[Sound]:
    """What was recorded, oldest first; nothing to those who may not know that anything was."""
    if "recorded" not in policy.fields(actor, "call"):
        return []
    rows = Recording.select().where(Recording.call == call.id).order_by(Recording.id)
    return [
        Sound(
            gettext("Message") if row.kind == "voicemail" else gettext("Recording"),
            f"/call-center/recordings/{row.id}" if row.state == "stored" else "",
            clock_face(row.duration_s) if row.duration_s is not None else "",
            _STATES[row.state]() if row.state in _STATES else "",
            row.transcript or "",
        )
        for row in rows
    ]


def story(call: Any, reader: Reader) -> list[Step]:
    """The steps of a call in the order in which they happened."""
    legs = list(CallLeg.select().where(CallLeg.call == call.id).order_by(CallLeg.started_at, CallLeg.id))
    reader.names("user", {leg.user for leg in legs if leg.user is not None})
    found: list[tuple[datetime, str, str, str]] = []
    for leg in sorted(legs, key=lambda leg: leg.parent_sid is not None):
        if leg.started_at is None:
            continue
        if leg.parent_sid is None:
            # The provider's notices round to seconds, so a later leg may seem to begin before the first.
            leg.started_at = min(leg.started_at, call.started_at or leg.started_at)
        if leg.role == "agent":
            found.append(_rang_at_agent(leg, call, reader))
        elif call.direction == "outbound":
            found.append(_rang_at_customer(leg))
        elif leg.parent_sid is None:
            found.append((leg.started_at, "phone-incoming", "info", _called(call)))
    found += _waited(call, legs)
    if call.ended_at is not None:
        found.append((call.ended_at, "phone-off", "neutral", _ended(call)))
    found.sort(key=lambda step: step[0])  # of one moment, the leg that began it comes first
    return [
        Step(at, f"{local(at, reader.timezone):%H:%M:%S}", icon, tone, text) for at, icon, tone, text in found
    ]


def _waited(call: Any, legs: list[Any]) -> list[tuple[datetime, str, str, str]]:
    """The wait for somebody to be free, where there was one before the first phone rang."""
    rang = min((leg.started_at for leg in legs if leg.role == "agent" and leg.started_at), default=None)
    until = rang or call.ended_at
    if call.direction != "inbound" or until is None or call.started_at is None:
        return []
    seconds = round((until - call.started_at).total_seconds())
    if seconds < NOTICED_S:
        return []
    return [
        (call.started_at, "hourglass", "warning", gettext("Waited %(waited)s.", waited=clock_face(seconds)))
    ]


def _called(call: Any) -> str:
    name = None
    if call.line is not None:
        name = PhoneLine.select(PhoneLine.name).where(PhoneLine.id == call.line).scalar()
    return gettext("Called %(line)s.", line=name) if name else gettext("Called in.")


def _rang_at_agent(leg: Any, call: Any, reader: Reader) -> tuple[datetime, str, str, str]:
    who = reader.names("user", [leg.user]).get(leg.user, "") if leg.user is not None else ""
    who = who or gettext("an agent")
    if call.direction == "outbound":
        return (leg.started_at, "headset", "neutral", gettext("%(who)s picked up the phone.", who=who))
    rang = clock_face(_rang_s(leg))
    if leg.answered_at is not None or (leg.status == "completed" and leg.duration_s):
        text = gettext("Rang at %(who)s for %(rang)s, who answered.", who=who, rang=rang)
        return (leg.started_at, "phone-check", "success", _with_talk(text, leg))
    ends = {
        "no-answer": gettext("Rang at %(who)s for %(rang)s, nobody answered.", who=who, rang=rang),
        "busy": gettext("%(who)s declined.", who=who),
        "canceled": gettext("Rang at %(who)s for %(rang)s, then it stopped.", who=who, rang=rang),
        "failed": gettext("The phone of %(who)s could not be reached.", who=who),
    }
    ringing = gettext("Rings at %(who)s.", who=who)
    tone = {"no-answer": "warning", "busy": "warning", "failed": "danger"}.get(leg.status, "neutral")
    return (
        leg.started_at,
        "phone-x" if leg.status in ends else "phone-ringing",
        tone,
        ends.get(leg.status, ringing),
    )


def _rang_at_customer(leg: Any) -> tuple[datetime, str, str, str]:
    number, rang = leg.callee, clock_face(_rang_s(leg))
    if leg.answered_at is not None or (leg.status == "completed" and leg.duration_s):
        text = gettext("Rang at %(number)s for %(rang)s, answered.", number=number, rang=rang)
        return (leg.started_at, "phone-check", "success", _with_talk(text, leg))
    ends = {
        "no-answer": gettext("Rang at %(number)s for %(rang)s, nobody answered.", number=number, rang=rang),
        "busy": gettext("%(number)s was busy.", number=number),
        "canceled": gettext("Rang at %(number)s for %(rang)s, then we hung up.", number=number, rang=rang),
        "failed": gettext("%(number)s could not be reached.", number=number),
    }
    ringing = gettext("Rings at %(number)s.", number=number)
    tone = {"failed": "danger"}.get(leg.status, "warning" if leg.status in ends else "neutral")
    return (leg.started_at, "phone-outgoing", tone, ends.get(leg.status, ringing))


def _with_talk(text: str, leg: Any) -> str:
    if leg.duration_s:
        return text + " " + gettext("They talked for %(length)s.", length=clock_face(leg.duration_s))
    return text


def _rang_s(leg: Any) -> int:
    """How long a leg rang. An answered one's end says nothing of it."""
    until = leg.answered_at or leg.ended_at or leg.started_at
    return max(0, round((until - leg.started_at).total_seconds()))


def _ended(call: Any) -> str:
    ends = {
        "missed": gettext("The caller hung up before anybody answered."),
        "voicemail": gettext("The caller left a message."),
        "cancelled": gettext("The call was given up."),
    }
    return ends.get(call.status) or gettext("The call ended.")
