"""Every address × method × person × entity × ownership against the table in `modules/`."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm_admin import clock, registry
from crm_admin.db import is_sqlite
from tests.access import expectations
from tests.access.expectations import ACTORS, BINNED, OWNERS, PARENT_OF, PERSON_OF, STATIONS, TEAM_OF, Outcome
from tests.access.modules import ENTITIES, ROWS
from tests.access.modules.module import Row
from tests.access.requests import Asking
from tests.access.world import World, build, checksum, plain, undone
from tests.installation import copied

LEAST = 9_000

ON_POSTGRES = 4
"""In a usual run every question is asked of one of the two databases: of PostgreSQL each one in so many."""

WHOLE = os.environ.get("CRM_ACCESS_WHOLE") == "1"
"""All questions of both."""


@dataclass(frozen=True)
class Cell:
    """One question: may this actor do this at this address, about a record at this station?"""

    endpoint: str
    method: str
    row: Row
    actor: str
    entity: str = ""
    station: str = ""

    @property
    def question(self) -> tuple[str, str, str, str]:
        """What cells have in common that differ only in whose record they are about."""
        return self.endpoint, self.method, self.actor, self.entity

    def __str__(self) -> str:
        about = f" {self.entity}" + (f"/{self.station}" if self.station else "") if self.entity else ""
        return f"{self.method} {self.endpoint}{about} as {self.actor}"


@dataclass
class House:
    """A world, ready to be walked through."""

    world: World
    asking: Asking
    baseline: str

    @cached_property
    def client(self) -> FlaskClient:
        return self.world.client()

    def path(self, cell: Cell) -> str:
        return self.asking.path(cell.endpoint, cell.method, cell.entity, cell.station, cell.actor)

    def ask(self, cell: Cell, may_write: bool = False) -> tuple[TestResponse, bool]:
        """The answer, and whether the company's data were others after it; all is as before when this returns.

        A cell that may write is only looked at for whether it did: comparing every byte is for the others.
        """
        method = cell.method
        with undone(self.baseline) as trace:
            options = self.asking.options(cell.endpoint, method, cell.entity, cell.station, cell.actor)
            answer = self.client.open(self.path(cell), method=method, **options)
            answer.get_data()
            changed = trace.touched if may_write else trace.changed
            answer.close()
        return answer, changed


@contextmanager
def quiet_company(kind: str, template: str, folder: Path) -> Iterator[House]:
    """The company, in which nothing happens but what is asked; the clock stands still."""
    with clock.at(clock.now()), copied(kind, template, folder) as app:
        world = build(app)
        yield House(world, Asking(world), checksum())


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    template = request.getfixturevalue(
        "sqlite_template" if request.param == "sqlite" else "postgres_template"
    )
    with quiet_company(request.param, template, tmp_path_factory.mktemp("house")) as made:
        yield made


def without_row(app: Flask) -> list[str]:
    """Addresses that the table says nothing of; the cells of all the others are asked all the same."""
    return sorted({key for key, _, _ in _routes(app)} - set(ROWS))


def without_address(app: Flask) -> list[str]:
    """Rows of the table at which nothing stands any more."""
    return sorted(set(ROWS) - {key for key, _, _ in _routes(app)})


def cells(app: Flask) -> Iterator[Cell]:
    """All of them."""
    for key, endpoint, method in _routes(app):
        if key not in ROWS:
            continue
        row = ROWS[key]
        for actor in ACTORS:
            for entity in _entities(row):
                for station in stations(row, entity, actor):
                    yield Cell(endpoint, method, row, actor, entity, station)


def by_other_methods(app: Flask) -> Iterator[Cell]:
    """HEAD, OPTIONS and a method that nothing knows, at every address."""
    for key, endpoint, method in _routes(app):
        if key not in ROWS:
            continue
        row = ROWS[key]
        entity = "lead" if row.needs == "board" else next(iter(_entities(row)))
        for actor in ACTORS:
            station = stations(row, entity, actor)[0]
            for other in (*(("HEAD",) if method == "GET" else ()), "OPTIONS", "PUT"):
                yield Cell(endpoint, other, row, actor, entity, station)


def _routes(app: Flask) -> list[tuple[str, str, str]]:
    """(row key, endpoint, method) of every rule and method."""
    return [
        (f"{method} {rule.endpoint}", rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def _entities(row: Row) -> tuple[str, ...]:
    if row.about in ("", "door", "sign-in", "leave", "form", "mine", "mine or any"):
        return ("",)
    return (row.only,) if row.only else tuple(ENTITIES)


def stations(row: Row, entity: str, actor: str) -> tuple[str, ...]:
    """What an address is asked about: one record of every ownership as this actor sees it."""
    if row.about in ("batch", "mine", "mine or any"):
        every: tuple[str, ...] = ("own", "foreign", "missing")
    elif row.about in ("record", "bin", "ticked", "row"):
        every = STATIONS[ENTITIES[entity].held]
    else:
        every = ("",)
    if row.needs == "nothing" or (row.needs == "board" and not ENTITIES[entity].board):
        return every[:1]
    if actor in (expectations.WITHOUT_TOKEN if row.door == "api" else expectations.WITHOUT_SESSION):
        # Turned away before anybody knows what they are after.
        return every[:1]
    return tuple({_ownership(actor, station): station for station in reversed(every)}.values())[::-1]


def _ownership(actor: str, station: str) -> object:
    """Own, of the same team, of another team, unassigned; in the bin or not; or a place of its own."""
    if station not in OWNERS or station in PARENT_OF:
        return station
    owner, team = OWNERS[station]
    if owner == PERSON_OF.get(actor, actor):
        whose = "own"
    elif owner is None:
        whose = "unassigned"
    else:
        whose = "team" if team is not None and team == TEAM_OF.get(actor) else "other"
    return whose, station in BINNED


# ── the tests ───────────────────────────────────────────────────────────────────────────────────────
def test_the_table_knows_every_entity(sqlite_crm: Flask) -> None:
    assert set(ENTITIES) == {definition.key for definition in registry.entities()}


def test_every_address_has_its_row(sqlite_crm: Flask) -> None:
    assert not without_row(sqlite_crm), "add a row in tests/access/modules, see docs/access.md"
    assert not without_address(sqlite_crm)
    assert len(list(cells(sqlite_crm))) >= LEAST


def test_a_new_address_is_noticed(sqlite_crm: Flask) -> None:
    known = without_row(sqlite_crm)
    sqlite_crm.add_url_rule("/new", "pages.new", lambda: "", methods=["GET", "DELETE"])
    assert set(without_row(sqlite_crm)) - set(known) == {"DELETE pages.new", "GET pages.new"}


@pytest.mark.parametrize("actor", ACTORS)
def test_every_cell_answers_as_written(house: House, actor: str) -> None:
    asked = [cell for cell in cells(house.world.app) if cell.actor == actor and is_asked(cell)]
    wrong = list(deviations(house, asked))
    assert not wrong, f"{len(wrong)} deviations in {len(asked)} cells:\n" + "\n".join(wrong[:60])
    assert checksum() == house.baseline


def is_asked(cell: Cell) -> bool:
    """Whether it is the turn of this database; what is compared with each other stays together."""
    return WHOLE or (zlib.crc32(repr(cell.question).encode()) % ON_POSTGRES == 0) != is_sqlite()


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
def test_other_methods_answer_as_written(house: House) -> None:
    wrong = []
    for cell in by_other_methods(house.world.app):
        want = _by_other_method(cell)
        answer, changed = house.ask(cell, want.writes)
        if (answer.status_code, changed) != (want.status, want.writes):
            wrong.append(
                f"{cell}: {answer.status_code} instead of {want}{', and it wrote' if changed else ''}"
            )
    assert not wrong, "\n".join(wrong[:60])


def _by_other_method(cell: Cell) -> Outcome:
    if cell.method == "OPTIONS":
        return Outcome(expectations.options(cell.actor, cell.row, cell.entity))
    if cell.method == "PUT":
        return Outcome(expectations.wrong_method(cell.actor, cell.row))
    return expectations.expected(cell.actor, cell.row, cell.entity, cell.station)


def deviations(house: House, asked: list[Cell]) -> Iterator[str]:
    """What is wrong with the answers to cells; out of reach has to answer like missing, byte for byte."""
    for _, same in groupby(asked, key=attrgetter("question")):
        hidden: list[tuple[Cell, str]] = []
        for cell in same:
            want = expectations.expected(cell.actor, cell.row, cell.entity, cell.station)
            answer, changed = house.ask(cell, want.writes)
            yield from judge(cell, want, answer, changed)
            if cell.station and 404 in (want.status, want.row):
                hidden.append((cell, _masked(answer, house.path(cell))))
        missing = [body for cell, body in hidden if cell.station == "missing"]
        for cell, body in hidden:
            if missing and body not in missing:
                yield f"{cell}: tells that there is a record"


def _masked(answer: TestResponse, path: str) -> str:
    """An answer without the number in its address."""
    number = next((part for part in reversed(path.split("/")) if part.isdigit()), "none")
    body = re.sub(rf"(?<=/){number}(?=[/\"?&])", "#", answer.get_data(as_text=True))
    return f"{answer.status_code} {plain(body)}"


def judge(cell: Cell, want: Outcome, answer: TestResponse, changed: bool) -> Iterator[str]:
    """What is wrong with the answer to a cell."""
    if answer.status_code != want.status:
        yield f"{cell}: {answer.status_code} instead of {want.status}"
    elif (
        want.status == 302 and cell.actor in expectations.WITHOUT_SESSION and "/login" not in answer.location
    ):
        yield f"{cell}: sent to {answer.location}, not to the sign-in page"
    elif want.row is not None and answer.json["results"][0]["status"] != want.row:
        yield f"{cell}: row {answer.json['results'][0]['status']} instead of {want.row}"
    if changed != want.writes:
        yield f"{cell}: {'wrote' if changed else 'wrote nothing'} ({answer.status_code})"


def test_binned_records_stand_in_the_bin(house: House) -> None:
    """The stations are what the table says they are."""
    for entity, ids in house.world.ids.items():
        model = registry.entity(entity).model
        for station in set(ids) & set(BINNED):
            assert model.get_by_id(ids[station]).deleted_at is not None
        for station in set(ids) - set(BINNED) - {"missing"}:
            assert model.get_by_id(ids[station]).deleted_at is None
