"""Who waits for events on a connection: a stream for ever, or a poll for one answer."""

from __future__ import annotations

import asyncio
import json

from crm_admin.push import ticket
from crm_admin.push.connection import NEVER_STORED, Connection
from crm_admin.push.journal import Journal, Message

POLL_HOLD_S = 25.0

_STREAM_HEADERS = f"Content-Type: text/event-stream; charset=utf-8\r\nX-Accel-Buffering: no\r\n{NEVER_STORED}"


class Listener:
    """A connection that waits for events of one person."""

    def __init__(self, connection: Connection, who: ticket.Ticket) -> None:
        self.connection, self.who = connection, who

    def start(self, journal: Journal, after: int | None) -> bool:
        """Send what followed `after`; True when the listener goes on waiting."""
        raise NotImplementedError

    def deliver(self, message: Message, chunk: bytes) -> None:
        """Send one event, already known to be for this person; `chunk` is its form in a stream."""
        raise NotImplementedError

    def ping(self, chunk: bytes) -> None:
        """Show that the line lives."""

    def _mine(self, messages: list[Message]) -> list[Message]:
        return [message for message in messages if message.is_for(self.who.user_id, self.who.roles)]


class Stream(Listener):
    """Server-sent events, for ever."""

    @staticmethod
    def chunk(message: Message) -> bytes:
        return f"id: {message.id}\ndata: {message.text}\n\n".encode()

    def start(self, journal: Journal, after: int | None) -> bool:
        missed = [] if after is None else journal.after(after)
        parts = [self.connection.head(200, _STREAM_HEADERS), f"retry: 2000\nid: {journal.last}\n\n".encode()]
        if missed is None:
            parts.append(b'data: {"type":"resync"}\n\n')
        else:
            parts += [self.chunk(message) for message in self._mine(missed)]
        self.connection.transport.write(b"".join(parts))
        return True

    def deliver(self, message: Message, chunk: bytes) -> None:
        if not self.connection.transport.is_closing():
            self.connection.transport.write(chunk)

    def ping(self, chunk: bytes) -> None:
        if not self.connection.transport.is_closing():
            self.connection.transport.write(chunk)


class Poll(Listener):
    """One answer as soon as there is something to say, or an empty one after 25 s."""

    def start(self, journal: Journal, after: int | None) -> bool:
        self._journal = journal
        missed = [] if after is None else journal.after(after)
        if missed is None:
            self._finish([], resync=True)
            return False
        found = self._mine(missed)
        if found or after is None:
            self._finish(found)
            return False
        self._timer = asyncio.get_running_loop().call_later(POLL_HOLD_S, self._finish, [])
        return True

    def deliver(self, message: Message, chunk: bytes) -> None:
        if not self.connection.transport.is_closing():
            self._timer.cancel()
            self._finish([message])

    def _finish(self, messages: list[Message], resync: bool = False) -> None:
        items = [{"id": message.id, **json.loads(message.text)} for message in messages]
        last = messages[-1].id if messages else self._journal.last
        self.connection.reply(200, {"after": last, "resync": resync, "items": items})
