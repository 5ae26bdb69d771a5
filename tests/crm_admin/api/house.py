"""The cast of the API's tests, and the programs that act for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import peewee
from flask import Flask
from werkzeug.test import TestResponse

from crm_admin import basics, policy, records, registry, search
from crm_admin.auth.tokens import mint
from crm_admin.db import Table, database, is_sqlite
from crm_admin.registry import Record

PEOPLE = {
    "admin": "administrator",
    "office": "back_office",
    "agent": "agent",
    "rep": "field_rep",
    "rep2": "field_rep",
    "viewer": "viewer",
}


@dataclass
class House:
    """The application, everybody's id, and a token of everybody that may do all they may."""

    app: Flask
    engine: peewee.Database
    ids: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def open(self) -> Iterator[None]:
        """In use; other tests of the process may have pointed the product at another database."""
        database.initialize(self.engine)
        policy.forget()
        yield
        policy.forget()

    def program(self, who: str) -> Program:
        """A program with the token of this person."""
        return Program(self.app, self.tokens[who])

    def stranger(self) -> Program:
        """A program without a token."""
        return Program(self.app, None)

    def hide(self, role: str, entity: str, *fields: str, write: bool = False) -> None:
        """Take fields away from a role: out of sight, or (with `write`) only out of reach."""
        number = registry.entity("role").model.get(key=role).id
        for name in fields:
            policy.FieldGrant.create(role=number, entity=entity, field=name, read=write, write=False)
        policy.bump()

    def with_scopes(self, who: str, *scopes: str) -> Program:
        """A program whose token may do less than its owner."""
        return Program(self.app, mint(self.ids[who], scopes=scopes)[1])


@dataclass
class Program:
    """Something that calls the API; `token` None calls without one."""

    app: Flask
    token: str | None

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = dict(options.pop("headers", {}))
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        return self.app.test_client().open(f"/api/v1{path}", method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.call("POST", path, json=body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.call("PATCH", path, json=body, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self.call("DELETE", path, **options)

    def create(self, entity: str, **fields: Any) -> dict[str, Any]:
        """The record, as it was answered."""
        made = self.post(f"/{entity}", fields)
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json  # type: ignore[assignment]
        return found

    def items(self, path: str) -> list[dict[str, Any]]:
        """The items of a page."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json["items"]  # type: ignore[index]
        return found


def furnish(app: Flask, engine: peewee.Database) -> House:
    """First rows, people and their tokens."""
    house = House(app, engine)
    with house.open(), app.app_context():
        if is_sqlite():
            for definition in registry.entities():
                for statement in search.index_ddl(definition.model._meta.table_name, sqlite=True):
                    database.execute_sql(statement)
        basics.ensure_basics(app.extensions["crm"])
        roles = {role.key: role.id for role in registry.entity("role").model.select()}
        for name, role in PEOPLE.items():
            values = {"username": name, "given_name": name.title(), "role": roles[role], "language": "en"}
            house.ids[name] = records.create(policy.SYSTEM, "user", values).id
            house.tokens[name] = mint(house.ids[name])[1]
    return house


def tables(base: type[Table] = Table) -> list[type[Table]]:
    """Every table of the product."""
    found: list[type[Table]] = []
    for table in base.__subclasses__():
        found += [table] if table is not Record else []
        found += tables(table)
    return list(dict.fromkeys(found))
