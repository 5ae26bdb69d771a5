"""One socket of the push process, from its first byte to its end."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from http import HTTPStatus
from typing import TYPE_CHECKING

from crm_admin.push.request import HEAD_BYTES, BadRequest, parse

if TYPE_CHECKING:
    from crm_admin.push.listener import Listener
    from crm_admin.push.server import Server

log = logging.getLogger(__name__)

HEAD_S = 5.0
MOST_CONNECTIONS = 10_000
UNSENT_BYTES = 262_144
SEND_BUFFER_BYTES = 65_536
NEVER_STORED = "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n"


class Connection(asyncio.Protocol):
    """Reads one request head in bounded time and space, then belongs to its answer."""

    transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        self.server = server
        self.listener: Listener | None = None
        self._head: bytearray | None = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._origin = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if len(self.server.connections) >= MOST_CONNECTIONS:
            transport.abort()
            return
        self.server.connections.add(self)
        transport.set_write_buffer_limits(high=UNSENT_BYTES)
        tcp = transport.get_extra_info("socket")
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._timer = asyncio.get_running_loop().call_later(HEAD_S, transport.abort)

    def data_received(self, data: bytes) -> None:
        if self._head is None:
            return  # a client that goes on talking is not listened to
        self._head += data
        head, end, _ = bytes(self._head).partition(b"\r\n\r\n")
        if not end and len(self._head) <= HEAD_BYTES:
            return
        self._head = None
        self._stop_timer()
        self.server.spawn(self._answer(head if end and len(head) <= HEAD_BYTES else None))

    def pause_writing(self) -> None:
        """Too much is unsent: the client is too slow, and will catch up by replay when it comes back."""
        self.transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._stop_timer()
        self.server.forget(self)

    def reply(self, status: int, body: dict[str, object]) -> None:
        """Send a whole JSON answer and hang up."""
        text = json.dumps(body).encode()
        headers = f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n{NEVER_STORED}"
        self.transport.write(self.head(status, headers) + text)
        self.transport.close()

    def head(self, status: int, headers: str) -> bytes:
        """Status line and headers, with leave for the pages of the CRM, and only those, to read the answer."""
        cors = f"Access-Control-Allow-Origin: {self._origin}\r\n" if self._origin else ""
        return (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{headers}Vary: Origin\r\n{cors}\r\n".encode()
        )

    async def _answer(self, head: bytes | None) -> None:
        try:
            if head is None:
                raise BadRequest(431)
            request = parse(head)
            if request.headers.get("origin") == self.server.origin:
                self._origin = self.server.origin
            await self.server.answer(self, request)
        except BadRequest as refusal:
            self._refuse(refusal.status)
        except Exception:  # a defect in one answer must not leave its client hanging
            log.exception("a request failed")
            self._refuse(500)

    def _refuse(self, status: int) -> None:
        self.reply(status, {"status": status, "title": HTTPStatus(status).phrase})

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
