"""The recent events in memory: read once from the database, then sent, replayed and polled from here."""

from __future__ import annotations

import json
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from crm_admin import clock
from crm_admin.push.source import Source

KEEP_EVENTS = 1_000
KEEP_S = 600
BATCH = 500

_SELECT = "SELECT id, at, type, entity, record_id, data, users, roles FROM sys_event"
_RECENT = f"{_SELECT} WHERE at > ? ORDER BY id DESC LIMIT {KEEP_EVENTS}"
_NEWS = f"{_SELECT} WHERE id > ? ORDER BY id LIMIT {BATCH}"


@dataclass(frozen=True, slots=True)
class Message:
    """One event, ready to send. `users` and `roles` both None: for everyone."""

    id: int
    users: frozenset[int] | None
    roles: frozenset[str] | None
    text: str  # a JSON object: type, at, entity, record_id, data
    arrived: float  # monotonic seconds

    def is_for(self, user_id: int, roles: frozenset[str]) -> bool:
        """Whether this person is in the audience."""
        if self.users is None and self.roles is None:
            return True
        return (self.users is not None and user_id in self.users) or bool(self.roles and self.roles & roles)


class Journal:
    """The last 1,000 events of the last 10 minutes, in the order in which they became visible.

    Ids are given out at INSERT but seen at COMMIT, so on PostgreSQL event 7 may appear after event 8. A missing id
    is therefore looked for again, for as long as the journal reaches back, before it counts as rolled back.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._messages: deque[Message] = deque()
        self._missing: dict[int, float] = {}
        self._forgotten = 0
        self.last = 0

    async def load(self) -> None:
        """Fill the journal from the table; once, before anything else."""
        since = str(clock.ago(seconds=KEEP_S))
        recent = await self._source.rows(_RECENT, (since,))
        newest = await self._source.rows("SELECT max(id) FROM sys_event")
        # A row that comes between the two queries lies above the recent ones and is read as news.
        self.last = self._forgotten = (recent[-1][0] - 1) if recent else (newest[0][0] or 0)
        self._take(recent[::-1])

    async def news(self) -> list[Message]:
        """The events that became visible since the last call."""
        fresh: list[Message] = []
        now = time.monotonic()
        self._missing = {number: until for number, until in self._missing.items() if until > now}
        late = list(self._missing)[:BATCH]
        if late:
            marks = ", ".join("?" * len(late))
            fresh += self._take(await self._source.rows(f"{_SELECT} WHERE id IN ({marks}) ORDER BY id", late))
        while True:
            rows = await self._source.rows(_NEWS, (self.last,))
            fresh += self._take(rows)
            if len(rows) < BATCH:
                return fresh

    def after(self, number: int) -> list[Message] | None:
        """What followed the event of that id; None when the journal does not reach back so far."""
        tail: list[Message] = []
        for message in reversed(self._messages):
            if message.id == number:
                return tail[::-1]
            tail.append(message)
        if number < self._forgotten:
            return None
        return [message for message in self._messages if message.id > number]

    def _take(self, rows: list[tuple[Any, ...]]) -> list[Message]:
        now = time.monotonic()
        taken = []
        for row in rows:
            number = row[0]
            self._missing.pop(number, None)
            for gap in range(max(self.last + 1, number - KEEP_EVENTS), number):
                self._missing[gap] = now + KEEP_S
            self.last = max(self.last, number)
            taken.append(_message(row, now))
        self._messages.extend(taken)
        while len(self._messages) > KEEP_EVENTS or (
            self._messages and self._messages[0].arrived < now - KEEP_S
        ):
            self._forgotten = max(self._forgotten, self._messages.popleft().id)
        return taken


def _message(row: tuple[Any, ...], arrived: float) -> Message:
    number, at, kind, entity, record_id, data, users, roles = row
    head = {"type": kind, "at": str(at).replace(" ", "T") + "Z", "entity": entity, "record_id": record_id}
    # The data is JSON already; ASCII escapes keep it on one line whatever is in it.
    text = json.dumps({**head, "data": json.loads(data)}, separators=(",", ":"))
    return Message(
        number,
        None if users is None else frozenset(json.loads(users)),
        None if roles is None else frozenset(json.loads(roles)),
        text,
        arrived,
    )
