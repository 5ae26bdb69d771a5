"""The pages of the CRM that are measured, and by whom they are asked for."""

from __future__ import annotations

import re
from urllib.parse import quote

from flask.testing import FlaskClient

from crm_admin import app as application
from crm_admin import db, listing, registry
from crm_admin.auth import tokens
from crm_admin.config import Config
from tests.bench.backends import Backends
from tests.bench.stand import Ask, Prepared
from tests.people import Person

COLUMNS = "columns=name,account,owner,email,phone"
"""Five columns, two of them names from other tables."""

CONTACTS = "/admin/contact/"
FIRST_PAGE, RECORD_PAGE, EDIT_FORM = "contact list", "record page", "edit form"


def crm(config: Config) -> Prepared:
    """The CRM on a database of the benchmark, as an administrator, two field reps and a program use it."""
    app = application.create_app(config)
    with db.connection():
        admin, many, few = (Person(app, name) for name in ("admin", "rep", "rep2"))
        paths = _paths(admin)
        _, token = tokens.mint(admin.id, name="bench", scopes=["read"])
    pages = {name: _get(admin.client, path) for name, path in paths.items()}
    pages["own list, owner of 1 in 20"] = _get(many.client, CONTACTS)
    pages["own list, owner of 1 in 5,000"] = _get(few.client, CONTACTS)
    pages["own list by change, 1 in 20"] = _get(many.client, f"{CONTACTS}?sort=-modified_at")
    program = {"Authorization": f"Bearer {token}"}
    pages["API list"] = _get(app.test_client(), "/api/v1/contact", program)
    return Prepared(pages, _queries, Backends(config).busy_s)


def _paths(admin: Person) -> dict[str, str]:
    """Addresses by what they show; the records named in them stand in the middle of the table."""
    model = registry.entity("contact").model
    middle = (
        model.select().where(model.account.is_null(False), model.id > model.select().count() // 2).first()
    )
    record = f"{CONTACTS}{middle.id}/"
    rare = quote(f"{middle.name} {(middle.email or '').partition('@')[0]}")
    return {
        FIRST_PAGE: f"{CONTACTS}?{COLUMNS}",
        "page 2": CONTACTS + _next(admin.get(CONTACTS).text),
        "deep page": f"{CONTACTS}?after={_mark(middle)}",
        "sort by change": f"{CONTACTS}?sort=-modified_at",
        "filter by owner": f"{CONTACTS}?owner={middle.owner}",
        "filter by choice": "/admin/account/?type=prospect",
        "search, rare": f"{CONTACTS}?q={rare}",
        "search, common": f"{CONTACTS}?q=nguyen",
        "search, no hit": f"{CONTACTS}?q=xyzzyq",
        "search, two letters": f"{CONTACTS}?q=an",
        "search, two ideographs": f"{CONTACTS}?q={quote('王伟')}",
        RECORD_PAGE: record,
        "panels": f"{record}panels/",
        EDIT_FORM: f"{record}edit/",
        "account page": f"/admin/account/{middle.account}/",
        "home": "/",
        "board": "/admin/opportunity/board/",
        "suggestions": "/search/suggest?q=nguyen",
    }


def _next(page: str) -> str:
    found = re.search(r'href="(\?[^"]*after=[^"]+)"', page)
    return found[1].replace("&amp;", "&") if found else ""


def _mark(record: registry.Record) -> str:
    record.sort_zone = 0
    return listing.Order(listing.ListQuery("contact", sort="name")).mark(record)


def _get(client: FlaskClient, path: str, headers: dict[str, str] | None = None) -> Ask:
    def ask() -> tuple[int, int]:
        answer = client.get(path, headers=headers)
        return answer.status_code, len(answer.data)

    return ask


def _queries(ask: Ask) -> int:
    with db.count_queries() as seen:
        ask()
    return len(seen)
