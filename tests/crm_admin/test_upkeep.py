"""What the house does by itself."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

from flask import Flask

from crm_admin import clock, records, registry
from crm_admin.exchange.batch import Import, ImportRow, prune
from crm_admin.jobs import upkeep
from crm_admin.jobs.handlers import Running
from crm_admin.push import Event
from tests.people import Person

JOB = cast(Running, SimpleNamespace(payload={}))


def test_a_reminder_is_told_once_to_the_owner(crm: Flask) -> None:
    rep = Person(crm, "rep")
    due: dict[str, Any] = {
        "subject": "Call",
        "status": "open",
        "reminder_at": clock.now() - timedelta(minutes=1),
    }
    task = rep.owns("task", **due)
    rep.owns("task", **{**due, "subject": "Later", "reminder_at": clock.now() + timedelta(hours=1)})
    rep.owns("task", **{**due, "subject": "Done", "status": "done"})
    assert upkeep.remind(JOB) == {"told": 1}
    assert upkeep.remind(JOB) == {"told": 0}
    event = Event.get()
    assert (event.type, event.record_id, event.users) == ("reminder", task.id, f"[{rep.id}]")
    records.update(rep.actor, task, {"reminder_at": clock.now()})
    assert upkeep.remind(JOB) == {"told": 1}


def test_the_recycle_bin_is_emptied_when_its_time_has_come(crm: Flask) -> None:
    office = Person(crm, "office")
    account = office.owns("account", name="Gone")
    with clock.at(clock.ago(days=91)):
        records.delete(office.actor, account)
    with crm.app_context():
        assert upkeep.purge(JOB) == {"removed": 1}
    assert registry.entity("account").model.select().count() == 0


def test_old_imports_are_forgotten(crm: Flask) -> None:
    office = Person(crm, "office")
    made: dict[str, Any] = {
        "entity": "account", "user": office.id, "filename": "a.csv", "digest": "0" * 64, "header": ["name"],
        "rows": 1, "mapping": ["name"], "reader": {}, "status": "done",
    }  # fmt: skip
    Import.create(**made, created_at=clock.ago(days=100))
    Import.create(**made)
    assert prune(clock.ago(days=90)) == 1
    assert Import.select().count() == 1
    assert ImportRow.select().count() == 0
