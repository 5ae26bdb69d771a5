"""Invented companies: neutral words, the legal forms of their country, a web domain nobody can own."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any, NamedTuple

from crm_admin.folding import fold
from crm_admin.seeds.corpus.tables import document, spin, wheel

_TRADE_LANGUAGE = {"VN": "vi", "CN": "zh", "DE": "de", "US": "en", "GB": "en", "SG": "en"}


class Company(NamedTuple):
    """A company: full legal name, the legal form in it, industry (one of `industries()`), web domain."""

    name: str
    legal_form: str
    industry: str
    domain: str


class _Words(NamedTuple):
    layout: str
    forms: tuple[str, ...]
    brands: tuple[tuple[str, str], ...]
    trades: dict[str, tuple[str, ...]]


def company(rng: Random, country: str, city: str = "") -> Company:
    """A company of `country`; a Chinese name begins with the `city` of its seat when one is given.

    Names repeat now and then, as they do in life. Raises KeyError for a country without words.
    """
    words = _words(country)
    industry = spin(rng, _industries())
    form = spin(rng, words.forms)
    brand, slug = spin(rng, words.brands)
    trade = spin(rng, words.trades[industry])
    name = words.layout.format(form=form, brand=brand, trade=trade, city=city)
    return Company(name, form, industry, f"{slug}-{industry}.example")


def industries() -> tuple[str, ...]:
    """Every industry a company may have, the most frequent first."""
    return tuple(dict.fromkeys(_industries()))


@cache
def _industries() -> tuple[str, ...]:
    return wheel((key, weight) for key, weight in _document()["industries"])


@cache
def _words(country: str) -> _Words:
    words = _document()[country]
    language = _TRADE_LANGUAGE[country]
    return _Words(
        layout=words["layout"],
        forms=wheel((form, weight) for form, weight in words["forms"]),
        brands=tuple(_brand(a, b, words["joint"]) for a in words["first"] for b in words["second"]),
        trades={key: tuple(names[language]) for key, names in _document()["trades"].items()},
    )


def _brand(first: str, second: str, joint: str) -> tuple[str, str]:
    """The brand of two words, and its part of a domain: Gió Chiều, gio-chieu; 云溪, yun-xi."""
    (a, _, read_a), (b, _, read_b) = first.partition("="), second.partition("=")
    slug = fold(f"{read_a or a} {read_b or b}").replace(" ", "-")
    return a + joint + b, slug


@cache
def _document() -> Any:
    return document("companies")
