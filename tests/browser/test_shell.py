"""The frame around every page: language, theme, drawer and bars on a phone."""

from __future__ import annotations

from flask import Flask
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.desk import PHONE, Desk
from tests.people import Person


def test_language_and_theme_change_and_the_page_stays(sqlite_site: str, chromium: Browser) -> None:
    with Desk(chromium, sqlite_site, "office") as office:
        page = office.open("/admin/account/?sort=-name")
        for code, title in (("vi", "Khách hàng"), ("zh", "客户"), ("en", "Accounts")):
            page.locator(".btn-user").click()
            page.locator(f".user-menu button[value={code}]").click()
            expect(page.locator("h1")).to_have_text(title)
            assert page.url.endswith("/admin/account/?sort=-name")
            page.wait_for_load_state()  # the menu opens by script
        _choose_theme(page, "dark")
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
        # The page that sent the choice is gone, the choice is not.
        page.wait_for_function(
            """() => fetch('/profile').then(r => r.text()).then(page => page.includes('data-theme="dark"'))"""
        )


def test_who_goes_on_at_once_keeps_the_theme_they_chose(sqlite_site: str, chromium: Browser) -> None:
    """The next page is asked for while the choice is still on its way to the server."""
    with Desk(chromium, sqlite_site, "agent") as agent:
        page = agent.open("/admin/account/")
        page.route("**/profile/theme", lambda route: held.append(route))
        held: list[Route] = []
        _choose_theme(page, "dark")
        page.locator("#menu").get_by_role("link", name="Contacts").click()
        expect(page.locator("h1")).to_have_text("Contacts")
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
        expect(page.locator("[data-theme-form] [value=dark]")).to_have_attribute("aria-pressed", "true")


def test_a_phone_has_a_drawer_bars_and_cards(sqlite_crm: Flask, sqlite_site: str, chromium: Browser) -> None:
    Person(sqlite_crm, "rep").owns("contact", family_name="Vũ", given_name="Mai")
    with Desk(chromium, sqlite_site, "rep", **PHONE) as rep:
        page = rep.open("/admin/contact/")
        card = page.locator("tbody tr", has_text="Vũ Mai")
        expect(card).to_have_css("display", "grid")
        _fits(page)
        page.locator(".bottom-link[data-menu-open]").tap()
        expect(page.locator("#menu")).to_be_in_viewport()
        page.locator("#menu").get_by_role("link", name="Contacts").tap()
        expect(page.locator("#menu")).not_to_be_in_viewport()
        page.locator(".page-actions").get_by_role("link", name="New contact").tap()
        page.get_by_label("Family name").fill("Trịnh")
        page.get_by_label("Given name").fill("Công Sơn")
        _fits(page)
        page.get_by_role("button", name="Save", exact=True).tap()
        expect(page.locator("h1")).to_contain_text("Trịnh Công Sơn")
        _fits(page)


def _choose_theme(page: Page, theme: str) -> None:
    page.locator(".btn-user").click()
    page.locator(f"[data-theme-form] [value={theme}]").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)


def _fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
