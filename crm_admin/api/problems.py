"""Refusals of the API: application/problem+json (RFC 9457), with `errors` by field where a value is to blame."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Response

MEDIA_TYPE = "application/problem+json"

Errors = dict[str, list[str]]
"""Field or argument ("" for the whole) → what is wrong with it."""


class Refused(Exception):
    """The request cannot be answered as it is; the arguments are those of `problem`."""

    def __init__(self, status: int, detail: str, **more: Any) -> None:
        self.status, self.detail, self.more = status, detail, more
        super().__init__(detail)

    def answer(self) -> Response:
        return problem(self.status, self.detail, **self.more)


def problem(
    status: int,
    detail: str,
    *,
    errors: Errors | None = None,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    """A problem document; `members` are further ones, such as `row_version` of a stale save."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **members,
    }
    if errors is not None:
        body["errors"] = errors
    made = Response(json.dumps(body, ensure_ascii=False), status, mimetype=MEDIA_TYPE)
    made.headers.update(headers or {})
    return made
