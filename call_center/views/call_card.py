"""The card of a call: who it probably is, their story, and where the agent writes down what comes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from babel.dates import format_timedelta
from flask import render_template, request
from markupsafe import Markup

from call_center import matching
from call_center.matching import Candidate
from call_center.models.call import CALL, Call
from call_center.models.phone_line import PhoneLine
from call_center.models.queue import Queue
from call_center.views import customer_card, desk_call
from call_center.views.customer_card import CustomerCard
from call_center.views.desk import blueprint
from crm_admin import clock, policy, registry
from crm_admin.i18n import babel_locale, gettext
from crm_admin.kinds import Choice, Reader
from crm_admin.policy import Actor
from crm_admin.views.seat import actor, config, reader

MOST = 6
"""Candidates shown; the others are found by searching."""


@dataclass(frozen=True)
class CandidateRow:
    """One who may be calling, with what speaks for it."""

    entity: str
    id: int
    name: str
    icon: str
    label: str
    certainty: Markup
    hint: str


@dataclass
class CallCard:
    """What `templates/call_center/card.html` shows."""

    call: Call
    name: str
    number: str
    dial: str
    direction: str
    line: str
    queue: str
    certainty: Markup
    caller_check: Markup
    customer: CustomerCard | None
    hidden: bool
    candidates: list[CandidateRow] = field(default_factory=list)
    choosing: bool = False
    may_write: bool = False
    may_link: bool = False
    may_find: list[tuple[str, str]] = field(default_factory=list)
    may_create: list[tuple[str, str]] = field(default_factory=list)
    may_follow_up: bool = False
    dispositions: list[Choice] = field(default_factory=list)


@blueprint.get("/calls/<key>/card/")
def card(key: str) -> str:
    """The card alone, as soon as the phone rings: by the call's id or its uid."""
    return shown(desk_call.seen(actor(), key), choosing="choose" in request.args)


def shown(call: Call, *, choosing: bool = False) -> str:
    """The card as HTML; `choosing`: the person is about to say who it really is."""
    return render_template("call_center/card.html", card=build(actor(), call, reader(), choosing=choosing))


def build(actor: Actor, call: Call, reader: Reader, *, choosing: bool = False) -> CallCard:
    """The card as `actor` may see it."""
    customer = customer_card.of(actor, call, reader)
    linked = any(getattr(call, key) is not None for key in matching.ENTITIES)
    number = CALL.fields["number"]
    written = number.kind.read(call, number)
    readable, writable = policy.fields(actor, "call"), policy.fields(actor, "call", "write")
    works = desk_call.may_work(actor, call)
    shown_number = number.kind.format(written, number, reader) if "number" in readable else ""
    made = CallCard(
        call,
        name=customer.name if customer else shown_number or gettext("Number withheld"),
        number=shown_number,
        dial=(call.number_e164 or "") if "number" in readable else "",
        direction=_value(call, "direction", reader) if "direction" in readable else "",
        line=_name(PhoneLine, call.line),
        queue=_name(Queue, call.queue),
        certainty=_html(call, "certainty", reader) if linked and "certainty" in readable else Markup(""),
        caller_check=_html(call, "caller_check", reader) if "caller_check" in readable else Markup(""),
        customer=customer,
        hidden=linked and customer is None,
        choosing=choosing or not linked,
        may_write=works and {"note", "disposition"} <= writable,
        may_link=works and set(matching.ENTITIES) <= writable,
    )
    if made.choosing and made.may_link and made.dial:
        made.candidates = _candidates(actor, call, reader)
    if made.may_link:
        made.may_find = _labels(key for key in matching.ENTITIES if policy.level(actor, "read", key).rank)
        made.may_create = _labels(
            key for key in ("contact", "lead") if policy.level(actor, "create", key).rank
        )
    made.may_follow_up = works and policy.level(actor, "create", "task").rank > 0
    outcome = CALL.fields["disposition"]
    made.dispositions = outcome.kind.offered(outcome, call.disposition)  # type: ignore[attr-defined]
    return made


def _labels(entities: Iterable[str]) -> list[tuple[str, str]]:
    return [(key, str(registry.entity(key).label)) for key in entities]


def _candidates(actor: Actor, call: Call, reader: Reader) -> list[CandidateRow]:
    """Who may be calling, likeliest first: never hidden, never made surer than it is."""
    found = matching.candidates(call.number_e164 or "", config().company.country, actor=actor)[:MOST]
    names: dict[tuple[str, int], str] = {}
    for entity in matching.ENTITIES:
        ids = [candidate.id for candidate in found if candidate.entity == entity]
        names |= {
            (entity, number): name for number, name in (reader.names(entity, ids) if ids else {}).items()
        }
    return [
        _row(candidate, names[candidate.subject], reader) for candidate in found if candidate.subject in names
    ]


def _row(candidate: Candidate, name: str, reader: Reader) -> CandidateRow:
    definition = registry.entity(candidate.entity)
    certainty = CALL.fields["certainty"]
    return CandidateRow(
        candidate.entity,
        candidate.id,
        name,
        definition.icon,
        str(definition.label),
        certainty.kind.html(candidate.certainty, certainty, reader),
        " · ".join(_hints(candidate, reader)),
    )


def _hints(candidate: Candidate, reader: Reader) -> list[str]:
    found = []
    if candidate.open_cases:
        found.append(gettext("open cases: %(n)s", n=candidate.open_cases))
    if candidate.last_talk is not None:
        ago: timedelta = candidate.last_talk - clock.now()
        when = format_timedelta(ago, add_direction=True, locale=babel_locale(reader.language))
        found.append(gettext("last call %(when)s", when=when))
    return found


def _name(model: Any, number: int | None) -> str:
    """The name of a line or queue: what the house calls its own numbers is no secret in it."""
    if number is None:
        return ""
    return str(model.select(model.name).where(model.id == number).scalar() or "")


def _value(call: Call, key: str, reader: Reader) -> str:
    field_def = CALL.fields[key]
    return field_def.kind.format(field_def.kind.read(call, field_def), field_def, reader)


def _html(call: Call, key: str, reader: Reader) -> Markup:
    field_def = CALL.fields[key]
    return field_def.kind.html(field_def.kind.read(call, field_def), field_def, reader)
