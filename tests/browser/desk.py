"""Somebody at a browser."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Route

from tests.people import PASSWORD

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

# No push process runs beside these tests: its stream opens and stays silent.
_SILENCE = "retry: 3600000\n\n"


class Desk:
    """A browser of one person. At its end it fails if anything went wrong that people do not see.

    A page that answers 403, 404, 409 or 422 logs an error too: a story that provokes one names it with `expect`.
    """

    def __init__(self, browser: Browser, site: str, username: str = "", **options: Any) -> None:
        wanted: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "locale": "en-US", **options}
        self.context: BrowserContext = browser.new_context(base_url=site, **wanted)
        self.context.route(re.compile(r"/events\?"), self._silent)
        self.troubles: list[str] = []
        self._expected: set[int] = set()
        self.page = self.tab()
        if username:
            self.sign_in(username)

    def tab(self) -> Page:
        """One more tab of the same browser."""
        page = self.context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.troubles.append(f"{page.url}: {error}"))
        return page

    def expect(self, *statuses: int) -> None:
        """Answers that belong to the story."""
        self._expected.update(statuses)

    def sign_in(self, username: str) -> None:
        self.page.goto("/login")
        self.page.get_by_label("User name").fill(username)
        self.page.locator("input[type=password]").fill(PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: "/login" not in url)

    def open(self, path: str) -> Page:
        self.page.goto(path)
        return self.page

    def panel(self, key: str) -> Locator:
        """A card of the record page, by the key of its panel."""
        return self.page.locator(f"#panel-{key}")

    def choose(self, control: str, typed: str, page: Page | None = None) -> None:
        """Pick in a look-up box by typing."""
        at = page or self.page
        at.locator(f"{control} + .ts-wrapper .ts-control").click()
        at.keyboard.type(typed)
        at.locator(".ts-dropdown:visible .option", has_text=typed).first.click()

    def toast(self) -> Locator:
        return self.page.locator("[data-toast]").last

    def close(self) -> None:
        self.context.close()
        assert not self.troubles, "\n".join(self.troubles)

    def __enter__(self) -> Desk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.context.close()

    def _heard(self, message: ConsoleMessage) -> None:
        # A breach of the content policy is logged as an error as well.
        if message.type not in ("error", "warning"):
            return
        status = re.search(r"status of (\d{3})", message.text)
        if status is None or int(status[1]) not in self._expected:
            self.troubles.append(f"{message.location.get('url', '')}: {message.text}")

    @staticmethod
    def _silent(route: Route) -> None:
        headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "text/event-stream"}
        route.fulfill(status=200, headers=headers, body=_SILENCE)
