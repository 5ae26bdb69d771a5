"""Invented people whose names are as frequent as they are in their country."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import NamedTuple

from crm_admin.seeds.corpus.tables import rows, spin, wheel

# Singapore's communities name their children differently; every other country is one group.
_GROUPS: dict[str, tuple[tuple[str, float], ...]] = {
    "SG": (("SG-zh", 76), ("SG-ms", 15), ("SG-in", 9)),
    **{country: ((country, 1),) for country in ("VN", "CN", "US", "GB", "DE")},
}


class Person(NamedTuple):
    """A name in its parts. `middle` may be empty; `gender` is "f" or "m"."""

    family: str
    middle: str
    given: str
    gender: str


class _Names(NamedTuple):
    family: tuple[str, ...]
    middle: dict[str, tuple[str, ...]]
    given: dict[str, tuple[str, ...]]


def person(rng: Random, country: str) -> Person:
    """Somebody who lives in `country`. Raises KeyError for a country without names."""
    names = spin(rng, _wheel_of(country))
    gender = "f" if rng.random() < 0.5 else "m"
    middle = spin(rng, names.middle[gender])
    given = spin(rng, names.given[gender])
    if middle.endswith(given):  # nobody is called Thị Mai Mai
        middle = ""
    return Person(spin(rng, names.family), middle, given, gender)


@cache
def readings() -> dict[str, str]:
    """How names in Chinese characters are written in Latin letters: 欧阳 → ouyang."""
    single = {value: reading for words in _words().values() for value, reading, _ in words if reading}
    return {**single, **_pairs("CN", "f"), **_pairs("CN", "m")}


@cache
def _wheel_of(country: str) -> tuple[_Names, ...]:
    return wheel((_names(group), weight) for group, weight in _GROUPS[country])


def _names(group: str) -> _Names:
    return _Names(
        family=wheel(_weighted(group, "family", "")),
        middle={gender: wheel(_middle(group, gender)) for gender in ("f", "m")},
        given={gender: wheel(_given(group, gender)) for gender in ("f", "m")},
    )


def _middle(group: str, gender: str) -> list[tuple[str, float]]:
    return [*_weighted(group, "middle", gender), *_weighted(group, "middle", "")] or [("", 1)]


def _given(group: str, gender: str) -> list[tuple[str, float]]:
    return [*_weighted(group, "given", gender), *((pair, 1) for pair in _pairs(group, gender))]


def _pairs(group: str, gender: str) -> dict[str, str]:
    """Given names of two characters with their reading: any first character before any second."""
    first = _words().get((group, "first", gender), [])
    second = _words().get((group, "second", gender), [])
    return {a + b: read_a + read_b for a, read_a, _ in first for b, read_b, _ in second}


def _weighted(group: str, part: str, gender: str) -> list[tuple[str, float]]:
    return [(value, weight) for value, _, weight in _words().get((group, part, gender), [])]


@cache
def _words() -> dict[tuple[str, str, str], list[tuple[str, str, float]]]:
    """(value, its reading in Latin letters or "", weight) by group, part of the name and gender."""
    found: dict[tuple[str, str, str], list[tuple[str, str, float]]] = {}
    for row in rows("names"):
        words = found.setdefault((row["group"], row["part"], row["gender"]), [])
        for word in row["values"].split("|"):
            value, _, reading = word.partition("=")
            words.append((value, reading, float(row["weight"])))
    return found
