"""What is going to happen, in the order of time: each entry is done at its moment and may enter further ones."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count

from crm_admin import clock


class Diary:
    """Entries for moments up to `until` (UTC, naive); a later one never happens."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        self._entries: list[tuple[datetime, int, Callable[[], object]]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._entries)

    def enter(self, at: datetime, action: Callable[[], object]) -> None:
        """Have `action` done with the clock at `at`; nothing when that lies after the end."""
        if at <= self.until:
            heapq.heappush(self._entries, (at, next(self._order), action))

    def live(self, passed: Callable[[datetime], None]) -> None:
        """Do all entries, the earliest first; `passed(moment)` is told after each."""
        while self._entries:
            at, _, action = heapq.heappop(self._entries)
            with clock.at(at):
                action()
            passed(at)
