"""Finding records without knowing what they are: by words, and by a phone number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response

from crm_admin import policy, registry, search
from crm_admin.api import arguments, item
from crm_admin.api.caller import actor, config, reader
from crm_admin.api.door import blueprint
from crm_admin.i18n import gettext
from crm_admin.kinds import phone

LONGEST_NUMBER = 60


@blueprint.get("/search")
def find() -> Response:
    """The best hits of every entity, entity by entity in their order, best first within each."""
    text = _needed("q", arguments.LONGEST_SEARCH)
    found = search.everywhere(actor(), text, reader())
    hits = [hit for of_entity in found.values() for hit in of_entity]
    return item.answer(
        {"items": [{"entity": h.entity, "id": h.id, "label": h.label, "hint": h.hint} for h in hits]}
    )


@blueprint.get("/lookup/phone")
def find_by_phone() -> Response:
    """Who calls: records with this number, surest first, then those changed last."""
    number = _needed("number", LONGEST_NUMBER)
    found = sorted(_callers(number), key=lambda caller: caller.rank, reverse=True)
    return item.answer({"items": [caller.item for caller in found]})


@dataclass(frozen=True)
class Caller:
    """A visible record that carries the number."""

    match: phone.Match
    label: str
    changed_at: datetime

    @property
    def rank(self) -> tuple[bool, datetime, int]:
        return self.match.certainty == "exact", self.changed_at, self.match.record_id

    @property
    def item(self) -> dict[str, Any]:
        return {
            "entity": self.match.entity,
            "id": self.match.record_id,
            "label": self.label,
            "field": self.match.field,
            "certainty": self.match.certainty,
        }


def _callers(number: str) -> list[Caller]:
    """One per record, through its surest field; records and fields that the caller may not see are left out."""
    best: dict[tuple[str, int], phone.Match] = {}
    for match in phone.lookup(number, config().company.country):
        if match.field in policy.fields(actor(), match.entity):
            best.setdefault((match.entity, match.record_id), match)
    found = []
    for entity in dict.fromkeys(key for key, _ in best):
        definition = registry.entity(entity)
        named = definition.title in policy.fields(actor(), entity)
        ids = [number for key, number in best if key == entity]
        for record in policy.scope(actor(), entity).where(definition.model.id.in_(ids)):
            label = definition.name_of(record) if named else f"#{record.id}"
            found.append(Caller(best[entity, record.id], label, record.modified_at))
    return found


def _needed(name: str, most: int) -> str:
    """The one argument of this address. Raises Refused 422 when it is missing, empty or longer than `most`."""
    text = arguments.expect((name,)).get(name, "").strip()
    if not text:
        arguments.refuse({name: [gettext("This argument is required.")]})
    if len(text) > most:
        arguments.refuse({name: [gettext("At most %(most)s characters.", most=most)]})
    return text
