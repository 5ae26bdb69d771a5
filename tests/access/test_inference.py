"""What may not be seen may not be guessed: two companies that differ only in a hidden value answer the same, byte for
byte, to every question about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from crm_admin import clock, history, policy, registry, search
from crm_admin.audit import AuditEntry
from crm_admin.db import database
from crm_admin.folding import fold
from crm_admin.policy import FieldGrant
from crm_admin.registry import Record
from tests.access.requests import ELSEWHERE, Asking
from tests.access.test_matrix import House
from tests.access.world import build, checksum, plain, undone
from tests.installation import copied

HIDDEN: dict[str, dict[str, Any]] = {
    "account": {"annual_revenue": 5, "tax_code": "AAAA", "employees": 3, "tier": "A"},
    "contact": {"mobile": "+84909123456", "birthday": date(1980, 1, 1), "job_title": "AAAA"},
    "opportunity": {"amount": 5, "close_date": date(2001, 1, 1), "probability": 1, "next_step": "AAAA"},
    "case": {"due_at": datetime(2001, 1, 1), "resolution": "AAAA"},
    "task": {"due_at": datetime(2001, 1, 1), "description": "AAAA"},
    "meeting": {"starts_at": datetime(2041, 1, 1), "location": "AAAA"},
    "product": {"cost": 5},
    "user": {"phone": "+84909123456"},
}
"""Fields hidden from the agent; `product.cost` is private without anybody saying so."""

TRIES = (
    ("", "AAAA"),
    ("__ne", "5"),
    ("__gte", "5"),
    ("__lt", "2002-01-01"),
    ("__in", "A,B"),
    ("__contains", "AAAA"),
    ("__startswith", "+84909"),
    ("__isnull", "true"),
)

FOREIGN: dict[str, dict[str, Any]] = {
    "account": {"name": "Aaaa", "tier": "A"},
    "contact": {"given_name": "Aaaa", "job_title": "A"},
    "lead": {"company_name": "Aaaa", "status": "working"},
    "opportunity": {"name": "Aaaa", "amount": 1},
    "case": {"subject": "Aaaa", "status": "closed"},
    "task": {"subject": "Aaaa", "status": "done"},
    "meeting": {"subject": "Aaaa"},
    "note": {"body": "Aaaa"},
}
"""What changes on records of rep2 while the rep watches."""


@contextmanager
def company_with_secrets(template: str, folder: Path) -> Iterator[House]:
    """The company with some fields hidden from the agent."""
    with clock.at(clock.now()), copied("sqlite", template, folder) as app:
        world = build(app)
        with database.atomic():
            for entity, columns in HIDDEN.items():
                for key in columns:
                    FieldGrant.create(
                        role=world.roles["agent"], entity=entity, field=key, read=False, write=False
                    )
            policy.bump()
        yield House(world, Asking(world), checksum())


@pytest.fixture(scope="module")
def house(sqlite_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with company_with_secrets(sqlite_template, tmp_path_factory.mktemp("guess")) as made:
        yield made


def questions(entity: str, key: str, number: int) -> Iterator[str]:
    """Everything that could be asked about a field, by people and by programs."""
    for base in (f"/admin/{entity}/", f"/api/v1/{entity}"):
        for operator, value in TRIES:
            yield f"{base}?{key}{operator}={value}"
        yield from (
            f"{base}?sort={key}",
            f"{base}?sort=-{key}",
            f"{base}?columns={key}",
            f"{base}?q=aaaa",
            f"{base}?q=a",
        )
        yield f"{base}?sort={key}&limit=1"
    page = f"/admin/{entity}/{number}/"
    yield from (page + part for part in ("", "panels/", "history/", "audit/", "edit/"))
    yield from (
        f"/admin/{entity}/{part}" for part in ("board/", "board/?group=Sales", "lookup/?q=aaaa", "lookup/")
    )
    yield from (f"/admin/{entity}/export/csv", f"/admin/{entity}/filter/?field={key}", f"{page}field/{key}/")
    yield from (f"/api/v1/{entity}/{number}", f"/api/v1/{entity}/{number}/history", "/api/v1/search?q=aaaa")
    yield from ("/", "/search?q=aaaa", "/search/suggest?q=aaaa", "/api/v1/lookup/phone?number=%2B84909123456")


def told_by(entity: str, number: int) -> list[str]:
    """Where whoever may see a value does see it."""
    return [f"/admin/{entity}/{number}/edit/", f"/api/v1/{entity}/{number}", f"/admin/{entity}/export/jsonl"]


def answers(house: House, actor: str, paths: list[str]) -> list[str]:
    client, card = house.world.client(), house.world.passes[actor]
    found = []
    for path in paths:
        sent = (
            {"Authorization": f"Bearer {card.bearer}"}
            if path.startswith("/api/")
            else {"Cookie": card.cookies}
        )
        answer = client.get(path, headers=sent, environ_base=ELSEWHERE)
        assert answer.status_code < 500, path
        found.append(
            f"{answer.status_code} {answer.headers.get('ETag')} {plain(answer.get_data(as_text=True))}"
        )
    return found


def rewrite(entity: str, number: int, values: dict[str, Any]) -> None:
    """Make it so that this had always stood there: in the record, in its search index, in the history and audit."""
    definition = registry.entity(entity)
    model = definition.model
    columns: dict[str, Any] = {}
    for key, value in values.items():
        target = definition.fields[key]
        name = target.kind.column_name(target, "amount") if target.kind.name == "money" else target.name
        columns[name if name in model._meta.fields else target.name] = value
        if f"{target.name}_fold" in model._meta.fields:
            columns[f"{target.name}_fold"] = fold(str(value))
    model.update(**columns).where(model.id == number).execute()
    record: Record = model.get_by_id(number)
    model.update(search_fold=search.index(definition, record)).where(model.id == number).execute()
    told = {key: str(value) for key, value in values.items()}
    for line in history.HistoryLine.select().where(
        history.HistoryLine.ref_entity == entity, history.HistoryLine.ref_id == number
    ):
        data = {**line.data, **{key: text for key, text in told.items() if key in line.data}}
        history.HistoryLine.update(data=data).where(history.HistoryLine.id == line.id).execute()
    for entry in AuditEntry.select().where(AuditEntry.entity == entity, AuditEntry.record_id == number):
        changes = {
            **entry.changes,
            **{key: [None, text] for key, text in told.items() if key in entry.changes},
        }
        AuditEntry.update(changes=changes).where(AuditEntry.id == entry.id).execute()


HIDDEN_FIELDS = [(entity, key) for entity, columns in HIDDEN.items() for key in columns]


@pytest.mark.parametrize(("entity", "key"), HIDDEN_FIELDS)
def test_a_hidden_field_cannot_be_guessed(house: House, entity: str, key: str) -> None:
    station = "shared" if entity in ("product", "user") else "agent"
    number = house.world.ids[entity][station]
    paths = list(questions(entity, key, number))
    paths += [f"/admin/account/{house.world.ids['account']['agent']}/panels/"]
    with undone(house.baseline):
        before = answers(house, "agent", paths)
        control = answers(house, "admin", told_by(entity, number))
        rewrite(entity, number, {key: HIDDEN[entity][key]})
        after = answers(house, "agent", paths)
        told = answers(house, "admin", told_by(entity, number))
    wrong = [path for path, one, other in zip(paths, before, after, strict=True) if one != other]
    assert not wrong, "\n".join(wrong[:20])
    # The two companies are not the same: whoever may see the field does notice.
    assert all(one != other for one, other in zip(control, told, strict=True))


@pytest.mark.parametrize("entity", sorted(FOREIGN))
def test_a_foreign_record_cannot_be_guessed(house: House, entity: str) -> None:
    number = house.world.ids[entity]["rep2"]
    paths = list(dict.fromkeys(path for key in FOREIGN[entity] for path in questions(entity, key, number)))
    paths += [
        f"/admin/account/{house.world.ids['account']['rep']}/{part}" for part in ("", "panels/", "history/")
    ]
    with undone(house.baseline):
        before = answers(house, "rep", paths)
        control = answers(house, "admin", told_by(entity, number))
        rewrite(entity, number, FOREIGN[entity])
        after = answers(house, "rep", paths)
        told = answers(house, "admin", told_by(entity, number))
    wrong = [path for path, one, other in zip(paths, before, after, strict=True) if one != other]
    assert not wrong, "\n".join(wrong[:20])
    assert all(one != other for one, other in zip(control, told, strict=True))


def test_there_are_pairs_enough() -> None:
    pairs = sum(len(list(questions(entity, key, 1))) for entity, key in HIDDEN_FIELDS)
    assert pairs + sum(len(list(questions(e, k, 1))) for e, c in FOREIGN.items() for k in c) >= 400
