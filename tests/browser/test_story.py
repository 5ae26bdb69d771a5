"""The first day: the office writes down a customer, moves a deal on, finds it again; a rep sees none of it."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.browser.desk import Desk


def test_the_office_keeps_a_customer_and_a_rep_sees_none_of_it(site: str, chromium: Browser) -> None:
    with Desk(chromium, site, "office") as office:
        account = _account_with_people(office)
        _two_opportunities(office)
        _note_and_task(office, account)
        _moves_on_by_key_and_by_mouse(office)
        _found_without_diacritics(office, account)
    with Desk(chromium, site, "rep") as rep:
        rep.open("/admin/account/")
        expect(rep.page.get_by_text("Phở Đường Tàu")).to_have_count(0)
        rep.page.keyboard.press("/")
        rep.page.keyboard.type("pho duong tau")
        expect(rep.page.locator(".search-note")).to_contain_text("Nothing found")
        rep.expect(404)
        rep.open(account)
        expect(rep.page.locator("h1")).not_to_contain_text("Phở")
        assert "Phở" not in rep.page.content()


def _account_with_people(office: Desk) -> str:
    page = office.open("/admin/account/")
    page.keyboard.press("c")
    page.wait_for_url("**/admin/account/new/")
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type("Công ty Phở Đường Tàu")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("h1")).to_contain_text("Công ty Phở Đường Tàu")
    contacts = office.panel("contacts")
    for family, given in (("Nguyễn", "Bình"), ("王", "小明")):
        contacts.get_by_role("link", name="Add").click()
        contacts.locator("[name=family_name]").fill(family)
        contacts.locator("[name=given_name]").fill(given)
        contacts.get_by_role("button", name="Add").click()
        expect(contacts.locator("tbody tr", has_text=given)).to_have_count(1)
    expect(contacts.locator("tbody tr", has_text="Nguyễn Bình")).to_have_count(1)
    expect(contacts.locator("tbody tr", has_text="王小明")).to_have_count(1)
    return page.url


def _two_opportunities(office: Desk) -> None:
    panel = office.panel("opportunities")
    for name in ("Máy pha cà phê", "Bảo trì"):
        panel.get_by_role("link", name="Add").click()
        panel.locator("[name=name]").fill(name)
        panel.get_by_role("button", name="Add").click()
        expect(panel.locator("tbody tr", has_text=name)).to_have_count(1)


def _note_and_task(office: Desk, account: str) -> None:
    page = office.page
    page.get_by_role("textbox", name="Note").fill("Gọi lại sau Tết")
    page.get_by_role("button", name="Add note").click()
    timeline = page.locator("#timeline")
    expect(timeline).to_contain_text("Gọi lại sau Tết")
    assert page.url == account
    page.locator(".composer-tabs").get_by_role("link", name="Task").click()
    form = page.locator("#composer-form .quick-form")
    form.locator("[name=subject]").fill("Gửi báo giá")
    form.get_by_role("button", name="Add").click()
    expect(form).to_have_count(0)
    expect(timeline).to_contain_text("Gửi báo giá")
    expect(office.panel("tasks").locator("tbody tr", has_text="Gửi báo giá")).to_have_count(1)


def _moves_on_by_key_and_by_mouse(office: Desk) -> None:
    page = office.open("/admin/opportunity/board/")
    first, second = page.locator("[data-board-column]").nth(0), page.locator("[data-board-column]").nth(1)
    card = first.locator(".board-card", has_text="Máy pha cà phê")
    card.focus()
    for key in ("m", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("[data-board-status]")).to_contain_text("Máy pha cà phê moved to")
    expect(second.locator("[data-board-count]")).to_have_text("1")
    first.locator(".board-card", has_text="Bảo trì").drag_to(second.locator("[data-board-cards]"))
    expect(second.locator("[data-board-count]")).to_have_text("2")
    page.reload()
    expect(second.locator(".board-card")).to_have_count(2)


def _found_without_diacritics(office: Desk, account: str) -> None:
    page = office.open("/")
    page.keyboard.press("/")
    page.keyboard.type("cong ty pho duong tau")
    expect(page.locator("#global-search-results [role=option]").first).to_contain_text(
        "Công ty Phở Đường Tàu"
    )
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(account)
