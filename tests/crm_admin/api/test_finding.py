"""Search and the look-up of a caller's number; the definition as programs read it."""

from __future__ import annotations

import pytest

from tests.crm_admin.api.house import House


def test_search_finds_without_diacritics_across_entities(house: House) -> None:
    admin = house.program("admin")
    account = admin.create("account", name="Công ty Đại Hưng")["id"]
    lead = admin.create("lead", family_name="Hưng", given_name="Đại")["id"]
    hits = admin.items("/search?q=dai hung")
    assert {(hit["entity"], hit["id"]) for hit in hits} == {("account", account), ("lead", lead)}
    assert hits[0]["label"] == "Công ty Đại Hưng"
    assert house.program("rep").items("/search?q=dai hung") == []


@pytest.mark.parametrize(
    "path", ["/search", "/search?q=", "/search?q=%20", "/lookup/phone", "/lookup/phone?number="]
)
def test_what_to_look_for_is_needed(house: House, path: str) -> None:
    assert house.program("admin").get(path).status_code == 422


def test_a_caller_exact_before_possible(house: House) -> None:
    admin = house.program("admin")
    possible = admin.create("contact", given_name="Possible", phone="+442012345678")["id"]
    older = admin.create("contact", given_name="Older", mobile="0912 345 678")["id"]
    newer = admin.create("lead", given_name="Newer", phone="+84912345678")["id"]
    admin.create("contact", given_name="Other", phone="0987654321")
    found = admin.items("/lookup/phone?number=0912345678")
    assert [(f["entity"], f["id"], f["field"], f["certainty"]) for f in found] == [
        ("lead", newer, "phone", "exact"),
        ("contact", older, "mobile", "exact"),
        ("contact", possible, "phone", "possible"),
    ]
    assert [f["label"] for f in found] == ["Newer", "Older", "Possible"]
    assert admin.items("/lookup/phone?number=%2B84 912 345 678") == found


def test_a_record_with_the_number_twice_is_told_once(house: House) -> None:
    admin = house.program("admin")
    admin.create("contact", given_name="An", phone="0912345678", mobile="0912345678")
    assert len(admin.items("/lookup/phone?number=0912345678")) == 1


@pytest.mark.parametrize("number", ["anonymous", "1", "%2B", "%00", "9" * 60])
def test_a_number_that_nobody_has(house: House, number: str) -> None:
    assert house.program("admin").items(f"/lookup/phone?number={number}") == []


def test_a_caller_out_of_reach_is_nobody(house: House) -> None:
    admin = house.program("admin")
    made = admin.create("contact", given_name="An", mobile="0912345678")["id"]
    assert house.program("rep").items("/lookup/phone?number=0912345678") == []
    admin.patch(f"/contact/{made}", {"owner": house.ids["rep"]})
    assert [f["id"] for f in house.program("rep").items("/lookup/phone?number=0912345678")] == [made]


def test_a_hidden_phone_finds_nobody(house: House) -> None:
    house.program("admin").create("contact", given_name="An", mobile="0912345678")
    house.hide("viewer", "contact", "mobile")
    assert house.program("viewer").items("/lookup/phone?number=0912345678") == []


def test_the_definition_names_kinds_choices_and_rights(house: House) -> None:
    admin = house.program("admin")
    keys = [entity["key"] for entity in admin.items("/schema/entities")]
    assert {"account", "contact", "account_contact", "opportunity", "user"} <= set(keys)
    described = house.program("viewer").get("/schema/entities/account").json
    assert described is not None
    assert described["levels"] == {
        "read": "all",
        "create": "none",
        "update": "none",
        "delete": "none",
        "assign": "none",
    }
    fields = {field["key"]: field for field in described["fields"]}
    assert fields["type"]["kind"] == "choice"
    assert [choice["key"] for choice in fields["type"]["options"]["choices"]][:2] == ["prospect", "customer"]
    assert fields["parent"]["options"]["target"] == "account"
    assert (fields["name"]["required"], fields["id"]["writable"]) == (True, False)
    assert "near" in fields["address"]["operators"]
    assert admin.get("/schema/entities/unicorn").status_code == 404
