"""The JSON that came with a request."""

from __future__ import annotations

import json
from typing import Any

from flask import request

from crm_admin.api.problems import Refused
from crm_admin.i18n import gettext


def read() -> Any:
    """The JSON value of the request's body.

    Raises Refused: 415 for another content type, 400 for what is not one JSON text of UTF-8, for NaN and Infinity,
    for a name that stands twice in one object, and for halves of characters.
    """
    if request.mimetype != "application/json":
        raise Refused(
            415, gettext("Send the body as application/json."), headers={"Accept-Post": "application/json"}
        )
    try:
        found = json.loads(
            request.get_data().decode("utf-8"),
            object_pairs_hook=_without_doubles,
            parse_constant=_no_constant,
        )
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise Refused(400, gettext("The body is not JSON that can be read.")) from error
    return found


def read_object() -> dict[str, Any]:
    """The JSON object of the request's body. Raises Refused as `read`, and 422 for another JSON value."""
    found = read()
    if not isinstance(found, dict):
        text = gettext("Send a JSON object.")
        raise Refused(422, text, errors={"": [text]})
    return found


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)
