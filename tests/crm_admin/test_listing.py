"""One question about many records: filters, sorting, paging, counting."""

from __future__ import annotations

from collections import Counter

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from crm_admin import db, listing, records, registry, search
from crm_admin.kinds import Reader
from crm_admin.registry import Record
from tests.people import Person


def _ask(person: Person, query: str, limit: int = 50) -> tuple[listing.ListQuery, listing.Page]:
    pairs = [(key, value) for key, _, value in (part.partition("=") for part in query.split("&")) if key]
    asked = listing.parse(person.actor, registry.entity("account"), MultiDict(pairs), limit=limit)
    return asked, listing.page(person.actor, asked, Reader())


@pytest.fixture
def accounts(crm: Flask) -> list[Record]:
    """Thirty accounts with ties and empty values in every column that is sorted by."""
    office = Person(crm, "office")
    tiers = ["A", "B", None, "C", None]
    return [
        office.owns("account", name=f"Firm {n // 3:02}", tier=tiers[n % 5], employees=n % 4 or None)
        for n in range(30)
    ]


@pytest.mark.parametrize(
    "sort", ["name", "-name", "tier", "-tier", "employees", "-employees", "id", "-created_at"]
)
def test_pages_forth_and_back_meet_every_record_once(crm: Flask, accounts: list[Record], sort: str) -> None:
    office = Person(crm, "office")
    forth: list[list[int]] = []
    query, page = _ask(office, f"sort={sort}", limit=7)
    while True:
        forth.append([record.id for record in page.records])
        if page.next is None:
            break
        query, page = _ask(office, f"sort={sort}&after={page.next}", limit=7)
    assert Counter(number for ids in forth for number in ids) == Counter(record.id for record in accounts)
    back = [forth[-1]]
    while page.previous is not None:
        query, page = _ask(office, f"sort={sort}&before={page.previous}", limit=7)
        back.append([record.id for record in page.records])
    assert back[::-1] == forth
    assert query.problems == {}


def test_empty_values_come_last_both_ways(crm: Flask, accounts: list[Record]) -> None:
    office = Person(crm, "office")
    for sort in ("employees", "-employees", "tier", "-tier"):
        values = [getattr(record, sort.lstrip("-")) for record in _ask(office, f"sort={sort}")[1].records]
        first_empty = values.index(None)
        assert all(value is None for value in values[first_empty:]), sort
        filled = values[:first_empty]
        assert filled == sorted(filled, reverse=sort.startswith("-")), sort


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("nonsense=1", "nonsense"),
        ("name__near=1,2,3", "name__near"),
        ("sort=nonsense", "sort"),
        ("sort=tags", "sort"),
        ("limit=0", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("after=@@@", "after"),
        ("after=WzAsbnVsbCwiYSJd", "after"),
        ("employees__gt=many", "employees__gt"),
        ("tier=Z", "tier"),
    ],
)
def test_what_makes_no_sense_is_named(sqlite_crm: Flask, query: str, key: str) -> None:
    asked, _ = _ask(Person(sqlite_crm, "office"), query)
    assert key in asked.problems


def test_a_count_stops_at_its_limit(crm: Flask, accounts: list[Record]) -> None:
    office = Person(crm, "office")
    asked = listing.parse(office.actor, registry.entity("account"), MultiDict(), limit=5)
    page = listing.page(office.actor, asked, Reader(), count_limit=10)
    assert (page.count, page.exact) == (10, False)
    assert listing.page(office.actor, asked, Reader(), count_limit=100).count == 30


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("phone__contains=0912 345", ["Cà phê Sáng"]),
        ("phone__contains=345 67", ["Cà phê Sáng", "Phê bình"]),
        ("phone__contains=99", []),
        ("name__contains=phe s", ["Cà phê Sáng"]),
        ("name__contains=PHÊ", ["Cà phê Sáng", "Phê bình"]),
        ("name__contains=phe&phone__contains=4567", ["Cà phê Sáng", "Phê bình"]),
        ("name__contains=bình&phone__contains=912", []),
        ("email__contains=_tin@ca", ["Cà phê Sáng"]),
        ("email__contains=phone", []),
    ],
)
@pytest.mark.parametrize("common", [0, search.COMMON])
def test_part_of_a_text_is_found_with_and_without_the_index(
    crm: Flask, monkeypatch: pytest.MonkeyPatch, query: str, found: list[str], common: int
) -> None:
    monkeypatch.setattr(search, "COMMON", common)
    office = Person(crm, "office")
    morning = {"phone": "0912 345 678", "email": "an_tin@caphe.example", "website": "https://phone.example"}
    for name, rest in {"Cà phê Sáng": morning, "Phê bình": {"phone": "0987 034 567"}, "Trà": {}}.items():
        raw = {"name": name, **rest}
        seeing = records.reader(office.actor)
        values = records.parse(office.actor, registry.entity("account"), raw, seeing)
        records.create(office.actor, "account", values, reader=seeing)
    assert [record.name for record in _ask(office, query)[1].records] == found


def test_part_of_a_number_is_looked_up_instead_of_read_for(sqlite_crm: Flask) -> None:
    with db.count_queries() as seen:
        _ask(Person(sqlite_crm, "office"), "phone__contains=0912345")
    assert all('FROM "account_search"' in sql for sql in seen if 'FROM "account"' in sql)


def test_a_question_survives_its_address(sqlite_crm: Flask) -> None:
    office = Person(sqlite_crm, "office")
    asked, _ = _ask(office, "tier=A&name__contains=ph%C3%AA&q=x y&sort=-name")
    again = listing.parse(office.actor, registry.entity("account"), MultiDict(asked.args()), limit=50)
    assert again == asked


def test_walking_meets_every_record_in_batches(crm: Flask, accounts: list[Record]) -> None:
    office = Person(crm, "office")
    asked, _ = _ask(office, "sort=tier")
    batches = list(listing.walk(office.actor, asked, Reader(), size=8))
    assert [len(batch) for batch in batches] == [8, 8, 8, 6]
    assert len({record.id for batch in batches for record in batch}) == 30


def test_sums_are_kept_apart_by_currency(crm: Flask) -> None:
    office = Person(crm, "office")
    definition = registry.entity("opportunity")
    seeing = records.reader(office.actor)
    for amount in ("1000 USD", "500 USD", "2000000 VND"):
        values = records.parse(office.actor, definition, {"name": "Deal", "amount": amount}, seeing)
        records.create(office.actor, "opportunity", values, reader=seeing)
    asked = listing.parse(office.actor, definition, MultiDict(), limit=50)
    found = {str(total) for _, total in listing.totals(office.actor, asked, seeing, "amount", "stage")}
    assert len(found) == 2
