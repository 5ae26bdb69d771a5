"""A place: the parts of an address, a point on the map, and how well that point is known."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import asdict, dataclass, fields
from functools import cache
from random import Random
from typing import Any

import peewee
from peewee import Case, Expression, Node, Value

from crm_admin.db import FoldField, contains
from crm_admin.folding import fold
from crm_admin.i18n import LANGUAGES, babel_locale, gettext, lazy_gettext
from crm_admin.kinds.base import FieldDef, Invalid, Kind, Raw, Reader, register, text_of, within
from crm_admin.kinds.text import FOLDED

PARTS = ("street", "ward", "district", "city", "province", "postal_code")
LEVELS = ("rooftop", "street", "poi", "ward", "postcode", "district", "city", "region")
"""How exact the point is, best first."""
SOURCES = ("provider", "import", "user_pin", "gps_checkin")
LONGEST = 200
NEAR_MOST_KM = 500
KM_PER_DEGREE = 111.195

_LARGEST_FIRST = ("CN", "TW", "HK", "MO", "JP")
_STATE_ZIP = ("US", "CA", "AU")


@dataclass(frozen=True)
class Place:
    """An address. `lat` and `lon` are WGS 84 degrees, both or neither; `accuracy_m` is a radius in metres."""

    street: str | None = None
    ward: str | None = None
    district: str | None = None
    city: str | None = None
    province: str | None = None
    postal_code: str | None = None
    country: str | None = None
    lat: float | None = None
    lon: float | None = None
    level: str | None = None
    accuracy_m: int | None = None
    source: str | None = None

    @property
    def has_point(self) -> bool:
        return self.lat is not None


_EVERYTHING = tuple(part.name for part in fields(Place))


class PlaceKind(Kind):
    """One column per part, `<name>_<part>`, and a folded line `<name>_fold` to search and sort by."""

    name = "place"
    label = lazy_gettext("Place")
    icon = "map-pin"
    inline = False
    operators = ("contains", "near", "isnull")
    wide = True

    def columns(self, field: FieldDef) -> dict[str, peewee.Field]:
        texts: dict[str, peewee.Field] = {
            part: peewee.TextField(null=True) for part in (*PARTS, "country", "level", "source")
        }
        return texts | {
            "lat": peewee.DoubleField(null=True),
            "lon": peewee.DoubleField(null=True),
            "accuracy_m": peewee.IntegerField(null=True),
            "fold": FoldField(null=True),
        }

    def read(self, record: Any, field: FieldDef) -> Place | None:
        parts = {part: getattr(record, self.column_name(field, part), None) for part in _EVERYTHING}
        return Place(**parts) if any(part is not None for part in parts.values()) else None

    def write(self, record: Any, field: FieldDef, value: Place | None) -> None:
        for part in _EVERYTHING:
            setattr(record, self.column_name(field, part), None if value is None else getattr(value, part))
        setattr(record, self.column_name(field, "fold"), None if value is None else _folded(value))

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> Place | None:
        """A dict of parts, or one line, which is kept as the street: only a geocoder can take it apart."""
        if not isinstance(raw, dict):
            return Place(street=_text(raw, LONGEST), country=reader.country)
        unknown = sorted(str(part)[:40] for part in raw if part not in (*_EVERYTHING, ""))
        if unknown:
            raise Invalid(gettext("A place has no part “%(name)s”.", name=unknown[0]))
        parts: dict[str, Any] = {part: _text(raw.get(part), LONGEST) for part in PARTS}
        parts["street"] = parts["street"] or _text(raw.get(""), LONGEST)
        lat, lon = _degrees(raw.get("lat"), 90), _degrees(raw.get("lon"), 180)
        if (lat is None) != (lon is None):
            raise Invalid(gettext("Give both latitude and longitude, or neither."))
        if lat is None and not any(parts.values()):
            return None
        return Place(
            **parts,
            country=country_code(raw.get("country")) or reader.country,
            lat=lat,
            lon=lon,
            level=_one_of(raw.get("level"), LEVELS) if lat is not None else None,
            accuracy_m=_metres(raw.get("accuracy_m")) if lat is not None else None,
            source=_one_of(raw.get("source"), SOURCES) if lat is not None else None,
        )

    def countries(self, reader: Reader) -> dict[str, str]:
        """What a form offers: code → name in the reader's language."""
        return countries(reader.language)

    def collect(self, form: Any, name: str) -> Raw:
        return {part: form.get(f"{name}-{part}", "") for part in _EVERYTHING}

    def is_posted(self, form: Any, name: str) -> bool:
        return f"{name}-street" in form

    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        """One line in the order of the place's own country; with the country where it is not the reader's."""
        if value is None:
            return ""
        line = address_line(value, reader.language)
        if not line and value.has_point:
            line = f"{value.lat:.5f}, {value.lon:.5f}"
        if value.country and value.country != reader.country:
            name = country_name(value.country, reader.language)
            return name + line if _glued(value, reader.language) else f"{line}, {name}"
        return line

    def draft(self, value: Any, field: FieldDef, reader: Reader) -> dict[str, str]:
        shown = dict.fromkeys(_EVERYTHING, "") | {"country": reader.country}
        if value is not None:
            shown |= {part: str(found) for part, found in asdict(value).items() if found is not None}
        return shown

    def dump(self, value: Any, field: FieldDef) -> dict[str, Any] | None:
        """The parts that are known."""
        return None if value is None else {part: v for part, v in asdict(value).items() if v is not None}

    def cells(self, value: Any, field: FieldDef, reader: Reader) -> dict[str, Any]:
        known = {} if value is None else self.dump(value, field) or {}
        return {part: known.get(part, "") for part in _EVERYTHING}

    def fold_source(self, value: Any, field: FieldDef) -> list[str]:
        return [] if value is None else [line for line in [address_line(value, "en")] if line]

    def schema(self, field: FieldDef) -> dict[str, Any]:
        text = {"type": "string", "minLength": 1, "maxLength": LONGEST}
        return {
            "type": "object",
            "properties": dict.fromkeys(PARTS, text)
            | {
                "country": {"type": "string", "pattern": "^[A-Z]{2}$"},
                "lat": {"type": "number", "minimum": -90, "maximum": 90},
                "lon": {"type": "number", "minimum": -180, "maximum": 180},
                "level": {"enum": list(LEVELS)},
                "accuracy_m": {"type": "integer", "minimum": 0, "maximum": _FARTHEST_M},
                "source": {"enum": list(SOURCES)},
            },
            "dependentRequired": {"lat": ["lon"], "lon": ["lat"], "level": ["lat"], "accuracy_m": ["lat"]},
            "minProperties": 1,
            "additionalProperties": False,
        }

    def request_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"anyOf": [self.schema(field), {"type": "string", "minLength": 1, "maxLength": LONGEST}]}

    def sample(self, field: FieldDef, rng: Random) -> dict[str, Any]:
        return {
            "street": f"{rng.randint(1, 300)} {rng.choice(('Lê Lợi', 'Hai Bà Trưng', 'Nguyễn Huệ'))}",
            "ward": rng.choice(("Phường Bến Nghé", "Phường Đa Kao")),
            "province": "Thành phố Hồ Chí Minh",
            "country": "VN",
            "lat": round(rng.uniform(10.70, 10.85), 6),
            "lon": round(rng.uniform(106.60, 106.80), 6),
            "level": "street",
            "accuracy_m": 100,
            "source": "provider",
        }

    def where(
        self, field: FieldDef, model: type[peewee.Model], operator: str, raw: Raw, reader: Reader
    ) -> Expression | Node:
        """`contains` looks in the folded line; `near` takes `lat,lon,km`."""
        if operator == "near":
            return near(self.column(field, model, "lat"), self.column(field, model, "lon"), *_circle(raw))
        line = self.column(field, model, "fold")
        if operator == "contains":
            text = fold(text_of(raw)[:1_000])[:FOLDED]
            if not text:
                raise Invalid(gettext("Give a value to compare with."))
            return contains(line, text)
        return super().where(field, model, operator, raw, reader)

    def column(self, field: FieldDef, model: type[peewee.Model], suffix: str = "") -> peewee.Field:
        """The folded line stands for the whole place: it is set whenever there is one."""
        return super().column(field, model, suffix or "fold")


def near(lat: Node, lon: Node, at_lat: float, at_lon: float, km: float) -> Expression:
    """Points within `km` of a point: a box that an index on (lat, lon) serves, then the flat distance.

    Plain arithmetic, the same on every database; east and west of the 180th meridian are neighbours.
    The distance is off by at most 3 % at 500 km, and not meant for the poles.
    """
    high = km / KM_PER_DEGREE
    shrink = math.cos(math.radians(at_lat))
    box = (lat >= at_lat - high) & (lat <= at_lat + high)
    east = lon - at_lon
    if shrink * 180 > high:
        wide = high / shrink
        west_edge, east_edge = at_lon - wide, at_lon + wide
        if west_edge < -180:
            box &= (lon >= west_edge + 360) | (lon <= east_edge)
        elif east_edge > 180:
            box &= (lon >= west_edge) | (lon <= east_edge - 360)
        else:
            box &= (lon >= west_edge) & (lon <= east_edge)
    # Bound values are floats here: coordinates are not exact to begin with.
    short = Case(None, [(east > 180.0, east - 360.0), (east < -180.0, east + 360.0)], east)
    north = lat - at_lat
    scaled = short * Value(shrink)
    return box & (north * north + scaled * scaled <= high * high)


def address_line(place: Place, language: str) -> str:
    """The address on one line, in the order of its own country, without the country."""
    parts = [getattr(place, part) for part in _order_of(place.country)]
    known = list(dict.fromkeys(part for part in parts if part))
    if place.country in _STATE_ZIP:
        tail = " ".join(part for part in (place.province, place.postal_code) if part)
        known = [part for part in (place.street, place.ward, place.district, place.city, tail) if part]
    if place.country in _LARGEST_FIRST and language == "zh":
        return "".join(known)
    return ", ".join(reversed(known) if place.country in _LARGEST_FIRST else known)


def _order_of(country: str | None) -> tuple[str, ...]:
    if country in _LARGEST_FIRST:
        return ("postal_code", "province", "city", "district", "ward", "street")
    if country == "VN":
        return ("street", "ward", "district", "city", "province", "postal_code")
    return ("street", "ward", "district", "postal_code", "city", "province")


def _glued(place: Place, language: str) -> bool:
    return place.country in _LARGEST_FIRST and language == "zh"


@cache
def countries(language: str) -> dict[str, str]:
    """ISO 3166 code → name in the reader's language, in the order of the names."""
    names = babel_locale(language).territories
    codes = [str(code) for code in names]
    codes = [code for code in codes if len(code) == 2 and code.isalpha() and code not in _NOT_COUNTRIES]
    return {code: names[code] for code in sorted(codes, key=lambda code: fold(names[code]))}


def country_name(code: str, language: str) -> str:
    """The country's name in the reader's language; the code where there is none."""
    return countries(language).get(code, code)


def country_code(raw: Raw) -> str | None:
    """ISO code of a country given by code or by its name in one of our languages. Raises Invalid for another text."""
    text = _text(raw, 80)
    if text is None:
        return None
    if text.upper() in countries("en"):
        return text.upper()
    wanted = fold(text)
    for language in LANGUAGES:
        for code, name in countries(language).items():
            if fold(name) == wanted:
                return code
    raise Invalid(gettext("“%(name)s” is not a country; use its two letters, like VN.", name=text))


_NOT_COUNTRIES = ("EU", "EZ", "UN", "QO", "XA", "XB", "ZZ")
_FARTHEST_M = 20_040_000


def _folded(place: Place) -> str:
    """Never empty, so that a place known only by its point is not an empty one."""
    line = fold(" ".join(v for v in (getattr(place, part) for part in PARTS) if v))
    return (line or f"{place.lat} {place.lon}")[:FOLDED]


def _text(raw: Raw, most: int) -> str | None:
    if raw is None:
        return None
    text = text_of(raw)
    within(text, 4 * most)
    text = " ".join(unicodedata.normalize("NFC", text).split())
    text = within(text, most)
    return text or None


def _number(raw: Raw) -> float | None:
    """A number written as programs and map services write it, with a point. Raises Invalid."""
    text = _text(raw, 40)
    if text is None:
        return None
    try:
        number = float(unicodedata.normalize("NFKC", text).replace("−", "-"))
    except ValueError as error:
        raise Invalid(gettext("Coordinates are numbers like 10.7769.")) from error
    if not math.isfinite(number):
        raise Invalid(gettext("Coordinates are numbers like 10.7769."))
    return number


def _degrees(raw: Raw, most: int) -> float | None:
    """Degrees to seven places, a centimetre. Raises Invalid beyond ±`most`."""
    number = _number(raw)
    if number is None:
        return None
    if abs(number) > most:
        raise Invalid(gettext("Coordinates lie between -%(most)s and %(most)s.", most=most))
    return round(number, 7) + 0.0  # + 0.0 turns -0.0 into 0.0


def _metres(raw: Raw) -> int | None:
    number = _number(raw)
    if number is None:
        return None
    if not 0 <= number <= _FARTHEST_M:
        raise Invalid(gettext("An accuracy is a distance in metres."))
    return round(number)


def _one_of(raw: Raw, known: tuple[str, ...]) -> str | None:
    text = _text(raw, 40)
    if text is not None and text not in known:
        raise Invalid(gettext("Use one of these: %(names)s.", names=", ".join(known)))
    return text


def _circle(raw: Raw) -> tuple[float, float, float]:
    """`lat,lon,km` of a `near`. Raises Invalid."""
    parts = list(raw) if isinstance(raw, list | tuple) else text_of(raw)[:200].split(",")
    if len(parts) != 3:
        raise Invalid(gettext("Write near as latitude,longitude,kilometres, like 10.77,106.70,5."))
    lat, lon, km = _degrees(parts[0], 90), _degrees(parts[1], 180), _number(parts[2])
    if lat is None or lon is None or km is None or not 0 < km <= NEAR_MOST_KM:
        raise Invalid(gettext("The distance is more than 0 and at most %(most)s km.", most=NEAR_MOST_KM))
    return lat, lon, km


register(PlaceKind())
