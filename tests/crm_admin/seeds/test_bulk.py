"""The bulk seed: what it writes is what the front door would have written, beside what is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from crm_admin import clock, entities, records, registry, search
from crm_admin.basics import ensure_basics
from crm_admin.commands.options import Refused
from crm_admin.commands.seed import seed as seed_command
from crm_admin.config import Config, changed
from crm_admin.db import database, is_sqlite
from crm_admin.entities.opportunity import StageHistory
from crm_admin.history import HistoryLine, HistorySubject
from crm_admin.kinds.links import RecordLink
from crm_admin.kinds.phone import PhoneIndex, lookup
from crm_admin.policy import SYSTEM, Actor, Rights
from crm_admin.roles import ADMINISTRATOR
from crm_admin.seeds import bulk, drafts, layout, loading
from tests.crm_admin.seeds.installation import installed, settings
from tests.provide.postgres import temporary_database

NOON = datetime(2026, 3, 4, 12, 0, 0)
SIDE = (RecordLink, PhoneIndex, StageHistory)
Rows = list[dict[str, Any]]


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Iterator[Config]:
    config = settings(database_url)
    with installed(config, tmp_path / "files"):
        yield config


def rows(model: Any) -> Rows:
    """The rows of a table without ids that only the table knows, in an order of their own."""
    found = list(model.select().dicts())
    for row in found:
        if model in SIDE:
            row.pop("id")
    return sorted(found, key=repr) if model in SIDE else sorted(found, key=lambda row: row["id"])


def everything() -> dict[str, Rows]:
    """What the seed leaves behind: records with their search text, side tables, history of events."""
    found = {key: rows(registry.entity(key).model) for key in drafts.PER}
    found |= {model._meta.table_name: rows(model) for model in SIDE}
    events = HistoryLine.kind.in_(drafts.EVENTS)
    found["history"] = [
        {key: value for key, value in row.items() if key != "id"}
        for row in HistoryLine.select().where(events).order_by(HistoryLine.source).dicts()
    ]
    shown = HistorySubject.select(HistoryLine.source, HistorySubject).join(
        HistoryLine, on=(HistoryLine.id == HistorySubject.line)
    )
    found["history_subject"] = sorted(
        ({k: v for k, v in row.items() if k != "line"} for row in shown.where(events).dicts()), key=repr
    )
    return found


def by_the_front_door(config: Config, contacts: int) -> None:
    """The records of the same seed, each saved as a person would."""
    with database.atomic():
        ensure_basics(config)
        ground = bulk._ground(config, contacts, 1)
        if not is_sqlite():
            _give_back(ground)
        for number in range(ground.batches):
            for draft in drafts.drafts(ground, number):
                _save(draft)


def _give_back(ground: drafts.Ground) -> None:
    """The ids that were reserved: here each record draws its own."""
    for key, first in ground.first.items():
        counter = f"pg_get_serial_sequence('\"{key}\"', 'id')"
        database.execute_sql(f"SELECT setval({counter}, %s, false)", (first,))


def _save(draft: layout.Draft) -> None:
    definition = registry.entity(draft.entity)
    # A person gives no derived values; the product has to come to the same ones.
    given = {key: value for key, value in draft.values.items() if not definition.fields[key].system}
    given.pop("probability", None)
    given.pop("forecast_category", None)
    with clock.at(draft.at):
        made = records.create(Actor(draft.by, Rights(ADMINISTRATOR)), draft.entity, given, internal=None)
    assert made.id == draft.id
    definition.model.update(source=layout.SOURCE).where(definition.model.id == made.id).execute()


@pytest.fixture
def second_url(database_url: str, tmp_path: Path) -> Iterator[str]:
    """Another empty database of the same kind."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'second.sqlite3'}"
        return
    with temporary_database("crm_test") as url:
        yield url


@pytest.fixture(params=["few", "many"])
def contacts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many contacts; "many" are written as if they were a million: indexes anew, made by several processes."""
    if request.param == "many":
        monkeypatch.setattr(loading, "WORTH", 0)
        monkeypatch.setattr(bulk, "ALONE", 0)
        return 2_100
    return 300


def test_rows_equal_what_saving_each_record_writes(
    database_url: str, second_url: str, tmp_path: Path
) -> None:
    contacts = 200
    with installed(settings(database_url), tmp_path / "files"), clock.at(NOON):
        bulk.seed(settings(database_url), contacts=contacts)
        fast = everything()
    with installed(settings(second_url), tmp_path / "files"), clock.at(NOON):
        by_the_front_door(settings(second_url), contacts)
        slow = everything()
    assert {name: len(found) for name, found in fast.items()} == {
        name: len(found) for name, found in slow.items()
    }
    for name, found in fast.items():
        for one, other in zip(found, slow[name], strict=True):
            assert one == other, name


def test_search_text_of_thousands_is_the_one_that_search_would_make() -> None:
    """Numbers of every block and names of every country, more than could be saved one by one here."""
    entities.load()
    for draft in drafts.drafts(ground(6_000), 0):
        definition = registry.entity(draft.entity)
        record = definition.model()
        for key, value in draft.values.items():
            definition.fields[key].kind.write(record, definition.fields[key], value)
        made: layout.Rows = {}
        layout.put(draft, made)
        table = definition.model._meta.table_name
        written = dict(zip(layout.columns(table), made[table][0], strict=True))
        assert written["search_fold"] == search.index(definition, record)


def ground(contacts: int, seed: int = 1) -> drafts.Ground:
    """Something to draw records from without a database."""
    first = dict.fromkeys((*drafts.PER, "history"), 1)
    stages = (drafts.Stage(1, 1, "open", None),)
    return drafts.Ground(seed, contacts, NOON, ((1, 1),), (1,), stages, first)


def test_what_is_seeded_is_found_by_name_and_by_number(config: Config, contacts: int) -> None:
    bulk.seed(config, contacts=contacts)
    for definition in map(registry.entity, ("account", "contact", "task")):
        record = definition.model.select().order_by(definition.model.id.desc()).first()
        found = search.within(SYSTEM, definition, definition.name_of(record), records.reader(SYSTEM), 60)
        assert definition.name_of(record) in {hit.label for hit in found}, definition.key
    person = registry.entity("contact").model.select().first()
    assert ("contact", person.id, "mobile", "exact") in lookup(person.mobile, person.account and "VN")


def indexes() -> set[str]:
    if is_sqlite():
        rows = database.execute_sql("SELECT sql FROM sqlite_master WHERE type IN ('index', 'trigger')")
    else:
        rows = database.execute_sql("SELECT indexdef FROM pg_indexes")
    return {str(sql) for (sql,) in rows}


def test_nothing_that_was_there_is_touched_and_all_indexes_stay(config: Config, contacts: int) -> None:
    ensure_basics(config)
    mine = records.create(SYSTEM, "account", {"name": "Quán của tôi"})
    before, kept = indexes(), registry.entity("account").model.select().dicts().get()
    assert bulk.seed(config, contacts=contacts, seed=1)["contact"] == contacts
    assert bulk.seed(config, contacts=contacts, seed=2)["contact"] == contacts
    assert indexes() == before
    accounts = registry.entity("account").model
    assert accounts.select().where(accounts.id == mine.id).dicts().get() == kept
    assert accounts.select().count() == 2 * contacts // 10 + 1
    assert accounts.select().where(accounts.source == "seed").count() == 2 * contacts // 10
    after = records.create(SYSTEM, "account", {"name": "Quán mới"})
    hits = search.within(SYSTEM, registry.entity("account"), "quan moi", records.reader(SYSTEM))
    assert [hit.id for hit in hits][:1] == [after.id]
    assert indexes() == before


def test_a_seed_that_fails_leaves_the_database_as_it_was(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "WORTH", 0)
    before = indexes()

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bulk.seed(config, contacts=100, progress=stop)
    assert indexes() == before
    assert registry.entity("account").model.select().count() == 0
    assert registry.entity("user").model.select().count() == 0


def test_the_same_seed_gives_the_same_people_and_another_seed_others() -> None:
    entities.load()

    def names(seed: int) -> list[str]:
        return [d.values["name"] for d in drafts.drafts(ground(500, seed), 0) if d.entity == "contact"]

    assert names(1) == names(1)
    assert names(1) != names(2)
    assert any("\u4e00" <= name[0] <= "\u9fff" for name in names(1))
    assert any("ễ" in name for name in names(1))


def test_calls_are_refused_while_there_is_no_call_center(config: Config) -> None:
    command = seed_command.callback.__wrapped__.__wrapped__  # type: ignore[union-attr]
    with pytest.raises(Refused, match="call center"):
        command(changed(config, {"modules.enabled": []}), contacts=1, calls=5, number=1)
