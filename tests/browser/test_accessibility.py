"""axe-core over every page that can be reached: nothing serious, in the light and in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from crm_admin import policy, records, registry
from crm_admin.kinds.subject import Ref
from tests.browser.desk import PHONE, Desk
from tests.people import Person

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"

RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]

# Not pages: data, files, fragments that other pages fetch, and addresses that only forward.
NO_PAGES = {
    "static",
    "admin.static",
    "admin.index",
    "pages.file",
    "pages.suggest",
    "operations.healthz",
    "operations.readyz",
    "operations.metrics",
    "record.ajax_lookup",
    "record.lookup_view",
    "record.filter_view",
    "record.field_view",
    "record.panels_view",
    "record.export",
    "desk.static",
    "desk.calls",
    "desk.card",  # tests/call_center/test_desk_browser.py looks at it, in a call
    "desk.lists",
    "desk.recordings",
    "desk.status",
    "recordings.listen",
    "call_setup.standing",
}
# Their pages need an upload or a link from a mail first: tests/crm_admin/exchange and auth read them.
NEED_MORE = {"imports.failed", "imports.plan", "imports.preview", "imports.progress", "imports.result"}
NEED_MORE |= {"auth.choose_password"}

# Every page of an entity is looked at for accounts; of the others those whose parts differ: record page and form.
OTHERS = ("contact", "lead", "opportunity", "task", "user", "role")


def _samples(app: Flask) -> dict[str, int]:
    """One record of each entity that has a page, related enough to fill panels and a history."""
    office = Person(app, "office")
    account = office.owns("account", name="Cà phê Đèn Tím", type="customer", tier="A")
    contact = office.owns("contact", family_name="Nguyễn", given_name="Bình", account=account.id)
    lead = office.owns("lead", family_name="王", given_name="小明", company_name="汐巷咖啡")
    deal = office.owns("opportunity", name="Máy pha cà phê", account=account.id, contact=contact.id)
    task = office.owns("task", subject="Gọi lại", regarding=Ref("account", account.id))
    gone = office.owns("account", name="Đã xoá")
    records.delete(policy.SYSTEM, gone)
    found = {"account": account.id, "contact": contact.id, "lead": lead.id}
    found |= {"opportunity": deal.id, "task": task.id}
    for entity in ("user", "role"):
        found[entity] = registry.entity(entity).model.select().first().id
    return found


def pages(app: Flask) -> list[str]:
    """An address of every page the application has, from its own map."""
    ids = _samples(app)
    found: dict[str, None] = {}
    for rule in app.url_map.iter_rules():
        name = rule.endpoint
        if "GET" not in (rule.methods or ()) or name.startswith("api") or name in NO_PAGES | NEED_MORE:
            continue
        with app.test_request_context():
            for values in _arguments(name, ids):
                built = rule.build({key: values[key] for key in rule.arguments})
                assert built is not None, rule
                found[built[1]] = None
    found["/search?q=ca+phe"] = None
    found["/admin/account/?name__contains=ca"] = None
    found["/admin/account/?q=nothing+like+it"] = None
    found["/admin/account/views/?query=%3Ftier%3DA"] = None
    return sorted(found)


def _arguments(endpoint: str, ids: dict[str, int]) -> Iterator[dict[str, Any]]:
    if endpoint.startswith("roles."):
        yield {"id": ids["role"], "entity": "account"}
    elif endpoint == "record.board_view":
        yield {"id": 0, "entity": "opportunity"}
    else:
        # "id" alone is a lead's: conversion is the one page of a record outside /admin/.
        yield {"id": ids["account"] if endpoint.startswith("record.") else ids["lead"], "entity": "account"}
    if endpoint in ("record.details_view", "record.edit_view"):
        yield from ({"id": ids[entity], "entity": entity} for entity in OTHERS)


def findings(page: Page, rules: dict[str, Any]) -> list[str]:
    """What axe holds to be serious or critical, one line each."""
    answer = page.evaluate("rules => axe.run({runOnly: rules})", rules)
    return [
        f"{page.url} {found['id']}: {node['html'][:160]}"
        for found in answer["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]


# So tall that no bar that stays in sight lies over a control.
TALL_PHONE = {**PHONE, "viewport": {"width": 390, "height": 4000}}


@pytest.mark.parametrize("shape", [{}, TALL_PHONE], ids=["desk", "phone"])
def test_no_page_shuts_anybody_out(
    sqlite_crm: Flask, sqlite_site: str, chromium: Browser, shape: dict[str, Any]
) -> None:
    found: list[str] = []
    # axe is put into the page past the content policy: every other story checks that.
    options: dict[str, Any] = {"bypass_csp": True, "reduced_motion": "reduce", **shape}
    with Desk(chromium, sqlite_site, "admin", **options) as admin:
        admin.expect(404)
        admin.context.add_init_script(path=AXE)
        for address in [*pages(sqlite_crm), "/admin/nothing/"]:
            page = admin.open(address)
            expect(page.locator("#panels .skeleton")).to_have_count(0)
            found += findings(page, {"type": "tag", "values": RULES})
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                found.append(f"{address} scrolls sideways")
            if not shape:  # colours are the same on a phone
                page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
                found += [f"dark {line}" for line in findings(page, {"type": "rule", "values": COLOURS})]
    assert not found, "\n".join(found)
