"""A small application with nothing but the sign-in edge, its cast, and browsers to use it with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Flask, Response, abort, g, render_template_string, request
from flask.testing import FlaskClient
from flask_babel import Babel
from flask_login import current_user
from werkzeug.test import TestResponse

from crm_admin import auth, db, policy
from crm_admin.audit import AuditEntry
from crm_admin.config import Config
from crm_admin.entities.role import Role
from crm_admin.entities.team import Team
from crm_admin.entities.user import User
from crm_admin.history import HistoryLine, HistorySubject
from crm_admin.i18n import LANGUAGES, catalogue
from crm_admin.kinds.links import RecordLink
from crm_admin.kinds.phone import PhoneIndex
from crm_admin.policy import FieldGrant, Grant, Version
from crm_admin.push.watching import Look

PASSWORD = "violet-harbour-ladder-9"


@dataclass
class House:
    """The application, its settings, and what was written to the page under test."""

    app: Flask
    config: Config
    written: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app.extensions["written"] = self.written

    def browser(self, ip: str = "203.0.113.5") -> Browser:
        return Browser(self.app.test_client(), ip)

    def signed_in(self, username: str, ip: str = "203.0.113.5") -> Browser:
        browser = self.browser(ip)
        assert browser.sign_in(username).status_code == 303
        return browser


@dataclass
class Browser:
    """A browser: keeps cookies, reads the CSRF token of the page before it posts a form."""

    client: FlaskClient
    ip: str

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, environ_base={"REMOTE_ADDR": self.ip}, **options)

    def post(
        self, path: str, data: dict[str, Any] | None = None, page: str = "/login", **options: Any
    ) -> TestResponse:
        return self.raw_post(path, {**(data or {}), "csrf_token": self.csrf(page)}, **options)

    def raw_post(self, path: str, data: dict[str, Any], **options: Any) -> TestResponse:
        return self.client.post(path, data=data, environ_base={"REMOTE_ADDR": self.ip}, **options)

    def csrf(self, page: str = "/login") -> str:
        """The token on a page; who is signed in finds it on the home page."""
        response = self.get(page)
        text = (response if response.status_code == 200 else self.get("/")).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', text)
        assert found, text[:500]
        return found[1]

    def sign_in(self, username: str, password: str = PASSWORD, **more: str) -> TestResponse:
        return self.post("/login", {"username": username, "password": password, **more})

    def cookie(self, name: str) -> str | None:
        found = self.client.get_cookie(name)
        return None if found is None else found.value

    def is_in(self) -> bool:
        return self.get("/secret").status_code == 200


def make_people(stored_password: str) -> dict[str, int]:
    ids = {}
    roles = {}
    for key in ("administrator", "agent", "viewer"):
        roles[key] = Role.create(key=key, name=key, builtin=True).id
    for username, role, active in (
        ("boss", "administrator", True),
        ("lan", "agent", True),
        ("minh", "agent", True),
        ("gone", "agent", False),
    ):
        row = User.create(
            username=username,
            name=username.title(),
            given_name=username.title(),
            role=roles[role],
            active=active,
            password_hash=stored_password,
            theme="auto",
        )
        ids[username] = row.id
    return ids


def empty() -> None:
    """Nobody, nothing: every table of the sign-in edge without rows."""
    for table in tables():
        table.delete().execute()


def tables() -> list[Any]:
    """The tables that signing in and changing a person touches."""
    rights = [Version, Grant, FieldGrant]
    written = [AuditEntry, HistoryLine, HistorySubject, Look, RecordLink, PhoneIndex]
    return [*auth.TABLES, User, Role, Team, *rights, *written]


def application(config: Config) -> Flask:
    app = Flask("crm_admin", template_folder="../templates")
    app.jinja_env.globals["asset"] = lambda name: f"/static/{name}?v=1"

    @app.before_request
    def open_database() -> None:
        # The test's own thread has a connection already; the threads of a crowd have none.
        if db.database.connect(reuse_if_open=True):
            g.opened = True

    @app.teardown_request
    def close_database(error: BaseException | None) -> None:
        if g.pop("opened", False):
            db.database.close()

    auth.install(app, config)
    Babel(
        app,
        locale_selector=lambda: catalogue(auth.current_language()),
        timezone_selector=auth.current_timezone,
    )
    app.context_processor(_frame)
    _pages(app)
    return app


def _frame() -> dict[str, Any]:
    """What the frame of a page needs to know."""
    return {
        "app_name": "Tests",
        "languages": list(LANGUAGES.items()),
        "language": auth.current_language(),
        "me": _me() if g.get("user") else None,
        "menu": [],
    }


def _me() -> dict[str, Any]:
    user = g.user
    return {
        "name": user.name,
        "username": user.username,
        "theme": user.theme,
        "language": g.language,
        "initials": "X",
        "avatar_hue": 30,
        "role_label": "",
    }


def _pages(app: Flask) -> None:
    app.register_blueprint(_door())
    app.add_url_rule(
        "/", "home", lambda: render_template_string('<input name="csrf_token" value="{{ csrf_token() }}">')
    )
    app.add_url_rule("/secret", "secret", lambda: f"{current_user.username} {g.actor.rights.role}")
    app.add_url_rule("/forbidden", "forbidden", lambda: abort(403))
    app.add_url_rule("/crash", "crash", lambda: str(1 / 0))
    app.add_url_rule("/open", "open", auth.public(lambda: "open"))
    app.add_url_rule(
        "/door", "door", auth.exempt(lambda: f"{g.user} {g.actor.rights.role}"), methods=["POST"]
    )

    @app.route("/write", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def write() -> str:
        if request.method in ("POST", "PUT", "PATCH", "DELETE"):
            app.extensions["written"].append(request.method)
        return "written"


def _door() -> Blueprint:
    """A door for programs, as the API is one."""
    api = Blueprint("api", __name__, url_prefix="/api")
    auth.exempt(api)

    @api.before_request
    def identify() -> Response | None:
        return None if auth.identify_program() else auth.problem(401, "Unauthorized", "A token is needed.")

    @api.route("/me", methods=["GET", "POST"])
    def me() -> dict[str, Any]:
        may = {action: policy.can(g.actor, action, "contact") for action in ("read", "create")}
        return {"user": g.user.username, "role": g.actor.rights.role, **may}

    return api
