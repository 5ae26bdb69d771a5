"""The record screens as the office and the field use them."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

from flask import Flask

from crm_admin import clock, policy, records, registry
from crm_admin.auth.tokens import mint
from crm_admin.kinds.phone import Phone
from tests.people import Person


def test_office_creates_an_account_and_finds_it_without_diacritics(crm: Flask) -> None:
    office = Person(crm, "office")
    answer = office.post(
        "/admin/account/new/", {"name": "Công ty Cà phê Đắk Lắk", "phone": "0903 123 456", "type": "customer"}
    )
    assert answer.status_code == 302
    page = office.get(answer.location)
    assert "Công ty Cà phê Đắk Lắk" in page.text
    assert "Account created" in page.text
    assert "Công ty Cà phê Đắk Lắk" in office.get("/admin/account/?q=ca+phe+dak").text
    assert "Công ty Cà phê Đắk Lắk" in office.get("/search?q=0903123456").text


def test_rep_does_not_see_what_is_not_the_reps(crm: Flask) -> None:
    office, rep = Person(crm, "office"), Person(crm, "rep")
    foreign = office.owns("account", name="Secret Ltd")
    mine = rep.owns("account", name="My Own Shop")
    assert "My Own Shop" in rep.get("/admin/account/").text
    assert "Secret Ltd" not in rep.get("/admin/account/").text
    assert rep.get(f"/admin/account/{mine.id}/").status_code == 200
    assert rep.get(f"/admin/account/{foreign.id}/").status_code == 404
    assert "Secret" not in rep.get("/search?q=secret").text.replace("“secret”", "")


def test_bad_input_names_the_field_and_keeps_what_was_typed(sqlite_crm: Flask) -> None:
    office = Person(sqlite_crm, "office")
    answer = office.post(
        "/admin/account/new/", {"name": "", "email": "not an address", "tax_code": "0312345678"}
    )
    assert answer.status_code == 422
    assert "This field is required." in answer.text
    assert "not an address" in answer.text
    assert "0312345678" in answer.text
    assert registry.entity("account").model.select().count() == 0


def test_stale_save_shows_both_versions_and_loses_nothing(crm: Flask) -> None:
    office, agent = Person(crm, "office"), Person(crm, "agent")
    account = office.owns("account", name="Hoa Sen", tier="B", industry="retail")
    url = f"/admin/account/{account.id}/edit/"
    version = re.search(r'name="row_version" value="(\d+)"', office.get(url).text)
    assert version is not None
    assert (
        agent.post(url, {"name": "Hoa Sen Foods", "tier": "A", "row_version": version[1]}).status_code == 302
    )
    answer = office.post(url, {"name": "Hoa Sen JSC", "industry": "food", "row_version": version[1]})
    assert answer.status_code == 409
    for text in ("Hoa Sen</td>", "Hoa Sen Foods", "Hoa Sen JSC"):
        assert text in answer.text
    again = re.search(r'name="row_version" value="(\d+)"', answer.text)
    assert again is not None
    final = {"name": "Hoa Sen JSC", "industry": "food", "row_version": again[1], "began_version": version[1]}
    assert office.post(url, {**final, "take-name": "theirs"}).status_code == 302
    saved = registry.entity("account").model.get_by_id(account.id)
    assert (saved.name, saved.tier, saved.industry) == ("Hoa Sen Foods", "A", "food")


def test_deleted_record_comes_back_from_the_recycle_bin(crm: Flask) -> None:
    office = Person(crm, "office")
    account = office.owns("account", name="Gone Tomorrow")
    assert office.post(f"/admin/account/{account.id}/delete/").status_code == 302
    assert office.get(f"/admin/account/{account.id}/").status_code == 404
    assert "Gone Tomorrow" in office.get("/admin/account/bin/").text
    assert office.post(f"/admin/account/{account.id}/restore/").status_code == 302
    assert office.get(f"/admin/account/{account.id}/").status_code == 200


def test_account_tells_what_happened_with_its_contacts(crm: Flask) -> None:
    office = Person(crm, "office")
    account = office.owns("account", name="Sen Vàng")
    contact = office.owns("contact", family_name="Nguyễn", given_name="Mai", account=account.id)
    office.post(
        "/admin/note/new/?quick=1",
        {"body": "Wants the red one", "regarding-entity": "contact", "regarding": str(contact.id)},
    )
    page = office.get(f"/admin/account/{account.id}/").text
    assert "Wants the red one" in page
    assert "Nguyễn Mai" in page


def test_what_stands_too_long_in_its_stage_is_marked_until_it_moves(crm: Flask) -> None:
    office = Person(crm, "office")
    stage = registry.entity("stage").model
    first, second, *_ = stage.select().where(stage.kind == "open").order_by(stage.position)
    won = stage.get(stage.kind == "won")
    stage.update(rotten_after_days=14).where(stage.id.in_((first.id, won.id))).execute()
    stage.update(rotten_after_days=None).where(stage.id == second.id).execute()
    slow = office.owns("opportunity", name="Slow", stage=first.id)
    office.owns("opportunity", name="Settled", stage=won.id)
    with clock.at(clock.now() + timedelta(days=13, hours=23)):
        office = Person(crm, "office")
        office.owns("opportunity", name="Fresh", stage=first.id)
        assert "13 days" not in office.get("/admin/opportunity/board/").text
    with clock.at(clock.now() + timedelta(days=15, hours=1)):
        office = Person(crm, "office")
        for page in ("", "board/", "?columns=stage,name"):
            shown = office.get(f"/admin/opportunity/{page}").text
            assert shown.count("15 days") == 1
            assert "Settled" in shown
        assert "15 days" not in office.get("/admin/opportunity/?columns=name").text
        office.post(f"/admin/opportunity/{slow.id}/move/", {"to": str(second.id), "row_version": "1"})
        assert "15 days" not in office.get("/admin/opportunity/board/").text


def test_a_bulk_delete_keeps_what_is_needed_and_says_why(crm: Flask) -> None:
    admin = Person(crm, "admin")
    busy, idle = (
        records.create(policy.SYSTEM, "queue", {"name": name}) for name in ("Support", "Old hotline")
    )
    number = Phone("+842873001234", "+842873001234", "")
    records.create(policy.SYSTEM, "phone_line", {"name": "Main", "number": number, "queue": busy.id})
    ticked = {"action": "delete", "ids": [str(busy.id), str(idle.id)]}
    answer = admin.post("/admin/queue/action/", ticked, follow_redirects=True)
    assert answer.status_code == 200
    assert "Support: Company numbers lead to this queue." in unescape(answer.text)
    assert "1 record is in the recycle bin." in answer.text
    model = registry.entity("queue").model
    left = {row.name for row in model.select().where(model.deleted_at.is_null())}
    assert ("Support" in left, "Old hotline" in left) == (True, False)
    token = {"Authorization": f"Bearer {mint(admin.id)[1]}"}
    rows = {"rows": [{"op": "delete", "id": busy.id}]}
    asked = admin.client.post("/api/v1/queue/bulk", json=rows, headers=token)
    (result,) = (asked.json or {})["results"]
    assert (asked.status_code, result["status"]) == (200, 409)
    assert "Company numbers lead to this queue." in str(result["errors"])


def test_a_bulk_delete_is_undone_with_one_click(crm: Flask) -> None:
    office, supervisor = Person(crm, "office"), Person(crm, "supervisor")
    shops = [office.owns("account", name=f"Shop {number}") for number in range(4)]
    earlier = office.owns("account", name="Deleted before")
    office.post(f"/admin/account/{earlier.id}/delete/")
    model = registry.entity("account").model

    def living() -> list[str]:
        return [row.name for row in model.select().where(model.deleted_at.is_null()).order_by(model.name)]

    ticked = {"action": "delete", "ids": [str(shop.id) for shop in shops[:3]], "back": "?sort=-name"}
    page = office.post("/admin/account/action/", ticked, follow_redirects=True).text
    assert living() == ["Shop 3"]
    undo = re.search(r'<form method="post" action="/admin/account/bin/">.*?</form>', page)
    assert undo is not None
    fields = {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', undo[0])}
    assert fields["back"] == "?sort=-name"
    fields.pop("csrf_token")
    supervisor.post("/admin/account/bin/", fields)
    assert living() == ["Shop 3"], "what others deleted is not theirs to give back"
    answer = office.post("/admin/account/bin/", fields)
    assert answer.location.endswith("/admin/account/?sort=-name")
    assert "3 records are back." in office.get(answer.location).text
    assert living() == ["Shop 0", "Shop 1", "Shop 2", "Shop 3"]
    assert "nothing left" in office.post("/admin/account/bin/", fields, follow_redirects=True).text


def test_an_undo_without_right_or_sense_changes_nothing(sqlite_crm: Flask) -> None:
    office, viewer = Person(sqlite_crm, "office"), Person(sqlite_crm, "viewer")
    shop = office.owns("account", name="Shop")
    office.post(f"/admin/account/{shop.id}/delete/")
    span = {"since": "2000-01-01", "until": "2100-01-01"}
    assert viewer.post("/admin/account/bin/", span).status_code == 403
    for wrong in ("", "yesterday", "2026-01-01T00:00:00+07:00", "9" * 400):
        assert office.post("/admin/account/bin/", {**span, "until": wrong}).status_code == 400
    assert registry.entity("account").model.get_by_id(shop.id).deleted_at is not None
