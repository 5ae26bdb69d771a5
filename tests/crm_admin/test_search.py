"""Finding records by what people type, alike on both databases."""

from __future__ import annotations

import pytest
from flask import Flask

from crm_admin import records, registry, search
from tests.people import Person

NAMES = (
    "Công ty Cà phê Đắk Lắk",
    "Cà Phê Sữa",
    "Ca phe Vien",
    "深圳科技有限公司",
    "Lê Anh",
    "Nguyễn Đạt",
    "Bob's 50% & Co_",
)


@pytest.fixture
def office(crm: Flask) -> Person:
    person = Person(crm, "office")
    for name in NAMES:
        person.owns("account", name=name)
    return person


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("dak lak", {"Công ty Cà phê Đắk Lắk"}),
        ("CÀ PHÊ", {"Công ty Cà phê Đắk Lắk", "Cà Phê Sữa", "Ca phe Vien"}),
        ("科技", {"深圳科技有限公司"}),
        ("深圳", {"深圳科技有限公司"}),
        ("le", {"Lê Anh"}),
        ("phe vien", {"Ca phe Vien"}),
        ("n", {"Nguyễn Đạt"}),
        ("50", {"Bob's 50% & Co_"}),
        ("zzz", set()),
        ("%", set()),
        ("' OR 1=1 --", set()),
    ],
)
def test_a_search_finds(office: Person, query: str, names: set[str]) -> None:
    found = search.within(office.actor, registry.entity("account"), query, records.reader(office.actor))
    assert {hit.label for hit in found} == names


def test_accents_that_were_typed_count(office: Person) -> None:
    found = search.within(office.actor, registry.entity("account"), "ca phe", records.reader(office.actor))
    assert found[0].label == "Ca phe Vien"
    found = search.within(office.actor, registry.entity("account"), "cà phê", records.reader(office.actor))
    assert found[0].label == "Cà Phê Sữa"


def test_a_common_word_is_found_by_walking(office: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "COMMON", 1)
    found = search.within(office.actor, registry.entity("account"), "phe", records.reader(office.actor))
    assert len(found) == 3


def test_a_changed_name_is_found_and_the_old_one_is_not(office: Person) -> None:
    account = office.owns("account", name="Before")
    records.update(office.actor, account, {"name": "Afterwards"})
    seeing = records.reader(office.actor)
    assert search.within(office.actor, registry.entity("account"), "before", seeing) == []
    assert len(search.within(office.actor, registry.entity("account"), "afterwards", seeing)) == 1


def test_a_part_of_a_phone_number_finds_its_owner(crm: Flask) -> None:
    office = Person(crm, "office")
    office.post("/admin/account/new/", {"name": "Ringing", "phone": "028 3822 1234"})
    for typed in ("38221234", "02838221234", "+842838221234", "3822 1234"):
        assert "Ringing" in office.get("/search", query_string={"q": typed}).text, typed
