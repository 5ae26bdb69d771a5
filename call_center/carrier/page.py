"""The carrier's page `/`: anybody plays customers there, rings the company and answers its calls."""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web

from call_center.carrier.customer import Customer
from call_center.carrier.endpoint import ANYBODY
from call_center.carrier.payload import Payload, parse

if TYPE_CHECKING:
    from call_center.carrier.account import Account
    from call_center.carrier.network import Network

_FILES = Path(__file__).parent / "page"
_ASSETS = ("page.css", "page.js", "live.js", "call.js", "sound.js", "words.js", "icon.svg")
_LARGEST_MESSAGE = 128 * 1024
_HEARTBEAT_SECONDS = 20.0
_MESSAGES_KEPT = 50
_LONGEST_TEXT = 1600  # letters in one text message; the carrier takes no more
_NUMBER = re.compile(r"\+[1-9]\d{3,14}")

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:; "
        "connect-src 'self' ws://{host} wss://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True)
class Person:
    """A customer the page suggests to play."""

    name: str
    number: str  # E.164
    note: str = ""


PEOPLE = (
    Person("Nguyễn Thị Lan", "+84901234500"),
    Person("王小明", "+8613800138000"),
    Person("Alice Brown", "+14155550100"),
)
"""Played when nobody else is suggested."""


class Page:
    """All open pages, and what they show."""

    def __init__(self, network: Network, account: Account, people: Iterable[Person] = PEOPLE) -> None:
        self._network = network
        self._account = account
        self._people = list(people)
        self._messages: deque[dict[str, Any]] = deque(maxlen=_MESSAGES_KEPT)
        self._visits: set[Visit] = set()

    def add_routes(self, app: web.Application) -> None:
        """`GET /` and what belongs to it."""
        app.router.add_get("/", self._index)
        app.router.add_get("/page/live", self._live)
        app.router.add_get("/page/{name}", self._asset)

    def suggest(self, people: Iterable[Person]) -> None:
        """Offer these customers instead."""
        self._people = list(people)
        for visit in self._visits:
            visit.send(self._people_message())

    def show_message(self, from_: str, to: str, body: str, at: float) -> None:
        """A text message went through; `at` is in seconds since 1970."""
        message = {"from": from_, "to": to, "body": body, "at": at}
        self._messages.append(message)
        for visit in self._visits:
            visit.send({"type": "message", "message": message})

    async def close(self) -> None:
        """End every call played on a page."""
        await asyncio.gather(*(visit.close() for visit in self._visits))

    async def _index(self, request: web.Request) -> web.StreamResponse:
        return self._file(request, "index.html")

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in _ASSETS:
            raise web.HTTPNotFound
        return self._file(request, name)

    def _file(self, request: web.Request, name: str) -> web.FileResponse:
        headers = {key: value.format(host=request.host) for key, value in _HEADERS.items()}
        return web.FileResponse(_FILES / name, headers=headers)

    async def _live(self, request: web.Request) -> web.WebSocketResponse:
        # A browser lets every site open a WebSocket to this machine: only our own page may.
        if urlsplit(request.headers.get("Origin", "")).netloc != request.host:
            raise web.HTTPForbidden
        response = web.WebSocketResponse(heartbeat=_HEARTBEAT_SECONDS, max_msg_size=_LARGEST_MESSAGE)
        await response.prepare(request)
        visit = Visit(self._network, response)
        self._visits.add(visit)
        try:
            visit.send(self._people_message())
            for message in self._messages:
                visit.send({"type": "message", "message": message})
            await visit.serve()
        finally:
            await visit.close()
            self._visits.discard(visit)
        return response

    def _people_message(self) -> dict[str, Any]:
        return {
            "type": "people",
            "people": [asdict(person) for person in self._people],
            "company": [
                {"number": number.phone_number, "name": number.friendly_name}
                for number in self._account.numbers.values()
            ],
        }


class Visit:
    """One open page and the customer endpoint behind it."""

    def __init__(self, network: Network, response: web.WebSocketResponse) -> None:
        self._response = response
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._customer = Customer(network, self.send)

    def send(self, message: Mapping[str, Any]) -> None:
        """Tell the page; lost when it is gone."""
        self._outgoing.put_nowait(json.dumps(message))

    async def serve(self) -> None:
        """Read until the page goes."""
        writer = asyncio.create_task(self._write())
        try:
            async for message in self._response:
                if message.type is WSMsgType.TEXT:
                    self._receive(message.data)
        finally:
            writer.cancel()

    async def close(self) -> None:
        """End its calls, then the connection."""
        await self._customer.leave()
        await self._response.close()

    def _receive(self, text: str) -> None:
        try:
            payload = parse(text)
        except ValueError:
            return  # nothing that our page sends
        if handler := _HANDLERS.get(payload.text("type")):
            handler(self, self._customer, payload)

    def _play(self, customer: Customer, payload: Payload) -> None:
        """Whose calls ring on this page: one number's, and everybody's if so wished."""
        numbers = {payload.text("number")} if _NUMBER.fullmatch(payload.text("number")) else set()
        customer.answer_for(frozenset(numbers | ({ANYBODY} if payload.flag("anybody") else set())))

    def _call(self, customer: Customer, payload: Payload) -> None:
        self._do(payload, lambda: customer.call(payload.text("from"), payload.text("to")))

    def _text(self, customer: Customer, payload: Payload) -> None:
        body = payload.text("body")[:_LONGEST_TEXT]
        self._do(payload, lambda: customer.text(payload.text("from"), payload.text("to"), body))

    def _do(self, payload: Payload, deed: Callable[[], None]) -> None:
        """What somebody does who says which number is theirs; what is wrong with it is told."""
        if not _NUMBER.fullmatch(payload.text("from")):
            self.send({"type": "problem", "problem": "number-problem"})
            return
        try:
            deed()
        except LookupError:
            self.send({"type": "problem", "problem": "not-company"})

    async def _write(self) -> None:
        while True:
            text = await self._outgoing.get()
            try:
                await self._response.send_str(text)
            except ConnectionError:
                return  # the reader finds out by itself


_HANDLERS: Mapping[str, Callable[[Visit, Customer, Payload], None]] = {
    "play": Visit._play,
    "call": Visit._call,
    "text": Visit._text,
    "answer": lambda visit, customer, payload: customer.answer(payload.text("id")),
    "reject": lambda visit, customer, payload: customer.reject(payload.text("id")),
    "hangup": lambda visit, customer, payload: customer.hang_up(payload.text("id")),
    "press": lambda visit, customer, payload: customer.press(payload.text("id"), payload.text("digits")),
    "speak": lambda visit, customer, payload: customer.speak(
        payload.text("id"), made_up=payload.flag("made_up")
    ),
    "audio": lambda visit, customer, payload: customer.connect_audio(payload.text("id"), payload.text("sdp")),
}
