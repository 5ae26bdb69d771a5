"""The demo: a company one can believe in, with a past that really happened and a present that is today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from peewee import fn

from crm_admin import clock, policy, registry
from crm_admin.audit import AuditEntry
from crm_admin.auth import passwords
from crm_admin.config import Config
from crm_admin.entities.opportunity import StageHistory
from crm_admin.history import HistoryLine, HistorySubject
from crm_admin.kinds.phone import PhoneIndex
from crm_admin.seeds import demo
from tests.crm_admin.seeds.installation import installed, settings
from tests.provide.postgres import temporary_database

PASSWORD = "Kaffee und Sahne 7"
CAST = ["admin", "supervisor", "agent", "agent2", "office", "rep", "rep2", "viewer"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def company(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    """A demo of 25 customers, which no test changes."""
    folder = tmp_path_factory.mktemp("demo")
    if request.param == "sqlite":
        yield from _built(f"sqlite:///{folder / 'crm.sqlite3'}", folder)
        return
    request.getfixturevalue("postgres_server")
    with temporary_database("crm_test") as url:
        yield from _built(url, folder)


def _built(url: str, folder: Path) -> Iterator[Config]:
    config = settings(url)
    with installed(config, folder / "files"):
        people = demo.build(config, customers=25, password=PASSWORD)
        assert [(name, password) for name, _, password in people] == [(name, PASSWORD) for name in CAST]
        yield config


def model(entity: str) -> Any:
    return registry.entity(entity).model


def user(name: str) -> Any:
    return model("user").get(model("user").username == name)


def test_everybody_of_the_cast_is_there_and_can_sign_in(company: Config) -> None:
    roles = {role.id: role.key for role in model("role").select()}
    found = {name: roles[user(name).role] for name in CAST}
    assert found == {
        "admin": "administrator",
        "supervisor": "supervisor",
        "agent": "agent",
        "agent2": "agent",
        "office": "back_office",
        "rep": "field_rep",
        "rep2": "field_rep",
        "viewer": "viewer",
    }
    assert passwords.matches(user("rep").password_hash, PASSWORD)
    assert not passwords.matches(user("rep").password_hash, PASSWORD + "!")
    assert {user(name).language for name in CAST} == {"vi", "zh", "en"}
    assert user("agent2").name == "陈思雨"


def test_every_entity_has_records(company: Config) -> None:
    empty = [e.key for e in registry.entities() if e.module == "crm_admin" and not e.model.select().exists()]
    assert empty == []


def test_reps_see_their_own_customers_and_not_each_others(company: Config) -> None:
    seen = {
        name: {row.id for row in policy.scope(policy.actor(user(name), policy.version()), "account")}
        for name in ("rep", "rep2", "office")
    }
    assert len(seen["rep"]) >= 7
    assert len(seen["rep2"]) >= 7
    assert not seen["rep"] & seen["rep2"]
    assert seen["office"] > seen["rep"] | seen["rep2"]
    accounts = model("account")
    assert accounts.select().where(accounts.owner.is_null()).count() >= 2
    assert {row.address_city for row in accounts.select().where(accounts.id.in_(seen["rep"] & _given()))} == {
        "Hồ Chí Minh"
    }


def _given() -> set[int]:
    """Accounts that were taken on as such; leads that became one may live anywhere."""
    accounts = model("account")
    return {row.id for row in accounts.select().where(accounts.website.is_null(False))}


def test_names_and_notes_are_in_three_scripts_and_languages(company: Config) -> None:
    names = " ".join(row.name for row in model("contact").select())
    assert any("\u4e00" <= letter <= "\u9fff" for letter in names)
    assert any(letter in names for letter in "ễạấộĐ")
    assert any(row.name.isascii() for row in model("contact").select())
    bodies = [row.body for row in model("note").select()]
    assert any("\u4e00" <= letter <= "\u9fff" for body in bodies for letter in body)
    assert any(set(body) & set("ạảấầđ") for body in bodies)


def test_every_customer_can_be_found_on_a_map_and_called(company: Config) -> None:
    accounts = list(model("account").select().where(model("account").id.in_(_given())))
    assert all(row.address_lat and row.address_lon and row.phone_e164 for row in accounts)
    names = Counter(row.name for row in accounts)
    assert [count for count in names.values() if count > 1] == [2]
    shared = PhoneIndex.select(PhoneIndex.e164).where(PhoneIndex.entity.in_(["account", "contact"]))
    callers: dict[str, set[tuple[str, int]]] = {}
    for row in shared.select(PhoneIndex.e164, PhoneIndex.entity, PhoneIndex.record_id):
        callers.setdefault(row.e164, set()).add((row.entity, row.record_id))
    assert sum(len(found) > 1 for found in callers.values()) >= 3


def test_every_record_was_created_once_in_the_audit_and_by_somebody_with_the_right(company: Config) -> None:
    # Calls that customers made came about by the provider's notices: their log says who and when.
    for definition in (e for e in registry.entities() if e.key != "call"):
        created = AuditEntry.select(AuditEntry.record_id).where(
            AuditEntry.entity == definition.key, AuditEntry.action == "create"
        )
        ids = sorted(row.record_id for row in created)
        assert ids == sorted(row.id for row in definition.model.select(definition.model.id)), definition.key
    own = AuditEntry.select().where(AuditEntry.entity == "account", AuditEntry.user == user("rep").id)
    assert own.count() >= 7
    assert not AuditEntry.select().where(AuditEntry.user == user("viewer").id).exists()


def test_history_was_written_in_the_order_it_happened_at_office_hours(company: Config) -> None:
    moments = [row.at for row in AuditEntry.select(AuditEntry.at).order_by(AuditEntry.id)]
    assert moments == sorted(moments)
    assert moments[-1] <= clock.now()
    assert moments[-1] - moments[0] > timedelta(days=200)
    assert all(at.weekday() != 6 for at in (moment + timedelta(hours=7) for moment in moments))
    lines = {
        row.kind: row.n
        for row in HistoryLine.select(HistoryLine.kind, fn.COUNT(HistoryLine.id).alias("n")).group_by(
            HistoryLine.kind
        )
    }
    assert {"created", "change", "note", "task", "meeting", "case", "opportunity"} <= set(lines)
    busiest = (
        HistorySubject.select(fn.COUNT(HistorySubject.line))
        .where(HistorySubject.entity == "account")
        .group_by(HistorySubject.record_id)
    )
    assert max(count for (count,) in busiest.tuples()) >= 8


def test_sales_move_through_their_stages(company: Config) -> None:
    kinds = {stage.id: stage.kind for stage in model("stage").select()}
    assert {kinds[row.stage] for row in model("opportunity").select()} == {"open", "won", "lost"}
    moves = StageHistory.select().where(StageHistory.from_stage.is_null(False))
    assert moves.count() >= 10
    assert all(move.seconds > 0 for move in moves)
    assert len({row.pipeline for row in model("opportunity").select()}) == 2


def test_everybody_has_something_overdue_due_today_and_coming(company: Config) -> None:
    tasks, now = model("task"), clock.now()
    for name in CAST:
        due = [
            row.due_at - now
            for row in tasks.select().where(tasks.owner == user(name).id, tasks.done_at.is_null())
        ]
        assert any(left < timedelta(days=-1) for left in due), name
        assert any(abs(left) < timedelta(days=1) for left in due), name
        assert any(left > timedelta(days=1) for left in due), name
    meetings = model("meeting")
    planned = meetings.select().where(meetings.starts_at > now)
    held = meetings.select().where(meetings.status == "held")
    assert held.exists()
    assert planned.exists()


def test_a_second_build_changes_nothing(company: Config) -> None:
    before = [(e.key, e.model.select().count()) for e in registry.entities()], AuditEntry.select().count()
    assert [name for name, _, _ in demo.build(company, customers=25, password=PASSWORD)] == CAST
    after = [(e.key, e.model.select().count()) for e in registry.entities()], AuditEntry.select().count()
    assert before == after


def test_the_records_of_others_are_not_mixed_with_a_demo(tmp_path: Path) -> None:
    config = settings(f"sqlite:///{tmp_path / 'crm.sqlite3'}")
    with installed(config, tmp_path / "files"):
        model("user").create(username="somebody")
        with pytest.raises(ValueError, match="without people"):
            demo.build(config, customers=1, password=PASSWORD)
        assert not model("role").select().exists()
