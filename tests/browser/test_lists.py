"""Many records: editing in the list, filters and views, columns, keys, many at once, files."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from tests.browser.desk import Desk
from tests.people import Person

NAMES = ("An Phú", "Bến Nghé", "Cầu Kho", "Đa Kao")


@pytest.fixture
def accounts(sqlite_crm: Flask) -> list[int]:
    office = Person(sqlite_crm, "office")
    return [office.owns("account", name=name).id for name in NAMES]


@pytest.mark.usefixtures("accounts")
def test_a_value_is_changed_where_it_stands(sqlite_site: str, chromium: Browser) -> None:
    with Desk(chromium, sqlite_site, "office") as office:
        office.expect(422, 409)
        page = office.open("/admin/account/")
        cell = page.locator("tr", has_text="An Phú").locator("td[data-label=Phone]")
        cell.hover()
        cell.get_by_role("button", name="Edit Phone").click()
        control = cell.get_by_role("textbox", name="Phone")
        expect(control).to_be_focused()
        control.fill("nonsense")
        page.keyboard.press("Enter")
        expect(cell.locator(".field-error")).to_be_visible()
        expect(control).to_have_value("nonsense")
        control.fill("028 3999 0000")
        page.keyboard.press("Enter")
        expect(cell).to_contain_text("028 3999 0000")
        # Somebody else is quicker: both values are shown, and one's own can still be taken.
        cell.get_by_role("button", name="Edit Phone").click()
        expect(control).to_be_focused()
        other = office.tab()
        other.goto("/admin/account/")
        there = other.locator("tr", has_text="An Phú").locator("td[data-label=Phone]")
        there.hover()
        there.get_by_role("button", name="Edit Phone").click()
        there.get_by_role("textbox", name="Phone").fill("028 3888 0000")
        other.keyboard.press("Enter")
        expect(there).to_contain_text("028 3888 0000")
        control.fill("028 3777 0000")
        control.press("Enter")
        expect(cell.locator(".inline-conflict")).to_contain_text("028 3888 0000")
        cell.get_by_role("button", name="Use mine").click()
        expect(cell.locator(".inline-form")).to_have_count(0)
        expect(cell).to_contain_text("028 3777 0000")


@pytest.mark.usefixtures("accounts")
def test_a_question_is_built_seen_and_kept(sqlite_site: str, chromium: Browser) -> None:
    with Desk(chromium, sqlite_site, "office") as office:
        page = office.open("/admin/account/")
        page.get_by_role("button", name="Filter").click()
        page.locator("[data-filter-field]").select_option("name")
        row = page.locator("[data-filter-row]")
        row.locator("[data-filter-op]").select_option("contains")
        row.locator("[data-filter-value] input").fill("da kao")
        page.get_by_role("button", name="Apply").click()
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.locator(".chip")).to_contain_text("da kao")
        page.get_by_role("link", name="Save as view").click()
        page.get_by_label("Name", exact=True).fill("Nhà Đa Kao")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("link", name="Nhà Đa Kao")).to_have_attribute("aria-current", "page")
        page.locator(".chip-remove").click()
        expect(page.locator("tbody tr")).to_have_count(len(NAMES))


@pytest.mark.usefixtures("accounts")
def test_columns_are_chosen_and_stay_chosen(sqlite_site: str, chromium: Browser) -> None:
    with Desk(chromium, sqlite_site, "office") as office:
        page = office.open("/admin/account/")
        page.get_by_role("button", name="Columns").click()
        page.get_by_label("Tier", exact=True).uncheck()
        page.get_by_label("Employees", exact=True).check()
        page.get_by_role("button", name="Apply").click()
        expect(page.locator("th", has_text="Employees")).to_be_visible()
        office.open("/admin/account/")
        expect(page.locator("th", has_text="Employees")).to_be_visible()
        expect(page.locator("th", has_text="Tier")).to_have_count(0)


def test_keys_go_through_a_list(sqlite_site: str, chromium: Browser, accounts: list[int]) -> None:
    with Desk(chromium, sqlite_site, "office") as office:
        page = office.open("/")
        page.keyboard.press("?")
        expect(page.locator("#keys-dialog")).to_contain_text("Accounts")
        page.keyboard.press("Escape")
        for key in ("g", "a"):
            page.keyboard.press(key)
        page.wait_for_url("**/admin/account/")
        for key in ("j", "j", "j", "k", "x"):
            page.keyboard.press(key)
        expect(page.locator("tr.is-checked")).to_have_count(1)
        expect(page.locator("tr.is-checked")).to_contain_text("Bến Nghé")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/admin/account/{accounts[1]}/")


@pytest.mark.usefixtures("accounts")
def test_many_records_change_at_once(sqlite_site: str, chromium: Browser) -> None:
    with Desk(chromium, sqlite_site, "office") as office:
        page = office.open("/admin/account/")
        boxes = page.locator("[data-check-row]")
        boxes.first.check()
        boxes.nth(2).click(modifiers=["Shift"])
        expect(page.locator("[data-bulk-count]")).to_contain_text("3")
        page.get_by_role("button", name="Change a field").click()
        page.locator("#bulk-field").select_option("tier")
        page.get_by_role("button", name="Next").click()
        page.locator("[name=tier]").select_option("A")
        page.get_by_role("button", name="Set on all").click()
        expect(office.toast()).to_contain_text("3 records changed")
        expect(page.locator("td[data-label=Tier]", has_text="A")).to_have_count(3)
        page.locator("[data-check-all]").check()
        page.locator("[data-bulk-bar]").get_by_role("button", name="Move to recycle bin").click()
        page.locator("#confirm-dialog [data-answer=no]").click()
        expect(page.locator("tbody tr")).to_have_count(len(NAMES))
        page.locator("[data-bulk-bar]").get_by_role("button", name="Move to recycle bin").click()
        page.locator("#confirm-dialog [data-answer=yes]").click()
        expect(page.get_by_text("No accounts yet")).to_be_visible()
        office.toast().get_by_role("button", name="Undo").click()
        expect(page.locator("tbody tr")).to_have_count(len(NAMES))
        expect(office.toast()).to_contain_text("records are back")


@pytest.mark.usefixtures("accounts")
def test_a_list_leaves_as_a_file(sqlite_site: str, chromium: Browser, tmp_path: Path) -> None:
    with Desk(chromium, sqlite_site, "office") as office:
        page = office.open("/admin/account/")
        page.locator(".page-actions [data-bs-toggle]").click()
        with page.expect_download() as started:
            page.get_by_role("link", name="Export as CSV").click()
        file = tmp_path / "accounts.csv"
        started.value.save_as(file)
        text = file.read_text("utf-8-sig")
        assert all(name in text for name in NAMES)
        assert started.value.suggested_filename.endswith(".csv")
