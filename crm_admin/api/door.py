"""The door of the API: who knocks, which addresses there are, and what a refusal looks like.

Only `Authorization: Bearer …` counts. Cookies are not looked at, so a request forged in a browser has no effect.
"""

from __future__ import annotations

import logging

from flask import Blueprint, Response, request
from flask.blueprints import BlueprintSetupState
from peewee import InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge
from werkzeug.routing import BaseConverter

from crm_admin import auth, records
from crm_admin.api.problems import Refused, problem
from crm_admin.i18n import gettext

PREFIX = "/api/v1"

TAKEN = ("search", "lookup", "schema", "calls", "geo", "openapi")
"""First path segments with a meaning of their own: no entity may have such a key."""

logger = logging.getLogger("crm.api")


class EntityKey(BaseConverter):
    """An entity's key as a path segment."""

    regex = rf"(?!(?:{'|'.join(TAKEN)})\b)[a-z][a-z0-9_]*"


class RecordId(BaseConverter):
    """The number of a record; one that no record can have is answered like that of a missing one."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        return int(value)


blueprint = auth.exempt(Blueprint("api", __name__, url_prefix=PREFIX))


@blueprint.record_once
def _learn_path_segments(state: BlueprintSetupState) -> None:
    state.app.url_map.converters |= {"entity": EntityKey, "number": RecordId}


@blueprint.before_app_request
def refuse_unknown_address() -> Response | None:
    """What is no address of the API, or no method of one, never reaches the blueprint's own handlers."""
    wrong = request.routing_exception
    inside = request.path == PREFIX or request.path.startswith(f"{PREFIX}/")
    if not inside or not isinstance(wrong, NotFound | MethodNotAllowed):
        return None
    return identify() or refused(wrong)


@blueprint.before_request
def identify() -> Response | None:
    """401 for everyone without a live token."""
    if auth.identify_program() is not None:
        return None
    sent = "Authorization" in request.headers
    challenge = 'Bearer realm="crm", error="invalid_token"' if sent else 'Bearer realm="crm"'
    detail = (
        gettext("This token is not valid, or has ended.")
        if sent
        else gettext("Send a token: Authorization: Bearer …")
    )
    return problem(401, detail, headers={"WWW-Authenticate": challenge})


@blueprint.errorhandler(Refused)
def told(error: Refused) -> Response:
    return error.answer()


@blueprint.errorhandler(records.NotFound)
def missing(error: records.NotFound) -> Response:
    """The same words for a record that is not there and for one out of reach."""
    return problem(404, gettext("There is no such record."))


@blueprint.errorhandler(records.Forbidden)
def forbidden(error: records.Forbidden) -> Response:
    return problem(403, gettext("You may not do this."))


@blueprint.errorhandler(records.Rejected)
def rejected(error: records.Rejected) -> Response:
    return problem(422, gettext("Some values cannot be accepted."), errors=error.errors)


@blueprint.errorhandler(records.Stale)
def stale(error: records.Stale) -> Response:
    return behind(error.current.row_version)


def behind(row_version: int) -> Response:
    """412: somebody saved the record meanwhile; `row_version` is what it is now."""
    detail = gettext("The record was changed meanwhile. Get it again.")
    return problem(412, detail, row_version=row_version, headers={"ETag": f'"{row_version}"'})


@blueprint.errorhandler(HTTPException)
def refused(error: HTTPException) -> Response:
    code = error.code or 500
    details = {
        404: gettext("There is no such address."),
        405: gettext("This address does not know this method."),
        413: gettext("This request is too large."),
    }
    kept = {k: v for k, v in error.get_headers() if k.lower() in ("allow", "retry-after")}
    if isinstance(error, RequestEntityTooLarge):
        kept["Connection"] = "close"
    return problem(code, details.get(code, gettext("The request cannot be answered.")), headers=kept)


@blueprint.errorhandler(OperationalError)
@blueprint.errorhandler(InterfaceError)
def no_database(error: Exception) -> Response:
    logger.exception("the database did not answer")
    return problem(503, gettext("Try again in a few seconds."), headers={"Retry-After": "5"})


@blueprint.errorhandler(Exception)
def broken(error: Exception) -> Response:
    logger.exception("a request failed")
    return problem(500, gettext("The request cannot be answered."))
