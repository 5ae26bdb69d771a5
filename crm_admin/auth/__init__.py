"""Signing in: passwords, server-side sessions, tokens for programs, and the guard before every view.

`install(app, config)` puts all of it in place. Everything not marked `public` or `exempt` needs a signed-in person.
"""

from __future__ import annotations

from flask import Flask
from flask_wtf.csrf import CSRFError

from crm_admin.auth import headers, identity, views
from crm_admin.auth.accounts import (
    after_user_change,
    last_administrator,
    password_link,
    set_password,
)
from crm_admin.auth.headers import csp_nonce, push_origin
from crm_admin.auth.identity import (
    current_language,
    current_timezone,
    exempt,
    identify_program,
    public,
)
from crm_admin.auth.problems import problem, wants_data
from crm_admin.auth.redirects import safe_target
from crm_admin.auth.sessions import Session
from crm_admin.auth.throttle import Attempt
from crm_admin.auth.tokens import Token
from crm_admin.config import Config

__all__ = [
    "TABLES",
    "after_user_change",
    "csp_nonce",
    "current_language",
    "current_timezone",
    "exempt",
    "identify_program",
    "install",
    "last_administrator",
    "password_link",
    "problem",
    "public",
    "push_origin",
    "safe_target",
    "set_password",
    "wants_data",
]

TABLES = (Session, Token, Attempt)


def install(app: Flask, config: Config) -> None:
    """Give `app` its cookies, guard, headers and sign-in pages; call it before other hooks that need `g.user`.

    The database must be connected by an earlier `before_request`.
    """
    app.extensions["crm"] = config
    app.config.update(
        SECRET_KEY=config.secret_key,
        SESSION_COOKIE_NAME=identity.cookie_name(config, "crm_page"),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.https,
        SESSION_COOKIE_PATH="/",
    )
    headers.install(app, config)
    identity.install(app, config)
    app.register_blueprint(views.blueprint)
    app.register_error_handler(CSRFError, views.expired)
