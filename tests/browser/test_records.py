"""One record: two people at once, wrong entries, deleting and bringing back, a lead that becomes a customer."""

from __future__ import annotations

from flask import Flask
from playwright.sync_api import Browser, expect

from tests.browser.desk import Desk
from tests.people import Person


def test_two_people_edit_one_record_and_nothing_is_lost(
    sqlite_crm: Flask, sqlite_site: str, chromium: Browser
) -> None:
    account = Person(sqlite_crm, "office").owns("account", name="Sen Trắng")
    path = f"/admin/account/{account.id}/edit/"
    with Desk(chromium, sqlite_site, "office") as office:
        office.expect(409)
        slow, quick = office.page, office.tab()
        slow.goto(path)
        quick.goto(path)
        quick.locator("#name").fill("Sen Hồng")
        quick.get_by_role("button", name="Save", exact=True).click()
        expect(quick.locator("h1")).to_contain_text("Sen Hồng")
        slow.locator("#name").fill("Sen Vàng")
        slow.locator("#employees").fill("12")
        slow.get_by_role("button", name="Save", exact=True).click()
        row = slow.locator(".conflict tr", has_text="Name")
        expect(row).to_contain_text("Sen Trắng")
        expect(row).to_contain_text("Sen Hồng")
        expect(row).to_contain_text("Sen Vàng")
        expect(slow.locator("#employees")).to_have_value("12")
        row.get_by_label("Sen Hồng").check()
        slow.get_by_role("button", name="Save", exact=True).click()
        expect(slow.locator("h1")).to_contain_text("Sen Hồng")
        expect(slow.locator("#details")).to_contain_text("12")


def test_a_wrong_entry_is_explained_and_focused(sqlite_site: str, chromium: Browser) -> None:
    with Desk(chromium, sqlite_site, "office") as office:
        office.expect(422)
        page = office.open("/admin/account/new/")
        page.locator("#email").fill("not an address")
        page.get_by_role("button", name="Save", exact=True).click()
        summary = page.locator("[data-focus]")
        expect(summary).to_be_focused()
        expect(summary).to_contain_text("2 entries need your attention")
        expect(page.locator("#email")).to_have_value("not an address")
        expect(page.locator("#email")).to_have_attribute("aria-invalid", "true")
        summary.get_by_role("link", name="Name").click()
        expect(page.locator("#name")).to_be_focused()


def test_what_is_not_there_and_what_is_not_allowed_say_so(sqlite_site: str, chromium: Browser) -> None:
    with Desk(chromium, sqlite_site, "viewer") as viewer:
        viewer.expect(403, 404)
        expect(viewer.open("/admin/account/999999/").locator("h1")).to_be_visible()
        expect(viewer.page.get_by_role("link", name="Home").first).to_be_visible()
        expect(viewer.open("/admin/account/new/").locator("h1")).to_be_visible()
        assert "not allowed" in viewer.page.content() or "may not" in viewer.page.content()


def test_a_deleted_record_comes_back_at_once_and_from_the_bin(
    sqlite_crm: Flask, sqlite_site: str, chromium: Browser
) -> None:
    account = Person(sqlite_crm, "office").owns("account", name="Chợ Lớn")
    path = f"/admin/account/{account.id}/"
    with Desk(chromium, sqlite_site, "office") as office:
        for way_back in ("Undo", "Restore"):
            page = office.open(path)
            page.locator(".page-actions [data-bs-toggle]").click()
            page.get_by_role("button", name="Move to recycle bin").click()
            page.locator("#confirm-dialog [data-answer=yes]").click()
            expect(office.toast()).to_contain_text("“Chợ Lớn” is in the recycle bin")
            if way_back == "Restore":
                office.open("/admin/account/bin/")
            page.get_by_role("button", name=way_back).click()
            page.wait_for_url(f"**{path}")
            expect(page.locator("h1")).to_contain_text("Chợ Lớn")


def test_a_lead_becomes_a_customer(sqlite_crm: Flask, sqlite_site: str, chromium: Browser) -> None:
    lead = Person(sqlite_crm, "office").owns(
        "lead", company_name="Hải sản Bình Minh", family_name="Lý", given_name="Hương"
    )
    with Desk(chromium, sqlite_site, "office") as office:
        page = office.open(f"/admin/lead/{lead.id}/")
        page.locator(".page-actions").get_by_role("link", name="Convert").click()
        page.get_by_role("button", name="Convert").click()
        expect(page.locator("h1")).to_contain_text("Hải sản Bình Minh")
        page.locator(".record-facts").get_by_role("link", name="Hải sản Bình Minh").click()
        page.wait_for_url("**/admin/account/*/")
        expect(office.panel("contacts")).to_contain_text("Lý Hương")
        expect(office.panel("opportunities").locator("tbody tr")).to_have_count(1)


def test_an_open_page_tells_what_others_do_meanwhile(
    sqlite_crm: Flask, sqlite_site: str, chromium: Browser
) -> None:
    agent = Person(sqlite_crm, "agent")
    account = Person(sqlite_crm, "office").owns("account", name="Sen Trắng")
    told = "document.dispatchEvent(new CustomEvent('crm:record.touched', {detail: {entity: 'account', record_id: %d}}))"
    with Desk(chromium, sqlite_site, "office") as office:
        page = office.open(f"/admin/account/{account.id}/")
        form = office.tab()
        form.goto(f"/admin/account/{account.id}/edit/")
        form.locator("#employees").fill("12")
        agent.post(
            "/admin/note/new/?quick=1",
            {"body": "They moved", "regarding-entity": "account", "regarding": str(account.id)},
        )
        agent.post(f"/admin/account/{account.id}/field/tier/", {"tier": "A", "row_version": "1"})
        page.bring_to_front()
        page.evaluate(told % account.id)
        expect(page.locator(".record-news")).to_contain_text("Lê An changed this meanwhile: Tier.")
        expect(page.locator("#timeline")).to_contain_text("They moved")
        form.bring_to_front()
        form.evaluate(told % account.id)
        expect(form.locator(".record-news")).to_contain_text("both versions are shown")
        expect(form.locator("#employees")).to_have_value("12")
        page.bring_to_front()
        page.locator(".record-news").get_by_role("link", name="Show").click()
        expect(page.locator("#details")).to_contain_text("A")
        expect(page.locator(".record-news")).to_be_empty()
        # Somebody reads further down: nothing moves under their hands.
        page.locator("#timeline .pill").first.focus()
        agent.post(
            "/admin/note/new/?quick=1",
            {"body": "They like it", "regarding-entity": "account", "regarding": str(account.id)},
        )
        page.evaluate(told % account.id)
        page.get_by_role("button", name="Show what is new").click()
        expect(page.locator("#timeline")).to_contain_text("They like it")
        office.expect(404)
        Person(sqlite_crm, "admin").post(f"/admin/account/{account.id}/delete/")
        page.evaluate(told % account.id)
        expect(page.locator(".record-news")).to_contain_text("not there any more")
