"""A company at work, for a browser: the application at a real address, its events, and a carrier that rings it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import requests
from flask import Flask

from call_center.carrier.account import DEFAULT_APPLICATION, DEFAULT_KEY, DEFAULT_SECRET
from call_center.carrier.server import Carrier
from crm_admin import app as application
from crm_admin import live_sessions, web
from crm_admin.config import Config
from crm_admin.push import server

NUMBER = "+842873001234"


@dataclass
class WorkingCompany:
    """`url`: the pages. The carrier's control API is reached by `sim`."""

    app: Flask
    url: str
    carrier: Carrier

    def sim(self, path: str, **body: Any) -> Any:
        """Pull a string at the carrier."""
        answer = requests.post(f"{self.carrier.url}/_sim{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def state(self) -> Any:
        """What the carrier says of itself."""
        return requests.get(f"{self.carrier.url}/_sim", timeout=10).json()

    def ring(self, number: str) -> str:
        """A customer rings the company; the SID of their leg."""
        return str(self.sim("/inbound", **{"from": number, "to": NUMBER})["call_sid"])

    def hang_up(self, leg: str) -> None:
        """That customer hangs up."""
        self.sim(f"/calls/{leg}/hangup")


@contextmanager
def at_work(app: Flask) -> Iterator[WorkingCompany]:
    """The company of `app`, whose database it takes over, with everything that a call needs but the worker."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with Carrier(url, numbers=[NUMBER]) as carrier:
        config = _settings(app.extensions["crm"], url, carrier)
        made = application.create_app(config)
        made.testing = True
        made.jinja_env.bytecode_cache = app.jinja_env.bytecode_cache
        pages = web.Server(made, listener, threads=6, body_bytes=1024 * 1024)
        serving = threading.Thread(target=pages.run, name="pages")
        serving.start()
        try:
            with _events(config):
                yield WorkingCompany(made, url, carrier)
        finally:
            pages.stop()
            serving.join()


def _settings(config: Config, url: str, carrier: Carrier) -> Config:
    ours = replace(
        config.section("call_center"),
        account_sid=carrier.account.sid,
        auth_token=carrier.account.token,
        api_key_sid=DEFAULT_KEY,
        api_key_secret=DEFAULT_SECRET,
        twiml_app_sid=DEFAULT_APPLICATION,
        api_base=carrier.url,
        signalling=urlsplit(carrier.url).netloc,
    )
    return replace(
        config,
        web=replace(config.web, public_url=url),
        push=replace(config.push, port=_free_port()),
        sections={**config.sections, "call_center": ours},
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def _events(config: Config) -> Iterator[None]:
    """The event process, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="events")
    thread.start()

    def call(work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(10)

    push = server.Server(config, live_sessions.of(config))
    call(push.start())
    try:
        yield
    finally:
        call(push.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
