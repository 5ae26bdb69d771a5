"""Logs: every line parses, tells which request it belongs to, and holds neither secrets nor a stranger's lines."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from flask import Flask

from crm_admin import config as settings
from crm_admin import log

HOSTILE = (
    'a"b',
    "a\nb",
    "a\r\nFAKE",
    "a\x00b",
    "a\x1b[2Jb",
    "a\u2028b",
    "a\u2029b",
    "a\x85b",
    "a\ud800b",
    "Nguyễn 陈",
    '{"level": "ERROR"}',
)


def record(message: str, *values: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("crm.test", logging.INFO, __file__, 1, message, values, None)
    vars(made).update(extra)
    return made


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_logged_stays_on_one_line_that_parses(text: str) -> None:
    line = log.JsonFormatter().format(record("heard %s", text, said=text))
    assert len(line.splitlines()) == 1
    line.encode()
    assert json.loads(line)["said"] == text
    plain = log.PlainFormatter().format(record("heard %s", text, said=text))
    assert len(plain.splitlines()) == 1
    assert "\x1b" not in plain


def test_a_line_has_its_time_in_utc_and_the_context() -> None:
    with log.context(request_id="abcd1234", user_id=7):
        line = json.loads(log.JsonFormatter().format(record("done", ms=1.5)))
    assert line["ts"].endswith("Z")
    assert (line["level"], line["logger"], line["msg"]) == ("INFO", "crm.test", "done")
    assert (line["request_id"], line["user_id"], line["ms"]) == ("abcd1234", 7, 1.5)
    assert "request_id" not in json.loads(log.JsonFormatter().format(record("later")))


def test_secrets_are_hidden_wherever_they_turn_up() -> None:
    made = settings.load(
        environ={
            "CRM_SECRET_KEY": "canary-secret-key",
            "CRM_DATABASE_URL": "postgresql://u:can%40ary@host/crm",
        }
    )
    for formatter in (log.JsonFormatter, log.PlainFormatter):
        line = formatter(log.secrets_of(made)).format(
            record(
                "key canary-secret-key, can@ary and can%%40ary",
                api_token="canary-token",
                new_password="x1y2z3",
            )
        )
        assert "canary" not in line
        assert "can@ary" not in line
        assert "can%40ary" not in line
        assert "x1y2z3" not in line


def test_a_traceback_is_part_of_the_line_and_indented_for_people() -> None:
    try:
        raise ValueError("first\n2026-01-01 ERROR forged line")
    except ValueError:
        failed = record("failed")
        failed.exc_info = sys.exc_info()
    assert "ValueError" in json.loads(log.JsonFormatter().format(failed))["error"]
    failed.exc_text = None
    lines = log.PlainFormatter().format(failed).splitlines()
    assert all(line.startswith("  | ") for line in lines[1:])


def test_the_level_and_form_come_from_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    before, level = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        log.setup(settings.load(environ={}, overrides={"log.level": "WARNING"}))
        logging.getLogger("crm.test").info("quiet")
        logging.getLogger("crm.test").warning("heard")
        log.setup(settings.load(environ={}, overrides={"log.json": False}))
        logging.getLogger("crm.test").info("plain")
    finally:
        logging.getLogger().handlers[:] = before
        logging.getLogger().setLevel(level)
    first, second = capsys.readouterr().err.splitlines()
    assert json.loads(first)["msg"] == "heard"
    assert second.endswith("INFO crm.test: plain")
    with pytest.raises(settings.ConfigError, match=r"log\.level"):
        settings.load(environ={}, overrides={"log.level": "LOUD"})


class Listening(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, object]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(log.JsonFormatter().format(record)))


def application(proxies: int) -> Flask:
    app = Flask("small")
    app.extensions["crm"] = settings.load(environ={}, overrides={"web.proxies": proxies})
    log.install(app)

    @app.get("/people/<int:person>")
    def person(person: int) -> str:
        logging.getLogger("crm.web").warning("inside")
        return str(person)

    return app


@pytest.mark.parametrize(
    ("proxies", "sent", "believed"),
    [
        (0, "from-a-stranger", False),
        (1, "from-the-proxy.1", True),
        (1, "short", False),
        (1, "x" * 65, False),
        (1, "with space in it", False),
        (1, "with-newline\u2028", False),
    ],
)
def test_a_request_has_one_id_from_edge_to_answer(proxies: int, sent: str, believed: bool) -> None:
    listening = Listening()
    logger = logging.getLogger("crm.web")
    logger.addHandler(listening)
    logger.setLevel(logging.INFO)
    try:
        answer = (
            application(proxies)
            .test_client()
            .get("/people/42?name=secret", headers={"X-Request-Id": sent.encode().decode("latin-1")})
        )
    finally:
        logger.removeHandler(listening)
        logger.setLevel(logging.NOTSET)
    given = answer.headers["X-Request-Id"]
    assert (given == sent) is believed
    assert log.REQUEST_ID.match(given)
    inside, done = listening.lines
    assert inside["request_id"] == done["request_id"] == given
    assert (done["route"], done["method"], done["status"]) == ("/people/<int:person>", "GET", 200)
    assert "secret" not in json.dumps(listening.lines)
