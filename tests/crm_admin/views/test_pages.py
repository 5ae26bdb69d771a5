"""Rights, conversion, stages, audit, preferences: what people see on the other pages."""

from __future__ import annotations

import re
from datetime import timedelta

from flask import Flask

from crm_admin import audit, clock, policy, records, registry
from crm_admin.views import stored_value
from tests.people import Person


def _role(key: str) -> int:
    model = registry.entity("role").model
    return int(model.get(model.key == key).id)


def test_a_changed_right_is_in_force_with_the_next_click(crm: Flask) -> None:
    admin, viewer = Person(crm, "admin"), Person(crm, "viewer")
    assert viewer.get("/admin/product/new/").status_code == 403
    role = _role("viewer")
    page = admin.get(f"/roles/{role}/").text
    assert "product-create" in page
    assert admin.post(f"/roles/{role}/", {"product-create": "all"}).status_code == 302
    assert viewer.get("/admin/product/new/").status_code == 200
    assert "rights changed" in admin.get(f"/admin/role/{role}/audit/").text


def test_a_hidden_field_is_nowhere(crm: Flask) -> None:
    admin, viewer = Person(crm, "admin"), Person(crm, "viewer")
    account = admin.owns("account", name="Sen", tax_code="0312345678")
    assert "0312345678" in viewer.get(f"/admin/account/{account.id}/").text
    fields = {f"{f}-read": "1" for f in registry.entity("account").fields if f != "tax_code"}
    assert admin.post(f"/roles/{_role('viewer')}/account/", fields).status_code == 302
    record = f"/admin/account/{account.id}/"
    for path in (record, "/admin/account/?columns=name,tax_code", f"{record}audit/"):
        assert "0312345678" not in viewer.get(path).text, path
    right, wrong = (
        viewer.get(f"/admin/account/?tax_code={code}").text for code in ("0312345678", "0300000000")
    )
    assert ("Sen</a>" in right) is ("Sen</a>" in wrong)
    assert "Sen</a>" not in viewer.get("/admin/account/?q=0312345678").text
    assert "Sen</a>" in viewer.get("/admin/account/?q=sen").text


def test_the_administrator_role_cannot_be_changed(sqlite_crm: Flask) -> None:
    admin = Person(sqlite_crm, "admin")
    assert admin.post(f"/roles/{_role('administrator')}/", {"account-read": "none"}).status_code == 403
    assert Person(sqlite_crm, "office").get("/roles/").status_code == 403


def test_a_lead_becomes_account_contact_and_opportunity(crm: Flask) -> None:
    office = Person(crm, "office")
    lead = office.owns("lead", family_name="Nguyễn", given_name="Mai", company_name="Hoa Sen")
    assert "Hoa Sen" in office.get(f"/leads/{lead.id}/convert").text
    answer = office.post(f"/leads/{lead.id}/convert", {"account": "", "contact": "", "opportunity": "1"})
    assert answer.status_code == 302
    assert "/admin/opportunity/" in answer.location
    page = office.get(f"/admin/lead/{lead.id}/").text
    assert "Converted to" in page
    assert office.post(f"/leads/{lead.id}/convert", {"opportunity": "1"}).status_code == 422


def test_a_known_account_is_offered_to_a_lead_first(crm: Flask) -> None:
    office = Person(crm, "office")
    known = office.owns("account", name="Hoa Sen")
    lead = office.owns("lead", family_name="Lê", given_name="An", company_name="hoa sen")
    page = office.get(f"/leads/{lead.id}/convert").text
    assert re.search(rf'name="account" value="{known.id}" checked', page)
    office.post(f"/leads/{lead.id}/convert", {"account": str(known.id), "contact": ""})
    assert registry.entity("account").model.select().count() == 1


def test_an_opportunity_shows_how_long_it_stood_in_each_stage(crm: Flask) -> None:
    office = Person(crm, "office")
    began = clock.now() - timedelta(days=12)
    with clock.at(began):
        sale = office.owns("opportunity", name="Two machines")
    stages = registry.entity("stage").model
    second = (
        stages.select().where(stages.pipeline == sale.pipeline).order_by(stages.position).offset(1).first()
    )
    with clock.at(began + timedelta(days=9)):
        records.update(office.actor, sale, {"stage": second.id})
    page = office.get(f"/admin/opportunity/{sale.id}/").text
    assert "9 days" in page
    assert "3 days" in page


def test_a_card_is_moved_and_refused_like_any_change(crm: Flask) -> None:
    office, rep = Person(crm, "office"), Person(crm, "rep")
    sale = office.owns("opportunity", name="Two machines")
    stages = registry.entity("stage").model
    last = stages.select().where(stages.pipeline == sale.pipeline, stages.kind == "won").first()
    url = f"/admin/opportunity/{sale.id}/move/"
    assert rep.post(url, {"to": str(last.id)}).status_code == 404
    assert office.post(url, {"to": "999999"}).status_code == 422
    moved = office.post(url, {"to": str(last.id), "row_version": "1"})
    assert moved.get_json()["row_version"] == 2
    assert office.post(url, {"to": str(sale.stage), "row_version": "1"}).status_code == 409


def test_columns_and_page_size_are_kept_for_the_person(crm: Flask) -> None:
    office, agent = Person(crm, "office"), Person(crm, "agent")
    office.owns("account", name="Sen", email="info@sen.example")
    assert office.post("/admin/account/columns/", {"columns": ["name", "email"]}).status_code == 302
    assert "info@sen.example" in office.get("/admin/account/").text
    assert "info@sen.example" not in agent.get("/admin/account/").text
    office.get("/admin/account/?limit=25")
    assert "25 per page" in office.get("/admin/account/").text


def test_a_saved_view_is_a_question_with_a_name(crm: Flask) -> None:
    office, agent = Person(crm, "office"), Person(crm, "agent")
    office.owns("account", name="Sen", tier="A")
    office.post("/admin/account/views/", {"query": "?tier=A", "name": "Best", "shared": "1"})
    assert "Best" in agent.get("/admin/account/").text
    assert office.post("/admin/account/views/", {"query": "?tier=A", "name": ""}).status_code == 200


def test_one_field_is_set_on_many_records_or_on_none(crm: Flask) -> None:
    office = Person(crm, "office")
    ids = [office.owns("account", name=f"Firm {n}").id for n in range(3)]
    chosen = {"action": "change", "ids": [str(n) for n in ids], "field": "tier"}
    assert "Set on all" in office.post("/admin/account/action/", chosen).text
    assert office.post("/admin/account/action/", {**chosen, "set": "1", "tier": "A"}).status_code == 302
    model = registry.entity("account").model
    assert [row.tier for row in model.select().order_by(model.id)] == ["A", "A", "A"]
    bad = {**chosen, "field": "name", "set": "1", "name": ""}
    assert office.post("/admin/account/action/", bad).status_code in (200, 422)
    assert model.select().where(model.name == "Firm 1").count() == 1


def test_what_was_true_then_is_still_shown_after_the_definition_moved_on(sqlite_crm: Flask) -> None:
    office = Person(sqlite_crm, "office")
    account = office.owns("account", name="Sen")
    seeing = records.reader(office.actor)
    definition = registry.entity("account")
    assert stored_value.text(definition, "employees", "many", seeing) == "many"
    assert stored_value.text(definition, "gone", 7, seeing) == "7"
    audit.write(office.actor, "account", account.id, "update", {"employees": ["many", 3]}, 2)
    assert "many" in office.get(f"/admin/account/{account.id}/audit/").text


def test_due_tasks_stand_on_the_first_page(crm: Flask) -> None:
    rep = Person(crm, "rep")
    rep.owns("task", subject="Call the baker", due_at=clock.now() - timedelta(hours=2), status="open")
    rep.owns("task", subject="Next year", due_at=clock.now() + timedelta(days=300), status="open")
    page = rep.get("/").text
    assert "Call the baker" in page
    assert "Next year" not in page


def test_an_administrator_hands_out_a_password_link(sqlite_crm: Flask) -> None:
    admin, rep = Person(sqlite_crm, "admin"), Person(sqlite_crm, "rep")
    page = admin.post(f"/people/{rep.id}/password-link").text
    link = re.search(r'value="(http[^"]+/password/[^"]+)"', page)
    assert link is not None
    assert Person(sqlite_crm, None).get(link[1].split("8000")[-1]).status_code == 200
    assert rep.post(f"/people/{rep.id}/password-link").status_code == 403
    assert not policy.can(rep.actor, "update", "user")
