"""Who may do what through the API: tokens, scopes, roles, hidden fields. A foreign record looks like a missing one."""

from __future__ import annotations

import pytest

from crm_admin import clock, policy, registry
from crm_admin.auth import tokens
from crm_admin.entities.user import User
from tests.crm_admin.api.house import House, Program

ADDRESSES = (
    ("GET", "/contact"),
    ("POST", "/contact"),
    ("GET", "/contact/1"),
    ("PATCH", "/contact/1"),
    ("DELETE", "/contact/1"),
    ("POST", "/contact/1/restore"),
    ("GET", "/contact/1/history"),
    ("POST", "/contact/bulk"),
    ("GET", "/search?q=an"),
    ("GET", "/lookup/phone?number=0912345678"),
    ("GET", "/schema/entities"),
    ("GET", "/schema/entities/contact"),
    ("GET", "/openapi.json"),
    ("GET", "/no/such/address"),
    ("PUT", "/contact/1"),
)


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_nobody_without_a_token(house: House, method: str, path: str) -> None:
    answer = house.stranger().call(method, path)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="crm"'
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["status"] == 401


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer ", "Basic YWRtaW46YWRtaW4=", "crm_0_0"])
def test_a_wrong_token_opens_nothing(house: House, header: str) -> None:
    answer = house.stranger().get("/contact", headers={"Authorization": header})
    assert answer.status_code == 401
    assert "invalid_token" in answer.headers["WWW-Authenticate"]


def test_a_token_in_the_address_opens_nothing(house: House) -> None:
    assert house.stranger().get(f"/contact?access_token={house.tokens['admin']}").status_code == 401


def test_cookies_of_a_signed_in_person_open_nothing(house: House) -> None:
    browser = house.app.test_client()
    browser.set_cookie("crm_session", house.tokens["admin"])
    assert browser.get("/api/v1/contact").status_code == 401


def test_the_token_ends_with_its_owner(house: House) -> None:
    program = house.program("office")
    assert program.get("/contact").status_code == 200
    assert house.program("admin").delete(f"/user/{house.ids['office']}").status_code == 204
    assert program.get("/contact").status_code == 401


def test_a_revoked_a_disabled_and_an_expired_token_end(house: House) -> None:
    row, text = tokens.mint(house.ids["office"], days=1)
    program = Program(house.app, text)
    assert program.get("/contact").status_code == 200
    with clock.at(clock.ago(days=-2)):
        assert program.get("/contact").status_code == 401
    User.update(active=False).where(User.id == house.ids["office"]).execute()
    assert program.get("/contact").status_code == 401
    User.update(active=True).where(User.id == house.ids["office"]).execute()
    tokens.revoke(row.id)
    assert program.get("/contact").status_code == 401


def test_scopes_narrow_what_the_owner_may_do(house: House) -> None:
    made = house.program("admin").create("account", name="Sao Mai")["id"]
    reading = house.with_scopes("admin", "read")
    assert reading.get("/account").status_code == 200
    assert reading.post("/account", {"name": "Another"}).status_code == 403
    assert reading.patch(f"/account/{made}", {"name": "Another"}).status_code == 403
    assert reading.delete(f"/account/{made}").status_code == 403
    one = house.with_scopes("admin", "account:read")
    assert one.get("/account").status_code == 200
    assert one.get("/contact").status_code == 404
    assert [e["key"] for e in one.items("/schema/entities")] == ["account"]
    writing = house.with_scopes("admin", "account:write")
    assert writing.post("/account", {"name": "Third"}).status_code == 201
    assert writing.post("/contact", {"given_name": "An"}).status_code == 404


def test_scopes_never_widen(house: House) -> None:
    assert house.with_scopes("viewer", "write").post("/account", {"name": "Sao Mai"}).status_code == 403


def test_a_foreign_record_answers_like_a_missing_one(house: House) -> None:
    made = house.program("admin").create("account", name="Sao Mai")["id"]
    rep = house.program("rep")
    for method, tail in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/restore"),
        ("GET", "/history"),
    ):
        body = {"name": "Mine"} if method == "PATCH" else None
        foreign = rep.call(method, f"/account/{made}{tail}", json=body)
        missing = rep.call(method, f"/account/{made + 1000}{tail}", json=body)
        assert (foreign.status_code, foreign.data) == (missing.status_code, missing.data)
        assert foreign.status_code == 404
    assert rep.get("/account").json == {"items": [], "next": None, "count": 0, "count_is_exact": True}
    row = rep.post("/account/bulk", [{"id": made, "name": "Mine"}]).json
    assert row is not None
    assert row["results"][0]["status"] == 404


def test_an_entity_out_of_reach_answers_like_an_unknown_one(house: House) -> None:
    role = registry.entity("role").model.get(key="viewer").id
    policy.Grant.create(role=role, entity="lead", action="read", level="none")
    policy.bump()
    viewer = house.program("viewer")
    for path in ("/{}", "/{}/1", "/{}/1/history", "/schema/entities/{}"):
        hidden, unknown = viewer.get(path.format("lead")), viewer.get(path.format("unicorn"))
        assert hidden.status_code == 404
        assert (hidden.status_code, hidden.data) == (unknown.status_code, unknown.data)
    described = viewer.get("/openapi.json").text
    assert '"/contact"' in described
    assert '"/lead"' not in described


def test_what_may_be_seen_but_not_done_is_403(house: House) -> None:
    made = house.program("admin").create("account", name="Sao Mai")["id"]
    viewer = house.program("viewer")
    answers = [
        viewer.post("/account", {"name": "X"}),
        viewer.patch(f"/account/{made}", {"name": "X"}),
        viewer.delete(f"/account/{made}"),
        viewer.post(f"/account/{made}/restore"),
    ]
    assert [a.status_code for a in answers] == [403] * 4
    assert {a.mimetype for a in answers} == {"application/problem+json"}
    rows = viewer.post("/account/bulk", [{"name": "X"}, {"id": made, "name": "X"}]).json
    assert rows is not None
    assert [row["status"] for row in rows["results"]] == [403, 403]
    assert viewer.get(f"/account/{made}").json["name"] == "Sao Mai"  # type: ignore[index]


def test_a_record_may_not_be_given_to_somebody_out_of_reach(house: House) -> None:
    rep = house.program("rep")
    refused = rep.post("/account", {"name": "Sao Mai", "owner": house.ids["rep2"]})
    assert refused.status_code == 422
    assert refused.json is not None
    assert "owner" in refused.json["errors"]
    assert rep.items("/account") == []
    mine = rep.create("account", name="Sao Mai")
    assert mine["owner"] == house.ids["rep"]
    assert rep.patch(f"/account/{mine['id']}", {"owner": house.ids["rep2"]}).status_code == 422
    office = house.program("office")
    assert office.patch(f"/account/{mine['id']}", {"owner": house.ids["rep2"]}).status_code == 200
    assert rep.get(f"/account/{mine['id']}").status_code == 404
    assert house.program("rep2").get(f"/account/{mine['id']}").status_code == 200


def test_a_link_to_a_foreign_record_answers_like_one_to_a_missing_record(house: House) -> None:
    foreign = house.program("admin").create("account", name="Sao Mai")["id"]
    rep = house.program("rep")
    answers = [
        rep.post("/contact", {"given_name": "An", "account": number}) for number in (foreign, foreign + 1000)
    ]
    assert [a.status_code for a in answers] == [422, 422]
    assert answers[0].data == answers[1].data


def test_a_hidden_field_is_nowhere(house: House) -> None:
    admin = house.program("admin")
    made = admin.create("contact", given_name="An", job_title="Spy", do_not_call=True)["id"]
    admin.patch(f"/contact/{made}", {"do_not_call": False})
    admin.patch(f"/contact/{made}", {"do_not_call": True})
    house.hide("viewer", "contact", "job_title", "do_not_call")
    viewer = house.program("viewer")
    assert "job_title" in admin.get(f"/contact/{made}").text
    for path in ("/contact", f"/contact/{made}", f"/contact/{made}/history", "/schema/entities/contact"):
        answer = viewer.get(path)
        assert answer.status_code == 200
        assert "job_title" not in answer.text
        assert "do_not_call" not in answer.text
        assert "Spy" not in answer.text
    described = viewer.get("/openapi.json").json
    assert described is not None
    assert "job_title" not in described["components"]["schemas"]["contact"]["properties"]
    names = [p["name"] for p in described["paths"]["/contact"]["get"]["parameters"]]
    assert "given_name" in names
    assert not [name for name in names if name.startswith(("job_title", "do_not_call"))]


@pytest.mark.parametrize(
    "argument", ["job_title=Spy", "job_title__contains=S", "sort=job_title", "sort=-job_title"]
)
def test_a_hidden_field_cannot_be_guessed_by_asking(house: House, argument: str) -> None:
    house.hide("viewer", "contact", "job_title")
    viewer = house.program("viewer")
    unknown = viewer.get("/contact?" + argument.replace("job_title", "unicorn"))
    hidden = viewer.get("/contact?" + argument)
    assert hidden.status_code == 422
    assert hidden.text.replace("job_title", "unicorn") == unknown.text


def test_search_goes_by_name_where_it_would_tell_of_a_hidden_field(house: House) -> None:
    house.program("admin").create("contact", given_name="An", email="secret@example.com")
    house.hide("viewer", "contact", "email")
    viewer = house.program("viewer")
    assert viewer.items("/contact?q=secret") == []
    assert [found["given_name"] for found in viewer.items("/contact?q=an")] == ["An"]
    assert viewer.items("/search?q=secret") == []


def test_a_field_that_may_only_be_read_is_not_written(house: House) -> None:
    house.hide("back_office", "contact", "job_title", write=True)
    office = house.program("office")
    made = office.create("contact", given_name="An")
    assert "job_title" in made
    refused = office.patch(f"/contact/{made['id']}", {"job_title": "Boss"})
    assert refused.status_code == 422
    assert refused.json is not None
    assert refused.json["errors"].keys() == {"job_title"}
    described = office.get("/openapi.json").json
    assert described is not None
    assert "job_title" not in described["components"]["schemas"]["contact.changes"]["properties"]
    assert "job_title" in described["components"]["schemas"]["contact"]["properties"]


@pytest.mark.parametrize(
    "name",
    ["id", "created_at", "created_by", "modified_at", "row_version", "source", "deleted_at", "search_fold"],
)
def test_what_the_product_keeps_itself_cannot_be_set(house: House, name: str) -> None:
    refused = house.program("admin").post("/contact", {"given_name": "An", name: 1})
    assert refused.status_code == 422
    assert refused.json is not None
    assert refused.json["errors"].keys() == {name}


def test_a_person_cannot_raise_their_own_role(house: House) -> None:
    administrator = registry.entity("role").model.get(key="administrator").id
    refused = house.program("office").patch(f"/user/{house.ids['office']}", {"role": administrator})
    assert refused.status_code == 403


def test_the_password_is_no_field(house: House) -> None:
    program = house.program("admin")
    assert "password" not in program.get(f"/user/{house.ids['rep']}").text
    assert program.patch(f"/user/{house.ids['rep']}", {"password_hash": "x"}).status_code == 422
    assert program.get("/user?password_hash__contains=a").status_code == 422
