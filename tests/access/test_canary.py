"""Nothing leaks sideways: every text of every record is unique, and no answer may hold one that its reader may not see."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from crm_admin import clock, policy, records, registry
from crm_admin.db import database
from crm_admin.policy import FieldGrant
from tests.access.expectations import BINNED, ROLE_OF, STATIONS, level, may, stands
from tests.access.modules import ENTITIES
from tests.access.requests import ELSEWHERE, Asking
from tests.access.test_matrix import WHOLE, House
from tests.access.world import Secret, build, checksum, text_values, undone
from tests.installation import copied

PRIVATE = {("product", "cost")}
"""Fields that only these may see without anybody saying so."""

SEE_PRIVATE = ("administrator", "supervisor", "back_office")

HIDDEN: dict[str, set[tuple[str, str]]] = {
    "agent": {
        ("account", "annual_revenue"),
        ("contact", "mobile"),
        ("lead", "company_name"),
        ("opportunity", "amount"),
        ("opportunity", "next_step"),
        ("case", "resolution"),
        ("task", "due_at"),
        ("meeting", "location"),
    },
    "back_office": {
        ("account", "annual_revenue"),
        ("lead", "email"),
        ("contact", "description"),
        ("user", "phone"),
    },
    "field_rep": {("account", "tax_code"), ("opportunity", "amount"), ("note", "pinned"), ("user", "email")},
    "clerk": {("account", "annual_revenue"), ("account", "phone")},
    "viewer": {("lead", "company_name"), ("attachment", "size")},
}
"""What an administrator has hidden from each role here."""

WALKERS = ("agent", "rep", "clerk", "viewer", "office")

WORD = re.compile(r"q[a-p]{9}")
FIGURE = re.compile(r"\d{8,}")


def hide(world_roles: dict[str, int]) -> None:
    """Write the hidden fields into the rule table."""
    for role, pairs in HIDDEN.items():
        for entity, key in pairs:
            FieldGrant.create(role=world_roles[role], entity=entity, field=key, read=False, write=False)
    policy.bump()


@contextmanager
def company_at_work(template: str, folder: Path) -> Iterator[House]:
    """The company after a day of work: everything was changed once, so that there are old values as well."""
    with clock.at(clock.now()), copied("sqlite", template, folder) as app:
        world = build(app)
        with database.atomic():
            hide(world.roles)
            for entity, ids in world.ids.items():
                for station in set(ids) - set(BINNED) - {"missing"}:
                    definition = registry.entity(entity)
                    record = definition.model.get_by_id(ids[station])
                    records.update(policy.SYSTEM, record, text_values(world, definition, station))
        yield House(world, Asking(world), checksum())


@pytest.fixture(scope="module")
def company(sqlite_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with company_at_work(sqlite_template, tmp_path_factory.mktemp("company")) as house:
        yield house


def may_read(actor: str, secret: Secret) -> bool:
    """Whether the table lets somebody read what a text stands in."""
    role = ROLE_OF[actor]
    if role == "administrator":
        return True
    place = (secret.entity, secret.field)
    if (place in PRIVATE and role not in SEE_PRIVATE) or place in HIDDEN.get(role, set()):
        return False
    if may(actor, "read", secret.entity, secret.station):
        return True
    return stands(actor, "delete", secret.entity, secret.station)


def unmet(company: House, actor: str, seen: set[str]) -> list[Secret]:
    """What somebody may read and has not seen. Left out is what lies in the bin: only its name is shown there."""
    secrets = company.world.secrets.items()
    return [
        secret
        for text, secret in secrets
        if text not in seen and secret.station not in BINNED and may_read(actor, secret)
    ]


# ── where they look ─────────────────────────────────────────────────────────────────────────────────
def addresses(company: House, actor: str) -> Iterator[str]:
    """What a person of these rights would open, and some that only a curious one would; all of it in a whole run."""
    yield from (
        "/",
        "/profile",
        "/search?q=q",
        "/admin/",
        "/roles/",
        "/jobs/",
        "/call-center/",
        "/call-center/lists/",
    )
    for entity in ENTITIES:
        if level(actor, "read", entity) == "none":
            continue
        yield from _of_entity(company, entity)
        seen = [s for s in STATIONS[ENTITIES[entity].held] if may(actor, "read", entity, s)]
        for station in seen:
            number = company.world.ids[entity][station]
            if WHOLE or station in ("rep", "agent", "guest", "shared"):
                yield from _of_record(entity, number)
            else:
                yield f"/admin/{entity}/{number}/audit/"
        for station in seen[:1]:
            for key, target in registry.entity(entity).fields.items():
                if WHOLE or target.option("target"):
                    yield f"/admin/{entity}/{company.world.ids[entity][station]}/field/{key}/"


def _of_entity(company: House, entity: str) -> Iterator[str]:
    base, definition = f"/admin/{entity}/", registry.entity(entity)
    keys = list(definition.fields)
    for some in (keys[:20], keys[20:]):
        yield f"{base}?columns={','.join(some)}"
    yield from (
        f"{base}{page}"
        for page in ("board/", "board/?group=Sales", "bin/", "new/", "new/?quick=1", "lookup/", "lookup/?q=q")
    )
    yield from (f"{base}export/{kind}?headers=keys" for kind in ("csv", "xlsx", "jsonl"))
    for key, target in definition.fields.items():
        for station, number in company.world.ids.get(str(target.option("target")), {}).items():
            if station in ("rep2", "agent"):
                yield f"{base}filter/?field={key}"
                yield f"{base}new/?{urlencode({key: number})}"
                yield f"{base}?{urlencode({key: number})}"
    for station in ("rep2", "agent", "binned") if WHOLE else ("rep2",):
        for text in _starts(company, entity, station):
            asked = urlencode({"q": text})
            yield from (f"{base}?{asked}", f"{base}lookup/?{asked}", f"/search/suggest?{asked}")


def _starts(company: House, entity: str, station: str) -> list[str]:
    """The beginnings of the first texts of a record: what is typed comes back, so never the whole."""
    own = [t for t, s in company.world.secrets.items() if (s.entity, s.station) == (entity, station)]
    return [text[:7] for text in own[:2]]


def _of_record(entity: str, number: int) -> Iterator[str]:
    base = f"/admin/{entity}/{number}/"
    yield from (
        base + page for page in ("", "panels/", "history/", "history/?kind=change", "audit/", "edit/")
    )
    if entity == "attachment":
        yield f"/files/{number}/a.txt"
    if entity == "lead":
        yield f"/leads/{number}/convert"
    if entity in ("contact", "lead", "account"):
        yield f"/call-center/texts/new/?customer={entity}:{number}"
    if entity == "call":
        yield from (f"/call-center/calls/{number}/{page}/" for page in ("card", "recordings"))
    if entity == "text_message":
        yield f"/call-center/texts/{number}/toast/"


def api_addresses(company: House, actor: str) -> Iterator[str]:
    yield from ("/api/v1/openapi.json", "/api/v1/schema/entities", "/api/v1/search?q=q")
    for entity in ENTITIES:
        if level(actor, "read", entity) == "none":
            continue
        yield f"/api/v1/{entity}?limit=200&names=1"
        yield f"/api/v1/schema/entities/{entity}"
        for text in _starts(company, entity, "rep2"):
            yield f"/api/v1/{entity}?{urlencode({'q': text})}"
            yield f"/api/v1/search?{urlencode({'q': text})}"
        for station in STATIONS[ENTITIES[entity].held]:
            if may(actor, "read", entity, station):
                number = company.world.ids[entity][station]
                yield f"/api/v1/{entity}/{number}?names=1"
                yield f"/api/v1/{entity}/{number}/history"
    for text, secret in company.world.secrets.items():
        if text.isdigit() and secret.field in ("phone", "mobile") and secret.station in ("rep", "rep2"):
            yield f"/api/v1/lookup/phone?number=%2B8424{text}"


def posts(company: House, actor: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Forms that come back: with links to what is out of reach, with old versions, with half of what they need."""
    for entity, noun in ENTITIES.items():
        stations = [s for s in STATIONS[noun.held] if may(actor, "update", entity, s)]
        if not stations:
            continue
        number = company.world.ids[entity][stations[0]]
        base = f"/admin/{entity}/{number}/"
        definition = registry.entity(entity)
        texts = dict.fromkeys(definition.fields, "x")
        yield f"{base}edit/", {**texts, "row_version": "0"}
        for key, target in definition.fields.items():
            if not WHOLE and not target.option("target"):
                continue
            yield f"/admin/{entity}/action/", {"action": "change", "ids": str(number), "field": key}
            if target.option("target"):
                foreign = str(company.world.ids.get(target.option("target"), {}).get("rep2", 1))
                yield f"{base}field/{key}/", {key: foreign, "row_version": "0"}
                yield f"{base}edit/", {key: foreign, "row_version": "1"}
                yield f"/admin/{entity}/new/", {key: foreign}


# ── what they find ──────────────────────────────────────────────────────────────────────────────────
def found(answer: TestResponse, secrets: dict[str, Secret]) -> set[str]:
    """The texts of ours in an answer: its headers and its body, unpacked."""
    body = answer.get_data()
    if body[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            text = " ".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    else:
        text = body.decode("utf-8", "replace")
    text = html.unescape(text) + " " + str(answer.headers)
    words = set(WORD.findall(text))
    joined = re.sub(r"(?<=\d)[\s,\u00a0\u202f](?=\d)", "", text)
    for run in FIGURE.findall(joined):
        words |= {run[i : i + 8] for i in range(len(run) - 7)}
    return words & secrets.keys()


def asked(company: House, actor: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, options of the client) of everything that somebody asks for."""
    card = company.world.passes[actor]
    page = {"headers": {"Cookie": card.cookies}, "environ_base": ELSEWHERE}
    program = {"headers": {"Authorization": f"Bearer {card.bearer}"}, "environ_base": ELSEWHERE}
    for path in addresses(company, actor):
        yield path, {"method": "GET", **page}
    for path in api_addresses(company, actor):
        yield path, {"method": "GET", **program}
    for path, form in posts(company, actor):
        yield path, {"method": "POST", "data": {"csrf_token": card.csrf, **form}, **page}


def leaks(company: House, actor: str, seen: set[str], only: str = "") -> Iterator[str]:
    """What answers (to paths in which `only` is found) hold that the actor may not read; `seen` gathers all of it."""
    client, secrets = company.world.client(), company.world.secrets
    forbidden = {text for text, secret in secrets.items() if not may_read(actor, secret)}
    for path, options in asked(company, actor):
        if not re.search(only, path):
            continue
        with undone(company.baseline):
            answer = client.open(path, **options)
            here = found(answer, secrets)
            answer.close()
        seen |= here
        if answer.status_code >= 500:
            yield f"{path} answers {answer.status_code}"
        for text in sorted(here & forbidden):
            yield f"{path} shows {secrets[text]} to {actor}"


@pytest.mark.parametrize("actor", WALKERS)
def test_nobody_reads_what_is_not_theirs(company: House, actor: str) -> None:
    seen: set[str] = set()
    wrong = list(leaks(company, actor, seen))
    assert not wrong, f"{len(wrong)} leaks:\n" + "\n".join(wrong[:60])
    # The sweep has eyes: it has met all that is theirs to read.
    assert not unmet(company, actor, seen)


def test_the_administrator_meets_every_text(company: House) -> None:
    """The control: whoever may see everything does meet it, so a text that others do not meet was kept from them."""
    seen: set[str] = set()
    assert not list(leaks(company, "admin", seen, only="/export/jsonl|/audit/|/bin/"))
    assert not unmet(company, "admin", seen)
