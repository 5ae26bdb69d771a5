"""The door of the REST API: who asks, what goes wrong on purpose, what is written down."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from call_center.carrier.fault import Fault
from call_center.carrier.journal import Entry
from call_center.carrier.network import Network, WrongState
from call_center.carrier.rest.error import NotFound, RestError
from call_center.carrier.rest.request import Request

Handler = Callable[[Request], Awaitable[tuple[int, Any]] | tuple[int, Any]]


class Door:
    """Turns handlers of plain values into handlers of aiohttp."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def open(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The handler behind authentication, faults, errors and the journal."""

        async def handle(request: web.Request) -> web.StreamResponse:
            with self._network.clock.busy():
                return await self._handle(request, handler)

        return handle

    async def _handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        start = time.perf_counter()
        network = self._network
        body = (await request.read()).decode("utf-8", "replace")
        form = parse_qsl(body, keep_blank_values=True)
        sid = request.match_info.get("sid", "")
        entry = network.journal.add(
            Entry(
                "received", "rest", network.clock.now(), method=request.method, url=request.raw_path, call=sid
            )
        )
        entry.params = form
        faults = network.faults.pick("rest", request.method, request.path, sid)
        entry.faults = [fault.name for fault in faults]
        response = await self._before(request, faults)
        if response is None:
            response = await self._respond(request, handler, form)
            response = await self._after(request, faults) or response
        entry.status = response.status
        entry.latency_ms = round((time.perf_counter() - start) * 1000, 2)
        return response

    async def _respond(
        self, request: web.Request, handler: Handler, form: list[tuple[str, str]]
    ) -> web.StreamResponse:
        try:
            self._authenticate(request)
            query = parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)
            asked = Request(self._network, request.path, dict(request.match_info), query, form)
            answer = handler(asked)
            status, body = answer if isinstance(answer, tuple) else await answer
        except RestError as error:
            return refusal(error)
        except WrongState as error:
            return refusal(RestError(error.code, str(error)))
        if isinstance(body, web.StreamResponse):
            return body
        if body is None:
            return web.Response(status=status)
        return web.json_response(body, status=status)

    def _authenticate(self, request: web.Request) -> None:
        """Raises RestError 20003, or 20404 for another account."""
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        try:
            user, _, password = base64.b64decode(given, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            user = password = ""
        if kind.lower() != "basic" or not self._network.account.allows(user, password):
            raise RestError(20003, "Authenticate", 401)
        if request.match_info.get("account", self._network.account.sid) != self._network.account.sid:
            raise NotFound(request.path)

    async def _before(self, request: web.Request, faults: list[Fault]) -> web.StreamResponse | None:
        """What strikes before anything has been done."""
        for fault in faults:
            if fault.fault == "status":
                return _status(fault)
            if fault.fault == "html":
                code = int(fault.number("code", 502))
                text = f"<html><body><h1>{code} Bad Gateway</h1></body></html>"
                return web.Response(status=code, text=text, content_type="text/html")
            if fault.options.get("when", "before") == "before" and fault.fault in {"hang", "cut"}:
                return await self._interrupt(request, fault)
        return None

    async def _after(self, request: web.Request, faults: list[Fault]) -> web.StreamResponse | None:
        """What strikes when it has been done: the caller does not know whether."""
        for fault in faults:
            if fault.options.get("when") == "after" and fault.fault in {"hang", "cut"}:
                return await self._interrupt(request, fault)
        return None

    async def _interrupt(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.fault == "hang":
            await asyncio.sleep(fault.number("seconds", 30.0))
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)


def refusal(error: RestError) -> web.Response:
    """An error in the API's form."""
    body = {
        "code": error.code,
        "message": str(error),
        "more_info": f"https://www.twilio.com/docs/errors/{error.code}",
        "status": error.status,
    }
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if error.status == 401 else {}
    return web.json_response(body, status=error.status, headers=headers)


def _status(fault: Fault) -> web.Response:
    code = int(fault.number("code", 503))
    message = {429: "Too Many Requests", 500: "Internal Server Error", 503: "Service is unavailable"}
    number = {429: 20429, 500: 20500, 503: 20503}.get(code, 20500)
    response = refusal(RestError(number, message.get(code, "Error"), code))
    if "retry_after" in fault.options:
        response.headers["Retry-After"] = str(fault.options["retry_after"])
    return response
