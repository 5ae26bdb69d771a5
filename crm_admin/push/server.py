"""The push process: one event loop, one look at the database per change, every browser served from memory."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any
from urllib.parse import urlsplit

from crm_admin.config import Config
from crm_admin.push import ticket
from crm_admin.push.connection import Connection
from crm_admin.push.journal import Journal, Message
from crm_admin.push.listener import Listener, Poll, Stream
from crm_admin.push.request import BadRequest, Request
from crm_admin.push.source import Source, SourceLost, source_of

log = logging.getLogger(__name__)

PING_S = 20.0
CHECK_S = 30.0
RECOVERY_S = 1.0
CLOSE_S = 2.0
PER_USER = 20

# Of these session prefixes, the ones that still live; asked once for all, by SQL on the source.
Alive = Callable[[Source, Collection[str]], Awaitable[Collection[str]]]


def serve(config: Config, alive: Alive) -> None:
    """Serve events until SIGTERM or SIGINT, then close every stream and return."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(_until_signal(Server(config, alive)))


async def _until_signal(server: Server) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await server.start()
    stopped, failed = asyncio.create_task(stop.wait()), asyncio.create_task(server.failure())
    try:
        await asyncio.wait({stopped, failed}, return_when=asyncio.FIRST_COMPLETED)
        if failed.done():
            failed.result()
    finally:
        stopped.cancel()
        failed.cancel()
        await server.close()


class Server:
    """Listens on `config.push`; `port` is the real one after `start`."""

    def __init__(self, config: Config, alive: Alive) -> None:
        self.config = config
        self.port = config.push.port
        public = urlsplit(config.public_url)
        self.origin = f"{public.scheme}://{public.netloc}"
        self.connections: set[Connection] = set()
        self.listeners: set[Listener] = set()
        self.of_user: defaultdict[int, set[Listener]] = defaultdict(set)
        self._alive = alive
        self._checked: dict[str, float] = {}
        self._source = source_of(config)
        self.journal = Journal(self._source)
        self._loaded = False
        self._server: asyncio.Server | None = None
        self._lasting: set[asyncio.Task[None]] = set()
        self._passing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen, and follow the database in the background; raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), self.config.push.host, self.config.push.port, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._lasting = {asyncio.create_task(work()) for work in (self._follow, self._ping, self._check)}
        log.info("push listens on %s port %d", self.config.push.host, self.port)

    async def close(self) -> None:
        """Take no more connections, let what is written flow out for two seconds, and end the rest."""
        if self._server is not None:
            self._server.close()
        for task in (*self._lasting, *self._passing):
            task.cancel()
        await asyncio.gather(*self._lasting, *self._passing, return_exceptions=True)
        for connection in list(self.connections):
            connection.transport.close()
        until = time.monotonic() + CLOSE_S
        while self.connections and time.monotonic() < until:
            await asyncio.sleep(0.01)
        for connection in list(self.connections):
            connection.transport.abort()
        await self._source.close()
        log.info("push has stopped")

    async def failure(self) -> None:
        """Raise what ended one of the server's lasting tasks; it is a defect, and the process should start anew."""
        done, _ = await asyncio.wait(self._lasting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` beside the rest until it ends or the server closes."""
        task = asyncio.create_task(work)
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def answer(self, connection: Connection, request: Request) -> None:
        """Serve one parsed request."""
        if request.path == "/healthz":
            connection.reply(200, {"status": "ok"})
            return
        if request.path not in ("/events", "/events/poll"):
            raise BadRequest(404)
        if request.headers.get("origin", self.origin) != self.origin:
            raise BadRequest(403)
        who = await self._admit(request)
        after = _position(request)
        listener = Stream(connection, who) if request.path == "/events" else Poll(connection, who)
        if listener.start(self.journal, after):
            self._add(listener)

    def forget(self, connection: Connection) -> None:
        """The connection is gone."""
        self.connections.discard(connection)
        listener = connection.listener
        if listener is None:
            return
        self.listeners.discard(listener)
        own = self.of_user[listener.who.user_id]
        own.discard(listener)
        if not own:
            del self.of_user[listener.who.user_id]

    async def _admit(self, request: Request) -> ticket.Ticket:
        try:
            who = ticket.read(self.config, request.query.get("token", ""))
        except ticket.BadTicket:
            raise BadRequest(401) from None
        if not self._loaded:
            raise BadRequest(503)
        if time.monotonic() - self._checked.get(who.session, -CHECK_S) >= CHECK_S:
            try:
                living = await self._alive(self._source, [who.session])
            except SourceLost:
                raise BadRequest(503) from None
            if who.session not in living:
                raise BadRequest(401)
            self._checked[who.session] = time.monotonic()
        if len(self.of_user.get(who.user_id, ())) >= PER_USER:
            raise BadRequest(429)
        return who

    def _add(self, listener: Listener) -> None:
        if listener.connection.transport.is_closing():
            return
        listener.connection.listener = listener
        self.listeners.add(listener)
        self.of_user[listener.who.user_id].add(listener)

    async def _follow(self) -> None:
        while True:
            try:
                await self._source.open()
                if not self._loaded:
                    await self.journal.load()
                    self._loaded = True
                while True:
                    await self._source.changed()
                    self._send(await self.journal.news())
            except SourceLost as error:
                log.error("the database does not answer: %s", error)
                await asyncio.sleep(RECOVERY_S)

    def _send(self, messages: list[Message]) -> None:
        for message in messages:
            chunk = Stream.chunk(message)
            for listener in self._audience(message):
                listener.deliver(message, chunk)

    def _audience(self, message: Message) -> list[Listener]:
        if message.users is None or message.roles:
            return [one for one in self.listeners if message.is_for(one.who.user_id, one.who.roles)]
        return [one for user in message.users for one in self.of_user.get(user, ())]

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_S)
            # The position travels along: who heard nothing for long has missed nothing either.
            chunk = f": ping\nid: {self.journal.last}\n\n".encode()
            for listener in list(self.listeners):
                listener.ping(chunk)

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            now = time.monotonic()
            sessions = {listener.who.session for listener in self.listeners}
            try:
                living = set(await self._alive(self._source, sessions)) if sessions else set()
            except SourceLost:
                continue
            self._checked = dict.fromkeys(living, now)
            for listener in list(self.listeners):
                if listener.who.session not in living or listener.who.expires_at < time.time():
                    listener.connection.transport.close()


def _position(request: Request) -> int | None:
    """The last event the browser has seen: its own memory after a break, else what the page was made with."""
    text = request.headers.get("last-event-id") or request.query.get("after", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadRequest(400)
    return int(text)
