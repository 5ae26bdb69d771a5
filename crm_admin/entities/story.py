"""On whose history a record shows: the one it is about, and upward to the customer."""

from __future__ import annotations

from typing import Any

from crm_admin import registry

Subject = tuple[str, int]

CUSTOMERS = ("account", "contact", "lead", "opportunity", "case")
"""Entities that notes, tasks and meetings can be about."""

# Entity → its links that lead nearer to the customer, as (column, entity linked to).
_UPWARD: dict[str, tuple[tuple[str, str], ...]] = {
    "contact": (("account", "account"),),
    "lead": (("converted_contact", "contact"), ("converted_account", "account")),
    "opportunity": (("account", "account"), ("contact", "contact")),
    "case": (("account", "account"), ("contact", "contact")),
}


def above(entity: str, record: Any) -> list[Subject]:
    """The customers a record of `entity` belongs to, by its own links; no query."""
    found = ((target, getattr(record, column)) for column, target in _UPWARD.get(entity, ()))
    return [(target, number) for target, number in found if number is not None]


def of_customer(record: Any) -> list[Subject]:
    """For contact, lead, opportunity and case: the customers above."""
    return above(registry.of(record).key, record)


def of_regarding(record: Any) -> list[Subject]:
    """For what is about another record: that record and the customers above it; at most one query."""
    entity, number = record.regarding_entity, record.regarding_id
    if entity is None or number is None:
        return []
    return [(entity, number), *_above_id(entity, number)]


def _above_id(entity: str, number: int) -> list[Subject]:
    links = _UPWARD.get(entity, ())
    if not links:
        return []
    model = registry.entity(entity).model
    row = model.select(*(getattr(model, column) for column, _ in links)).where(model.id == number).first()
    return above(entity, row) if row else []
