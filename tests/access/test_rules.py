"""The single rules behind the doors, one by one: each would still hold if the door before it had been left open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from crm_admin import audit, clock, conversion, history, policy, records, registry
from crm_admin.db import database
from crm_admin.exchange import columns
from crm_admin.exchange.row import Importer, Plan
from crm_admin.kinds.base import Upload
from crm_admin.policy import FieldGrant
from crm_admin.push import Event, watching
from crm_admin.records import Forbidden, NotFound, Rejected
from crm_admin.registry import Record
from tests.access.test_rights_change import grant, hide, role
from tests.people import Person


def freeze(key: str, entity: str, field: str) -> None:
    """A field that may be read and not written."""
    with database.atomic():
        FieldGrant.create(role=role(key), entity=entity, field=field, read=True, write=False)
        policy.bump()


def changed(record: Record, **values: Any) -> Record:
    return records.update(policy.SYSTEM, record, values)


def stored(record: Record) -> Record:
    return type(record).get_by_id(record.id)  # type: ignore[no-any-return]


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_form_without_token_changes_nothing(crm: Flask) -> None:
    office = Person(crm, "office")
    account = office.owns("account", name="Hoa Sen")
    answer = office.client.post(
        f"/admin/account/{account.id}/edit/", data={"name": "Other", "row_version": "1"}
    )
    assert answer.status_code == 400
    assert stored(account).name == "Hoa Sen"


def test_the_rules_of_saving_hold_behind_every_door(crm: Flask) -> None:
    rep, rep2, viewer = (Person(crm, name) for name in ("rep", "rep2", "viewer"))
    foreign, mine = rep2.owns("account", name="Theirs"), rep.owns("account", name="Mine")
    for do in (
        lambda: records.update(rep.actor, foreign, {"name": "x"}),
        lambda: records.delete(rep.actor, foreign),
    ):
        with pytest.raises(NotFound):
            do()
    for refused in (
        lambda: records.update(viewer.actor, foreign, {"name": "x"}),
        lambda: records.delete(rep.actor, mine),
        lambda: records.create(viewer.actor, "account", {"name": "x"}),
    ):
        with pytest.raises(Forbidden):
            refused()
    freeze("field_rep", "account", "tax_code")
    for values in ({"tax_code": "1"}, {"owner": rep2.id}, {"last_contact_at": None, "created_by": rep2.id}):
        with pytest.raises(Rejected):
            records.update(rep.actor, mine, values)
        with pytest.raises(Rejected):
            records.create(rep.actor, "account", {"name": "x", **values})
    assert (stored(mine).name, stored(mine).owner, stored(foreign).name) == ("Mine", rep.id, "Theirs")


def test_a_link_leads_to_what_its_writer_sees(crm: Flask) -> None:
    rep, rep2 = Person(crm, "rep"), Person(crm, "rep2")
    foreign = rep2.owns("account", name="Theirs")
    contact = rep.owns("contact", given_name="Minh")
    for field in ("account", "tags"):
        with pytest.raises(Rejected):
            records.update(rep.actor, contact, {field: foreign.id if field == "account" else (987_654,)})
    answer = rep.post(f"/admin/contact/{contact.id}/edit/", {"account": str(foreign.id), "row_version": "1"})
    assert answer.status_code == 422
    assert stored(contact).account is None


def test_a_row_belongs_to_its_own_form(crm: Flask) -> None:
    office = Person(crm, "office")
    account = office.owns("account", name="Hoa Sen")
    one, other = office.owns("contact", given_name="One"), office.owns("contact", given_name="Other")
    link = office.owns("account_contact", account=account.id, contact=other.id, role="user")
    answer = office.post(
        f"/admin/contact/{one.id}/edit/",
        {"given_name": "One", "row_version": "1", "accounts-0-id": str(link.id), "accounts-0-delete": "1",
         "accounts-0-account": str(account.id)},
    )  # fmt: skip
    assert answer.status_code == 422
    assert stored(link).deleted_at is None


def test_a_bulk_change_sets_the_writable(crm: Flask) -> None:
    agent = Person(crm, "agent")
    account = agent.owns("account", name="Hoa Sen", tier="B")
    freeze("agent", "account", "tier")
    ask = {"action": "change", "ids": str(account.id), "field": "tier", "set": "1", "tier": "A"}
    agent.post("/admin/account/action/", ask)
    assert stored(account).tier == "B"
    assert (
        'value="tier"'
        not in agent.post("/admin/account/action/", {"action": "change", "ids": str(account.id)}).text
    )


def test_a_card_moves_only_for_who_may_move_it(crm: Flask) -> None:
    agent = Person(crm, "agent")
    lead = agent.owns("lead", given_name="An")
    assert f"/admin/lead/{lead.id}/move/" in agent.get("/admin/lead/board/").text
    freeze("agent", "lead", "status")
    assert f"/admin/lead/{lead.id}/move/" not in agent.get("/admin/lead/board/").text
    answer = agent.post(f"/admin/lead/{lead.id}/move/", {"to": "working", "row_version": "1"})
    assert answer.status_code == 422
    assert "may not move" in answer.json["message"]
    assert stored(lead).status == "new"


def test_saved_views_are_ones_own(crm: Flask) -> None:
    office, agent, viewer = (Person(crm, name) for name in ("office", "agent", "viewer"))
    office.owns("account", name="Hoa Sen")
    office.post("/admin/account/views/", {"name": "Quiet plans", "query": "?tier=A"})
    office.post("/admin/account/views/", {"name": "For all", "query": "?tier=B", "shared": "1"})
    for person in (agent, viewer):
        shown = person.get("/admin/account/").text
        assert "For all" in shown
        assert "Quiet plans" not in shown
        assert "Quiet plans" not in person.get("/admin/account/views/").text
        for number in range(1, 9):
            person.post("/admin/account/views/", {"remove": str(number)})
    assert "Quiet plans" in office.get("/admin/account/").text
    assert "For all" in office.get("/admin/account/").text


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_board_has_the_columns_of_its_reader(crm: Flask) -> None:
    rep = Person(crm, "rep")
    assert records.reader(rep.actor).groups("stage")
    grant("field_rep", "stage", "read", "none")
    assert records.reader(rep.actor).groups("stage") == []


def test_a_name_is_no_way_to_what_is_hidden(crm: Flask) -> None:
    rep, rep2 = Person(crm, "rep"), Person(crm, "rep2")
    foreign = rep2.owns("account", name="Hidden Ltd")
    assert records.reader(rep.actor).find("account", "Hidden Ltd") == []
    assert records.reader(rep.actor).names("account", [foreign.id]) == {}
    assert records.reader(rep2.actor).find("account", "Hidden Ltd") == [foreign.id]
    hide("field_rep", "account", "name")
    assert records.reader(rep2.actor).find("account", "Hidden Ltd") == []
    assert records.reader(rep2.actor).names("account", [foreign.id]) == {}
    assert rep2.get("/admin/account/lookup/").json["items"] == []


def test_an_export_takes_what_may_be_exported(crm: Flask) -> None:
    agent, supervisor = Person(crm, "agent"), Person(crm, "supervisor")
    agent.owns("account", name="Of the agent")
    supervisor.owns("account", name="Of the supervisor")
    grant("agent", "account", "export", "own")
    told = agent.get("/admin/account/export/csv").text
    assert "Of the agent" in told
    assert "Of the supervisor" not in told
    assert "Of the supervisor" in agent.get("/admin/account/").text


def test_a_story_keeps_what_its_reader_may_not_see(crm: Flask) -> None:
    agent, rep, rep2 = Person(crm, "agent"), Person(crm, "rep"), Person(crm, "rep2")
    account = rep.owns("account", name="Hoa Sen")
    about = registry.entity("task").fields["regarding"].kind.parse(f"account:{account.id}",
        registry.entity("task").fields["regarding"], records.reader(policy.SYSTEM))  # fmt: skip
    rep.owns("task", subject="Quiet errand", regarding=about)
    rep2.owns("opportunity", name="Quiet sale", account=account.id)
    rep.owns("opportunity", name="Open sale", account=account.id, next_step="Quiet step", lost_reason="price")
    hide("agent", "opportunity", "next_step")
    hide("agent", "opportunity", "lost_reason")
    sale = registry.entity("opportunity").model.get(registry.entity("opportunity").model.name == "Open sale")
    changed(sale, lost_reason="budget", next_step="Quieter step")
    path = f"/admin/account/{account.id}/history/"
    assert "Quiet errand" in rep.get(path).text
    assert "Quiet sale" not in rep.get(path).text
    assert "Open sale" in rep.get(path).text
    told = agent.get(path).text
    assert "Quiet errand" not in told
    assert "Quiet sale" in told
    lines, _ = history.timeline(agent.actor, "account", account.id)
    keys = {key for line in lines for key in [*line.data, *line.data.get("changes", {})]}
    assert keys & {"name", "changes"}
    assert not keys & {"next_step", "lost_reason"}
    assert all(
        "lost_reason" not in entry.changes for entry in audit.trail(agent.actor, "opportunity", sale.id)
    )


def test_a_story_is_told_to_who_sees_whom_it_is_about(crm: Flask) -> None:
    """A meeting with contacts of two reps: each reads it where the meeting is theirs to read."""
    rep, rep2, viewer = Person(crm, "rep"), Person(crm, "rep2"), Person(crm, "viewer")
    mine, theirs = rep.owns("account", name="Mine"), rep2.owns("account", name="Theirs")
    guest = rep.owns("contact", given_name="Guest", account=mine.id)
    note = registry.entity("note").fields["regarding"]
    about = note.kind.parse(f"account:{theirs.id}", note, records.reader(policy.SYSTEM))
    records.create(policy.SYSTEM, "meeting", {"subject": "Quiet table", "owner": rep.id, "regarding": about,
        "contacts": (guest.id,), "starts_at": guest.created_at})  # fmt: skip
    assert "Quiet table" not in rep.get(f"/admin/account/{mine.id}/history/").text
    assert "Quiet table" in viewer.get(f"/admin/account/{mine.id}/history/").text
    grant("viewer", "meeting", "read", "none")
    assert "Quiet table" not in viewer.get(f"/admin/account/{mine.id}/history/").text
    grant("viewer", "meeting", "read", "all")
    grant("viewer", "account", "read", "none")
    assert "Quiet table" not in viewer.get(f"/admin/contact/{guest.id}/history/").text


def test_an_open_page_hears_no_more_of_what_is_hidden(crm: Flask) -> None:
    """The right is asked for when there is something to tell, not when the page was opened."""
    rep, rep2 = Person(crm, "rep"), Person(crm, "rep2")
    account = rep.owns("account", name="Hoa Sen")
    assert rep.post(f"/admin/account/{account.id}/watch/").status_code == 204
    assert rep2.post(f"/admin/account/{account.id}/watch/").status_code == 404
    changed(account, owner=rep2.id, team=None)
    watching.tell({("account", account.id)})
    assert not Event.select().exists()


def test_a_converted_lead_carries_what_its_reader_sees(crm: Flask) -> None:
    agent = Person(crm, "agent")
    hide("agent", "lead", "job_title")
    hide("agent", "lead", "company_name")
    freeze("agent", "contact", "description")
    lead = agent.owns(
        "lead", given_name="An", company_name="Quiet Ltd", job_title="Quiet chief", description="Told"
    )
    made = conversion.convert(agent.actor, lead)
    contact = registry.entity("contact").model.get_by_id(made.contact)
    assert (contact.job_title, contact.description, made.account) == (None, None, None)
    assert "Quiet" not in registry.entity("opportunity").model.get_by_id(made.opportunity).name


def test_a_file_finds_and_sets_what_its_sender_may(crm: Flask) -> None:
    office, rep = Person(crm, "office"), Person(crm, "rep")
    foreign = rep.owns("account", name="Theirs", tax_code="777")
    definition = registry.entity("account")
    for action, level in (("read", "own"), ("update", "own"), ("import", "all")):
        grant("back_office", "account", action, level)
    hide("back_office", "account", "email")
    freeze("back_office", "account", "employees")
    targets = {column.key for column in columns.of_import(office.actor, definition)}
    assert not targets & {"email", "employees", "created_by", "last_contact_at"}
    assert "email" not in {field.key for field in columns.matchable(office.actor, definition)}
    assert "email" not in {column.field.key for column in columns.of_export(office.actor, definition)}
    seeing = records.reader(office.actor)
    found = Importer(office.actor, definition, Plan(("id", "name"), "id"), seeing).apply([foreign.id, "Ours"])
    assert found.errors == {"id": ["There is no such record."]}
    by_code = Importer(office.actor, definition, Plan(("tax_code", "name"), "tax_code"), seeing).apply(
        ["777", "Ours"]
    )
    assert by_code.action == "create"
    importer = Importer(office.actor, definition, Plan(("name", "employees"), ""), seeing)
    assert importer.apply(["Ours", "7"]).action == "error"
    assert "employees" not in importer.writable
    assert stored(foreign).name == "Theirs"


def test_a_file_whose_size_is_hidden_stays_closed(crm: Flask) -> None:
    office = Person(crm, "office")
    with crm.test_request_context():
        sent = records.keep(office.actor, Upload("a.txt", b"hello", "text/plain"))
    answer = office.get(f"/files/{sent}/a.txt")
    answer.close()
    assert answer.status_code == 200
    hide("back_office", "attachment", "size")
    assert office.get(f"/files/{sent}/a.txt").status_code == 404


# ── showing ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_mark_tells_no_hidden_limit(crm: Flask) -> None:
    """How long an opportunity may stand in a stage is the stage's; who may not read it is shown no mark."""
    agent = Person(crm, "agent")
    sale = agent.owns("opportunity", name="Chairs")
    with clock.at(clock.now() + timedelta(days=400)):
        agent = Person(crm, "agent")
        for page in ("", "board/"):
            assert "400 days" in agent.get(f"/admin/opportunity/{page}").text
        hide("agent", "stage", "rotten_after_days")
        for page in ("", "board/"):
            shown = agent.get(f"/admin/opportunity/{page}").text
            assert sale.name in shown
            assert "400 days" not in shown


def test_columns_and_boards_keep_to_the_readable(crm: Flask) -> None:
    agent = Person(crm, "agent")
    hide("agent", "lead", "status")
    hide("agent", "lead", "email")
    agent.post("/admin/lead/columns/", {"columns": ["name", "email"]})
    assert (agent.row.list_preferences or {})["lead"]["columns"] == "name"
    assert agent.get("/admin/lead/board/").status_code == 404
    assert agent.get("/admin/lead/filter/?field=email").status_code == 404
    lead = agent.owns("lead", given_name="An")
    assert agent.get(f"/admin/lead/{lead.id}/field/email/").status_code == 404
    freeze("agent", "lead", "job_title")
    assert agent.get(f"/admin/lead/{lead.id}/field/job_title/").status_code == 404


def test_a_hidden_fact_is_on_no_card(crm: Flask) -> None:
    agent = Person(crm, "agent")
    agent.owns("lead", given_name="An", company_name="Quiet Ltd")
    agent.owns("opportunity", name="Chairs", amount=_money(871_234))
    assert "Quiet Ltd" in agent.get("/admin/lead/board/").text
    assert "871,234" in agent.get("/admin/opportunity/board/").text
    hide("agent", "lead", "company_name")
    hide("agent", "opportunity", "amount")
    assert "Quiet Ltd" not in agent.get("/admin/lead/board/").text
    assert "871,234" not in agent.get("/admin/opportunity/board/").text
    assert "Chairs" in agent.get("/admin/opportunity/board/").text


def _money(amount: int) -> Any:
    target = registry.entity("opportunity").fields["amount"]
    return target.kind.parse(
        {"amount": str(amount), "currency": "VND"}, target, records.reader(policy.SYSTEM)
    )


def test_home_tells_nothing_of_hidden_fields(crm: Flask) -> None:
    agent = Person(crm, "agent")
    past = registry.entity("role").model.select().first().created_at
    agent.owns("task", subject="A late task", due_at=past)
    agent.owns("case", subject="An open case", due_at=past)
    agent.owns("meeting", subject="A meeting ahead", starts_at=past.replace(year=past.year + 2))
    agent.owns("opportunity", name="Chairs", amount=_money(871_234))
    page = agent.get("/").text
    for text in ("A late task", "An open case", "A meeting ahead", "871,234"):
        assert text in page, text
    for entity, field, text in (("task", "due_at", "A late task"), ("case", "due_at", "An open case"),
                                ("meeting", "starts_at", "A meeting ahead"), ("opportunity", "amount", "871,234")):  # fmt: skip
        hide("agent", entity, field)
        assert text not in agent.get("/").text, text


def test_home_shows_what_may_be_read_and_finished(crm: Flask) -> None:
    agent, rep = Person(crm, "agent"), Person(crm, "rep")
    past = registry.entity("role").model.select().first().created_at
    task = agent.owns("task", subject="A late task", due_at=past)
    done = f"/admin/task/{task.id}/field/status/"
    rep.owns("opportunity", name="Chairs", amount=_money(871_234))
    assert done in agent.get("/").text
    freeze("agent", "task", "status")
    assert done not in agent.get("/").text
    assert "871,234" in agent.get("/").text
    grant("agent", "opportunity", "read", "own")
    assert "871,234" not in agent.get("/").text
    account = agent.owns("account", name="Quiet Ltd")
    target = registry.entity("task").fields["regarding"]
    about = target.kind.parse(f"account:{account.id}", target, records.reader(policy.SYSTEM))
    changed(task, regarding=about)
    assert "Quiet Ltd" in agent.get("/").text
    hide("agent", "task", "regarding")
    assert "Quiet Ltd" not in agent.get("/").text


def test_a_form_has_the_rows_of_its_reader(crm: Flask) -> None:
    rep, rep2 = Person(crm, "rep"), Person(crm, "rep2")
    foreign = rep2.owns("account", name="Theirs")
    mine = rep.owns("account", name="Mine")
    contact = rep.owns("contact", given_name="Minh")
    hidden = rep2.owns("account_contact", account=foreign.id, contact=contact.id, role="billing")
    shown = rep.owns("account_contact", account=mine.id, contact=contact.id, role="user")
    page = rep.get(f"/admin/contact/{contact.id}/edit/").text
    assert f'value="{shown.id}"' in page
    assert f'name="accounts-0-id" value="{hidden.id}"' not in page
    assert "accounts-1-id" not in page
    freeze("field_rep", "account_contact", "role")
    assert "accounts-0-role" not in rep.get(f"/admin/contact/{contact.id}/edit/").text
    for action in ("create", "update"):
        grant("field_rep", "account_contact", action, "none")
    assert "accounts-0-" not in rep.get(f"/admin/contact/{contact.id}/edit/").text


def test_a_list_offers_the_readable(crm: Flask) -> None:
    agent = Person(crm, "agent")
    account = agent.owns("account", name="Hoa Sen", tier="B")
    editor = f"/admin/account/{account.id}/field/tier/"
    page = agent.get("/admin/account/?columns=name,tier").text
    assert editor in page
    assert "Employees" in page
    freeze("agent", "account", "tier")
    hide("agent", "account", "employees")
    page = agent.get("/admin/account/?columns=name,tier").text
    assert editor not in page
    assert "Employees" not in page


def test_a_page_offers_what_may_be_done(crm: Flask) -> None:
    agent, viewer, supervisor = (Person(crm, name) for name in ("agent", "viewer", "supervisor"))
    account = agent.owns("account", name="Hoa Sen")
    lead = agent.owns("lead", given_name="An")
    base = f"/admin/account/{account.id}/"
    for person, there in ((agent, True), (viewer, False)):
        page, panels = person.get(base).text, person.get(f"{base}panels/").text
        assert (f"{base}edit/" in page) == there
        assert (f"{base}delete/" in page) == there
        assert (f"{base}field/tier/" in page) == there
        assert ("/admin/note/new/" in page) == there
        assert ("/admin/contact/new/" in panels) == there
        assert (f"/leads/{lead.id}/convert" in person.get(f"/admin/lead/{lead.id}/").text) == there
    assert "history/?kind=meeting" in agent.get(base).text
    grant("agent", "meeting", "read", "none")
    assert "history/?kind=meeting" not in agent.get(base).text
    freeze("agent", "account", "tier")
    assert f"{base}field/tier/" not in agent.get(base).text
    grant("agent", "contact", "create", "none")
    assert f"/leads/{lead.id}/convert" not in agent.get(f"/admin/lead/{lead.id}/").text
    user = f"/admin/user/{agent.id}/"
    assert "password-link" in Person(crm, "admin").get(user).text
    assert "password-link" not in supervisor.get(user).text


def test_a_page_shows_no_panel_of_what_is_hidden(crm: Flask) -> None:
    agent = Person(crm, "agent")
    account = agent.owns("account", name="Hoa Sen")
    agent.owns("contact", given_name="Quiet Person", account=account.id)
    panels = f"/admin/account/{account.id}/panels/"
    assert "Quiet Person" in agent.get(panels).text
    hide("agent", "contact", "account")
    assert "Quiet Person" not in agent.get(panels).text


def test_the_menu_shows_what_may_be_opened(crm: Flask) -> None:
    agent, admin, viewer = (Person(crm, name) for name in ("agent", "admin", "viewer"))
    assert 'href="/admin/currency/"' in admin.get("/profile").text
    assert 'href="/admin/currency/"' not in agent.get("/profile").text
    assert 'href="/admin/account/new/' in agent.get("/profile").text
    assert 'href="/admin/account/new/' not in viewer.get("/profile").text
    for path in ("/roles/", "/jobs/"):
        assert f'href="{path}"' in admin.get("/profile").text
        assert f'href="{path}"' not in agent.get("/profile").text
    grant("agent", "case", "read", "none")
    assert 'href="/admin/case/"' not in agent.get("/profile").text


def test_a_card_tells_no_hidden_stage(crm: Flask) -> None:
    agent = Person(crm, "agent")
    sale = agent.owns("opportunity", name="Chairs")
    path = f"/admin/opportunity/{sale.id}/"
    assert "Qualification" in agent.get(path).text
    hide("agent", "opportunity", "stage")
    assert "Qualification" not in agent.get(path).text
