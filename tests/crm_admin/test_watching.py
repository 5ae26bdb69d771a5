"""Who has a record open hears when it is written: once, if they may still see it, and nobody else."""

from __future__ import annotations

import json
from datetime import timedelta

from flask import Flask

from crm_admin import clock, history, records, registry
from crm_admin.db import count_queries, database
from crm_admin.policy import SYSTEM, FieldGrant, bump
from crm_admin.push import Event, watching
from crm_admin.registry import Record
from tests.people import Person


def told() -> list[tuple[str, int, list[int]]]:
    """The events so far: entity, record, users; forgotten afterwards."""
    rows = [(row.entity, row.record_id, json.loads(row.users)) for row in Event.select().order_by(Event.id)]
    Event.delete().execute()
    return rows


def open_page(person: Person, record: Record, version: int | None = None, **form: str) -> str:
    """What an open page says to the server; the news it gets."""
    url = f"/admin/{registry.of(record).key}/{record.id}/watch/"
    answer = person.post(url, {"row_version": str(version or record.row_version), **form})
    assert answer.status_code in (200, 204)
    return answer.text


def test_an_open_page_hears_of_a_change_and_says_who_made_it(crm: Flask) -> None:
    office, agent = Person(crm, "office"), Person(crm, "agent")
    account = office.owns("account", name="Hoa Sen", tier="B")
    assert told() == []
    assert open_page(office, account) == ""
    agent.post(f"/admin/account/{account.id}/field/tier/", {"tier": "A", "row_version": "1"})
    assert told() == [("account", account.id, [office.id])]
    news = open_page(office, account)
    assert "Lê An changed this meanwhile: Tier." in news
    assert "both versions" in open_page(office, account, editing="1")
    assert open_page(office, account, version=2) == ""
    assert open_page(agent, account) == "", "one's own change is no news"


def test_many_writes_in_a_row_are_told_once(crm: Flask) -> None:
    office = Person(crm, "office")
    accounts = [office.owns("account", name=f"Shop {number}") for number in range(250)]
    told()
    with database.atomic(), count_queries() as alone:
        records.update(SYSTEM, accounts[0], {"tier": "B"})
    open_page(office, accounts[3])
    with database.atomic():
        for account in accounts:
            records.update(SYSTEM, account, {"tier": "A"})
    for tier in ("B", "C"):
        records.update(SYSTEM, accounts[3], {"tier": tier})
    assert told() == [("account", accounts[3].id, [office.id])]
    assert sum("sys_look" in sql for sql in alone) == 0, (
        "nothing is asked before the transaction has committed"
    )
    with count_queries() as unseen:
        records.update(SYSTEM, accounts[0], {"tier": "C"})
    assert sum("sys_look" in sql for sql in unseen) == 1


def test_a_change_that_is_taken_back_is_not_told(crm: Flask) -> None:
    office = Person(crm, "office")
    account = office.owns("account", name="Hoa Sen")
    open_page(office, account)
    with database.atomic() as transaction:
        records.update(SYSTEM, account, {"tier": "A"})
        transaction.rollback()
    assert told() == []
    records.update(SYSTEM, account, {"tier": "A"})
    assert told() == [("account", account.id, [office.id])]


def test_an_account_hears_what_happens_with_its_contact(crm: Flask) -> None:
    office = Person(crm, "office")
    account = office.owns("account", name="Hoa Sen")
    contact = office.owns("contact", family_name="Vũ", given_name="Mai", account=account.id)
    open_page(office, account)
    office.post(
        "/admin/note/new/?quick=1",
        {"body": "Called back", "regarding-entity": "contact", "regarding": str(contact.id)},
    )
    assert ("account", account.id, [office.id]) in told()


def test_a_page_is_told_that_its_record_is_gone(crm: Flask) -> None:
    office, viewer = Person(crm, "office"), Person(crm, "viewer")
    account = office.owns("account", name="Hoa Sen")
    open_page(viewer, account)
    records.delete(office.actor, account)
    assert told() == [("account", account.id, [viewer.id])]
    assert viewer.post(f"/admin/account/{account.id}/watch/", {"row_version": "1"}).status_code == 404


def test_who_has_left_hears_nothing(sqlite_crm: Flask) -> None:
    office = Person(sqlite_crm, "office")
    account = office.owns("account", name="Hoa Sen")
    open_page(office, account)
    model = registry.entity("user").model
    model.update(active=False).where(model.id == office.id).execute()
    records.update(SYSTEM, account, {"tier": "A"})
    assert told() == []


def test_news_names_no_hidden_field(sqlite_crm: Flask) -> None:
    office, agent = Person(sqlite_crm, "office"), Person(sqlite_crm, "agent")
    account = office.owns("account", name="Hoa Sen", tier="B", industry="food")
    FieldGrant.create(role=agent.row.role, entity="account", field="tier", read=False, write=False)
    bump()
    records.update(office.actor, account, {"tier": "A"})
    assert open_page(agent, account) == ""
    records.update(office.actor, account, {"industry": "retail"})
    assert "Phạm Hoa changed this meanwhile: Industry." in open_page(agent, account)


def test_a_look_ends_by_itself_and_nobody_keeps_many(sqlite_crm: Flask) -> None:
    office = Person(sqlite_crm, "office")
    accounts = [office.owns("account", name=f"Shop {number}") for number in range(watching.LOOKS + 5)]
    for account in accounts:
        watching.look(office.actor, "account", account.id)
    assert watching.Look.select().count() == watching.LOOKS
    with clock.at(clock.now() + watching.LASTS + timedelta(minutes=1)):
        records.update(SYSTEM, accounts[-1], {"tier": "A"})
        assert told() == []
        watching.prune()
    assert watching.Look.select().count() == 0


def test_a_line_without_a_save_is_told_too(sqlite_crm: Flask) -> None:
    """Modules write the history for themselves: a call, a visit."""
    office = Person(sqlite_crm, "office")
    account = office.owns("account", name="Hoa Sen")
    open_page(office, account)
    subject = ("account", account.id)
    history.record("other", source="x:1", at=clock.now(), by=None, ref=subject, subjects=[subject], data={})
    assert told() == [("account", account.id, [office.id])]
