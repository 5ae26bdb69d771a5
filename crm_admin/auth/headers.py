"""What every answer tells the browser: what it may load, run, frame, remember and use."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from crm_admin.config import Config

YEAR_S = 31_536_000

PERMISSIONS = (
    "microphone=(self), geolocation=(self), accelerometer=(), autoplay=(self), browsing-topics=(), "
    "camera=(), display-capture=(), encrypted-media=(), fullscreen=(self), gyroscope=(), hid=(), idle-detection=(), "
    "magnetometer=(), midi=(), payment=(), publickey-credentials-get=(), screen-wake-lock=(self), serial=(), "
    "usb=(), xr-spatial-tracking=()"
)

CONTENT_SOURCES: dict[str, tuple[str, ...]] = {
    "default-src": ("'none'",),
    "script-src": ("'self'",),
    "style-src": ("'self'",),
    "img-src": ("'self'", "data:", "blob:"),
    "font-src": ("'self'",),
    "connect-src": ("'self'",),
    "media-src": ("'self'", "blob:"),
    "manifest-src": ("'self'",),
    "worker-src": ("'self'",),
    "form-action": ("'self'",),
    "frame-ancestors": ("'none'",),
    "base-uri": ("'none'",),
}
_WITH_NONCE = ("script-src", "style-src")


def install(app: Flask, config: Config) -> None:
    """Put the headers on every answer, errors included.

    A module may add sources: `app.extensions["crm_csp"].setdefault("connect-src", []).append("wss://…")`; a view adds
    those of its own page alone: `g.csp_sources = {"connect-src": ["wss://…"]}`.
    """
    app.extensions.setdefault("crm_csp", {}).setdefault("connect-src", []).append(push_origin(config))
    app.jinja_env.globals["csp_nonce"] = csp_nonce

    def finish(response: Response) -> Response:
        headers = response.headers
        # A view that sends a stranger's file sets a stricter policy of its own.
        headers.setdefault("Content-Security-Policy", content_policy(app))
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers["Referrer-Policy"] = "same-origin"
        headers["Permissions-Policy"] = PERMISSIONS
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Cache-Control"] = _cache_control(response)
        if config.https:
            headers["Strict-Transport-Security"] = f"max-age={YEAR_S}"
        return response

    app.after_request(finish)


def csp_nonce() -> str:
    """The nonce of this request, for our own script and style elements."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def content_policy(app: Flask) -> str:
    """The Content-Security-Policy of this request."""
    added = app.extensions["crm_csp"]
    own = g.get("csp_sources", {})
    parts = []
    for directive, sources in CONTENT_SOURCES.items():
        nonce = (f"'nonce-{csp_nonce()}'",) if directive in _WITH_NONCE else ()
        more = (*added.get(directive, ()), *own.get(directive, ()))
        parts.append(" ".join((directive, *sources, *nonce, *more)))
    return "; ".join(parts)


def push_origin(config: Config) -> str:
    """The origin of the event process as browsers see it."""
    if config.push.public_url:
        parts = urlsplit(config.push.public_url)
        return f"{parts.scheme}://{parts.netloc}"
    own = urlsplit(config.public_url)
    host = f"[{own.hostname}]" if ":" in (own.hostname or "") else own.hostname
    return f"{own.scheme}://{host}:{config.push.port}"


def is_static() -> bool:
    """Whether this request is for a file that ships with the product."""
    endpoint = request.endpoint or ""
    return endpoint == "static" or endpoint.endswith(".static")


def _cache_control(response: Response) -> str:
    """Files that ship with us are kept (for good when the address names their content), everything else never."""
    if not is_static() or response.status_code not in (200, 206, 304):
        return "no-store"
    if request.args.get("v"):
        return f"public, max-age={YEAR_S}, immutable"
    return response.headers.get("Cache-Control", "no-cache")
