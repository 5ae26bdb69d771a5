"""Addresses in real streets of real districts, with positions near the district's centre.

Vietnamese addresses have the form people still write: ward, district, province as before July 2025.
"""

from __future__ import annotations

from functools import cache
from math import cos, pi, radians, sin, sqrt
from random import Random
from typing import NamedTuple

from crm_admin.seeds.corpus.tables import rows, spin, wheel

COUNTRIES = ("VN", "CN", "SG", "US", "GB", "DE")

_METRES_PER_DEGREE = 111_320
_CUSTOMERS = wheel(zip(COUNTRIES, (70, 15, 5, 4, 3, 3), strict=True))
# {0} is the street, {1} the number of the house, {2} of the alley, floor or suite.
_LINES = {
    "VN": wheel((("{1} {0}", 4), ("{1}/{2} {0}", 1))),
    "CN": wheel((("{0}{1}号", 3), ("{0}{1}号{2}楼", 2))),
    "SG": wheel((("{1} {0}", 2), ("{1} {0} #{2:02d}-{1:02d}", 1))),
    "US": wheel((("{1} {0}", 4), ("{1} {0}, Suite {2}", 1))),
    "GB": wheel((("{1} {0}", 1),)),
    "DE": wheel((("{0} {1}", 1),)),
}
_HANOI_LINES = wheel((("{1} {0}", 3), ("Số {1} ngõ {2} {0}", 1)))


class Address(NamedTuple):
    """A postal address and its position in WGS84 degrees. `ward` may be empty."""

    street: str
    ward: str
    district: str
    province: str
    city: str
    postal_code: str
    country: str
    lat: float
    lon: float


class District(NamedTuple):
    """An urban area: its centre in degrees, and how far from it (metres) it is still town, not sea."""

    country: str
    province: str
    city: str
    name: str
    lat: float
    lon: float
    radius_m: int
    metres_per_lon: float
    weight: float
    postal_code: str
    landline: str
    wards: tuple[str, ...]
    streets: tuple[str, ...]
    lines: tuple[str, ...]


def country(rng: Random) -> str:
    """Where a customer of the demo company is: mostly Vietnam (70 %), then China (15 %)."""
    return spin(rng, _CUSTOMERS)


def address(rng: Random, country: str) -> Address:
    """An address in `country`, large cities more often. Raises KeyError for a country without places."""
    at = spin(rng, _wheels()[country])
    angle = 2 * pi * rng.random()
    metres = at.radius_m * sqrt(rng.random())
    return Address(
        spin(rng, at.lines).format(
            spin(rng, at.streets), 1 + int(rng.random() * 299), 1 + int(rng.random() * 29)
        ),
        spin(rng, at.wards),
        at.name,
        at.province,
        at.city,
        at.postal_code,
        country,
        _micro(at.lat + metres * sin(angle) / _METRES_PER_DEGREE),
        _micro(at.lon + metres * cos(angle) / at.metres_per_lon),
    )


def _micro(degrees: float) -> float:
    """Cut after the sixth decimal (11 cm): `round` would cost as much as the rest of the position."""
    return int(degrees * 1_000_000) / 1_000_000


@cache
def districts() -> tuple[District, ...]:
    """Every district the corpus knows."""
    return tuple(_district(row) for row in rows("places"))


@cache
def _wheels() -> dict[str, tuple[District, ...]]:
    return {
        country: wheel((at, at.weight) for at in districts() if at.country == country)
        for country in COUNTRIES
    }


def _district(row: dict[str, str]) -> District:
    return District(
        country=row["country"],
        province=row["province"],
        city=row["city"],
        name=row["district"],
        lat=float(row["lat"]),
        lon=float(row["lon"]),
        radius_m=int(row["radius_m"]),
        metres_per_lon=_METRES_PER_DEGREE * cos(radians(float(row["lat"]))),
        weight=float(row["weight"]),
        postal_code=row["postal_code"],
        landline=row["landline"],
        wards=tuple(row["wards"].split("|")),
        streets=tuple(row["streets"].split("|")),
        lines=_HANOI_LINES if row["city"] == "Hà Nội" else _LINES[row["country"]],
    )
