"""Phone numbers as people type them, with the E.164 form known from the start.

American, British and German numbers come from ranges reserved for fiction (555-01xx, Ofcom's drama numbers,
Bundesnetzagentur's drama numbers). libphonenumber accepts all of them as valid except British mobiles
(07700 900xxx), which it holds possible but not valid. Vietnam, China and Singapore reserve no such range:
their numbers are valid and may belong to somebody, so nothing may ever dial a seeded number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from operator import itemgetter
from random import Random
from typing import NamedTuple

from crm_admin.seeds.corpus.places import districts
from crm_admin.seeds.corpus.tables import rows, spin, wheel


class Phone(NamedTuple):
    """A number as somebody wrote it, and the same number in E.164."""

    raw: str
    e164: str


class _Style(NamedTuple):
    """One way to write a number: `groups` cuts the national digits into what `template` takes."""

    template: str
    groups: Callable[[str], object]


class _Block(NamedTuple):
    """`span` national numbers that share their first digits: `national % 0` is the first. How people write them."""

    calling_code: str
    national: str
    span: int
    styles: tuple[_Style, ...]


def mobile(rng: Random, country: str) -> Phone:
    """A mobile number of `country`. Raises KeyError for a country without a numbering plan."""
    return _draw(rng, spin(rng, _mobiles()[country]))


def landline(rng: Random, country: str, place: str) -> Phone:
    """A fixed line in `place`, the city or province of an `Address`. Raises KeyError for an unknown place.

    A province may have several area codes and answers with any of them; name the city to be exact.
    """
    return _draw(rng, spin(rng, _landlines()[country, place]))


def e164(calling_code: str, national: str) -> str:
    """The international form of a national number without its trunk 0: ("84", "903123456") → +84903123456."""
    return f"+{calling_code}{national}"


def _draw(rng: Random, block: _Block) -> Phone:
    national = block.national % int(rng.random() * block.span)
    style = spin(rng, block.styles)
    return Phone(style.template % style.groups(national), e164(block.calling_code, national))


@cache
def _mobiles() -> dict[str, tuple[_Block, ...]]:
    plans: dict[str, list[tuple[_Block, float]]] = {}
    for row in rows("mobiles"):
        blocks = [
            _block(row["country"], "mobile", prefix, row["rest"]) for prefix in row["prefixes"].split("|")
        ]
        plans.setdefault(row["country"], []).extend((block, float(row["weight"])) for block in blocks)
    return {country: wheel(plan) for country, plan in plans.items()}


@cache
def _landlines() -> dict[tuple[str, str], tuple[_Block, ...]]:
    """The blocks of every city and of every province, by country and name."""
    blocks: dict[tuple[str, str], dict[_Block, None]] = {}
    for at in districts():
        area, rest = at.landline.split(" ")
        block = _block(at.country, "landline", area, rest)
        for place in (at.city, at.province):
            blocks.setdefault((at.country, place), {})[block] = None
    return {place: tuple(found) for place, found in blocks.items()}


def _block(country: str, kind: str, area: str, rest: str) -> _Block:
    """The block written `area` and `rest`, where each "x" of `rest` stands for any digit."""
    found = list(_styles(country, kind, len(area), len(area + rest)))
    digits = rest.count("x")
    national = f"{area}{rest.rstrip('x')}%0{digits}d"
    return _Block(found[0][0], national, 10**digits, wheel((style, weight) for _, style, weight in found))


def _styles(country: str, kind: str, area_digits: int, length: int) -> Iterator[tuple[str, _Style, float]]:
    """(calling code, style, weight) of the ways to write `length` digits after such an area code."""
    for row in _style_rows():
        fits = row["style"].count("x") == length and int(row["area_digits"]) == area_digits
        if fits and (row["country"], row["kind"]) == (country, kind):
            yield row["calling_code"], _style(row["style"]), float(row["weight"])


def _style(pattern: str) -> _Style:
    """`pattern` with an "x" for each digit: "0xx xxxx" puts two digits, then four, behind a trunk 0."""
    runs = [len(run) for run in re.findall("x+", pattern)]
    cuts = [slice(sum(runs[:i]), sum(runs[: i + 1])) for i in range(len(runs))]
    return _Style(re.sub("x+", "%s", pattern), itemgetter(*cuts))


@cache
def _style_rows() -> list[dict[str, str]]:
    return rows("phone_styles")
