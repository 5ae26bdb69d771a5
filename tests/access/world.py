"""The company that the access tests walk through: a record of every entity at every station, every text in it unique,
and everybody signed in once, with a token of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from crm_admin import files, policy, records, registry
from crm_admin.auth import tokens
from crm_admin.db import database, is_sqlite
from crm_admin.exchange.batch import Import
from crm_admin.jobs import enqueue
from crm_admin.kinds.base import Upload
from crm_admin.policy import Grant
from crm_admin.registry import EntityDef
from tests.access.expectations import ACTIONS, BINNED, OWNERS, STATIONS, home
from tests.access.modules import ENTITIES, MODULES, RIGHTS
from tests.people import Person
from tests.tables import all_tables

PEOPLE = ("admin", "supervisor", "agent", "office", "rep", "rep2", "viewer", "clerk", "disabled")

# What is not part of the company's data: who is signed in, who has which page open, when a token was last used, and
# what was turned away.
ASIDE = frozenset(
    {"sys_session", "sys_look", "sys_throttle", "sys_token", "sys_migration", "call_rejected_request"}
)

IMPORTERS = ("admin", "supervisor", "office")


@dataclass(frozen=True)
class Secret:
    """A text that stands in one field of one record and nowhere else."""

    entity: str
    station: str
    field: str


@dataclass
class Pass:
    """What somebody carries: the cookies and form token of a browser, or the token of a program."""

    cookies: str = ""
    csrf: str = ""
    bearer: str = ""


@dataclass
class World:
    """Ids by entity and station, texts by what they give away, and everybody's pass."""

    app: Flask
    ids: dict[str, dict[str, int]] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)
    passes: dict[str, Pass] = field(default_factory=dict)
    batches: dict[str, dict[str, int]] = field(default_factory=dict)
    sessions: dict[str, int] = field(default_factory=dict)
    token_ids: dict[str, int] = field(default_factory=dict)
    teams: dict[str, int] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)
    roles: dict[str, int] = field(default_factory=dict)
    job: int = 0
    file: str = ""
    number: int = 0

    def client(self) -> FlaskClient:
        return self.app.test_client(use_cookies=False)

    def word(self, entity: str, station: str, key: str) -> str:
        """A new word that no other field of the world has."""
        self.number += 1
        text = "q" + "".join(
            chr(ord("a") + int(d, 16)) for d in sha256(f"{self.number}".encode()).hexdigest()[:9]
        )
        self.secrets[text] = Secret(entity, station, key)
        return text

    def figure(self, entity: str, station: str, key: str) -> str:
        """A new number of eight digits that no other field of the world has."""
        self.number += 1
        text = f"{71_000_003 + self.number * 7_919}"
        self.secrets[text] = Secret(entity, station, key)
        return text


def build(app: Flask) -> World:
    """Fill an installation that has nothing but the cast."""
    world = World(app)
    team, user, role = (registry.entity(key).model for key in ("team", "user", "role"))
    world.teams = {"call": _id(team, "name", "Call center"), "field": _id(team, "name", "Field")}
    world.file = files.store(Upload("a.txt", b"the content of a file", "text/plain"))
    with database.atomic():
        _hire(world)
        world.users = {row.username: row.id for row in user.select()}
        world.roles = {row.key: row.id for row in role.select()}
        for entity, noun in ENTITIES.items():
            world.ids[entity] = {}
            for station in STATIONS[noun.held]:
                world.ids[entity][station] = (
                    987_654_321 if station == "missing" else _place(world, entity, station)
                )
        for module in MODULES:
            module.furnish(world)
        _prepare_imports(world)
        world.job = enqueue("access.test", {}, actor_id=world.users["admin"])
    _admit(world)
    return world


def _id(model: Any, column: str, value: str) -> int:
    return int(model.get(getattr(model, column) == value).id)


def _hire(world: World) -> None:
    """The clerk, whose role was made by hand, and somebody who will be shut out."""
    role = records.create(policy.SYSTEM, "role", {"name": "Clerk", "key": "clerk"})
    for entity, levels in RIGHTS["clerk"].items():
        for action, level in zip(ACTIONS, levels, strict=True):
            Grant.create(role=role.id, entity=entity, action=action, level=level)
    model = registry.entity("user").model
    known = model.get(model.username == "rep")
    for username, role_id in (("clerk", role.id), ("disabled", known.role)):
        values: dict[str, Any] = {
            "username": username,
            "given_name": username,
            "role": role_id,
            "language": "en",
        }
        person = records.create(policy.SYSTEM, "user", {**values, "teams": (world.teams["field"],)})
        model.update(password_hash=known.password_hash).where(model.id == person.id).execute()


def _admit(world: World) -> None:
    for username in PEOPLE:
        person = Person(world.app, username)
        person.get("/profile")
        made = Pass(_cookies(person.client), person._token)
        _, made.bearer = tokens.mint(person.id, name=f"of {username}")
        world.passes[username] = made
    _, reader = tokens.mint(world.users["office"], name="reads", scopes=["read"])
    world.passes["reader"] = Pass(bearer=reader)
    world.passes["program"] = Pass(bearer=world.passes["rep"].bearer)
    nobody = Person(world.app, None)
    nobody.get("/login")
    world.passes["stranger"] = Pass(_cookies(nobody.client), nobody._token)
    # Past the screens, which would end the session as well: here the door alone has to see it.
    model = registry.entity("user").model
    model.update(active=False).where(model.id == world.users["disabled"]).execute()
    for card in world.passes.values():
        # The first use of a token is written down; the cells are to find that done.
        world.client().get("/api/v1/tag", headers={"Authorization": f"Bearer {card.bearer}"})
    session, token = table_of("sys_session"), table_of("sys_token")
    world.sessions = {
        name: session.get(session.user == id).id for name, id in world.users.items() if name in PEOPLE
    }
    world.token_ids = {
        name: token.get(token.user == id).id for name, id in world.users.items() if name in PEOPLE
    }


def table_of(table: str) -> Any:
    """The class of a table by its name."""
    return next(t for t in all_tables() if t._meta.table_name == table)


def _cookies(client: FlaskClient) -> str:
    found = (
        client.get_cookie(name) for name in ("crm_session", client.application.config["SESSION_COOKIE_NAME"])
    )
    return "; ".join(f"{cookie.key}={cookie.value}" for cookie in found if cookie is not None)


# ── records ─────────────────────────────────────────────────────────────────────────────────────────
def _place(world: World, entity: str, station: str) -> int:
    """A record of an entity at a station; every field that takes text has a text of its own."""
    definition, noun = registry.entity(entity), ENTITIES[entity]
    at = places(world, station)
    if "{partner}" in noun.placed.values():
        at["partner"] = _partner(world, home(station, "contact"))
    placed = {key: filled(value, at, station) for key, value in noun.placed.items()}
    raw = {**_texts(world, definition, station), **placed}
    seeing = records.reader(policy.SYSTEM)
    values = {
        key: definition.fields[key].kind.parse(item, definition.fields[key], seeing)
        for key, item in raw.items()
    }
    if noun.held != "shared":
        owner, team = OWNERS[station]
        values |= {
            "owner": world.users[owner] if owner else None,
            "team": world.teams[team] if team else None,
        }
    internal = {key: filled(value, at) for key, value in noun.internal.items()}
    record = records.create(policy.SYSTEM, entity, values, internal=internal, reader=seeing)
    if station in BINNED:
        records.delete(policy.SYSTEM, record)
    return int(record.id)


SKIPPED = frozenset({"owner", "team", "is_default", "active"})


def _texts(world: World, definition: EntityDef, station: str, again: bool = False) -> dict[str, Any]:
    """Raw values for the fields whose kind has room for a text of our own."""
    raw: dict[str, Any] = {}
    for key, target in definition.fields.items():
        if target.system or target.kind.computed or key in SKIPPED or (again and target.unique):
            continue
        made = _text(world, definition.key, station, key, target)
        if made is not None:
            raw[key] = made
    return raw


def text_values(world: World, definition: EntityDef, station: str) -> dict[str, Any]:
    """Fresh values for the texts of a record: what stood there becomes what it was before."""
    seeing = records.reader(policy.SYSTEM)
    raw = _texts(world, definition, station, again=True)
    return {
        key: definition.fields[key].kind.parse(item, definition.fields[key], seeing)
        for key, item in raw.items()
    }


def _text(world: World, entity: str, station: str, key: str, target: Any) -> Any:
    word = lambda: world.word(entity, station, key)  # noqa: E731 — a word is used up only where one is needed
    kind = target.kind.name
    if kind in ("text", "longtext", "richtext"):
        return word() if target.option("max_length", 200) >= 12 else None
    if kind == "email":
        return f"{word()}@example.com"
    if kind == "url":
        return f"https://{word()}.example.com/"
    if kind == "place":
        return {"street": word(), "city": word(), "country": "VN"}
    if kind == "money":
        return {"amount": world.figure(entity, station, key), "currency": "VND"}
    if kind == "phone":
        return _phone(world, entity, station, key)
    if kind == "integer" and key == "employees":
        return world.figure(entity, station, key)
    return None


def _phone(world: World, entity: str, station: str, key: str) -> str:
    """A number of Hanoi; its last eight digits are the secret, however it is written."""
    digits = world.figure(entity, station, key)
    return f"+84 24 {digits}"


def places(world: World, station: str) -> dict[str, Any]:
    """What the values of the table may name: the records beside which a new one at this station stands."""
    at = {entity: ids.get(home(station), ids.get("shared")) for entity, ids in world.ids.items()}
    return {**at, "viewer_role": world.roles["viewer"], "file": world.file, "job": world.job}


def filled(template: Any, at: Mapping[str, Any], station: str = "") -> Any:
    """A value of the table; `{account}` is the number of that account, also within a longer text."""
    if isinstance(template, Mapping):
        return template[station]
    if not isinstance(template, str) or "{" not in template:
        return template
    whole = template[1:-1]
    return at[whole] if template == f"{{{whole}}}" else template.format_map(at)


def _partner(world: World, station: str) -> int:
    """A further contact of a station: each may be linked to an account once."""
    owner, team = OWNERS[station]
    values = {
        "given_name": world.word("contact", station, "given_name"),
        "account": world.ids["account"][station],
        "owner": world.users[owner] if owner else None,
        "team": world.teams[team] if team else None,
    }
    return int(records.create(policy.SYSTEM, "contact", values).id)


def changed_key(entity: str) -> str:
    """The field that the matrix changes."""
    return ENTITIES[entity].title


def _prepare_imports(world: World) -> None:
    """A draft of everybody who may import, for every entity."""
    for entity in ENTITIES:
        key = changed_key(entity)
        digest = files.store(Upload("a.csv", f"id,{key}\n".encode(), "text/csv"))
        world.batches[entity] = {
            name: Import.create(
                entity=entity,
                user=world.users[name],
                filename="a.csv",
                digest=digest,
                header=["id", key],
                rows=0,
                mapping=["id", key],
                match="id",
                reader={"language": "en", "timezone": "UTC", "country": "VN", "currency": "VND"},
            ).id
            for name in (*IMPORTERS, "clerk")
        }


# ── cells that leave no trace ───────────────────────────────────────────────────────────────────────
class _Undo(Exception):
    """Ends a cell: everything it wrote goes back."""


@dataclass
class Trace:
    """What a cell did to the database."""

    baseline: str
    counter: int = 0

    @property
    def touched(self) -> bool:
        """Whether anything was written, be it taken back since or of no matter: as cheap as can be."""
        if is_sqlite():
            return bool(database.connection().total_changes != self.counter)
        return database.execute_sql("SELECT pg_current_xact_id_if_assigned()").fetchone()[0] is not None

    @property
    def changed(self) -> bool:
        """Whether the company's data are others than before, byte for byte."""
        return self.touched and checksum() != self.baseline


@contextmanager
def undone(baseline: str) -> Iterator[Trace]:
    """A transaction around one request that is rolled back whatever happens in it."""
    try:
        with database.atomic():
            yield Trace(baseline, database.connection().total_changes if is_sqlite() else 0)
            raise _Undo
    except _Undo:
        return


@cache
def _names() -> tuple[str, ...]:
    return tuple(table._meta.table_name for table in all_tables() if table._meta.table_name not in ASIDE)


def checksum() -> str:
    """A digest of every row of every table of the company."""
    made = sha256()
    for name in _names():
        rows = database.execute_sql(f'SELECT * FROM "{name}"').fetchall()
        made.update(name.encode())
        for line in sorted(repr(row) for row in rows):
            made.update(line.encode())
    return made.hexdigest()


def plain(body: str) -> str:
    """A page without what is another in every answer: nonces, form tokens, the number of the request."""
    return re.sub(
        r'nonce="[^"]*"|(?<=content=")[\w.-]{40,}(?=")|(?<=value=")[\w.-]{40,}(?=")|token=[\w.-]+'
        r"|(?<=<code>)[0-9a-f]{16}(?=</code>)",
        "",
        body,
    )
