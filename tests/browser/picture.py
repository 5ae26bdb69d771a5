"""Draw the picture of the README: an account with its history, from the demo.

python -m tests.browser.picture http://127.0.0.1:8000 PASSWORD [docs/images/record.png]
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.provide.chromium import LAUNCH_ARGS, chromium_path

LARGEST = 200 * 1024


def fullest_account(page: Page) -> str:
    """Address of the first customer of tier A in the list that was talked to last."""
    page.goto("/admin/account/?type=customer&tier=A&last_contact_at__isnull=false&sort=-last_contact_at")
    return str(page.locator("tbody tr").first.get_attribute("data-href"))


def draw(site: str, password: str, target: Path) -> None:
    """Sign in as office and write the picture to `target`. Raises SystemExit if it is too large for a README."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(LAUNCH_ARGS))
        context = browser.new_context(
            base_url=site, viewport={"width": 1440, "height": 900}, locale="en-US", color_scheme="light"
        )
        page = context.new_page()
        page.goto("/login")
        page.locator("[name=username]").fill("office")
        page.locator("[name=password]").fill(password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        page.locator(".btn-user").click()
        page.locator(".user-menu button[value=en]").click()
        page.wait_for_load_state()
        page.goto(fullest_account(page))
        expect(page.locator("#panels .skeleton")).to_have_count(0)
        target.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=target)
        browser.close()
    if target.stat().st_size > LARGEST:
        raise SystemExit(f"{target} has {target.stat().st_size} bytes; at most {LARGEST}")


if __name__ == "__main__":
    draw(sys.argv[1], sys.argv[2], Path(sys.argv[3] if len(sys.argv) > 3 else "docs/images/record.png"))
