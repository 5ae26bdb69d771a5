"""Only what may be set is set: whatever else a form, a program or a file sends, nothing else changes. And who may give
records to whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from crm_admin import policy, records, registry
from crm_admin.db import database
from crm_admin.exchange import Import
from crm_admin.exchange import batch as imports
from crm_admin.registry import Record
from tests.access.requests import ELSEWHERE
from tests.access.test_matrix import WHOLE, House, quiet_company
from tests.access.world import changed_key, undone
from tests.people import Person

PLANTED: dict[str, Any] = {
    "id": 4242,
    "created_at": "2001-01-01T00:00:00Z",
    "created_by": 1,
    "modified_at": "2001-01-01T00:00:00Z",
    "modified_by": 1,
    "deleted_at": "2001-01-01T00:00:00Z",
    "deleted_by": 1,
    "source": "planted",
    "search_fold": "planted",
    "name_fold": "planted",
    "owner": "@rep2",
    "team": "@call",
    "role": 1,
    "active": False,
    "password_hash": "planted",
    "password_changed_at": "2001-01-01T00:00:00Z",
    "list_preferences": {"account": {"size": 200}},
    "is_admin": True,
    "builtin": True,
    "number": "C-999999",
    "last_contact_at": "2001-01-01T00:00:00Z",
    "converted_at": "2001-01-01T00:00:00Z",
    "converted_account": 1,
    "stage_entered_at": "2001-01-01T00:00:00Z",
    "closed_at": "2001-01-01T00:00:00Z",
    "resolved_at": "2001-01-01T00:00:00Z",
    "done_at": "2001-01-01T00:00:00Z",
    "last_seen_at": "2001-01-01T00:00:00Z",
    "sha256": "planted",
    "content_type": "text/html",
    "size": 1,
    "cost": "1",
}
"""Columns that the field rep may not set on anything, and names that other systems have been caught with."""

NOUNS = ("account", "lead", "opportunity", "task") if WHOLE else ("opportunity", "task")

SPELLINGS = ("{}", "{}_id", "{}.id", "{}-id", "record.{}", "{}[0]")

FOLLOW = frozenset({"row_version", "modified_at", "modified_by", "search_fold", "updated_at"})
"""What every honest save changes by itself."""


@pytest.fixture(scope="module")
def house(sqlite_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with quiet_company("sqlite", sqlite_template, tmp_path_factory.mktemp("assign")) as made:
        yield made


def planted(house: House) -> Iterator[tuple[str, Any]]:
    """Every name in its plain spelling and, in turn, in one of the others, with its value."""
    known = {"@rep2": house.world.users["rep2"], "@call": house.world.teams["call"]}
    for place, (key, value) in enumerate(PLANTED.items()):
        for spelling in (SPELLINGS[0], SPELLINGS[1 + place % (len(SPELLINGS) - 1)]):
            yield spelling.format(key), known.get(value, value) if isinstance(value, str) else value


def stored(entity: str, number: int) -> dict[str, Any]:
    model = registry.entity(entity).model
    return dict(model.select().where(model.id == number).dicts().first())


def differing(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {key for key in before if before[key] != after[key]} - FOLLOW


def honest(entity: str) -> set[str]:
    """The columns that follow from the one field that is changed honestly."""
    return {changed_key(entity), f"{changed_key(entity)}_fold", "name", "name_fold"}


@pytest.mark.parametrize("entity", NOUNS)
def test_an_edit_changes_nothing_else(house: House, entity: str) -> None:
    number = house.world.ids[entity]["rep"]
    before = stored(entity, number)
    key, client, card = changed_key(entity), house.world.client(), house.world.passes["rep"]
    page = {"headers": {"Cookie": card.cookies}, "environ_base": ELSEWHERE}
    program = {"headers": {"Authorization": f"Bearer {card.bearer}"}, "environ_base": ELSEWHERE}
    base, api = f"/admin/{entity}/{number}/", f"/api/v1/{entity}"
    wrong, tries = [], 0
    for name, value in planted(house):
        form = {
            "csrf_token": card.csrf,
            key: "honest",
            "row_version": str(before["row_version"]),
            name: str(value),
        }
        twice = {**form, name: [str(value), str(value)]}
        asked = (
            ("form", "POST", f"{base}edit/", {"data": form, **page}),
            ("form, twice", "POST", f"{base}edit/", {"data": twice, **page}),
            ("in place", "POST", f"{base}field/{key}/", {"data": form, **page}),
            ("in place, by name", "POST", f"{base}field/{name.replace('/', '')}/", {"data": form, **page}),
            ("card", "POST", f"{base}move/", {"data": {**form, "to": "working"}, **page}),
            ("API", "PATCH", f"{api}/{number}", {"json": {key: "honest", name: value}, **program}),
            ("bulk API", "POST", f"{api}/bulk", {"json": {"rows": [{"id": number, key: "honest", name: value}]}, **program}),
            ("bulk", "POST", f"/admin/{entity}/action/",
             {"data": {"csrf_token": card.csrf, "action": "change", "ids": str(number), "field": name, "set": "1",
                       name: str(value)}, **page}),
        )  # fmt: skip
        for surface, method, path, options in asked:
            tries += 1
            with undone(house.baseline):
                answer = client.open(path, method=method, **options)  # type: ignore[arg-type]
                assert answer.status_code < 500, (surface, name)
                found = differing(before, stored(entity, number)) - honest(entity)
                found -= {"status", "done_at"} if surface == "card" else set()
                if found:
                    wrong.append(f"{surface}: {name} changed {sorted(found)}")
    assert tries >= 200
    assert not wrong, "\n".join(wrong[:40])


@pytest.mark.parametrize("entity", NOUNS)
def test_a_new_record_is_the_makers_own(house: House, entity: str) -> None:
    """Whatever was planted, the new record has the owner, team and origin that it would have had without."""
    client, card, users = house.world.client(), house.world.passes["rep"], house.world.users
    model = registry.entity(entity).model
    wrong = []
    for name, value in planted(house):
        for method in ("form", "api"):
            with undone(house.baseline):
                options = house.asking.options(
                    "record.create_view" if method == "form" else "api.create_record",
                    "POST",
                    entity,
                    "",
                    "rep",
                )
                place = "data" if method == "form" else "json"
                options[place] = {name: str(value) if method == "form" else value, **options[place]}
                path = f"/admin/{entity}/new/" if method == "form" else f"/api/v1/{entity}"
                if method == "api":
                    options["headers"] = {"Authorization": f"Bearer {card.bearer}"}
                answer = client.post(path, **options)
                assert answer.status_code < 500
                last = (
                    model.select()
                    .where(model.source.in_(("screen", "api", "planted")))
                    .order_by(model.id.desc())
                )
                made: Record | None = last.first()
                if made is None:
                    continue
                expected = (users["rep"], house.world.teams["field"], users["rep"], None)
                if (
                    made.owner,
                    made.team,
                    made.created_by,
                    made.deleted_at,
                ) != expected or made.source == "planted":
                    wrong.append(
                        f"{method}: {name} gave {made.owner}, {made.team}, {made.created_by}, {made.source}"
                    )
                if made.created_at.year == 2001 or made.id == 4242:
                    wrong.append(f"{method}: {name} gave {made.created_at}, {made.id}")
    assert not wrong, "\n".join(wrong[:40])


def test_a_profile_changes_preferences_only(house: House) -> None:
    """The profile form stands on the user's row, where role and password hash stand too."""
    client, card, number = house.world.client(), house.world.passes["rep"], house.world.users["rep"]
    before = stored("user", number)
    wrong = []
    for name, value in planted(house):
        for path in ("/profile/settings", "/profile/language", "/profile/theme", "/admin/account/columns/"):
            form = {
                "csrf_token": card.csrf,
                "language": "vi",
                "timezone": "UTC",
                "theme": "dark",
                "columns": "name",
            }
            with undone(house.baseline):
                client.post(path, data={name: str(value), **form}, headers={"Cookie": card.cookies})
                found = differing(before, stored("user", number)) - {
                    "language",
                    "timezone",
                    "theme",
                    "list_preferences",
                }
                if found:
                    wrong.append(f"{path}: {name} changed {sorted(found)}")
    assert not wrong, "\n".join(wrong[:40])


def test_a_file_sets_nothing_that_a_form_may_not(house: House) -> None:
    """The office imports: columns that go nowhere it may set are refused by the plan, and again row by row."""
    world = house.world
    number = world.ids["account"]["rep"]
    before = stored("account", number)
    office = policy.actor(registry.entity("user").model.get_by_id(world.users["office"]), policy.version())
    with house.world.app.test_request_context():
        for name, value in planted(house):
            if name in ("owner", "team"):
                continue
            header = ["id", "name", name]
            content = f"id,name,{name}\n{number},honest,{value}\n".encode()
            with undone(house.baseline):
                batch = _draft(office, content, header)
                if not batch.plan.problems(office, batch.definition):
                    assert name == "id"
                imports.run(office, batch)
                found = differing(before, stored("account", number)) - honest("account")
                assert not found, (name, found)


def _draft(actor: Any, content: bytes, header: list[str]) -> Import:
    definition = registry.entity("account")
    made = imports.draft(actor, definition, "a.csv", content, records.reader(actor))
    made.mapping, made.match = header, "id"
    made.save()
    return made


# ── who may give records to whom ────────────────────────────────────────────────────────────────────
TO = {
    "self": None,
    "colleague": {"supervisor": "agent", "agent": "supervisor", "rep": "rep2"},
    "stranger": {"supervisor": "rep", "agent": "rep", "rep": "agent", "office": "rep"},
}

GIVES = {
    # actor: (to themselves, to a colleague, to somebody of another team)
    "supervisor": (True, True, True),
    "agent": (True, True, False),
    "office": (True, True, True),
    "rep": (False, False, False),
}
"""The rep's own customers stay the rep's: nothing is given, not even taken."""


@pytest.mark.parametrize("giver", sorted(GIVES))
@pytest.mark.parametrize("to", ["self", "colleague", "stranger"])
def test_who_may_give_records_to_whom(house: House, giver: str, to: str) -> None:
    world = house.world
    person = giver if to == "self" else (TO[to] or {}).get(giver, "agent")
    allowed = GIVES[giver][("self", "colleague", "stranger").index(to)]
    station = {"rep": "rep", "agent": "agent"}.get(giver, "rep")
    client, card = world.client(), world.passes[giver]
    page = {"headers": {"Cookie": card.cookies}, "environ_base": ELSEWHERE}
    program = {"headers": {"Authorization": f"Bearer {card.bearer}"}, "environ_base": ELSEWHERE}
    for entity in ("account", "contact", "lead", "opportunity", "case"):
        # Given away from a record that has another owner now, of the giver's team where it has one.
        number = world.ids[entity][station]
        model = registry.entity(entity).model
        team = {"supervisor": "call", "agent": "call", "rep": "field"}.get(giver)
        there = {"rep": "field", "rep2": "field", "agent": "call", "supervisor": "call"}.get(person)
        target = {"owner": world.users[person], "team": world.teams[there] if there else None}
        version = str(stored(entity, number)["row_version"])
        form = {"csrf_token": card.csrf, "row_version": version, "owner": str(target["owner"]),
                "team": str(target["team"] or "")}  # fmt: skip
        asked = (
            ("form", "POST", f"/admin/{entity}/{number}/edit/", {"data": form, **page}),
            ("API", "PATCH", f"/api/v1/{entity}/{number}", {"json": target, **program}),
            (
                "bulk API",
                "POST",
                f"/api/v1/{entity}/bulk",
                {"json": {"rows": [{"id": number, **target}]}, **program},
            ),
        )
        for surface, method, path, options in asked:
            with undone(house.baseline):
                started = world.users["supervisor" if team == "call" and giver == "agent" else station]
                model.update(owner=started).where(model.id == number).execute()
                client.open(path, method=method, **options)  # type: ignore[arg-type]
                given = stored(entity, number)["owner"] == target["owner"]
                if started == target["owner"]:
                    continue
                assert given == allowed, f"{giver} → {person} by {surface}, {entity}"


def test_who_gave_a_record_away_has_lost_it(crm: Flask) -> None:
    agent, office = Person(crm, "agent"), Person(crm, "office")
    task = agent.owns("task", subject="Call back")
    rep = Person(crm, "rep")
    with database.atomic():
        assert (
            office.post(
                f"/admin/task/{task.id}/edit/", {"owner": rep.id, "team": "", "row_version": "1"}
            ).status_code
            == 302
        )
    assert agent.get(f"/admin/task/{task.id}/").status_code == 404
    assert (
        agent.post(f"/admin/task/{task.id}/edit/", {"subject": "Mine again", "row_version": "2"}).status_code
        == 404
    )
    assert rep.get(f"/admin/task/{task.id}/").status_code == 200
