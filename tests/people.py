"""The cast: people of one small company, each with a browser, and an installation for them to work in.

admin        Quản trị     administrator
supervisor   Lan          supervisor of the call center
agent        An           agent in the call-center team
office       Hoa          back office
rep          Minh         field rep in the field team
rep2         王伟         field rep in the field team
viewer       Vera         may look at everything, touch nothing
stranger     nobody       not signed in
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm_admin import auth, basics, policy, records, registry
from crm_admin.config import Config
from crm_admin.registry import Record

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Role:
    """One of the cast before the company exists."""

    username: str
    role: str
    family: str
    given: str
    team: str | None = None


CAST = (
    Role("admin", "administrator", "Quản", "Trị"),
    Role("supervisor", "supervisor", "Trần", "Lan", "call"),
    Role("agent", "agent", "Lê", "An", "call"),
    Role("office", "back_office", "Phạm", "Hoa"),
    Role("rep", "field_rep", "Đỗ", "Minh", "field"),
    Role("rep2", "field_rep", "王", "伟", "field"),
    Role("viewer", "viewer", "Meyer", "Vera"),
)


def populate(config: Config) -> None:
    """Give an empty, migrated installation its roles, teams and the cast; everybody's password is `PASSWORD`."""
    basics.ensure_basics(config)
    teams = {
        key: records.create(policy.SYSTEM, "team", {"name": name}).id
        for key, name in (("call", "Call center"), ("field", "Field"))
    }
    roles = {role.key: role.id for role in registry.entity("role").model.select()}
    for member in CAST:
        values: dict[str, Any] = {
            "username": member.username,
            "family_name": member.family,
            "given_name": member.given,
            "role": roles[member.role],
            "language": "en",
            "timezone": "Asia/Ho_Chi_Minh",
        }
        if member.team:
            values["teams"] = (teams[member.team],)
        person = records.create(policy.SYSTEM, "user", values)
        # One hash for everybody: the function is slow on purpose.
        first = registry.entity("user").model
        known = first.select(first.password_hash).where(first.password_hash.is_null(False)).first()
        if known is None:
            auth.set_password(person.id, PASSWORD)
        else:
            first.update(password_hash=known.password_hash).where(first.id == person.id).execute()


class Person:
    """Somebody at a browser. `get` and `post` do what a click does; a form's token comes along by itself."""

    def __init__(self, app: Flask, username: str | None) -> None:
        self.app = app
        self.username = username
        self.client: FlaskClient = app.test_client()
        self._token = ""
        if username is not None:
            self.sign_in()

    def sign_in(self, password: str = PASSWORD) -> TestResponse:
        self.get("/login")
        answer = self.post("/login", {"username": self.username, "password": password})
        self._token = ""
        return answer

    def get(self, path: str, **options: Any) -> TestResponse:
        answer = self.client.get(path, **options)
        self._remember(answer)
        return answer

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        if not self._token:
            self.get("/profile" if self.username else "/login")
        answer = self.client.post(path, data={"csrf_token": self._token, **(data or {})}, **options)
        self._remember(answer)
        return answer

    @property
    def id(self) -> int:
        return int(self.row.id)

    @property
    def row(self) -> Record:
        model = registry.entity("user").model
        return model.get(model.username == self.username)

    @property
    def actor(self) -> policy.Actor:
        """This person as the judge sees them."""
        return policy.actor(self.row, policy.version())

    def owns(self, entity: str, **values: Any) -> Record:
        """A new record that belongs to this person."""
        team = min(self.actor.teams, default=None)
        return records.create(policy.SYSTEM, entity, {"owner": self.id, "team": team, **values})

    def _remember(self, answer: TestResponse) -> None:
        if answer.mimetype == "text/html":
            found = re.search(r'name="csrf-token" content="([^"]+)"', answer.text)
            if found:
                self._token = found[1]
