"""What follows from a save, and what cannot be saved."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm_admin import clock, policy, records, registry
from crm_admin.db import count_queries
from crm_admin.entities.case import Case
from crm_admin.entities.contact import Contact
from crm_admin.entities.meeting import Meeting
from crm_admin.entities.note import headline
from crm_admin.entities.opportunity import StageHistory
from crm_admin.entities.pipeline import Pipeline
from crm_admin.entities.role import Role
from crm_admin.entities.stage import Stage
from crm_admin.entities.story import of_regarding
from crm_admin.entities.team import teams_of
from crm_admin.entities.user import User
from crm_admin.kinds.place import Place
from crm_admin.kinds.subject import Ref
from crm_admin.policy import SYSTEM
from crm_admin.records import Rejected
from crm_admin.registry import Record

pytestmark = pytest.mark.usefixtures("crm")

NOON = datetime(2024, 5, 6, 12)


def create(entity: str, **values: Any) -> Any:
    return records.create(SYSTEM, entity, values)


def update(record: Record, **values: Any) -> Any:
    return records.update(SYSTEM, record, values)


def stage(name: str) -> Any:
    return Stage.get(Stage.name == name)


def user(username: str, role: str = "agent", **values: Any) -> Any:
    return create("user", username=username, role=Role.get(Role.key == role).id, **values)


def wrong(action: Any, *args: Any, **values: Any) -> set[str]:
    """The fields a save is refused for."""
    with pytest.raises(Rejected) as refused:
        action(*args, **values)
    return set(refused.value.errors)


def test_a_contact_without_an_address_is_named_as_in_the_country_of_the_account() -> None:
    account = create("account", name="Acme", address=Place(city="Boston", country="US"))

    abroad = create("contact", family_name="Smith", given_name="John", account=account.id)
    here = create("contact", family_name="Nguyễn", middle_name="Văn", given_name="An")
    moved = update(abroad, address=Place(city="Huế", country="VN"))

    assert abroad.name == "John Smith"
    assert (here.name, here.name_fold) == ("Nguyễn Văn An", "nguyen van an")
    assert moved.name == "Smith John"


def test_a_person_needs_a_name() -> None:
    assert wrong(create, "contact", job_title="Director") == {"family_name"}
    assert wrong(create, "lead", phone=None) == {"family_name"}
    assert create("lead", company_name="Acme").name == "Acme"
    assert user("tam").name == "tam"


def test_nobody_is_born_tomorrow() -> None:
    with clock.at(NOON):
        assert wrong(create, "contact", family_name="An", birthday=NOON.date() + timedelta(days=1)) == {
            "birthday"
        }
        assert create("contact", family_name="An", birthday=NOON.date()).id


def test_an_account_cannot_hang_below_itself() -> None:
    top = create("account", name="Top")
    middle = create("account", name="Middle", parent=top.id)
    low = create("account", name="Low", parent=middle.id)

    assert wrong(update, top, parent=top.id) == {"parent"}
    assert wrong(update, top, parent=low.id) == {"parent"}
    assert update(low, parent=top.id).parent == top.id


def test_a_contact_is_linked_to_an_account_once() -> None:
    account, contact = create("account", name="Acme"), create("contact", family_name="An", given_name="Lê")
    link = create("account_contact", account=account.id, contact=contact.id, role="billing")

    assert link.name == "An Lê · Acme"
    assert wrong(create, "account_contact", account=account.id, contact=contact.id) == {"account"}
    assert update(link, role="user").role == "user"


def test_a_new_opportunity_starts_in_the_first_stage_of_the_default_pipeline() -> None:
    account = create("account", name="Acme")
    contact = create("contact", family_name="An", account=account.id)
    with clock.at(NOON):
        sale = create("opportunity", name="Pumps", contact=contact.id)

    assert sale.account == account.id
    assert (sale.pipeline, sale.stage) == (Pipeline.get().id, stage("Qualification").id)
    assert sale.probability == Decimal(10)
    assert (sale.stage_entered_at, sale.closed_at, sale.forecast_category) == (NOON, None, "pipeline")


def test_the_probability_follows_the_stage_until_a_person_sets_it() -> None:
    sale = create("opportunity", name="Pumps")

    sale = update(sale, stage=stage("Proposal").id)
    assert sale.probability == Decimal(50)
    sale = update(sale, probability=Decimal(60))
    assert sale.probability == Decimal(60)
    sale = update(sale, stage=stage("Negotiation").id, probability=Decimal(65))
    assert sale.probability == Decimal(65)
    assert update(sale, stage=stage("Won").id).probability == Decimal(100)
    assert update(sale, stage=stage("Lost").id).probability == Decimal(0)


def test_closing_and_reopening_an_opportunity() -> None:
    sale = create("opportunity", name="Pumps")
    with clock.at(NOON):
        sale = update(sale, stage=stage("Won").id)
        assert (sale.closed_at, sale.forecast_category) == (NOON, "closed")
    with clock.at(NOON + timedelta(days=1)):
        sale = update(sale, name="Big pumps")
        assert sale.closed_at == NOON
        sale = update(sale, stage=stage("Proposal").id)
    assert (sale.closed_at, sale.forecast_category) == (None, "pipeline")


def test_the_way_through_the_stages_is_kept_with_the_time_in_each() -> None:
    with clock.at(NOON):
        sale = create("opportunity", name="Pumps")
    with clock.at(NOON + timedelta(hours=2)):
        sale = update(sale, next_step="Call")
        sale = update(sale, stage=stage("Proposal").id)
    with clock.at(NOON + timedelta(hours=3)):
        update(sale, stage=stage("Won").id)

    way = [
        (row.from_stage, row.to_stage, row.seconds) for row in StageHistory.select().order_by(StageHistory.id)
    ]
    first, second, third = stage("Qualification").id, stage("Proposal").id, stage("Won").id
    assert way == [(None, first, None), (first, second, 7200), (second, third, 3600)]


def test_a_stage_of_another_pipeline_is_refused() -> None:
    other = create("pipeline", name="Renewals")
    foreign = create("stage", name="Offer", pipeline=other.id, position=1)

    assert wrong(create, "opportunity", name="Pumps", pipeline=Pipeline.get().id, stage=foreign.id) == {
        "stage"
    }
    assert create("opportunity", name="Pumps", stage=foreign.id).pipeline == other.id


def test_a_stage_in_use_and_its_pipeline_stay() -> None:
    sale = create("opportunity", name="Pumps")

    for record in (stage("Qualification"), Pipeline.get()):
        with pytest.raises(Rejected):
            records.delete(SYSTEM, record)
    records.delete(SYSTEM, sale)
    records.delete(SYSTEM, stage("Qualification"))


def test_new_opportunities_go_to_one_pipeline() -> None:
    first = Pipeline.get()
    assert wrong(create, "pipeline", name="Renewals", is_default=True) == {"is_default"}

    update(first, is_default=False)
    second = create("pipeline", name="Renewals", is_default=True)
    begin = create("stage", name="Offer", pipeline=second.id, position=1)

    assert update(second, name="Renewal").is_default
    assert create("opportunity", name="Pumps").stage == begin.id


def test_won_and_lost_stages_have_their_probability() -> None:
    signed = create("stage", name="Signed", pipeline=Pipeline.get().id, kind="won", position=9)

    assert signed.probability == Decimal(100)


def test_a_case_is_numbered_and_knows_when_it_was_resolved() -> None:
    account = create("account", name="Acme")
    contact = create("contact", family_name="An", account=account.id)
    with clock.at(NOON):
        case = create("case", subject="Leak", contact=contact.id)
        assert (case.number, case.account, case.resolved_at) == ("CASE-2024-00001", account.id, None)
        case = update(case, status="resolved")
    with clock.at(NOON + timedelta(days=1)):
        case = update(case, status="closed")
        assert case.resolved_at == NOON
        assert update(case, status="open").resolved_at is None


def test_nobody_gives_a_case_another_number() -> None:
    office = policy.Actor(id=1, rights=policy.Rights("back_office"))

    assert "number" in policy.fields(office, "case")
    assert "number" not in policy.fields(office, "case", "write")


def test_a_task_knows_when_it_was_done() -> None:
    task = create("task", subject="Call back")
    with clock.at(NOON):
        task = update(task, status="done")
    assert (task.done_at, task.happened_at()) == (NOON, NOON)
    task = update(task, status="open")
    assert (task.done_at, task.happened_at()) == (None, task.created_at)


def test_open_work_past_its_time_is_late() -> None:
    with clock.at(NOON):
        task = create("task", subject="Call back", due_at=NOON - timedelta(minutes=1))
        case = create("case", subject="Leak", due_at=NOON + timedelta(minutes=1))
        sale = create("opportunity", name="Pumps", close_date=NOON.date() - timedelta(days=1))
        assert (task.is_late(), case.is_late(), sale.is_late()) == (True, False, True)
        assert not update(task, status="cancelled").is_late()
        assert not update(sale, stage=stage("Lost").id).is_late()
    with clock.at(NOON + timedelta(hours=1)):
        assert case.is_late()
        assert not update(case, status="resolved").is_late()


def test_a_meeting_ends_after_it_starts_and_lasts_an_hour_unless_said() -> None:
    assert create("meeting", subject="Demo", starts_at=NOON).ends_at == NOON + timedelta(hours=1)
    assert wrong(create, "meeting", subject="Demo", starts_at=NOON, ends_at=NOON) == {"ends_at"}


def test_a_held_meeting_is_a_contact_with_every_account_in_it() -> None:
    about, guest = create("account", name="About"), create("account", name="Guest")
    person = create("contact", family_name="An", account=guest.id)
    meeting = create(
        "meeting", subject="Demo", starts_at=NOON, regarding=Ref("account", about.id), contacts=(person.id,)
    )
    assert [row.last_contact_at for row in registry.entity("account").model.select()] == [None, None]

    meeting = update(meeting, status="held")
    update(meeting, starts_at=NOON - timedelta(days=3))

    assert {row.last_contact_at for row in registry.entity("account").model.select()} == {NOON}
    meeting = Meeting.get_by_id(meeting.id)
    records.load_names(registry.entity("meeting"), [meeting], ["contacts"], records.reader(SYSTEM))
    shown = registry.entity("meeting").subjects
    assert shown is not None
    assert shown(meeting) == [("account", about.id), ("contact", person.id), ("account", guest.id)]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("Called, no answer", "Called, no answer"),
        ("\n\n  Called\nagain tomorrow", "Called"),
        ("word " * 30, ("word " * 15).rstrip() + "…"),
        ("x" * 200, "x" * 79 + "…"),
        (" \n ", ""),
    ],
)
def test_a_note_is_named_by_its_first_line(body: str, name: str) -> None:
    assert headline(body) == name
    assert len(headline(body)) <= 80


def test_a_note_about_an_opportunity_shows_on_account_and_contact_with_one_query() -> None:
    account = create("account", name="Acme")
    contact = create("contact", family_name="An", account=account.id)
    sale = create("opportunity", name="Pumps", contact=contact.id)
    note = create("note", body="They want two", regarding=Ref("opportunity", sale.id))

    assert note.name == "They want two"
    with count_queries() as queries:
        assert of_regarding(note) == [
            ("opportunity", sale.id),
            ("account", account.id),
            ("contact", contact.id),
        ]
    assert len(queries) == 1


def test_a_note_must_be_about_something() -> None:
    assert wrong(create, "note", body="Hm") == {"regarding"}


def test_a_team_is_the_people_in_it() -> None:
    north, south = create("team", name="North"), create("team", name="South", parent=None)
    person = user("an", teams=(north.id, south.id))

    assert teams_of(person.id) == {north.id, south.id}
    assert teams_of(person.id + 1) == frozenset()
    assert wrong(update, north, parent=north.id) == {"parent"}


def test_the_last_administrator_stays() -> None:
    agent = Role.get(Role.key == "agent").id
    boss = user("boss", "administrator")
    assert wrong(update, boss, active=False) == {"active"}
    assert wrong(update, boss, role=agent) == {"role"}
    with pytest.raises(Rejected):
        records.delete(SYSTEM, boss)

    second = user("second", "administrator")
    assert update(boss, role=agent).role == agent
    assert wrong(update, second, active=False) == {"active"}


def test_built_in_roles_stay_and_keep_their_key() -> None:
    agent = Role.get(Role.key == "agent")
    own = create("role", name="Intern", key="intern")

    assert wrong(update, agent, key="agents") == {"key"}
    assert update(agent, name="Call agent").name == "Call agent"
    with pytest.raises(Rejected):
        records.delete(SYSTEM, agent)
    intern = user("intern", "intern")
    with pytest.raises(Rejected):
        records.delete(SYSTEM, own)
    records.delete(SYSTEM, intern)
    records.delete(SYSTEM, own)


def test_a_currency_is_one_of_iso_4217() -> None:
    assert wrong(create, "currency", code="XYZ", name="Nothing") == {"code"}
    assert create("currency", code="KWD", name="Kuwaiti dinar").decimals == 3


def test_a_lead_is_converted_by_converting_it_only() -> None:
    lead = create("lead", family_name="An")

    assert wrong(update, lead, status="converted") == {"status"}


def test_the_password_is_no_field() -> None:
    assert not [key for key in registry.entity("user").fields if "password" in key]
    assert {"password_hash", "password_changed_at"} <= set(User._meta.fields)


def test_the_cost_of_a_product_is_private() -> None:
    agent = policy.Actor(id=1, rights=policy.Rights("agent"))
    supervisor = policy.Actor(id=2, rights=policy.Rights("supervisor"))

    assert "cost" not in policy.fields(agent, "product")
    assert "cost" in policy.fields(supervisor, "product")


def test_search_finds_a_case_by_its_number() -> None:
    case = create("case", subject="Leak")

    assert case.number.lower() in Case.get_by_id(case.id).search_fold
    assert " an" in Contact.get_by_id(create("contact", family_name="An").id).search_fold
