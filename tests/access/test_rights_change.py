"""What changes a person's rights is obeyed by their very next request, in the session that is open."""

from __future__ import annotations

import io

import pytest
from flask import Flask

from crm_admin import policy, records, registry
from crm_admin.auth import tokens
from crm_admin.db import database
from crm_admin.exchange import Import
from crm_admin.jobs import Job
from crm_admin.jobs.handlers import Refused, Running
from crm_admin.jobs.imports import carry_out
from crm_admin.policy import FieldGrant, Grant
from crm_admin.registry import Record
from tests.people import Person


def role(key: str) -> int:
    model = registry.entity("role").model
    return int(model.get(model.key == key).id)


def grant(key: str, entity: str, action: str, level: str) -> None:
    """As the rights page does it."""
    with database.atomic():
        Grant.insert(role=role(key), entity=entity, action=action, level=level).on_conflict(
            conflict_target=[Grant.role, Grant.entity, Grant.action], update={Grant.level: level}
        ).execute()
        policy.bump()


def hide(key: str, entity: str, field: str) -> None:
    with database.atomic():
        FieldGrant.create(role=role(key), entity=entity, field=field, read=False, write=False)
        policy.bump()


def status(person: Person, path: str) -> int:
    return person.get(path).status_code


LEVELS = ("none", "own", "team", "all")


@pytest.mark.parametrize("entity", ["account", "contact", "lead", "opportunity", "case", "task", "meeting"])
def test_each_level_holds_from_the_next_request(crm: Flask, entity: str) -> None:
    rep, rep2, agent = Person(crm, "rep"), Person(crm, "rep2"), Person(crm, "agent")
    values = {"meeting": {"subject": "x", "starts_at": "2026-01-01T00:00:00Z"}, "case": {"subject": "x"},
              "task": {"subject": "x"}, "contact": {"given_name": "x"}, "lead": {"given_name": "x"}}  # fmt: skip
    seeing = records.reader(policy.SYSTEM)
    definition = registry.entity(entity)
    raw = values.get(entity, {"name": "x"})
    parsed = {
        key: definition.fields[key].kind.parse(item, definition.fields[key], seeing)
        for key, item in raw.items()
    }
    mine, ours, theirs = (person.owns(entity, **parsed) for person in (rep, rep2, agent))
    seen = {"none": (404, 404, 404), "own": (200, 404, 404), "team": (200, 200, 404), "all": (200, 200, 200)}
    for level in (*LEVELS, *reversed(LEVELS)):
        grant("field_rep", entity, "read", level)
        answers = tuple(status(rep, f"/admin/{entity}/{record.id}/") for record in (mine, ours, theirs))
        assert answers == seen[level], level


def test_a_right_that_is_taken_is_gone(crm: Flask) -> None:
    office = Person(crm, "office")
    account = office.owns("account", name="Hoa Sen")
    pages = {"update": f"/admin/account/{account.id}/edit/", "create": "/admin/account/new/",
             "delete": "/admin/account/bin/", "export": "/admin/account/export/csv",
             "import": "/admin/account/import/"}  # fmt: skip
    for action, path in pages.items():
        assert status(office, path) == 200, action
        grant("back_office", "account", action, "none")
        assert status(office, path) == 403, action
        grant("back_office", "account", action, "all")
        assert status(office, path) == 200, action


def test_a_hidden_field_is_gone_from_page_form_and_api(crm: Flask) -> None:
    agent = Person(crm, "agent")
    account = agent.owns("account", name="Hoa Sen", tax_code="0312345678")
    _, text = tokens.mint(agent.id)
    program = {"Authorization": f"Bearer {text}"}
    paths = (
        f"/admin/account/{account.id}/",
        f"/admin/account/{account.id}/edit/",
        "/admin/account/?columns=tax_code",
    )
    for path in paths:
        assert "0312345678" in agent.get(path).text
    assert agent.client.get(f"/api/v1/account/{account.id}", headers=program).json["tax_code"] == "0312345678"
    hide("agent", "account", "tax_code")
    for path in paths:
        assert "0312345678" not in agent.get(path).text
    assert "tax_code" not in agent.client.get(f"/api/v1/account/{account.id}", headers=program).json


def test_another_role_ends_the_session(crm: Flask) -> None:
    office, admin = Person(crm, "office"), Person(crm, "admin")
    assert status(office, "/admin/account/new/") == 200
    edit = f"/admin/user/{office.id}/edit/"
    assert (
        admin.post(
            edit, {"role": str(role("viewer")), "row_version": str(office.row.row_version)}
        ).status_code
        == 302
    )
    assert office.get("/admin/account/new/").status_code == 302
    again = Person(crm, "office")
    assert status(again, "/admin/account/new/") == 403


def test_who_is_shut_out_is_out(crm: Flask) -> None:
    rep, admin = Person(crm, "rep"), Person(crm, "admin")
    _, text = tokens.mint(rep.id)
    program = {"Authorization": f"Bearer {text}"}
    assert status(rep, "/") == 200
    assert rep.client.get("/api/v1/account", headers=program).status_code == 200
    edit = f"/admin/user/{rep.id}/edit/"
    form = {"active": "false", "active-present": "1", "row_version": str(rep.row.row_version)}
    assert admin.post(edit, form).status_code == 302
    assert not rep.row.active
    assert rep.get("/").status_code == 302
    assert rep.client.get("/api/v1/account", headers=program).status_code == 401


def test_who_leaves_a_team_leaves_its_records(crm: Flask) -> None:
    agent, supervisor, admin = Person(crm, "agent"), Person(crm, "supervisor"), Person(crm, "admin")
    task = supervisor.owns("task", subject="Ring back")
    assert status(agent, f"/admin/task/{task.id}/") == 200
    form = {"teams-present": "1", "row_version": str(agent.row.row_version)}
    assert admin.post(f"/admin/user/{agent.id}/edit/", form).status_code == 302
    assert status(agent, f"/admin/task/{task.id}/") == 404


def test_a_token_of_less_is_worth_less_and_a_revoked_one_nothing(crm: Flask) -> None:
    office = Person(crm, "office")
    account = office.owns("account", name="Hoa Sen")
    token, text = tokens.mint(office.id, scopes=["account:read"])

    def ask(path: str) -> int:
        return office.client.get(path, headers={"Authorization": f"Bearer {text}"}).status_code

    assert ask(f"/api/v1/account/{account.id}") == 200
    assert ask("/api/v1/contact") == 404
    patch = office.client.patch(
        f"/api/v1/account/{account.id}", json={"name": "Other"}, headers={"Authorization": f"Bearer {text}"}
    )
    assert patch.status_code == 403
    tokens.revoke(token.id)
    assert ask(f"/api/v1/account/{account.id}") == 401


def test_a_record_takes_its_story_along(crm: Flask) -> None:
    """Whoever is given a customer reads the whole history of it; who gave it away reads no more."""
    rep, rep2, office = Person(crm, "rep"), Person(crm, "rep2"), Person(crm, "office")
    account = rep.owns("account", name="Hoa Sen")
    sale = rep.owns("opportunity", name="Fifty chairs", account=account.id)
    _change(sale, lost_reason="price")
    _change(sale, owner=rep2.id)
    assert "Fifty chairs" not in rep.get(f"/admin/account/{account.id}/history/").text
    _change(account, owner=rep2.id)
    told = rep2.get(f"/admin/account/{account.id}/history/").text
    assert told.count("Fifty chairs") >= 2
    assert "Account created" in told
    assert status(rep, f"/admin/account/{account.id}/history/") == 404
    assert status(office, f"/admin/account/{account.id}/history/") == 200


def test_a_waiting_import_asks_again_whether_it_may(crm: Flask) -> None:
    """A job runs with the rights of now, not with those of the person who once asked for it."""
    office = Person(crm, "office")
    answer = office.post("/admin/account/import/", {"file": (io.BytesIO(b"name\nHoa Sen\n"), "a.csv")})
    batch = Import.get()
    office.post(f"/admin/account/import/{batch.id}/start/")
    assert (answer.status_code, Job.select().count()) == (303, 1)
    grant("back_office", "account", "import", "none")
    running = Running(Job.get(), "token")
    with pytest.raises(Refused):
        carry_out(running)
    assert registry.entity("account").model.select().count() == 0
    assert Import.get().status == "failed"


def _change(record: Record, **values: object) -> None:
    records.update(policy.SYSTEM, record, values)
