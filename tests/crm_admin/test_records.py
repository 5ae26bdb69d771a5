"""Writing a record: all of it or nothing, told to the audit and the history."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask

from crm_admin import audit, db, history, policy, records, recycle_bin, registry
from crm_admin.audit import AuditEntry
from crm_admin.clock import ago, now
from crm_admin.records import Forbidden, NotFound, Rejected, Stale
from tests.people import Person


def _account(person: Person, **values: Any) -> Any:
    return person.owns("account", **{"name": "Sen", **values})


def test_a_new_record_belongs_to_whoever_made_it(crm: Flask) -> None:
    rep = Person(crm, "rep")
    account = records.create(rep.actor, "account", {"name": "Mine"})
    assert (account.owner, account.team) == (rep.id, min(rep.actor.teams))
    assert (account.created_by, account.row_version) == (rep.id, 1)


def test_a_save_is_audited_field_by_field(crm: Flask) -> None:
    office = Person(crm, "office")
    account = _account(office, tier="B")
    with audit.coming_from(audit.Origin("api", "10.0.0.7", "request-1")):
        records.update(office.actor, account, {"tier": "A", "name": "Sen Vàng"})
    entry = AuditEntry.select().order_by(AuditEntry.id.desc()).first()
    assert entry.changes == {"name": ["Sen", "Sen Vàng"], "tier": ["B", "A"]}
    assert (entry.user, entry.action, entry.source, entry.ip) == (office.id, "update", "api", "10.0.0.7")
    assert entry.version == 2


def test_saving_what_stands_already_changes_nothing(crm: Flask) -> None:
    office = Person(crm, "office")
    account = _account(office, tier="B")
    before = AuditEntry.select().count()
    assert records.update(office.actor, account, {"tier": "B", "name": "Sen"}).row_version == 1
    assert AuditEntry.select().count() == before


def test_a_stale_save_is_refused_with_what_stands_now(crm: Flask) -> None:
    office = Person(crm, "office")
    account = _account(office)
    records.update(office.actor, account, {"name": "First"}, expected_version=1)
    with pytest.raises(Stale) as stale:
        records.update(office.actor, account, {"name": "Second"}, expected_version=1)
    assert stale.value.current.name == "First"


def test_of_many_who_save_at_once_one_wins(crm: Flask) -> None:
    office = Person(crm, "office")
    account = _account(office)
    actor, outcomes, start = office.actor, [], threading.Barrier(6)

    def save(name: str) -> None:
        with db.connection():
            start.wait()
            try:
                records.update(actor, account, {"name": name}, expected_version=1)
                outcomes.append("saved")
            except Stale:
                outcomes.append("stale")

    people = [threading.Thread(target=save, args=(f"Name {n}",)) for n in range(6)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert sorted(outcomes) == ["saved"] + ["stale"] * 5


def test_a_unique_value_is_taken_once_also_in_a_race(crm: Flask) -> None:
    admin = Person(crm, "admin")
    actor, outcomes, start = admin.actor, [], threading.Barrier(4)

    def make() -> None:
        with db.connection():
            start.wait()
            try:
                records.create(actor, "tag", {"name": "vip"})
                outcomes.append("made")
            except Rejected as error:
                outcomes.append(next(iter(error.errors)))

    people = [threading.Thread(target=make) for _ in range(4)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert sorted(outcomes) == ["made", "name", "name", "name"]


def test_parent_and_children_are_saved_together_or_not_at_all(crm: Flask) -> None:
    office = Person(crm, "office")
    account = _account(office)
    key = registry.entity("contact").children[0].key
    good = {"account": account.id, "role": "billing"}
    values = {"family_name": "Nguyễn", "given_name": "Mai"}
    with pytest.raises(Rejected) as refused:
        records.create(office.actor, "contact", values, children={key: [good, {"account": 10**9}]})
    assert list(refused.value.errors) == [f"{key}-1-account"]
    assert registry.entity("contact").model.select().count() == 0
    contact = records.create(office.actor, "contact", values, children={key: [good]})
    rows = list(registry.entity("account_contact").model.select())
    assert [(row.contact, row.account, row.role) for row in rows] == [(contact.id, account.id, "billing")]


def test_every_wrong_field_is_named_at_once(sqlite_crm: Flask) -> None:
    office = Person(sqlite_crm, "office")
    seeing = records.reader(office.actor)
    raw = {"email": "no", "employees": "-3", "nonsense": 1, "id": 7}
    with pytest.raises(Rejected) as refused:
        records.parse(office.actor, registry.entity("account"), raw, seeing)
    assert set(refused.value.errors) == {"email", "employees", "nonsense", "id"}


def test_a_rep_cannot_point_at_what_the_rep_cannot_see(crm: Flask) -> None:
    office, rep = Person(crm, "office"), Person(crm, "rep")
    foreign = _account(office)
    with pytest.raises(Rejected) as refused:
        records.create(rep.actor, "contact", {"family_name": "A", "account": foreign.id})
    assert list(refused.value.errors) == ["account"]
    with pytest.raises(Rejected) as missing:
        records.create(rep.actor, "contact", {"family_name": "A", "account": 10**9})
    assert missing.value.errors == refused.value.errors


def test_only_those_who_may_assign_give_records_away(crm: Flask) -> None:
    office, rep, rep2 = Person(crm, "office"), Person(crm, "rep"), Person(crm, "rep2")
    mine = _account(rep)
    with pytest.raises(Rejected):
        records.update(rep.actor, mine, {"owner": rep2.id})
    assert records.update(office.actor, mine, {"owner": rep2.id}).owner == rep2.id
    with pytest.raises(NotFound):
        records.get(rep.actor, "account", mine.id)


def test_a_viewer_sees_but_changes_nothing(crm: Flask) -> None:
    office, viewer = Person(crm, "office"), Person(crm, "viewer")
    account = _account(office)
    assert records.get(viewer.actor, "account", account.id).name == "Sen"
    with pytest.raises(Forbidden):
        records.update(viewer.actor, account, {"name": "Hacked"})
    with pytest.raises(Forbidden):
        records.delete(viewer.actor, account)
    with pytest.raises(Forbidden):
        records.create(viewer.actor, "account", {"name": "New"})


def test_history_of_a_deleted_note_goes_and_comes_back_with_it(crm: Flask) -> None:
    office = Person(crm, "office")
    account = _account(office)
    seeing = records.reader(office.actor)
    values = records.parse(
        office.actor,
        registry.entity("note"),
        {"body": "Ring back", "regarding": f"account:{account.id}"},
        seeing,
    )
    note = records.create(office.actor, "note", values)

    def kinds() -> list[str]:
        return [line.kind for line in history.timeline(office.actor, "account", account.id)[0]]

    assert kinds() == ["note", "created"]
    records.delete(office.actor, note)
    assert kinds() == ["created"]
    records.restore(office.actor, "note", note.id)
    assert kinds() == ["note", "created"]


def test_saying_the_same_thing_again_refines_the_line(crm: Flask) -> None:
    office = Person(crm, "office")
    account = _account(office)
    about: dict[str, Any] = {
        "by": office.id,
        "ref": ("account", account.id),
        "subjects": [("account", account.id)],
    }
    for seconds in (0, 201):
        history.record("call", source="call:CA1", at=now(), data={"seconds": seconds}, **about)
    lines, _ = history.timeline(office.actor, "account", account.id, kinds=["call"])
    assert [line.data for line in lines] == [{"seconds": 201}]


def test_a_long_history_comes_page_by_page(crm: Flask) -> None:
    office = Person(crm, "office")
    account = _account(office)
    for n in range(7):
        history.record(
            "call", source=f"call:{n}", at=ago(minutes=n // 2), by=None, data={},
            ref=("account", account.id), subjects=[("account", account.id)],
        )  # fmt: skip
    seen, after = [], None
    while True:
        lines, after = history.timeline(
            office.actor, "account", account.id, kinds=["call"], after=after, limit=3
        )
        seen += [line.source for line in lines]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 7


def test_the_recycle_bin_is_emptied_for_good(crm: Flask) -> None:
    office = Person(crm, "office")
    old, young = _account(office, phone=None), _account(office, name="Young")
    records.delete(office.actor, old)
    records.delete(office.actor, young)
    registry.entity("account").model.update(deleted_at=ago(days=100)).where(
        registry.entity("account").model.id == old.id
    ).execute()
    assert recycle_bin.purge(ago(days=90)) == 1
    left = [row.name for row in records.deleted(office.actor, "account")]
    assert left == ["Young"]
    assert history.HistoryLine.select().where(history.HistoryLine.ref_id == old.id).count() == 0


def test_the_system_may_do_everything_and_nobody_nothing(sqlite_crm: Flask) -> None:
    assert policy.can(policy.SYSTEM, "delete", "user")
    for action in policy.ACTIONS:
        assert not policy.can(policy.NOBODY, action, "account")
    assert policy.fields(policy.NOBODY, "account") == frozenset()


def test_a_colleague_is_called_as_at_home(sqlite_crm: Flask) -> None:
    admin = Person(sqlite_crm, "admin")
    role = admin.row.role
    names = {
        ("Holloway", "Grace", "en"): "Grace Holloway",
        ("Nguyễn", "Hà", "en"): "Nguyễn Hà",
        ("Tran", "Minh", "vi"): "Tran Minh",
        ("王", "伟", "zh"): "王伟",
    }
    for place, ((family, given, language), name) in enumerate(names.items()):
        values = {"username": f"u{place}", "family_name": family, "given_name": given, "language": language}
        assert records.create(admin.actor, "user", {**values, "role": role}).name == name
