"""The customer of a call at one glance: who, where, what happened last, what is open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup
from peewee import Node

from call_center.models.call import Call
from call_center.views import card_parts
from crm_admin import clock, policy, records, registry
from crm_admin.kinds import Reader
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef, Record
from crm_admin.views import timeline
from crm_admin.views.list_page import Cell, cell
from crm_admin.views.record_page import Fact, facts_of
from crm_admin.views.seat import country_of
from crm_admin.views.timeline import TimelineItem

LINES = 5
OPEN = 4

BADGES = {
    "contact": ("do_not_call",),
    "lead": ("status", "rating", "do_not_call"),
    "account": ("type", "tier", "do_not_call"),
}
"""The phase a customer is in, and what must be seen before a word is said."""

FACTS = {
    "contact": ("job_title", "address", "owner"),
    "lead": ("company_name", "job_title", "lead_source", "address", "owner"),
    "account": ("address", "owner"),
}


@dataclass(frozen=True)
class OpenRow:
    """Something open, as a line of the card."""

    url: str
    label: str
    late: bool
    cells: list[Cell]


@dataclass(frozen=True)
class OpenList:
    """What is open of one kind; `more`: there is more than is shown."""

    label: str
    icon: str
    rows: list[OpenRow]
    more: bool


@dataclass(frozen=True)
class Company:
    """The account behind a person."""

    name: str
    url: str
    badges: list[Markup]


@dataclass
class CustomerCard:
    """What the card shows of the customer. Values are those that the reader may see, and no others."""

    entity: str
    id: int
    name: str
    icon: str
    url: str
    do_not_call: bool = False
    badges: list[Markup] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    company: Company | None = None
    history: list[TimelineItem] = field(default_factory=list)
    open: list[OpenList] = field(default_factory=list)
    parts: list[Markup] = field(default_factory=list)


def of(actor: Actor, call: Call, reader: Reader) -> CustomerCard | None:
    """The customer a call is with: contact, lead, or account; None when nobody is known, or not to `actor`."""
    readable = policy.fields(actor, "call")
    for entity in ("contact", "lead", "account"):
        number = getattr(call, entity)
        if number is not None and entity in readable:
            definition = registry.entity(entity)
            record = policy.scope(actor, entity).where(definition.model.id == number).first()
            return _build(actor, definition, record, call, reader) if record is not None else None
    return None


def _build(actor: Actor, definition: EntityDef, record: Record, call: Call, reader: Reader) -> CustomerCard:
    entity = definition.key
    seeing = Reader(**{**vars(reader), "country": country_of(definition, record) or reader.country})
    readable = policy.fields(actor, entity)
    records.load_names(definition, [record], [key for key in FACTS[entity] if key in readable], seeing)
    account = _account(actor, record if entity == "contact" else None, readable)
    card = CustomerCard(
        entity,
        record.id,
        definition.name_of(record) if definition.title in readable else f"#{record.id}",
        definition.icon,
        f"/admin/{entity}/{record.id}/",
        do_not_call=_asked_for_silence(actor, record, account),
        badges=_badges(actor, definition, record, seeing),
        facts=_facts(actor, definition, record, account, seeing),
        company=_company(actor, account, seeing),
        history=_history(actor, definition, record, call, seeing),
    )
    where = _where(entity, record, account)
    card.open = [
        found
        for found in (
            _open(actor, "case", "resolved_at", ("status", "priority", "due_at"), where, seeing),
            _open(actor, "opportunity", "closed_at", ("stage", "amount", "close_date"), where, seeing),
            _meetings(actor, where, seeing),
        )
        if found is not None
    ]
    card.parts = card_parts.of(actor, call, record, seeing)
    return card


def _asked_for_silence(actor: Actor, *customers: Record | None) -> bool:
    return any(
        customer is not None
        and "do_not_call" in policy.fields(actor, registry.of(customer).key)
        and bool(customer.do_not_call)
        for customer in customers
    )


def _account(actor: Actor, contact: Record | None, readable: frozenset[str]) -> Record | None:
    number = getattr(contact, "account", None)
    if number is None or "account" not in readable:
        return None
    found: Record | None = (
        policy.scope(actor, "account").where(registry.entity("account").model.id == number).first()
    )
    return found


def _company(actor: Actor, account: Record | None, reader: Reader) -> Company | None:
    if account is None:
        return None
    definition = registry.entity("account")
    if definition.title not in policy.fields(actor, "account"):
        return None
    return Company(
        definition.name_of(account),
        f"/admin/account/{account.id}/",
        _badges(actor, definition, account, reader),
    )


def _badges(actor: Actor, definition: EntityDef, record: Record, reader: Reader) -> list[Markup]:
    keys = tuple(key for key in BADGES[definition.key] if definition.fields[key].kind.badge)
    return [f.html for f in facts_of(actor, definition, record, keys, reader, editable=False) if f.html]


def _facts(
    actor: Actor, definition: EntityDef, record: Record, account: Record | None, reader: Reader
) -> list[Fact]:
    """What is filled in; whoever has no address of their own is found at their company's."""
    keys = FACTS[definition.key]
    found = [f for f in facts_of(actor, definition, record, keys, reader, editable=False) if f.html]
    if account is not None and all(fact.key != "address" for fact in found):
        company = registry.entity("account")
        found += [
            f for f in facts_of(actor, company, account, ("address",), reader, editable=False) if f.html
        ]
    return found


def _history(
    actor: Actor, definition: EntityDef, record: Record, call: Call, reader: Reader
) -> list[TimelineItem]:
    """The last lines before this call."""
    own = f"/admin/call/{call.id}/"
    lines = timeline.newest(actor, definition, record, reader, LINES + 1)
    return [line for line in lines if line.url != own][:LINES]


Where = dict[str, int]


def _where(entity: str, record: Record, account: Record | None) -> Where:
    """The customers whose open things count: the person, and the company behind."""
    found = {entity: int(record.id)}
    if account is not None:
        found["account"] = int(account.id)
    return found


def _open(
    actor: Actor, entity: str, over: str, keys: tuple[str, ...], where: Where, reader: Reader
) -> OpenList | None:
    """Cases or opportunities of the customer that are not over: `over` is when one was."""
    definition = registry.entity(entity)
    readable = policy.fields(actor, entity)
    links = [key for key in where if key in readable and key in definition.fields]
    # A list that is chosen by a field tells of it.
    if not links or over not in readable:
        return None
    conditions = [getattr(definition.model, key) == where[key] for key in links]
    query = policy.scope(actor, entity).where(_any(conditions), getattr(definition.model, over).is_null())
    found = list(query.order_by(definition.model.created_at.desc()).limit(OPEN + 1))
    return _rows(definition, found, tuple(key for key in keys if key in readable), reader, readable)


def _meetings(actor: Actor, where: Where, reader: Reader) -> OpenList | None:
    """The next meeting with the customer."""
    definition = registry.entity("meeting")
    readable = policy.fields(actor, "meeting")
    if not {"regarding", "status", "starts_at"} <= readable:
        return None
    about = definition.fields["regarding"]
    conditions = [about.kind.points_at(about, definition.model, key, number) for key, number in where.items()]
    model: Any = definition.model
    query = policy.scope(actor, "meeting").where(
        _any(conditions), model.status == "planned", model.starts_at >= clock.now()
    )
    found = list(query.order_by(model.starts_at).limit(2))
    keys = tuple(key for key in ("starts_at", "location", "owner") if key in readable)
    return _rows(definition, found, keys, reader, readable, most=1)


def _any(conditions: list[Any]) -> Node:
    found = conditions[0]
    for condition in conditions[1:]:
        found = found | condition
    return found


def _rows(
    definition: EntityDef,
    found: list[Record],
    keys: tuple[str, ...],
    reader: Reader,
    readable: frozenset[str],
    most: int = OPEN,
) -> OpenList | None:
    if not found or definition.title not in readable:
        return None
    records.load_names(definition, found[:most], keys, reader)
    rows = [
        OpenRow(
            f"/admin/{definition.key}/{record.id}/",
            definition.name_of(record),
            record.late_by <= readable and record.is_late(),
            [made for key in keys if (made := cell(definition, record, key, reader)).html],
        )
        for record in found[:most]
    ]
    return OpenList(str(definition.plural), definition.icon, rows, len(found) > most)
