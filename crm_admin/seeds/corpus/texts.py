"""What people write into a CRM, in English, Vietnamese and Chinese, and what the demo company sells."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any, NamedTuple

from crm_admin.seeds.corpus.tables import document, rows, spin

LANGUAGES = ("en", "vi", "zh")


class Slots(NamedTuple):
    """Whom and what a text is about, in the words it shall use."""

    contact: str
    company: str
    product: str
    city: str


class Case(NamedTuple):
    """What a customer complains about."""

    subject: str
    description: str


class Product(NamedTuple):
    """An article of the catalogue: price in đồng (which has no minor unit), name per language."""

    sku: str
    line: str
    price_vnd: int
    names: dict[str, str]


def note(rng: Random, language: str, slots: Slots) -> str:
    """What somebody noted after a call or a visit."""
    return _text(rng, "note", language, slots)


def task(rng: Random, language: str, slots: Slots) -> str:
    """The subject of something to do."""
    return _text(rng, "task", language, slots)


def meeting(rng: Random, language: str, slots: Slots) -> str:
    """The subject of a meeting."""
    return _text(rng, "meeting", language, slots)


def opportunity(rng: Random, language: str, slots: Slots) -> str:
    """The name of a possible sale."""
    return _text(rng, "opportunity", language, slots)


def case(rng: Random, language: str, slots: Slots) -> Case:
    """A complaint or a wish of a customer."""
    subject, description = spin(rng, templates("case", language))
    words = slots._asdict()
    return Case(subject.format_map(words), description.format_map(words))


def lead_sources(language: str) -> tuple[str, ...]:
    """Where leads come from; the same source at the same place in every language."""
    return templates("lead_source", language)


def lost_reasons(language: str) -> tuple[str, ...]:
    """Why sales are lost; the same reason at the same place in every language."""
    return templates("lost_reason", language)


@cache
def products() -> tuple[Product, ...]:
    """The whole catalogue."""
    return tuple(
        Product(row["sku"], row["line"], int(row["price_vnd"]), {key: row[key] for key in LANGUAGES})
        for row in rows("products")
    )


@cache
def templates(kind: str, language: str) -> tuple[Any, ...]:
    """The texts of one kind with their {slots} open; a case is a pair. Raises KeyError for an unknown one."""
    return tuple(_document()[kind][language])


def _text(rng: Random, kind: str, language: str, slots: Slots) -> str:
    template: str = spin(rng, templates(kind, language))
    return template.format_map(slots._asdict())


@cache
def _document() -> Any:
    return document("texts")
