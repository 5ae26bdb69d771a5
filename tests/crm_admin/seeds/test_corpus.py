"""The corpora: one seed gives one world, numbers are numbers, places are where they are, nobody is reached."""

from __future__ import annotations

import string
from collections import Counter
from itertools import chain
from math import asin, cos, radians, sin, sqrt
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import phonenumbers
import pytest

from crm_admin.seeds.corpus import companies, emails, people, phones, places, story, tables, texts

BOXES = {  # south, west, north, east
    "VN": (8.3, 102.1, 23.4, 109.5),
    "CN": (18.1, 73.5, 53.6, 134.8),
    "SG": (1.2, 103.6, 1.48, 104.1),
    "US": (24.4, -125.0, 49.4, -66.9),
    "GB": (49.8, -8.7, 60.9, 1.8),
    "DE": (47.2, 5.8, 55.1, 15.1),
}
EVERY_COUNTRY = pytest.mark.parametrize("country", places.COUNTRIES)


def world(seed: int) -> list[tuple[object, ...]]:
    rng = Random(seed)
    return [story_of(rng, places.country(rng)) for _ in range(300)]


def story_of(rng: Random, country: str) -> tuple[object, ...]:
    person, address = people.person(rng, country), places.address(rng, country)
    company = companies.company(rng, country, address.city)
    slots = texts.Slots(person.given, company.name, spin_product(rng), address.city)
    return (
        person,
        address,
        company,
        phones.mobile(rng, country),
        phones.landline(rng, country, address.city),
        emails.email(rng, person, company.domain),
        texts.note(rng, "vi", slots),
        texts.case(rng, "zh", slots),
    )


def spin_product(rng: Random) -> str:
    return tables.spin(rng, texts.products()).names["vi"]


def kilometres(a: tuple[float, float], b: tuple[float, float]) -> float:
    (lat1, lon1), (lat2, lon2) = (tuple(map(radians, point)) for point in (a, b))
    h = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371 * asin(sqrt(h))


def centre(city: str) -> tuple[float, float]:
    return next((at.lat, at.lon) for at in places.districts() if at.city == city)


def test_one_seed_gives_one_world_and_another_seed_another() -> None:
    assert world(7) == world(7)
    assert world(7) != world(8)


def test_a_wheel_keeps_the_proportions_and_forgets_nobody() -> None:
    counts = Counter(tables.wheel((("often", 3), ("seldom", 1), ("hardly ever", 0.000001))))

    assert counts["often"] == pytest.approx(3 * counts["seldom"], rel=0.01)
    assert counts["hardly ever"] == 1


def test_customers_are_mostly_vietnamese_then_chinese() -> None:
    rng = Random(1)
    counts = Counter(places.country(rng) for _ in range(20_000))

    assert counts["VN"] / 20_000 == pytest.approx(0.70, abs=0.02)
    assert counts["CN"] / 20_000 == pytest.approx(0.15, abs=0.02)
    assert set(counts) == set(places.COUNTRIES)


def test_more_than_a_third_of_vietnamese_families_are_nguyen() -> None:
    rng = Random(1)
    counts = Counter(people.person(rng, "VN").family for _ in range(10_000))

    assert counts["Nguyễn"] / 10_000 == pytest.approx(0.36, abs=0.04)
    assert counts.most_common(3)[1][0] == "Trần"


def test_thi_is_a_womans_name_and_van_a_mans() -> None:
    rng = Random(1)
    met = [people.person(rng, "VN") for _ in range(5_000)]

    assert {person.gender for person in met if person.middle.startswith("Thị")} == {"f"}
    assert {person.gender for person in met if person.middle == "Văn"} == {"m"}
    assert not [person for person in met if person.middle.endswith(person.given)]


def test_singapore_keeps_the_names_of_a_community_together() -> None:
    rng = Random(1)
    malay = [person for person in (people.person(rng, "SG") for _ in range(2_000)) if person.middle]

    assert {person.middle for person in malay} == {"bin", "binte"}
    assert not {person.family for person in malay} & {"Tan", "Lim", "Pillai"}


def test_no_name_is_read_in_two_ways() -> None:
    spelled = [value for row in tables.rows("names") for value in row["values"].split("|") if "=" in value]

    by_name: dict[str, set[str]] = {}
    for name, _, reading in (value.partition("=") for value in spelled):
        by_name.setdefault(name, set()).add(reading)
    assert [name for name, readings in by_name.items() if len(readings) > 1] == []


@EVERY_COUNTRY
def test_mobile_numbers_are_numbers_of_their_country(country: str) -> None:
    rng = Random(2)
    for phone in {phones.mobile(rng, country) for _ in range(3_000)}:
        number = phonenumbers.parse(phone.raw, country)
        assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == phone.e164
        assert phonenumbers.is_possible_number(number), phone
        # Ofcom's mobiles for drama are the one reserved range that libphonenumber does not hold valid.
        assert phonenumbers.is_valid_number(number) == (country != "GB"), phone


@EVERY_COUNTRY
def test_a_fixed_line_exists_in_every_city_and_province(country: str) -> None:
    rng = Random(3)
    at_home = [at for at in places.districts() if at.country == country]
    for place in {name for at in at_home for name in (at.city, at.province)}:
        for phone in {phones.landline(rng, country, place) for _ in range(40)}:
            number = phonenumbers.parse(phone.raw, country)
            assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == phone.e164
            assert phonenumbers.is_valid_number(number), (place, phone)


def test_a_fixed_line_has_the_area_code_of_its_city() -> None:
    rng = Random(3)

    assert phones.landline(rng, "VN", "Nha Trang").e164.startswith("+84258")
    assert phones.landline(rng, "VN", "Khánh Hòa").e164.startswith("+84258")
    assert phones.landline(rng, "CN", "深圳").e164.startswith("+86755")
    with pytest.raises(KeyError):
        phones.landline(rng, "VN", "Atlantis")


def test_numbers_that_reach_somebody_are_not_used_where_a_country_reserves_some() -> None:
    rng = Random(4)
    for _ in range(500):
        assert "55501" in phones.mobile(rng, "US").e164
        assert phones.mobile(rng, "GB").e164.startswith("+447700900")
        assert phones.mobile(rng, "DE").e164.startswith(("+4917139200", "+49176040690"))


def test_people_write_one_number_in_many_ways() -> None:
    rng = Random(5)
    shapes = {"".join("9" if c.isdigit() else c for c in phones.mobile(rng, "VN").raw) for _ in range(500)}

    assert {"9999 999 999", "9999999999", "+99 99 999 99 99", "9999.999.999"} <= shapes


@EVERY_COUNTRY
def test_addresses_are_inside_their_country_and_in_town(country: str) -> None:
    rng = Random(6)
    south, west, north, east = BOXES[country]
    centres: dict[tuple[str, str], list[places.District]] = {}
    for at in places.districts():
        centres.setdefault((at.city, at.name), []).append(at)
    for _ in range(3_000):
        address = places.address(rng, country)
        assert address.country == country
        assert south < address.lat < north, address
        assert west < address.lon < east, address
        near = centres[address.city, address.district]
        distances = [
            kilometres((address.lat, address.lon), (at.lat, at.lon)) * 1000 - at.radius_m for at in near
        ]
        assert min(distances) < 5, address
        assert any(street in address.street for at in near for street in at.streets)
        assert "{" not in address.street


def test_districts_stay_small_enough_to_stay_ashore() -> None:
    assert max(at.radius_m for at in places.districts()) <= 2_000
    rng = Random(7)
    for _ in range(20_000):
        address = places.address(rng, "VN")
        if address.city == "Nha Trang":
            assert address.lon < 109.196  # the beach
        if address.district == "Quận Sơn Trà":
            assert 108.229 < address.lon < 108.244  # between the river Hàn and the beach
        if address.city == "Phú Quốc":
            assert address.lon > 103.958


@pytest.mark.parametrize(
    ("a", "b", "low", "high"),
    [
        ("Hà Nội", "Hồ Chí Minh", 1_135, 1_170),
        ("Hà Nội", "Hải Phòng", 80, 100),
        ("Hồ Chí Minh", "Cần Thơ", 125, 140),
        ("Hồ Chí Minh", "Vũng Tàu", 58, 72),
        ("Hồ Chí Minh", "Đà Lạt", 220, 240),
        ("Đà Nẵng", "Huế", 75, 90),
        ("Nha Trang", "Đà Nẵng", 420, 450),
        ("深圳", "广州", 85, 120),
        ("北京", "上海", 1_050, 1_085),
        ("成都", "重庆", 255, 280),
        ("London", "Manchester", 255, 270),
        ("Berlin", "München", 495, 515),
        ("New York", "Los Angeles", 3_920, 3_960),
    ],
)
def test_cities_are_as_far_apart_as_they_are(a: str, b: str, low: float, high: float) -> None:
    assert low < kilometres(centre(a), centre(b)) < high


def test_districts_of_one_city_are_near_each_other() -> None:
    for at in places.districts():
        limit = 45 if at.city in {"Hồ Chí Minh", "Hà Nội", "上海", "北京", "深圳", "广州", "佛山"} else 25
        assert kilometres((at.lat, at.lon), centre(at.city)) < limit, at


def test_the_corpus_knows_enough_cities() -> None:
    cities = {(at.country, at.city) for at in places.districts()}
    counts = Counter(country for country, _ in cities)

    assert counts["VN"] >= 45
    assert counts["CN"] >= 25
    assert counts["US"] >= 12
    assert counts["GB"] >= 6
    assert counts["DE"] >= 6
    assert len({at.name for at in places.districts() if at.city == "Hồ Chí Minh"}) >= 16


@EVERY_COUNTRY
def test_mail_addresses_are_plain_and_lead_nowhere(country: str) -> None:
    rng = Random(8)
    plain = set(string.ascii_lowercase + string.digits + ".@-")
    for _ in range(3_000):
        person, company = people.person(rng, country), companies.company(rng, country)
        address = emails.email(rng, person, company.domain)
        local, _, domain = address.partition("@")
        assert set(address) <= plain, address
        assert domain.endswith(".example")
        assert not local.startswith(".")
        assert not local.endswith(".")
        assert ".." not in local
        assert emails.latin(person.family)[:1] in local
    assert all(domain.endswith(".example") for domain in emails.PERSONAL_DOMAINS)


def test_names_are_folded_the_way_their_bearers_write_them() -> None:
    assert emails.latin("Đỗ") == "do"
    assert emails.latin("Nguyễn") == "nguyen"
    assert emails.latin("欧阳") == "ouyang"
    assert emails.latin("思雨"[0]) + emails.latin("雨") == "siyu"
    assert emails.latin("Weiß") == "weiss"


@pytest.mark.parametrize(
    ("country", "forms"),
    [
        ("VN", {"Công ty TNHH", "Công ty Cổ phần"}),
        ("CN", {"有限公司", "股份有限公司"}),
        ("US", {"LLC", "Inc."}),
        ("GB", {"Ltd", "LLP"}),
        ("DE", {"GmbH", "e. K."}),
        ("SG", {"Pte. Ltd.", "LLP"}),
    ],
)
def test_companies_carry_the_legal_forms_of_their_country(country: str, forms: set[str]) -> None:
    rng = Random(9)
    met = [companies.company(rng, country) for _ in range(2_000)]

    assert forms <= {company.legal_form for company in met}
    assert all(company.legal_form in company.name for company in met)
    assert {company.industry for company in met} == set(companies.industries())
    assert len({company.name for company in met}) > 1_000


def test_a_chinese_company_names_its_seat_first() -> None:
    assert companies.company(Random(1), "CN", "深圳").name.startswith("深圳")


def slots_of(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize(
    "kind", ["note", "task", "meeting", "case", "opportunity", "lead_source", "lost_reason"]
)
def test_every_language_says_the_same(kind: str) -> None:
    languages = [texts.templates(kind, language) for language in texts.LANGUAGES]
    for said in zip(*languages, strict=True):
        flat = [list(chain([text] if isinstance(text, str) else text)) for text in said]
        assert len({frozenset(chain.from_iterable(map(slots_of, parts))) for parts in flat}) == 1, said
        assert set(chain.from_iterable(slots_of(text) for text in flat[0])) <= set(texts.Slots._fields)


def test_texts_speak_of_the_customer_at_hand() -> None:
    slots = texts.Slots("chị Lan", "Công ty TNHH Cà phê Gió Chiều", "Máy xay G64", "Đà Lạt")
    rng = Random(10)
    said = " ".join(
        chain(
            (texts.note(rng, "vi", slots) for _ in range(50)),
            (texts.task(rng, "vi", slots) for _ in range(50)),
            (texts.meeting(rng, "vi", slots) for _ in range(50)),
            (texts.opportunity(rng, "vi", slots) for _ in range(50)),
            (part for _ in range(50) for part in texts.case(rng, "vi", slots)),
        )
    )
    assert all(word in said for word in slots)
    assert "{" not in said


def test_the_catalogue_has_thirty_priced_products_in_known_lines() -> None:
    catalogue = texts.products()

    assert len(catalogue) == len({product.sku for product in catalogue}) == 30
    assert {product.line for product in catalogue} == {line.key for line in story.PRODUCT_LINES}
    assert all(100_000 <= product.price_vnd <= 200_000_000 for product in catalogue)
    assert all(product.names[language] for product in catalogue for language in texts.LANGUAGES)


def test_the_demo_company_is_complete() -> None:
    assert [person.username for person in story.PEOPLE] == [
        "admin", "supervisor", "agent", "agent2", "office", "rep", "rep2", "viewer",
    ]  # fmt: skip
    assert {person.team for person in story.PEOPLE} == {team.key for team in story.TEAMS}
    assert {team.branch for team in story.TEAMS} == {branch.key for branch in story.BRANCHES}
    assert {person.language for person in story.PEOPLE} == set(texts.LANGUAGES)
    for zone in (story.TIME_ZONE, *(each.time_zone for each in (*story.PEOPLE, *story.BRANCHES))):
        assert ZoneInfo(zone)
    for branch in story.BRANCHES:
        here = (branch.address.lat, branch.address.lon)
        assert kilometres(here, centre(branch.address.city)) < 20
        assert branch.address.district in {at.name for at in places.districts()}


def test_the_data_stays_small() -> None:
    data = Path(tables.__file__).parent / "data"
    assert sum(file.stat().st_size for file in data.iterdir()) <= 150_000
