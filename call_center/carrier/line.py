"""The order of requests that belong together: one line per family of calls, per conference, per message."""

from __future__ import annotations

import asyncio


class Turn:
    """A place in the line: taken when something happens, used when its request is sent."""

    __slots__ = ("_before", "_line", "_mine", "number")

    def __init__(self, line: Line) -> None:
        self._line = line
        self._before = line.last
        self._mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.number = line.length
        line.last = self._mine
        line.length += 1

    async def come(self, patience: float) -> None:
        """Wait for the request before, but no longer than `patience` seconds of the wall."""
        before = self._before
        if before is not None and not before.done():
            await asyncio.wait({before}, timeout=patience)

    def done(self) -> None:
        """Let the next one go."""
        if not self._mine.done():
            self._mine.set_result(None)
            self._line.passed(self.number)


class Line:
    """Requests in the order of what they tell. What a fault disturbs leaves the line."""

    __slots__ = ("_waiting", "completed", "last", "length")

    def __init__(self) -> None:
        self.last: asyncio.Future[None] | None = None
        self.length = 0
        self.completed: asyncio.Future[None] | None = None
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def turn(self) -> Turn:
        return Turn(self)

    def after(self, number: int) -> asyncio.Future[None]:
        """Done when the request of that number, or a later one, was sent."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((number, future))
        return future

    def after_completed(self) -> asyncio.Future[None]:
        """Done when a `completed` was sent."""
        if self.completed is None:
            self.completed = asyncio.get_running_loop().create_future()
        return self.completed

    def tell_completed(self) -> None:
        if self.completed is not None and not self.completed.done():
            self.completed.set_result(None)

    def passed(self, number: int) -> None:
        if self._waiting:
            for threshold, future in self._waiting:
                if number >= threshold and not future.done():
                    future.set_result(None)
            self._waiting = [(n, future) for n, future in self._waiting if not future.done()]
