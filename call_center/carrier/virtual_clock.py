"""The carrier's own time: as fast as the wall's, faster, standing still, or jumping from event to event."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

SPINS = 20  # turns of the event loop in which nothing may happen before the clock jumps


class Timer:
    """Something due at a moment of virtual time."""

    __slots__ = ("callback", "when")

    def __init__(self, when: float, callback: Callable[[], None]) -> None:
        self.when = when
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class VirtualClock:
    """Seconds since 1970, and everything that waits for a moment.

    `scale` is virtual seconds per second of the wall: 1 as life, 60 a minute each second, 0 standing still until
    `advance`. With `max` the clock jumps to the next event as soon as no HTTP request is in flight, so a day of
    calls runs as fast as the machine goes and is the same each time.
    """

    def __init__(self, scale: float | str = 1.0, start: float | None = None) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._virtual = time.time() if start is None else start
        self._wall = time.monotonic()
        self._scale = 1.0
        self._jumping = False
        self._handle: asyncio.TimerHandle | None = None
        self._jumper: asyncio.Task[None] | None = None
        self._activity = 0
        self.in_flight = 0
        self._set(scale)

    @property
    def scale(self) -> float | str:
        return "max" if self._jumping else self._scale

    def now(self) -> float:
        """The moment it is, seconds since 1970."""
        return self._virtual + (time.monotonic() - self._wall) * self._scale

    def set_scale(self, scale: float | str) -> None:
        """Go on at another speed from now. Raises ValueError for what is neither `max` nor a number ≥ 0."""
        self._set(scale)
        self._arm()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back after so many virtual seconds."""
        timer = Timer(self.now() + max(0.0, seconds), callback)
        heapq.heappush(self._heap, (timer.when, next(self._order), timer))
        self._activity += 1
        if self._heap[0][2] is timer:
            self._arm()
        return timer

    def soon(self, callback: Callable[[], None]) -> None:
        """Call back at once, when what goes on now is done; also while the clock stands still."""
        self._activity += 1
        asyncio.get_running_loop().call_soon(callback)

    async def sleep(self, seconds: float) -> None:
        """Wait so many virtual seconds."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self.call_later(seconds, lambda: None if future.done() else future.set_result(None))
        try:
            await future
        finally:
            timer.cancel()

    async def wait(self, futures: set[asyncio.Future[Any]], seconds: float) -> bool:
        """Wait until one of the futures is done, at most so many virtual seconds; False when the time is over."""
        expiry: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        timer = self.call_later(seconds, lambda: None if expiry.done() else expiry.set_result(None))
        try:
            done, _ = await asyncio.wait({*futures, expiry}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            expiry.cancel()
        return done != {expiry}

    @contextmanager
    def busy(self) -> Generator[None]:
        """While inside, an HTTP request is in flight: a jumping clock stands still."""
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1
            self._activity += 1

    async def advance(self, seconds: float) -> None:
        """Pass so many virtual seconds, event by event, each with all that follows from it."""
        end = self.now() + seconds
        await self._settle()
        while self._due() is not None and self._heap[0][0] <= end:
            self._fire_next()
            await self._settle()
        self._rebase(max(end, self.now()))
        self._arm()

    async def run_until_idle(self, limit: float) -> bool:
        """Pass time until nothing is waited for, at most `limit` virtual seconds; False when something still is."""
        end = self.now() + limit
        await self._settle()
        while self._due() is not None:
            if self._heap[0][0] > end:
                return False
            self._fire_next()
            await self._settle()
        return True

    def close(self) -> None:
        """Nothing falls due any more."""
        self._heap.clear()
        if self._handle is not None:
            self._handle.cancel()
        if self._jumper is not None:
            self._jumper.cancel()
            self._jumper = None

    def _set(self, scale: float | str) -> None:
        if scale != "max":
            scale = float(scale)
            if not 0 <= scale < float("inf"):
                raise ValueError(f"scale must be 'max' or a number from 0 up, not {scale!r}")
        self._rebase(self.now())
        self._jumping = scale == "max"
        self._scale = 0.0 if isinstance(scale, str) else scale

    def _rebase(self, virtual: float) -> None:
        self._virtual = virtual
        self._wall = time.monotonic()

    def _due(self) -> float | None:
        """When the next event is; cancelled ones are forgotten on the way."""
        while self._heap and self._heap[0][2].callback is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _fire_next(self) -> None:
        when, _, timer = heapq.heappop(self._heap)
        if when > self.now():
            self._rebase(when)
        callback, timer.callback = timer.callback, None
        self._activity += 1
        if callback is not None:
            callback()

    def _arm(self) -> None:
        """See to it that the next event happens in its time."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        when = self._due()
        if when is None:
            return
        loop = asyncio.get_running_loop()
        if self._jumping:
            if self._jumper is None or self._jumper.done():
                self._jumper = loop.create_task(self._jump())
        elif self._scale > 0:
            self._handle = loop.call_later(max(0.0, (when - self.now()) / self._scale), self._ring)

    def _ring(self) -> None:
        now = self.now()
        while (when := self._due()) is not None and when <= now:
            self._fire_next()
        self._arm()

    async def _jump(self) -> None:
        while self._jumping and self._due() is not None:
            await self._settle()
            if self._due() is not None and self._jumping:
                self._fire_next()

    async def _settle(self) -> None:
        """Until no request is in flight and nothing has happened for a few turns of the loop."""
        quiet = 0
        while quiet < SPINS:
            before = self._activity
            await asyncio.sleep(0.001 if self.in_flight else 0)
            quiet = quiet + 1 if self._activity == before and not self.in_flight else 0
