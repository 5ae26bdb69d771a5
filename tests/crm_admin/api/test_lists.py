"""Lists: the filter language, sorting, paging by cursor, what is refused, and what a page costs."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from crm_admin import registry
from crm_admin.db import count_queries
from tests.crm_admin.api.house import House, Program


def ids(program: Program, path: str) -> list[int]:
    return [item["id"] for item in program.items(path)]


def walked(program: Program, path: str, limit: int) -> list[int]:
    """Every record of a list, page by page."""
    found: list[int] = []
    after: str | None = ""
    while after is not None:
        cursor = f"&after={quote(after)}" if after else ""
        page = program.get(f"{path}&limit={limit}{cursor}").json
        assert page is not None
        assert len(page["items"]) <= limit
        assert page["count"] == program.get(path).json["count"]  # type: ignore[index]
        found += [item["id"] for item in page["items"]]
        after = page["next"]
        assert len(found) < 500
    return found


@pytest.fixture
def sales(house: House) -> Program:
    """Eleven opportunities: ties, and values that are missing, in every column that is sorted by."""
    admin = house.program("admin")
    stages = [
        row.id for row in registry.entity("stage").model.select().order_by(registry.entity("stage").model.id)
    ]
    for number in range(11):
        fields: dict[str, Any] = {"name": f"Sale {number % 4}", "stage": stages[number % 3]}
        if number % 3:
            fields["close_date"] = f"2026-0{number % 3 + 1}-15"
        if number % 2:
            fields["amount"] = {"amount": 1000 * (number % 5), "currency": "VND"}
        if number % 4:
            fields["lost_reason"] = ("price", "timing", "other")[number % 3]
            fields["probability"] = 12.5 * (number % 3)
        admin.create("opportunity", **fields)
    return admin


def test_every_sort_gives_every_record_once(sales: Program) -> None:
    everything = sorted(ids(sales, "/opportunity?limit=200"))
    described = sales.get("/openapi.json").json
    assert described is not None
    parameters = described["paths"]["/opportunity"]["get"]["parameters"]
    sorts = next(p for p in parameters if p["name"] == "sort")["schema"]["enum"]
    assert {"name", "-name", "close_date", "amount", "probability", "lost_reason"} <= set(sorts)
    for sort in sorts:
        in_one = ids(sales, f"/opportunity?sort={sort}&limit=200")
        assert sorted(in_one) == everything, sort
        assert walked(sales, f"/opportunity?sort={sort}", 2) == in_one, sort


def test_records_that_come_meanwhile_do_not_shift_pages(sales: Program) -> None:
    first = sales.get("/opportunity?sort=name&limit=5").json
    assert first is not None
    sales.create("opportunity", name="A new one at the front")
    second = sales.get(f"/opportunity?sort=name&limit=200&after={first['next']}").json
    assert second is not None
    assert not {i["id"] for i in first["items"]} & {i["id"] for i in second["items"]}
    assert len(first["items"]) + len(second["items"]) == 11


def test_filters(house: House) -> None:
    admin = house.program("admin")
    an = admin.create(
        "contact", family_name="Nguyễn", given_name="An", mobile="0912345678", birthday="1990-02-28"
    )
    li = admin.create("contact", family_name="李", given_name="伟", email="li@example.com", do_not_call=True)
    place = {"city": "Huế", "country": "VN", "lat": 16.4637, "lon": 107.5909}
    ha = admin.create("contact", family_name="Trần", given_name="Hà", address=place, birthday="2000-12-01")
    expected = {
        "given_name=an": [an],
        "given_name__ne=An": [li, ha],
        "name__contains=nguyen": [an],
        "family_name__startswith=tr": [ha],
        "given_name__in=An,Hà": [an, ha],
        "email__isnull=false": [li],
        "birthday__lt=1995-01-01": [an],
        "birthday__gte=1990-02-28&birthday__lte=2000-12-01": [an, ha],
        "mobile=%2B84912345678": [an],
        "do_not_call=true": [li],
        "address__near=16.46,107.59,5": [ha],
        "q=tran ha": [ha],
        "created_at__gt=2000-01-01T00:00:00Z&q=李": [li],
        f"id__in={an['id']},{ha['id']}": [an, ha],
    }
    for argument, records in expected.items():
        assert sorted(ids(admin, "/contact?" + argument)) == [r["id"] for r in records], argument


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("unicorn=1", {"unicorn"}),
        ("name__near=1", {"name__near"}),
        ("name__like=a", {"name__like"}),
        ("birthday__lt=yesterday", {"birthday__lt"}),
        ("account=none", {"account"}),
        ("account=99999999999999999999", {"account"}),
        ("name=", {"name"}),
        ("sort=tags", {"sort"}),
        ("sort=--name", {"sort"}),
        ("limit=0", {"limit"}),
        ("limit=201", {"limit"}),
        ("limit=ten", {"limit"}),
        ("limit=1&limit=2", {"limit"}),
        ("names=yes", {"names"}),
        ("after=nonsense", {"after"}),
        ("after=WzAsIG51bGwsIDFd%00", {"after"}),
        ("before=x", {"before"}),
        ("columns=name", {"columns"}),
        ("view=1&format=csv", {"view", "format"}),
        ("q=" + "a" * 201, {"q"}),
        ("unicorn=1&limit=0&sort=x", {"unicorn", "limit", "sort"}),
        ("&".join(["name__ne=x"] * 21), {"name__ne"}),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(house: House, arguments: str, named: set[str]) -> None:
    answer = house.program("admin").get("/contact?" + arguments)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["errors"].keys() == named
    assert all(texts and all(texts) for texts in answer.json["errors"].values())


@pytest.mark.parametrize(
    ("sort", "place"),
    [
        ("name", [0, "a\x00b", 1]),
        ("name", [0, "\ud800", 1]),
        ("name", [0, None, 1]),
        ("name", [0, ["a"], 1]),
        ("name", [0, "a", 2**64]),
        ("name", [0, "a", "1"]),
        ("name", [0.5, "a", 1]),
        ("name", [7, "a", 1]),
        ("name", {"zone": 0}),
        ("name", [0, "a"]),
        ("close_date", [0, "2026-02-30", 1]),
        ("close_date", [0, 20260228, 1]),
        ("created_at", [0, "today", 1]),
        ("amount", [0, 2**64, 1]),
        ("amount", [0, "12", 1]),
    ],
)
def test_a_cursor_that_was_made_up_is_refused(house: House, sort: str, place: Any) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
    answer = house.program("admin").get(f"/opportunity?sort={sort}&after={cursor}")
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"].keys() == {"after"}


def test_names_of_linked_records(house: House) -> None:
    admin = house.program("admin")
    account = admin.create("account", name="Sao Mai")["id"]
    tag = admin.create("tag", name="VIP")["id"]
    admin.create("contact", given_name="An", account=account, tags=[tag])
    plain = admin.items("/contact?names=0")[0]
    assert plain["account"] == account
    assert plain["tags"] == [tag]
    assert "_names" not in plain
    named = admin.items("/contact?names=1")[0]
    assert named["_names"]["account"] == "Sao Mai"
    assert named["_names"]["tags"] == "VIP"
    assert named["_names"]["owner"] == "Admin"
    assert {k: v for k, v in named.items() if k != "_names"} == plain


def test_a_name_out_of_reach_is_not_told(house: House) -> None:
    admin = house.program("admin")
    account = admin.create("account", name="Sao Mai")["id"]
    made = admin.create("contact", given_name="An", account=account, owner=house.ids["rep"])["id"]
    seen = house.program("rep").get(f"/contact/{made}?names=1").json
    assert seen is not None
    assert seen["account"] == account
    assert "account" not in seen["_names"]


def test_the_count_stops_at_the_limit_and_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = house.program("admin")
    for number in range(4):
        admin.create("tag", name=f"Tag {number}")
    monkeypatch.setattr("crm_admin.api.collection.config", lambda: _Config(2))
    page = admin.get("/tag?limit=1").json
    assert page is not None
    assert (page["count"], page["count_is_exact"]) == (2, False)
    assert walk_count(admin) == 4


def walk_count(program: Program) -> int:
    return len(ids(program, "/tag?limit=200"))


class _Config:
    """As much of the settings as a list asks for."""

    def __init__(self, count_limit: int) -> None:
        self.records = type("Records", (), {"count_limit": count_limit})


def test_a_page_costs_four_queries(house: House) -> None:
    admin = house.program("admin")
    tag = admin.create("tag", name="VIP")["id"]
    for number in range(5):
        admin.create("contact", given_name=f"An {number}", tags=[tag])
    admin.get("/contact?limit=3")  # notes that the token was used, and compiles the rights
    with count_queries() as seen:
        assert admin.get("/contact?limit=3").status_code == 200
    # Who asks, how many there are, the page, and the links of its records.
    assert len(seen) == 4, seen


def test_times_are_utc_and_say_so(house: House) -> None:
    made = house.program("admin").create("task", subject="Call", due_at="2026-03-01T09:00:00+07:00")
    assert made["due_at"] == "2026-03-01T02:00:00Z"
    assert made["created_at"].endswith("Z")
    assert house.program("admin").create("task", subject="Call", due_at="2026-03-01T09:00")["due_at"] == (
        "2026-03-01T09:00:00Z"
    )
