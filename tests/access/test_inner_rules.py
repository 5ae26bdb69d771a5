"""Rules that stand behind others: each asked alone, since the one before it would hide that it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, g
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from crm_admin import clock, history, listing, policy, records, registry, search
from crm_admin.api import arguments, openapi, schemas
from crm_admin.auth import tokens
from crm_admin.db import database
from crm_admin.exchange import batch
from crm_admin.views import password_link_page, roles_page
from tests.access.test_rights_change import grant, hide, role
from tests.access.test_rules import freeze
from tests.people import Person


@contextmanager
def asked_by(app: Flask, person: Person) -> Iterator[None]:
    """A request of this person that has got past every door."""
    with app.test_request_context("/"):
        g.actor, g.language = person.actor, "en"
        yield


def api(person: Person, path: str, method: str = "GET", **options: Any) -> Any:
    _, text = tokens.mint(person.id)
    return person.client.open(
        f"/api/v1/{path}", method=method, headers={"Authorization": f"Bearer {text}"}, **options
    )


# ── the judge ───────────────────────────────────────────────────────────────────────────────────────
def test_a_right_to_some_is_no_right_to_all(sqlite_crm: Flask) -> None:
    rep, rep2 = Person(sqlite_crm, "rep"), Person(sqlite_crm, "rep2")
    theirs = rep2.owns("account", name="Theirs")
    assert policy.can(rep2.actor, "update", "account", theirs)
    assert not policy.can(rep.actor, "update", "account", theirs)


def test_nobody_gives_beyond_their_reach(sqlite_crm: Flask) -> None:
    rep, agent, supervisor = (Person(sqlite_crm, name) for name in ("rep", "agent", "supervisor"))
    assert policy.may_assign(agent.actor, "account", supervisor.id, None)
    assert not policy.may_assign(agent.actor, "account", rep.id, None)
    assert not policy.may_assign(rep.actor, "account", rep.id, None)
    assert not {"owner", "team"} & policy.fields(rep.actor, "account", "write")


def test_a_note_about_nothing_is_its_authors(sqlite_crm: Flask) -> None:
    rep, rep2 = Person(sqlite_crm, "rep"), Person(sqlite_crm, "rep2")
    account = rep2.owns("account", name="Theirs")
    target = registry.entity("note").fields["regarding"]
    about = target.kind.parse(f"account:{account.id}", target, records.reader(policy.SYSTEM))
    note = rep2.owns("note", body="Quiet thought", regarding=about)
    model = registry.entity("note").model
    model.update(regarding_entity=None, regarding_id=None).where(model.id == note.id).execute()
    assert [row.id for row in policy.scope(rep2.actor, "note")] == [note.id]
    assert not list(policy.scope(rep.actor, "note"))


# ── the way in ──────────────────────────────────────────────────────────────────────────────────────
def test_a_session_is_void_for_another_role(sqlite_crm: Flask) -> None:
    """Also where the role was changed past the screens, which end sessions themselves."""
    office = Person(sqlite_crm, "office")
    model = registry.entity("user").model
    model.update(role=role("viewer")).where(model.id == office.id).execute()
    assert office.get("/").status_code == 302


def test_roles_are_those_one_may_see(sqlite_crm: Flask) -> None:
    viewer = Person(sqlite_crm, "viewer")
    grant("viewer", "role", "read", "none")
    with asked_by(sqlite_crm, viewer):
        with pytest.raises(NotFound):
            roles_page._role(role("agent"))
        assert f'href="/roles/{role("agent")}/"' not in roles_page.index()


def test_a_password_link_is_for_who_may_change_people(sqlite_crm: Flask) -> None:
    admin, rep = Person(sqlite_crm, "admin"), Person(sqlite_crm, "rep")
    assert password_link_page._offer(admin.actor, rep.row)
    narrowed = replace(admin.actor, scopes=frozenset({"read"}))
    assert not password_link_page._offer(narrowed, rep.row)


# ── programs ────────────────────────────────────────────────────────────────────────────────────────
def test_what_is_hidden_is_no_argument(sqlite_crm: Flask) -> None:
    agent, definition = Person(sqlite_crm, "agent"), registry.entity("account")

    def told() -> set[str]:
        names = {field.key for _, field, _ in arguments.filters(agent.actor, definition)}
        return names & set(arguments.sorts(agent.actor, definition))

    assert {"employees", "name"} <= told()
    assert arguments.searchable(agent.actor, definition)
    hide("agent", "account", "employees")
    assert "employees" not in told()
    assert "employees" not in {f.key for _, f, _ in arguments.filters(agent.actor, definition)}
    assert "employees" not in arguments.sorts(agent.actor, definition)
    hide("agent", "account", "name")
    assert not arguments.searchable(agent.actor, definition)


def test_the_description_is_that_of_its_reader(sqlite_crm: Flask) -> None:
    agent, definition = Person(sqlite_crm, "agent"), registry.entity("account")
    hide("agent", "account", "employees")
    freeze("agent", "account", "tier")
    assert {"name", "tier"} <= set(schemas.item(agent.actor, definition)["properties"])
    assert "employees" not in schemas.item(agent.actor, definition)["properties"]
    taken = schemas.sent(agent.actor, definition, new=False)["properties"]
    assert "name" in taken
    assert not {"employees", "tier"} & set(taken)
    assert openapi._may(agent.actor, "update", definition)
    assert not openapi._may(agent.actor, "export", definition)
    shown = api(agent, "schema/entities/account").json
    assert {field["key"] for field in shown["fields"] if not field["writable"]} >= {"tier"}
    assert shown["levels"]["delete"] == "own"
    assert shown["title"] == "name"
    hide("agent", "account", "name")
    assert api(agent, "schema/entities/account").json["title"] is None
    grant("agent", "case", "read", "none")
    assert "case" not in {entity["key"] for entity in api(agent, "schema/entities").json["items"]}


def test_a_caller_has_the_name_that_may_be_read(sqlite_crm: Flask) -> None:
    agent = Person(sqlite_crm, "agent")
    target = registry.entity("contact").fields["mobile"]
    number = target.kind.parse("+84 24 7100 0123", target, records.reader(policy.SYSTEM))
    contact = agent.owns("contact", given_name="Quiet", mobile=number)
    asked = "lookup/phone?number=%2B842471000123"
    assert api(agent, asked).json["items"][0]["label"] == "Quiet"
    hide("agent", "contact", "name")
    assert api(agent, asked).json["items"][0]["label"] == f"#{contact.id}"
    hide("agent", "contact", "mobile")
    assert api(agent, asked).json["items"] == []


def test_who_may_not_create_hears_so_first(sqlite_crm: Flask) -> None:
    viewer = Person(sqlite_crm, "viewer")
    assert api(viewer, "account", "POST", json={"no such field": 1}).status_code == 403


def test_a_value_is_set_by_who_may_set_it(sqlite_crm: Flask) -> None:
    rep = Person(sqlite_crm, "rep")
    definition, seeing = registry.entity("account"), records.reader(policy.SYSTEM)
    assert records.parse(rep.actor, definition, {"name": "New"}, seeing) == {"name": "New"}
    with pytest.raises(records.Rejected):
        records.parse(rep.actor, definition, {"owner": str(rep.id)}, seeing)


# ── finding ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_hit_tells_no_hidden_fact(sqlite_crm: Flask) -> None:
    agent = Person(sqlite_crm, "agent")
    agent.owns("lead", given_name="Minh", company_name="Quiet Ltd")
    definition = registry.entity("lead")

    def hints() -> list[str]:
        seeing = records.reader(agent.actor)
        return [hit.hint for hit in search.suggest(agent.actor, definition, "", seeing)]

    assert "Quiet Ltd" in hints()[0]
    hide("agent", "lead", "company_name")
    assert "Quiet Ltd" not in hints()[0]
    hide("agent", "lead", "name")
    assert hints() == []


def test_a_list_without_names_is_not_searched(sqlite_crm: Flask) -> None:
    agent = Person(sqlite_crm, "agent")
    agent.owns("account", name="Hoa Sen")
    hide("agent", "account", "name")
    definition = registry.entity("account")
    query = listing.parse(agent.actor, definition, MultiDict({"q": "sen"}), limit=10)
    assert not list(listing.matching(agent.actor, query, records.reader(agent.actor)))
    assert "q" in query.problems


def test_an_import_is_told_to_who_sent_it(sqlite_crm: Flask) -> None:
    office, supervisor, admin = (Person(sqlite_crm, name) for name in ("office", "supervisor", "admin"))
    definition = registry.entity("account")
    with database.atomic():
        made = batch.draft(office.actor, definition, "a.csv", b"name\nHoa\n", records.reader(office.actor))
    for person, seen in ((office, [made.id]), (supervisor, []), (admin, [made.id])):
        assert [found.id for found in batch.recent(person.actor, "account")] == seen


# ── showing ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_story_leaves_out_what_is_seen_through_others(sqlite_crm: Flask) -> None:
    office, viewer = Person(sqlite_crm, "office"), Person(sqlite_crm, "viewer")
    account = office.owns("account", name="Hoa Sen")
    target = registry.entity("note").fields["regarding"]
    about = target.kind.parse(f"account:{account.id}", target, records.reader(policy.SYSTEM))
    office.owns("note", body="Quiet thought", regarding=about)

    def told() -> set[str]:
        lines, _ = history.timeline(viewer.actor, "account", account.id)
        return {line.ref[0] for line in lines}

    assert told() == {"account", "note"}
    grant("viewer", "note", "read", "none")
    assert told() == {"account"}


def test_a_page_is_made_for_its_reader(sqlite_crm: Flask) -> None:
    """What was made for one set of rights is not handed to another."""
    office, agent = Person(sqlite_crm, "office"), Person(sqlite_crm, "agent")
    account = office.owns("account", name="Hoa Sen", tax_code="0312345678")
    hide("agent", "account", "tax_code")
    path = f"/admin/account/{account.id}/edit/"
    assert "0312345678" in office.get(path).text
    assert "0312345678" not in agent.get(path).text


def test_an_open_lead_is_converted_by_who_may_change_it(sqlite_crm: Flask) -> None:
    agent = Person(sqlite_crm, "agent")
    lead = agent.owns("lead", given_name="An")
    page = f"/admin/lead/{lead.id}/"
    assert f"/leads/{lead.id}/convert" in agent.get(page).text
    grant("agent", "lead", "update", "none")
    assert f"/leads/{lead.id}/convert" not in agent.get(page).text


def test_a_panel_is_in_no_hidden_order(sqlite_crm: Flask) -> None:
    agent = Person(sqlite_crm, "agent")
    account = agent.owns("account", name="Hoa Sen")
    target = registry.entity("meeting").fields["regarding"]
    about = target.kind.parse(f"account:{account.id}", target, records.reader(policy.SYSTEM))
    for name, days in (("First made", 2), ("Second made", 3), ("Third made", 1)):
        agent.owns("meeting", subject=name, regarding=about, starts_at=clock.now() + timedelta(days=days))

    def order() -> list[str]:
        text = agent.get(f"/admin/account/{account.id}/panels/").text
        return sorted(("First", "Second", "Third"), key=lambda word: text.index(f"{word} made"))

    newest = ["Third", "Second", "First"]
    assert order() != newest
    hide("agent", "meeting", "starts_at")
    assert order() == newest


def test_the_bin_is_for_who_may_delete(sqlite_crm: Flask) -> None:
    assert Person(sqlite_crm, "office").get("/admin/account/bin/").status_code == 200
    assert Person(sqlite_crm, "viewer").get("/admin/account/bin/").status_code == 403
