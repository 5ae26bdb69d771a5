"""What the description promises holds whatever a program sends: schemathesis against the running application.

`CRM_API_EXAMPLES=200` tries every entity, with so many requests for each operation.
"""

from __future__ import annotations

import os
from typing import Any

import hypothesis
import jsonschema_rs
import pytest
import schemathesis
from openapi_spec_validator import validate
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode

from crm_admin import registry
from crm_admin.api.shape import fits
from crm_admin.entities.user import User
from tests.crm_admin.api.house import House

EXAMPLES = int(os.environ.get("CRM_API_EXAMPLES", "0"))
SEED = 20260101
HURRIED = ("all", "schema", "account", "case", "opportunity", "note", "user", "attachment")
"""What is tried every time: entities that have every kind, and every way of being seen, among them."""

# That every well-formed request is accepted is not promised: no schema can say which records there are, or which
# names are taken. tests/crm_admin/api/test_records.py shows that what should be accepted is.
UNPROMISED = ["positive_data_acceptance"]


@pytest.mark.parametrize("who", ["admin", "rep"])
def test_it_is_openapi(house: House, who: str) -> None:
    answer = house.program(who).get("/openapi.json")
    assert answer.status_code == 200
    validate(answer.json)  # type: ignore[arg-type]


def test_it_has_what_the_token_may_do_and_nothing_else(house: House) -> None:
    admin, viewer, scoped = (
        program.get("/openapi.json").json["paths"]  # type: ignore[index]
        for program in (
            house.program("admin"),
            house.program("viewer"),
            house.with_scopes("admin", "tag:read"),
        )
    )
    methods = {"get", "post", "patch", "delete"}
    for definition in registry.entities():
        key = definition.key
        offered = {m for path in (f"/{key}", f"/{key}/{{id}}") for m in admin[path] if m in methods}
        assert offered == methods - (set() if definition.creatable else {"post"})
        assert {m for path in (f"/{key}", f"/{key}/{{id}}") for m in viewer[path] if m in methods} == {"get"}
        assert f"/{key}/bulk" in admin
        assert f"/{key}/bulk" not in viewer
    assert {path for path in scoped if not path.startswith(("/search", "/lookup", "/schema"))} == {
        "/tag",
        "/tag/{id}",
        "/tag/{id}/history",
    }


def test_it_is_sent_again_only_when_it_has_changed(house: House) -> None:
    viewer = house.program("viewer")
    first = viewer.get("/openapi.json")
    same = {"If-None-Match": first.headers["ETag"]}
    assert viewer.get("/openapi.json", headers=same).status_code == 304
    assert house.program("admin").get("/openapi.json", headers=same).status_code == 200
    house.hide("viewer", "contact", "birthday")
    second = viewer.get("/openapi.json", headers=same)
    assert second.status_code == 200
    assert "birthday" not in second.json["components"]["schemas"]["contact"]["properties"]  # type: ignore[index]


def test_it_is_in_the_language_of_the_owner(house: House) -> None:
    titles = []
    for language in ("en", "vi"):
        User.update(language=language).where(User.id == house.ids["viewer"]).execute()
        described = house.program("viewer").get("/openapi.json")
        titles.append(described.json["components"]["schemas"]["contact"]["title"])  # type: ignore[index]
    assert titles == ["Contact", "Liên hệ"]


def test_schemas_mean_here_what_they_mean_elsewhere(house: House) -> None:
    """Our own reading of a schema against one that is not ours, on values at and beside every edge of it."""
    values: list[Any] = [None, True, False, 0, -1, 1, 1.0, 0.5, 12.345, 10**15, 10**30, -1e300]
    values += [
        "",
        " ",
        "a",
        "A\n",
        "VN",
        "2026-01-01",
        "2026-01-01T00:00:00Z",
        "09:30",
        "contact:1",
        "crm",
        "a" * 300,
    ]
    values += [[], [1], [1, 1], [1, 1.0], ["a"], [None], {}, {"lat": 1}, {"lat": 1, "lon": 2}, {"raw": "1"}]
    values += [
        {"amount": 1, "currency": "VND"},
        {"amount": "1", "currency": "VND"},
        {"entity": "contact", "id": 1},
    ]
    values += [
        {"e164": "+84912345678"},
        {"e164": "+84912345678", "more": 1},
        {"city": "Huế", "country": "vn"},
    ]
    compared = 0
    for definition in registry.entities():
        for field in definition.fields.values():
            schema = field.kind.request_schema(field)
            other = jsonschema_rs.validator_for(schema, validate_formats=False)
            for value in values:
                assert fits(value, schema) == other.is_valid(value), (definition.key, field.key, value)
                compared += 1
    assert compared > 5_000


def test_the_promises_hold(house: House) -> None:
    described: dict[str, Any] = house.program("admin").get("/openapi.json").json  # type: ignore[assignment]
    described["servers"] = [{"url": "/api/v1"}]
    off = {name: {"enabled": False} for name in UNPROMISED}
    schema = schemathesis.openapi.from_dict(described, config=SchemathesisConfig.from_dict({"checks": off}))
    schema.app = house.app
    operations: list[Any] = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]
    assert len(operations) > 100
    for operation in operations:
        if EXAMPLES or operation.tags[0] in HURRIED:
            for mode in GenerationMode:
                _try(house, operation, mode)


def _try(house: House, operation: Any, mode: GenerationMode) -> None:
    # The client in this process takes answers as they are; a compressed one it would not unpack.
    headers = {"Authorization": f"Bearer {house.tokens['admin']}", "Accept-Encoding": "identity"}
    administrator = registry.entity("role").model.get(key="administrator").id

    @hypothesis.seed(SEED)
    @hypothesis.settings(
        max_examples=EXAMPLES or 4,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def promise(case: Any) -> None:
        # What was tried before may have locked the program out.
        User.update(active=True, deleted_at=None, role=administrator).where(
            User.id == house.ids["admin"]
        ).execute()
        case.call_and_validate(headers=headers)

    promise()
