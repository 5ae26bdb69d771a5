"""The top of the record page and its details: the facts that matter and what can be done with the record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from crm_admin import policy
from crm_admin.entities.person import in_name_order
from crm_admin.i18n import gettext
from crm_admin.kinds import Reader
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef, Record
from crm_admin.views.list_page import Action

Offer = Callable[[Actor, Record], list[Action]]
Card = Callable[[Actor, Record, Reader], Markup | None]

# What modules put on the page, by entity.
_actions: dict[str, list[Offer]] = {}
_cards: dict[str, list[Card]] = {}


def offer(entity: str, give: Offer) -> None:
    """Have `give(actor, record) -> list[Action]` add actions to the record page of `entity`."""
    _actions.setdefault(entity, []).append(give)


def add_card(entity: str, give: Card) -> None:
    """Have `give(actor, record, reader)` show a card above the details of `entity`; None shows nothing."""
    known = _cards.setdefault(entity, [])
    if give not in known:
        known.append(give)


@dataclass(frozen=True)
class Fact:
    key: str
    label: str
    html: Markup
    edit_url: str = ""


@dataclass(frozen=True)
class FactSection:
    title: str
    facts: list[Fact]


@dataclass(frozen=True)
class Head:
    """The top of the page."""

    id: int
    label: str
    subtitle: str
    icon: str
    badges: list[Markup]
    facts: list[Fact]
    actions: list[Action]


def facts_of(
    actor: Actor,
    definition: EntityDef,
    record: Record,
    keys: tuple[str, ...],
    reader: Reader,
    *,
    editable: bool,
) -> list[Fact]:
    """Readable fields as label and value; `edit_url` where the value can be changed in place."""
    readable = policy.fields(actor, definition.key)
    writable = policy.fields(actor, definition.key, "write") if editable else frozenset()
    found = []
    for key in keys:
        if key in readable:
            target = definition.fields[key]
            url = (
                f"/admin/{definition.key}/{record.id}/field/{key}/"
                if key in writable and target.kind.inline
                else ""
            )
            html = target.kind.html(target.kind.read(record, target), target, reader)
            found.append(Fact(key, str(target.label), html, url))
    return found


def shown_fields(actor: Actor, definition: EntityDef) -> list[str]:
    """Fields that the page shows, so that their names can be fetched together."""
    readable = policy.fields(actor, definition.key)
    placed = [key for section in definition.sections for key in section.fields]
    always = [key for key in ("owner", "team", "created_by", "modified_by") if key in definition.fields]
    return [key for key in dict.fromkeys([*definition.header, *placed, *always]) if key in readable]


def head(actor: Actor, definition: EntityDef, record: Record, reader: Reader) -> Head:
    """Name, badges, the facts of the header and what can be done."""
    keys = tuple(k for k in definition.header if k != definition.title)
    badge_keys = tuple(k for k in keys if definition.fields[k].kind.badge)
    facts = facts_of(
        actor, definition, record, tuple(k for k in keys if k not in badge_keys), reader, editable=False
    )
    badges = [
        f.html for f in facts_of(actor, definition, record, badge_keys, reader, editable=False) if f.html
    ]
    return Head(
        record.id,
        definition.name_of(record),
        "",
        definition.icon,
        badges,
        facts,
        actions(actor, definition, record),
    )


def actions(actor: Actor, definition: EntityDef, record: Record) -> list[Action]:
    """What the page offers to do with the record; each is judged again when it is done."""
    base = f"/admin/{definition.key}/{record.id}/"
    offered = []
    if policy.can(actor, "update", definition.key, record):
        offered.append(Action(gettext("Edit"), "pencil", f"{base}edit/", tone="primary", key="e"))
    for give in _actions.get(definition.key, []):
        offered += give(actor, record)
    offered.append(Action(gettext("Changes"), "history", f"{base}audit/", more=True))
    if policy.can(actor, "delete", definition.key, record):
        name = definition.name_of(record)
        text = gettext("Move “%(name)s” to the recycle bin?", name=name)
        bin_ = gettext("Move to recycle bin")
        offered.append(Action(bin_, "trash", f"{base}delete/", "POST", text, more=True, danger=True))
    return offered


def cards(actor: Actor, definition: EntityDef, record: Record, reader: Reader) -> list[Markup]:
    """What the core and the modules have to show about this record besides its fields."""
    made = (give(actor, record, reader) for give in _cards.get(definition.key, []))
    return [card for card in made if card]


def details(actor: Actor, definition: EntityDef, record: Record, reader: Reader) -> list[FactSection]:
    """All readable fields by section; empty long texts are left out, so that the page stays short."""
    editable = policy.level(actor, "update", definition.key).rank > 0
    sections = []
    for section in definition.sections:
        keys = in_name_order(section.fields, definition, reader.language)
        facts = facts_of(actor, definition, record, keys, reader, editable=editable)
        if facts:
            sections.append(FactSection(str(section.title), facts))
    placed = {key for section in definition.sections for key in section.fields}
    kept = tuple(
        k
        for k in ("owner", "team", "created_at", "created_by", "modified_at", "modified_by")
        if k in definition.fields and k not in placed
    )
    facts = facts_of(actor, definition, record, kept, reader, editable=editable)
    if facts:
        sections.append(FactSection(gettext("Record"), facts))
    return sections
