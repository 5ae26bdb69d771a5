"""Who is calling: the customers that carry a number, surest and nearest first, and honestly so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import fn

from call_center.models.call import Call
from crm_admin import policy, registry
from crm_admin.kinds import phone
from crm_admin.policy import Actor

ENTITIES = ("contact", "lead", "account")
"""Who can call, nearest to a person first."""

# What a keypad makes of ANONYMOUS, RESTRICTED, UNKNOWN, UNAVAILABLE and PRIVATE: no number of anybody.
_WORDS = ("266696687", "7378742833", "8566696", "86282452253", "7748483")
_ADDRESS = re.compile(r"\+?[0-9][0-9 ().-]{2,24}")


@dataclass(frozen=True)
class Candidate:
    """A customer who may be the caller. `certainty`: exact (the same number) | possible (its last digits)."""

    entity: str
    id: int
    certainty: str
    owner: int | None
    open_cases: int
    last_talk: datetime | None

    @property
    def subject(self) -> tuple[str, int]:
        return (self.entity, self.id)


def dialable(address: str) -> str:
    """The number in an address that the provider gave, "" for a browser phone, a withheld or an invented number."""
    text = address.strip()
    if text.startswith("sip:"):
        text = text.removeprefix("sip:").split("@", 1)[0]
    if not _ADDRESS.fullmatch(text) or re.sub(r"\D", "", text) in _WORDS:
        return ""
    return text


def candidates(number: str, country: str, *, actor: Actor = policy.SYSTEM) -> list[Candidate]:
    """The customers with this number whom `actor` may see, through fields that they may read, likeliest first.

    Exact before possible; then who has an open case, with whom the company talked last, persons before companies.
    """
    found = phone.lookup(number, country) if dialable(number) else []
    best: dict[tuple[str, int], str] = {}
    for match in found:
        if match.entity in ENTITIES and match.field in policy.fields(actor, match.entity):
            best.setdefault((match.entity, match.record_id), match.certainty)
    made: list[Candidate] = []
    for entity in ENTITIES:
        ids = [number for kind, number in best if kind == entity]
        if ids:
            made += _of(actor, entity, ids, best)
    return sorted(made, key=_nearness)


def caller(found: list[Candidate]) -> Candidate | None:
    """The one customer who certainly calls; None when nobody does, or when a person has to choose."""
    exact = [candidate for candidate in found if candidate.certainty == "exact"]
    persons = [candidate for candidate in exact if candidate.entity != "account"]
    if len(persons) == 1:
        return persons[0]
    return exact[0] if len(exact) == 1 else None


def _nearness(candidate: Candidate) -> tuple[Any, ...]:
    talked = candidate.last_talk
    return (
        candidate.certainty != "exact",
        -candidate.open_cases,
        talked is None,
        -talked.timestamp() if talked else 0,
        candidate.owner is None,
        ENTITIES.index(candidate.entity),
        candidate.id,
    )


def _of(actor: Actor, entity: str, ids: list[int], certainty: dict[tuple[str, int], str]) -> list[Candidate]:
    model = registry.entity(entity).model
    query = policy.scope(actor, entity, model.select(model.id, model.owner)).where(model.id.in_(ids))
    if entity == "lead":
        query = query.where(model.converted_at.is_null())
    rows = list(query)
    cases = _open_cases(actor, entity, [row.id for row in rows])
    talks = _last_talks(actor, entity, [row.id for row in rows])
    return [
        Candidate(
            entity, row.id, certainty[entity, row.id], row.owner, cases.get(row.id, 0), talks.get(row.id)
        )
        for row in rows
    ]


def _open_cases(actor: Actor, entity: str, ids: Iterable[int]) -> dict[int, int]:
    """How many cases are open, as far as `actor` may know."""
    if entity == "lead" or not {entity, "resolved_at"} <= policy.fields(actor, "case"):
        return {}
    case = registry.entity("case").model
    column = getattr(case, entity)
    rows = (
        policy.scope(actor, "case", case.select(column, fn.COUNT(case.id)))
        .where(column.in_(list(ids)), case.resolved_at.is_null())
        .group_by(column)
    )
    return dict(rows.tuples())


def _last_talks(actor: Actor, entity: str, ids: Iterable[int]) -> dict[int, datetime]:
    """When the company last talked with them, as far as `actor` may know."""
    if not {entity, "started_at"} <= policy.fields(actor, "call"):
        return {}
    column = getattr(Call, entity)
    rows = (
        policy.scope(actor, "call", Call.select(column, fn.MAX(Call.started_at)))
        .where(column.in_(list(ids)))
        .group_by(column)
    )
    return {number: _moment(at) for number, at in rows.tuples() if at is not None}


def _moment(value: Any) -> datetime:
    """SQLite gives the aggregate of a moment back as text."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
