"""The carrier as one process: HTTP and WebSocket on one port, in the foreground or in a thread of a test."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine, Iterable
from types import TracebackType
from typing import Any, TypeVar

from aiohttp import web

from call_center.carrier.account import Account
from call_center.carrier.control import Control
from call_center.carrier.fault import FaultBook
from call_center.carrier.journal import Journal
from call_center.carrier.network import Network
from call_center.carrier.number import Application, Number
from call_center.carrier.page import PEOPLE, Page, Person
from call_center.carrier.rest import Door, routes
from call_center.carrier.signalling import Gateway
from call_center.carrier.virtual_clock import VirtualClock

T = TypeVar("T")
DEFAULT_NUMBERS = ("+842873001234",)
START_SECONDS = 20.0


class Carrier:
    """The simulator. `app` is the base URL of the application whose doors are `/twilio/…`.

    In a test: `with Carrier(app=url) as carrier: … carrier.url …`; it runs in a thread of its own.
    """

    def __init__(
        self,
        app: str = "",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        account: Account | None = None,
        numbers: Iterable[str] = DEFAULT_NUMBERS,
        seed: int | str = 0,
        scale: float | str = 1.0,
        overrides: str = "",
        journal: int = 100_000,
        people: Iterable[Person] = PEOPLE,
    ) -> None:
        self.account = account if account is not None else Account()
        self.url = ""
        self._host = host
        self._port = port
        self._seed = seed
        self._journal = journal
        self._scale = scale
        self.people = tuple(people)
        self._own(app.rstrip("/"), numbers, overrides)
        self._runner: web.AppRunner | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self.network: Network

    # In the foreground, on a loop that runs.

    async def open(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        network = self.network = Network(
            self.account, VirtualClock(self._scale), Journal(self._journal), FaultBook(self._seed), self._seed
        )
        application = web.Application(client_max_size=1024 * 1024)
        gateway, page = Gateway(network, self.account), Page(network, self.account, self.people)
        network.on_message = page.show_message
        application.add_routes(routes(Door(network)))
        application.add_routes(Control(network, gateway, page).routes())
        application.router.add_get("/signal", gateway.handle)
        page.add_routes(application)
        self._closing = [page.close, gateway.close, network.close]
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        port = self._runner.addresses[0][1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.url = network.url = f"http://{host}:{port}"

    async def close(self) -> None:
        """Hang up and stop to listen."""
        for close in self._closing:
            await close()
        if self._runner is not None:
            await self._runner.cleanup()

    # In a thread.

    def start(self) -> Carrier:
        """Run beside the caller, ready when this returns. Raises OSError when the port is taken."""
        ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._serve, args=(ready,), name="carrier", daemon=True)
        self._thread.start()
        ready.result(START_SECONDS)
        return self

    def stop(self) -> None:
        """End the thread; nothing of it is left."""
        if self._loop is None or self._thread is None:
            return
        self.call(self.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_SECONDS)
        self._loop = self._thread = None

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the carrier's loop and wait for it (from another thread)."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_SECONDS)

    def __enter__(self) -> Carrier:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(self, ready: concurrent.futures.Future[None]) -> None:
        loop = self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self.open())
        except OSError as error:
            ready.set_exception(error)
            loop.close()
            return
        ready.set_result(None)
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    def _own(self, app: str, numbers: Iterable[str], overrides: str) -> None:
        """Numbers and one application, answered at the doors of `app`. The same numbers have the same sids."""
        voice = f"{app}/twilio/voice"
        tail = f"#{overrides}" if overrides else ""
        doors = {
            "status_callback": f"{voice}/status{tail}",
            "voice_fallback_url": f"{voice}/fallback{tail}",
            "sms_url": f"{app}/twilio/sms/inbound{tail}",
        }
        given = doors if app else {}
        for position, phone_number in enumerate(numbers):
            number = Number(sid=f"PN{position:032x}", phone_number=phone_number, friendly_name=phone_number)
            for name, url in given.items():
                setattr(number, name, url)
            number.voice_url = f"{voice}/inbound{tail}" if app else ""
            self.account.numbers[number.sid] = number
        browser = Application(sid=self.account.application, friendly_name="Browser phone")
        if app:
            browser.voice_url = f"{voice}/outbound{tail}"
            browser.voice_fallback_url = doors["voice_fallback_url"]
            browser.status_callback = doors["status_callback"]
        self.account.applications.setdefault(browser.sid, browser)
