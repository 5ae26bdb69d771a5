"""Many rows in one request: one answer per row, and a bad row harms no other."""

from __future__ import annotations

from typing import Any

import pytest

from crm_admin import db
from tests.crm_admin.api.house import House, Program


def sent(program: Program, rows: Any, entity: str = "account") -> list[dict[str, Any]]:
    answer = program.post(f"/{entity}/bulk", {"rows": rows})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json["results"]  # type: ignore[index]
    assert [result["index"] for result in results] == list(range(len(rows)))
    return results


def test_rows_are_created_changed_and_deleted(house: House) -> None:
    admin = house.program("admin")
    old = [admin.create("account", name=name)["id"] for name in ("Change me", "Delete me")]
    results = sent(
        admin,
        [
            {"name": "New"},
            {"id": old[0], "row_version": 1, "name": "Changed"},
            {"op": "delete", "id": old[1]},
        ],
    )
    assert [result["status"] for result in results] == [201, 200, 204]
    assert admin.get(f"/account/{results[0]['id']}").json["name"] == "New"  # type: ignore[index]
    changed = admin.get(f"/account/{old[0]}").json
    assert changed is not None
    assert (changed["name"], changed["row_version"]) == ("Changed", results[1]["row_version"])
    assert admin.get(f"/account/{old[1]}").status_code == 404


def test_a_bad_row_harms_no_other(house: House) -> None:
    admin = house.program("admin")
    tag = admin.create("tag", name="VIP")["id"]
    stale = admin.create("tag", name="Stale")["id"]
    admin.patch(f"/tag/{stale}", {"name": "Newer"})
    rows = [
        {"name": "First"},
        {"name": ""},
        {"name": "VIP"},
        {"name": "Second", "unicorn": 1},
        {"id": stale, "row_version": 1, "name": "Older"},
        {"id": 10**9, "name": "Nothing"},
        {"op": "explode"},
        {"op": "create", "id": tag, "name": "Third"},
        {"op": "delete"},
        {"op": "delete", "id": tag, "name": "x"},
        {"id": "1", "name": "x"},
        {"id": True, "name": "x"},
        {"id": -1, "name": "x"},
        {"row_version": 1, "name": "x"},
        {"op": ["create"], "name": "x"},
        "text",
        None,
        [],
        {"name": "Last"},
    ]
    results = sent(admin, rows, "tag")
    statuses = [result["status"] for result in results]
    assert statuses == [201, 422, 422, 422, 412, 404, *[422] * 12, 201]
    assert results[1]["errors"].keys() == results[2]["errors"].keys() == {"name"}
    assert results[3]["errors"].keys() == {"unicorn"}
    assert results[4]["row_version"] == 2
    assert results[6]["errors"].keys() == results[14]["errors"].keys() == {"op"}
    assert (
        results[7]["errors"].keys() == results[8]["errors"].keys() == results[10]["errors"].keys() == {"id"}
    )
    assert results[13]["errors"].keys() == {"row_version"}
    assert {item["name"] for item in admin.items("/tag")} == {"VIP", "Newer", "First", "Last"}


def test_rows_of_one_request_see_each_other(house: House) -> None:
    results = sent(house.program("admin"), [{"name": "VIP"}, {"name": "VIP"}], "tag")
    assert [result["status"] for result in results] == [201, 422]


def test_a_record_is_for_each_row_as_the_row_before_left_it(house: House) -> None:
    admin = house.program("admin")
    number = admin.create("account", name="First")["id"]
    results = sent(
        admin,
        [
            {"id": number, "row_version": 1, "address": {"city": "Boston", "country": "US"}},
            {"id": number, "row_version": 1, "name": "Too late"},
            {"id": number, "row_version": 2, "phone": "(617) 555-0123"},
        ],
    )
    assert [result["status"] for result in results] == [200, 412, 200]
    assert admin.get(f"/account/{number}").json["phone"]["e164"] == "+16175550123"  # type: ignore[index]
    rows = [{"op": "delete", "id": number}, {"id": number, "name": "Gone"}, {"op": "delete", "id": number}]
    assert [result["status"] for result in sent(admin, rows)] == [204, 404, 404]


def test_rows_are_saved_with_few_queries(house: House) -> None:
    admin = house.program("admin")
    made = sent(admin, [{"name": f"Firm {n}"} for n in range(20)])
    changed = [{"id": one["id"], "name": f"Company {n}"} for n, one in enumerate(made)]
    with db.count_queries() as seen:
        sent(admin, changed)
    assert len(seen) <= 9 * len(changed)


def test_what_is_still_needed_is_not_deleted(house: House) -> None:
    results = sent(house.program("admin"), [{"op": "delete", "id": house.ids["admin"]}], "user")
    assert results[0]["status"] == 409


def test_a_bare_list_will_do(house: House) -> None:
    answer = house.program("admin").post("/account/bulk", [{"name": "Sao Mai"}])
    assert answer.json is not None
    assert answer.json["results"][0]["status"] == 201


@pytest.mark.parametrize("body", [{}, {"rows": 1}, {"rows": [], "more": 1}, "rows", 5, [{}] * 1001])
def test_what_is_no_list_of_rows(house: House, body: Any) -> None:
    answer = house.program("admin").post("/account/bulk", body)
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"].keys() == {"rows"}


def test_a_thousand_rows(house: House) -> None:
    admin = house.program("admin")
    results = sent(admin, [{"name": f"Tag {number}"} for number in range(1000)], "tag")
    assert {result["status"] for result in results} == {201}
    page = admin.get("/tag?limit=1").json
    assert page is not None
    assert page["count"] == 1000
    assert sent(admin, []) == []


def test_account_contacts_are_records_of_their_own(house: House) -> None:
    admin = house.program("admin")
    account = admin.create("account", name="Sao Mai")["id"]
    contact = admin.create("contact", given_name="An")["id"]
    results = sent(admin, [{"account": account, "contact": contact, "role": "billing"}], "account_contact")
    assert results[0]["status"] == 201
    assert admin.items(f"/account_contact?contact={contact}")[0]["account"] == account
    again = sent(admin, [{"account": account, "contact": contact}], "account_contact")
    assert again[0]["status"] == 422
