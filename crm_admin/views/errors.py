"""What people and programs hear when a request cannot be answered. Never an exception's own words."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, g, render_template
from peewee import InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from crm_admin import auth
from crm_admin.i18n import gettext
from crm_admin.policy import NOBODY

PAGES = frozenset({400, 403, 404, 409, 413, 429, 500, 503})
logger = logging.getLogger("crm.errors")


def install(app: Flask) -> None:
    """Answer every error with a page, or with problem+json where a script or program asked."""

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Any:
        if error.response is not None:
            return error.response
        return answer(error.code or 500, error.name, dict(error.get_headers()))

    @app.errorhandler(OperationalError)
    @app.errorhandler(InterfaceError)
    def no_database(error: Exception) -> Any:
        logger.exception("the database did not answer")
        return answer(503, "Service Unavailable", {"Retry-After": "5"})

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Any:
        logger.exception("a request failed")
        return answer(500, "Internal Server Error", {})


def answer(code: int, name: str, headers: dict[str, str]) -> Any:
    """The answer for a status code, with the headers that go with it (Allow, Retry-After)."""
    g.setdefault("actor", NOBODY)
    kept = {k: v for k, v in headers.items() if k.lower() in ("allow", "retry-after", "www-authenticate")}
    if auth.wants_data():
        made: Response = auth.problem(code, name, gettext("The request cannot be answered."))
    else:
        page = code if code in PAGES else (400 if code < 500 else 500)
        made = Response(render_template(f"errors/{page}.html"), status=code, mimetype="text/html")
    made.headers.update(kept)
    return made
