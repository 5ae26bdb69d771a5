"""Places: addresses of several countries, and points."""

from __future__ import annotations

from typing import Any

import pytest

from crm_admin.kinds import KINDS, FieldDef, Invalid
from crm_admin.kinds.place import Place, country_code
from tests.crm_admin.kinds.stage import reader

FIELD = FieldDef("f", KINDS["place"], "F")


def parsed(raw: Any, **changes: Any) -> Any:
    return FIELD.kind.parse(raw, FIELD, reader(**changes))


def shown(place: Place, language: str, country: str = "VN") -> str:
    return FIELD.kind.format(place, FIELD, reader(language, country=country))


VIETNAM = Place("1 Lê Lợi", "P. Bến Nghé", "Quận 1", None, "TP. Hồ Chí Minh", "70000", "VN")
CHINA = Place("人民路1号", None, "黄浦区", "上海", "上海", "200001", "CN")
USA = Place("1600 Amphitheatre Pkwy", city="Mountain View", province="CA", postal_code="94043", country="US")
FRANCE = Place("5 Rue de Rivoli", city="Paris", postal_code="75001", country="FR")


@pytest.mark.parametrize(
    ("place", "language", "country", "line"),
    [
        (VIETNAM, "vi", "VN", "1 Lê Lợi, P. Bến Nghé, Quận 1, TP. Hồ Chí Minh, 70000"),
        (VIETNAM, "en", "US", "1 Lê Lợi, P. Bến Nghé, Quận 1, TP. Hồ Chí Minh, 70000, Vietnam"),
        (CHINA, "zh", "CN", "200001上海黄浦区人民路1号"),
        (CHINA, "zh", "VN", "中国200001上海黄浦区人民路1号"),
        (CHINA, "en", "CN", "人民路1号, 黄浦区, 上海, 200001"),
        (USA, "en", "US", "1600 Amphitheatre Pkwy, Mountain View, CA 94043"),
        (USA, "vi", "VN", "1600 Amphitheatre Pkwy, Mountain View, CA 94043, Hoa Kỳ"),
        (FRANCE, "en", "FR", "5 Rue de Rivoli, 75001, Paris"),
        (Place(lat=10.5, lon=106.25, country="VN"), "en", "VN", "10.50000, 106.25000"),
    ],
)
def test_addresses_stand_in_the_order_of_their_country(
    place: Place, language: str, country: str, line: str
) -> None:
    assert shown(place, language, country) == line


def test_a_single_line_is_kept_as_the_street() -> None:
    assert parsed("  1 Lê Lợi,  Quận 1 ") == Place(street="1 Lê Lợi, Quận 1", country="VN")


def test_a_country_alone_is_no_place() -> None:
    assert parsed({"country": "VN", "street": " ", "lat": "", "lon": ""}) is None


@pytest.mark.parametrize(
    ("raw", "code"), [("vn", "VN"), ("Việt Nam", "VN"), ("Vietnam", "VN"), ("中国", "CN"), ("Hoa Ky", "US")]
)
def test_countries_have_names_in_every_language(raw: str, code: str) -> None:
    assert country_code(raw) == code


def test_points_are_both_or_neither_in_range_and_rounded() -> None:
    place = parsed(
        {"lat": "10.77690001234", "lon": -0.0, "level": "street", "accuracy_m": "99.6", "source": "import"}
    )
    assert (place.lat, str(place.lon), place.level, place.accuracy_m, place.source) == (
        10.7769,
        "0.0",
        "street",
        100,
        "import",
    )
    assert parsed({"street": "x", "level": "street", "accuracy_m": 5, "source": "import"}) == Place(
        "x", country="VN"
    )
    for raw in (
        {"lat": 1},
        {"lon": 1},
        {"lat": 90.1, "lon": 0},
        {"lat": 0, "lon": 180.1},
        {"lat": "NaN", "lon": "0"},
        {"lat": "inf", "lon": 0},
        {"lat": "1,5", "lon": "0"},
        {"lat": True, "lon": 0},
        {"lat": 0, "lon": 0, "accuracy_m": -1},
        {"lat": 0, "lon": 0, "level": "exact"},
        {"street": "x" * 201},
        {"street": "x", "country": "Atlantis"},
        {"road": "x"},
    ):
        with pytest.raises(Invalid):
            parsed(raw)


def test_near_says_what_it_needs() -> None:
    model: Any = type("Trial", (), {"f_lat": None, "f_lon": None})
    for raw in (
        "",
        "10,106",
        "10,106,0",
        "10,106,501",
        "10,106,-1",
        "91,0,1",
        "a,b,c",
        "10,106,5,6",
        {"lat": 1},
        "1,2,NaN",
        None,
    ):
        with pytest.raises(Invalid):
            FIELD.kind.where(FIELD, model, "near", raw, reader())
