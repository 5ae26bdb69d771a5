"""One record: create, read, change, delete, restore, history; versions; and bodies that cannot be read."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from crm_admin import registry
from crm_admin.audit import AuditEntry
from tests.crm_admin.api.house import House, Program


def test_what_was_created_is_what_is_read(house: House) -> None:
    admin = house.program("admin")
    answer = admin.post("/account", {"name": "Sao Mai", "phone": "028 3823 4567", "annual_revenue": 1500000})
    assert answer.status_code == 201
    made = answer.json
    assert made is not None
    assert answer.headers["Location"] == f"/api/v1/account/{made['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert made["phone"] == {"raw": "028 3823 4567", "e164": "+842838234567"}
    assert made["annual_revenue"] == {"amount": 1500000, "currency": "VND"}
    assert (made["owner"], made["source"], made["row_version"]) == (house.ids["admin"], "api", 1)
    read = admin.get(f"/account/{made['id']}")
    assert (read.status_code, read.json, read.headers["ETag"]) == (200, made, '"1"')


def test_every_entity_is_there_from_the_definition(house: House) -> None:
    """Samples of every kind in every entity: created, read back the same, changed by what was read."""
    admin = house.program("admin")
    links = _links(admin)
    for definition in registry.entities():
        if not definition.creatable:
            assert admin.post(f"/{definition.key}", {}).status_code == 405
            continue
        body = _sample(definition.key, links)
        answer = admin.post(f"/{definition.key}", body)
        assert answer.status_code == 201, (definition.key, body, answer.text)
        made: dict[str, Any] = answer.json  # type: ignore[assignment]
        assert admin.get(f"/{definition.key}/{made['id']}").json == made
        writable = _writable(admin, definition.key)
        again = {key: value for key, value in made.items() if key in writable and value is not None}
        saved = admin.patch(f"/{definition.key}/{made['id']}", again)
        assert saved.status_code == 200, (definition.key, again, saved.text)
        assert saved.json == made, definition.key
        assert made in admin.items(f"/{definition.key}?limit=200&sort=-id")


def _links(admin: Program) -> dict[str, Any]:
    """Values for fields that link: of records that are there."""
    stage = registry.entity("stage").model.select().first()
    account = admin.create("account", name="Linked")["id"]
    contact = admin.create("contact", given_name="Linked")["id"]
    user = registry.entity("user").model.select().first().id
    return {
        "pipeline": stage.pipeline,
        "stage": stage.id,
        "role": registry.entity("role").model.get(key="viewer").id,
        "queue": admin.create("queue", name="Linked", ring_s=20, max_wait_s=180)["id"],
        "account": account,
        "contact": contact,
        "user": user,
        "regarding": {"entity": "account", "id": account},
    }


TOGETHER: dict[str, dict[str, Any]] = {
    "queue": {"ring_s": 20, "max_wait_s": 180},
    "opening_hours": {"opens": "08:00:00", "closes": "17:30:00"},
    "calling_rule": {"calls_from": "08:00:00", "calls_until": "17:00:00"},
}
"""Values that have to fit each other."""


def _sample(entity: str, links: dict[str, Any]) -> dict[str, Any]:
    rng, found = Random(entity), {}
    for field in registry.entity(entity).fields.values():
        if field.system or field.kind.computed or field.key in ("owner", "team", "ends_at"):
            continue
        target = field.option("target")
        if field.option("targets"):
            found[field.key] = links["regarding"]
        elif target or field.kind.name in ("user", "file"):
            if field.key in links:
                found[field.key] = links[field.key]
        elif field.option("pattern"):
            found[field.key] = {"code": "CHF", "country": "CH"}.get(field.key, "sample")
        else:
            found[field.key] = field.kind.sample(field, rng)
    return found | TOGETHER.get(entity, {})


def _writable(program: Program, entity: str) -> set[str]:
    described: dict[str, Any] = program.get(f"/schema/entities/{entity}").json  # type: ignore[assignment]
    return {field["key"] for field in described["fields"] if field["writable"]}


@pytest.mark.parametrize(
    ("entity", "body", "named"),
    [
        ("contact", {"unicorn": 1}, {"unicorn"}),
        ("contact", {}, {"family_name"}),
        ("account", {}, {"name"}),
        ("account", {"name": None}, {"name"}),
        ("account", {"name": "  "}, {"name"}),
        ("account", {"name": 5}, {"name"}),
        ("account", {"name": "a\x00b"}, {"name"}),
        ("account", {"name": "A" * 201}, {"name"}),
        ("account", {"name": "A", "type": "Customer"}, {"type"}),
        ("account", {"name": "A", "employees": "5"}, {"employees"}),
        ("account", {"name": "A", "employees": 1.5}, {"employees"}),
        ("account", {"name": "A", "employees": 10**30}, {"employees"}),
        ("account", {"name": "A", "do_not_call": "yes"}, {"do_not_call"}),
        ("account", {"name": "A", "email": "nobody"}, {"email"}),
        ("account", {"name": "A", "website": "javascript:alert(1)"}, {"website"}),
        ("account", {"name": "A", "phone": "12", "email": "x"}, {"phone", "email"}),
        ("account", {"name": "A", "parent": 10**9}, {"parent"}),
        ("account", {"name": "A", "parent": "Sao Mai"}, {"parent"}),
        ("account", {"name": "A", "tags": [1, 1]}, {"tags"}),
        ("account", {"name": "A", "address": {"planet": "Mars"}}, {"address"}),
        ("account", {"name": "A", "address": {"lat": 10}}, {"address"}),
        ("account", {"name": "A", "annual_revenue": {"amount": 1, "currency": "XXX"}}, {"annual_revenue"}),
        ("contact", {"given_name": "A", "birthday": "1/2/1990"}, {"birthday"}),
        ("contact", {"given_name": "A", "birthday": "2990-01-01"}, {"birthday"}),
        ("task", {"subject": "A", "due_at": "2026-02-30T00:00:00Z"}, {"due_at"}),
        ("task", {"subject": "A", "due_at": "tomorrow"}, {"due_at"}),
        ("opportunity", {"name": "A", "probability": 101}, {"probability"}),
    ],
)
def test_values_that_cannot_be_kept_are_named(house: House, entity: str, body: Any, named: set[str]) -> None:
    admin = house.program("admin")
    answer = admin.post(f"/{entity}", body)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["errors"].keys() == named
    assert all(texts and all(texts) for texts in answer.json["errors"].values())
    assert admin.items(f"/{entity}") == []


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"name": NaN}', 400),
        (b'{"name": "A", "name": "B"}', 400),
        (b'{"name": "\xff"}', 400),
        (b'{"name": "\\ud800"}', 400),
        (b'{"\\udfff": 1}', 400),
        (b"[" * 100_000, 400),
        (b'{"name": ' + b"9" * 5_000 + b"}", 400),
        (b"[]", 422),
        (b'"name"', 422),
        (b"null", 422),
    ],
)
def test_bodies_that_are_no_record(house: House, data: bytes, status: int) -> None:
    answer = house.program("admin").call("POST", "/account", data=data, content_type="application/json")
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_only_json_is_taken(house: House, content_type: str) -> None:
    admin = house.program("admin")
    answer = admin.call("POST", "/account", data=b'{"name": "A"}', content_type=content_type)
    assert answer.status_code == 415
    assert answer.mimetype == "application/problem+json"


def test_a_body_that_is_too_large_is_refused(house: House) -> None:
    most = house.app.config["MAX_CONTENT_LENGTH"]
    data = b'{"name": "' + b"A" * most + b'"}'
    answer = house.program("admin").call("POST", "/account", data=data, content_type="application/json")
    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"


def test_null_empties_a_field_and_what_is_not_sent_stays(house: House) -> None:
    admin = house.program("admin")
    tag = admin.create("tag", name="VIP")["id"]
    made = admin.create("contact", given_name="An", job_title="Boss", email="an@example.com", tags=[tag])
    saved = admin.patch(f"/contact/{made['id']}", {"job_title": None, "tags": []}).json
    assert saved is not None
    assert (saved["job_title"], saved["tags"], saved["email"]) == (None, None, "an@example.com")
    assert saved["row_version"] == 2


def test_a_change_that_changes_nothing_is_no_new_version(house: House) -> None:
    admin = house.program("admin")
    made = admin.create("account", name="Sao Mai")
    for body in ({}, {"name": "Sao Mai"}):
        answer = admin.patch(f"/account/{made['id']}", body)
        assert (answer.status_code, answer.json) == (200, made)


@pytest.mark.parametrize("match", ["2", '"2"', 'W/"2"', '"1", "2"', "*"])
def test_the_version_that_is_there_may_be_changed(house: House, match: str) -> None:
    admin = house.program("admin")
    made = admin.create("account", name="One")["id"]
    admin.patch(f"/account/{made}", {"name": "Two"})
    answer = admin.patch(f"/account/{made}", {"name": "Three"}, headers={"If-Match": match})
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"3"'


@pytest.mark.parametrize("match", ["1", '"1"', "nonsense", '""', ""])
def test_a_version_that_is_gone_may_not(house: House, match: str) -> None:
    admin = house.program("admin")
    made = admin.create("account", name="One")["id"]
    admin.patch(f"/account/{made}", {"name": "Two"})
    for answer in (
        admin.patch(f"/account/{made}", {"name": "Three"}, headers={"If-Match": match}),
        admin.delete(f"/account/{made}", headers={"If-Match": match}),
    ):
        assert answer.status_code == 412
        assert answer.json is not None
        assert answer.json["row_version"] == 2
        assert answer.headers["ETag"] == '"2"'
    assert admin.get(f"/account/{made}").json["name"] == "Two"  # type: ignore[index]


def test_without_if_match_the_last_one_wins(house: House) -> None:
    admin = house.program("admin")
    made = admin.create("account", name="One")["id"]
    admin.patch(f"/account/{made}", {"name": "Two"})
    assert admin.patch(f"/account/{made}", {"name": "Three"}).status_code == 200


def test_what_is_known_already_is_not_sent_again(house: House) -> None:
    admin = house.program("admin")
    made = admin.create("account", name="One")["id"]
    known = admin.get(f"/account/{made}", headers={"If-None-Match": '"1"'})
    assert (known.status_code, known.data) == (304, b"")
    admin.patch(f"/account/{made}", {"name": "Two"})
    assert admin.get(f"/account/{made}", headers={"If-None-Match": '"1"'}).status_code == 200


def test_delete_and_restore(house: House) -> None:
    admin = house.program("admin")
    made = admin.create("account", name="Sao Mai", phone="0912345678")
    path = f"/account/{made['id']}"
    gone = admin.delete(path)
    assert (gone.status_code, gone.data) == (204, b"")
    assert [admin.get(path).status_code, admin.delete(path).status_code] == [404, 404]
    assert admin.patch(path, {"name": "B"}).status_code == 404
    assert admin.get(f"{path}/history").status_code == 404
    assert admin.items("/account") == admin.items("/search?q=sao") == []
    assert admin.items("/lookup/phone?number=0912345678") == []
    back = admin.post(f"{path}/restore")
    assert back.status_code == 200
    assert back.json is not None
    assert back.json["name"] == "Sao Mai"
    assert admin.get(path).json == back.json
    again = admin.post(f"{path}/restore")
    assert (again.status_code, again.json) == (200, back.json)


def test_what_is_still_needed_is_not_deleted(house: House) -> None:
    refused = house.program("admin").delete(f"/user/{house.ids['admin']}")
    assert refused.status_code == 409
    assert refused.json is not None
    assert refused.json["errors"][""]


def test_history_newest_first_and_page_by_page(house: House) -> None:
    admin = house.program("admin")
    made = admin.create("account", name="Sao Mai")["id"]
    about = {"entity": "account", "id": made}
    for number in range(3):
        admin.create("note", body=f"Note {number}", regarding=about)
    admin.create("task", subject="Call back", regarding=about)
    admin.patch(f"/account/{made}", {"do_not_call": True})
    whole = admin.get(f"/account/{made}/history").json
    assert whole is not None
    assert whole["next"] is None
    assert [line["kind"] for line in whole["items"]] == ["change", "task", "note", "note", "note", "created"]
    assert [line["at"] for line in whole["items"]] == sorted(
        (li["at"] for li in whole["items"]), reverse=True
    )
    task = whole["items"][1]
    assert (task["by"], task["title"]) == (house.ids["admin"], "Task: Call back")
    assert task["data"]["subject"] == "Call back"
    assert task["at"].endswith("Z")
    found: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        page = admin.get(f"/account/{made}/history?limit=4" + (f"&after={after}" if after else "")).json
        assert page is not None
        found += page["items"]
        after = page["next"]
    assert found == whole["items"]


@pytest.mark.parametrize(
    "after",
    [
        "x",
        "~",
        "2026-01-01T00:00:00~",
        "2026-01-01T00:00:00~" + "9" * 30,
        "2026-01-01T00:00:00%2B01:00~1",
        "",
    ],
)
def test_a_history_cursor_that_was_made_up_is_refused(house: House, after: str) -> None:
    admin = house.program("admin")
    made = admin.create("account", name="Sao Mai")["id"]
    answer = admin.get(f"/account/{made}/history?after={after}")
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"].keys() == {"after"}


def test_writes_are_noted_as_coming_from_the_api(house: House) -> None:
    made = house.program("office").create("account", name="Sao Mai")["id"]
    entry = AuditEntry.get(entity="account", record_id=made)
    assert (entry.source, entry.user, entry.action) == ("api", house.ids["office"], "create")


def test_phones_are_dialled_from_the_records_country(house: House) -> None:
    admin = house.program("admin")
    made = admin.create(
        "contact", given_name="Jo", phone="020 7946 0958", address={"city": "London", "country": "GB"}
    )
    assert made["phone"]["e164"] == "+442079460958"
    saved = admin.patch(f"/contact/{made['id']}", {"mobile": "07400 123456"}).json
    assert saved is not None
    assert saved["mobile"]["e164"] == "+447400123456"


def test_texts_are_in_the_language_of_the_tokens_owner(house: House) -> None:
    admin = house.program("admin")
    admin.patch(f"/user/{house.ids['admin']}", {"language": "vi"})
    refused = admin.post("/account", {"name": None}, headers={"Accept-Language": "en"}).json
    assert refused is not None
    assert "required" not in refused["errors"]["name"][0]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/account", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("DELETE", "/account", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("PUT", "/account/1", {"GET", "HEAD", "OPTIONS", "PATCH", "DELETE"}),
        ("TRACE", "/account/1", {"GET", "HEAD", "OPTIONS", "PATCH", "DELETE"}),
        ("GET", "/account/bulk", {"POST", "OPTIONS"}),
        ("GET", "/account/1/restore", {"POST", "OPTIONS"}),
        ("POST", "/search", {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/lookup/phone", {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/attachment", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_methods_that_an_address_does_not_know(
    house: House, method: str, path: str, allowed: set[str]
) -> None:
    answer = house.program("admin").call(method, path)
    assert answer.status_code == 405
    assert answer.mimetype == "application/problem+json"
    assert set(answer.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/unicorn",
        "/account/",
        "/account/x",
        "/account/-1",
        "/account/0",
        "/account/" + "9" * 5000,
        "/a/b/c",
    ],
)
def test_addresses_that_are_not_there(house: House, path: str) -> None:
    answer = house.program("admin").get(path)
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


def test_head_and_options(house: House) -> None:
    admin = house.program("admin")
    made = admin.create("account", name="Sao Mai")["id"]
    head = admin.call("HEAD", f"/account/{made}")
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", '"1"')
    assert admin.call("HEAD", "/account").status_code == 200
    options = admin.call("OPTIONS", f"/account/{made}")
    assert options.status_code == 200
    assert {"GET", "PATCH", "DELETE"} <= set(options.headers["Allow"].split(", "))


def test_a_failure_says_nothing_about_itself(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **rest: Any) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr("crm_admin.listing.page", broken)
    answer = house.program("admin").get("/account")
    assert answer.status_code == 500
    assert answer.mimetype == "application/problem+json"
    assert "secret" not in answer.text
