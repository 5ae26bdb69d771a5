"""Where an opportunity has stood and for how long: a card on its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from babel.dates import format_timedelta
from flask import render_template
from markupsafe import Markup

from crm_admin import clock, policy
from crm_admin.entities.opportunity import StageHistory
from crm_admin.i18n import babel_locale
from crm_admin.kinds import Reader
from crm_admin.policy import Actor
from crm_admin.registry import Record
from crm_admin.views import record_page

MOVES = 50


@dataclass(frozen=True)
class Stay:
    """One stay in a stage; `here` for the present one."""

    stage: str
    since: str
    lasted: str
    by: str
    here: bool


def stays(record: Record, reader: Reader) -> list[Stay]:
    """The stages an opportunity has been in, the present one first."""
    moves = list(
        StageHistory.select()
        .where(StageHistory.opportunity == record.id)
        .order_by(StageHistory.id.desc())
        .limit(MOVES)
    )
    stages = reader.names("stage", [move.to_stage for move in moves])
    people = reader.names("user", [move.by for move in moves if move.by])
    found = []
    left = None
    for move in moves:
        lasted = (left or clock.now()) - move.at
        found.append(
            Stay(
                stages.get(move.to_stage, ""),
                move.at.isoformat() + "Z",
                _words(lasted, reader),
                people.get(move.by, ""),
                left is None,
            )
        )
        left = move.at
    return found


def _words(span: timedelta, reader: Reader) -> str:
    return format_timedelta(span, granularity="minute", threshold=3, locale=babel_locale(reader.language))


def card(actor: Actor, record: Record, reader: Reader) -> Markup | None:
    """The card, for those who may read the stage."""
    if "stage" not in policy.fields(actor, "opportunity"):
        return None
    return Markup(render_template("admin/stage_card.html", stays=stays(record, reader)))  # noqa: S704 — ours


def install() -> None:
    """Put the card on the page of every opportunity."""
    record_page.add_card("opportunity", card)
