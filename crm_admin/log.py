"""Logs: one JSON object a line (plain text on a terminal), with the request's id, without secrets.

Every field passed as `extra={…}` becomes a key of the object. Whatever a stranger sends stays inside one line.
"""

from __future__ import annotations

import contextvars
import json
import logging
import re
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from crm_admin.config import Config

if TYPE_CHECKING:
    from flask import Flask, Request, Response

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")

# Keys whose value is never written, whoever passes it.
_SECRET_KEY = re.compile(r"password|passwd|secret|token|authorization|cookie|api_?key", re.IGNORECASE)
# What ends a line or steers a terminal, and what cannot be encoded.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_HIDDEN = "[hidden]"

_context: contextvars.ContextVar[Mapping[str, Any]] = contextvars.ContextVar(
    "log", default=MappingProxyType({})
)


def setup(config: Config) -> None:
    """Send every record of this process to stderr as `config.log` says; plain text when stderr is a terminal."""
    stream = sys.stderr
    # What a client or a library sends may hold half a character; losing the line would be worse.
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    handler = logging.StreamHandler(stream)
    known = secrets_of(config)
    plain = not config.log.json or stream.isatty()
    handler.setFormatter(PlainFormatter(known) if plain else JsonFormatter(known))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(config.log.level.upper())
    # Tells of every request that waits for a thread; the time a request took says the same.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # Tells of every statement at DEBUG, with the values.
    logging.getLogger("peewee").setLevel(max(root.level, logging.INFO))


def secrets_of(config: Config) -> tuple[str, ...]:
    """The values of `config` that must never be written: secret key, database password."""
    password = urlsplit(config.database_url).password or ""
    return tuple(sorted({s for s in (config.secret_key, password, unquote(password)) if len(s) >= 4}))


@contextmanager
def context(**fields: Any) -> Iterator[None]:
    """Add `fields` (request_id, user_id, job_id …) to every line that is written inside the block."""
    token = _context.set(MappingProxyType({**_context.get(), **fields}))
    try:
        yield
    finally:
        _context.reset(token)


def request_id() -> str | None:
    """The id of the request (or of the job that it caused) in hand, to carry on into rows and other services."""
    return _context.get().get("request_id")


class JsonFormatter(logging.Formatter):
    """One JSON object on one line: ts (UTC), level, logger, msg, then context and extra fields."""

    def __init__(self, known_secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._secrets = known_secrets

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "ts": _moment(record),
            "level": record.levelname,
            "logger": record.name,
            "msg": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        line = json.dumps(entry, ensure_ascii=False, default=str)
        return _hide(_CONTROL.sub(lambda c: f"\\u{ord(c.group()):04x}", line), self._secrets)


class PlainFormatter(logging.Formatter):
    """For people: time, level, logger, message, `key=value` …; a traceback follows, indented."""

    def __init__(self, known_secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._secrets = known_secrets

    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {key}={value}" for key, value in _fields(record).items())
        line = _printable(
            f"{_moment(record)} {record.levelname} {record.name}: {record.getMessage()}{fields}"
        )
        if record.exc_info:
            trace = self.formatException(record.exc_info).splitlines()
            line += "".join(f"\n  | {_printable(part)}" for part in trace)
        return _hide(line, self._secrets)


def install(app: Flask) -> None:
    """Give every request of `app` an id (answered as X-Request-Id) and one line when it is done.

    The id that a client sends is believed only behind proxies of ours, and only if it looks like one.
    `app.extensions["crm"]` is the Config when requests come.
    """
    from flask import g, request  # noqa: PLC0415 — the push process logs too and must not carry Flask

    logger = logging.getLogger("crm.web")

    def begin() -> None:
        behind_proxy = app.extensions["crm"].web.proxies > 0
        sent = request.headers.get("X-Request-Id", "") if behind_proxy else ""
        g.request_id = sent if REQUEST_ID.match(sent) else secrets.token_hex(8)
        g.started = time.perf_counter()
        _context.set(MappingProxyType({"request_id": g.request_id}))

    def done(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.request_id
        logger.log(
            logging.ERROR if response.status_code >= 500 else logging.INFO,
            "request",
            extra={
                "user_id": getattr(g.get("_login_user"), "id", None),
                "route": route(request),
                "method": request.method,
                "status": response.status_code,
                "ms": round(elapsed_s() * 1000, 1),
            },
        )
        return response

    def forget(_error: BaseException | None) -> None:
        # The thread goes on to other things.
        _context.set(MappingProxyType({}))

    app.before_request_funcs.setdefault(None, []).insert(0, begin)
    app.teardown_request_funcs.setdefault(None, []).insert(0, forget)
    # Flask runs those that come after a request last first: the line is written when all others are done.
    app.after_request_funcs.setdefault(None, []).insert(0, done)


def route(request: Request) -> str:
    """The rule of a request, never its address: addresses carry names, numbers and keys."""
    return request.url_rule.rule if request.url_rule else "(none)"


def elapsed_s() -> float:
    """Seconds since the request in hand began."""
    from flask import g  # noqa: PLC0415 — see install()

    return time.perf_counter() - float(g.started)


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
    fields = {**_context.get(), **extra}
    return {key: _HIDDEN if _SECRET_KEY.search(key) else value for key, value in fields.items()}


def _printable(text: str) -> str:
    return _CONTROL.sub(lambda c: f"\\x{ord(c.group()):02x}", text)


def _hide(line: str, known_secrets: tuple[str, ...]) -> str:
    for value in known_secrets:
        line = line.replace(value, _HIDDEN)
    return line
