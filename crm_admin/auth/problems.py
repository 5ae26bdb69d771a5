"""Refusals for scripts and programs: application/problem+json (RFC 9457)."""

from __future__ import annotations

import json

from flask import Response, request


def wants_data() -> bool:
    """Whether a script asks (htmx, fetch, a program), not a person who opens a page."""
    if "HX-Request" in request.headers or "X-Requested-With" in request.headers:
        return True
    accepted = request.accept_mimetypes
    return max(accepted["application/json"], accepted["application/problem+json"]) > accepted["text/html"]


def problem(status: int, title: str, detail: str) -> Response:
    """A problem document."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/problem+json")
