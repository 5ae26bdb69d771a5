"""The virtual clock: faster than life, standing still, or from event to event."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from call_center.carrier.virtual_clock import VirtualClock

T = TypeVar("T")


def finished(story: Coroutine[Any, Any, T]) -> T:
    """What comes of a story on a loop of its own: the browser of other tests may have one in this thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, story).result()


def test_a_fast_clock_passes_minutes_in_moments() -> None:
    async def story() -> float:
        clock = VirtualClock(scale=6000, start=0)
        await clock.sleep(600)
        return clock.now()

    start = time.monotonic()
    assert finished(story()) >= 600
    assert time.monotonic() - start < 5


def test_a_clock_that_stands_still_moves_by_what_it_is_told() -> None:
    async def story() -> list[str]:
        clock, seen = VirtualClock(scale=0, start=0), []
        clock.call_later(20, lambda: seen.append(f"second at {clock.now():.0f}"))

        def first() -> None:
            seen.append("first")
            clock.call_later(5, lambda: seen.append("nested"))

        clock.call_later(10, first)
        clock.call_later(12, lambda: seen.append("cancelled")).cancel()
        await clock.advance(9)
        seen.append(f"now {clock.now():.0f}")
        await clock.advance(20)
        return [*seen, f"now {clock.now():.0f}"]

    assert finished(story()) == ["now 9", "first", "nested", "second at 20", "now 29"]


def test_a_jumping_clock_waits_for_requests_and_for_nothing_else() -> None:
    async def story() -> tuple[float, list[str]]:
        clock, seen = VirtualClock(scale="max", start=0), []

        async def request() -> None:
            with clock.busy():
                await asyncio.sleep(0.05)
            seen.append("answered")

        clock.call_later(100, lambda: seen.append("hour"))
        clock.call_later(3600, lambda: seen.append("later"))
        task = asyncio.create_task(request())
        await clock.sleep(5000)
        await task
        return clock.now(), seen

    now, seen = finished(story())
    assert now == pytest.approx(5000)
    assert seen == ["answered", "hour", "later"]


def test_time_runs_until_nothing_is_waited_for() -> None:
    async def story() -> tuple[bool, bool]:
        clock = VirtualClock(scale=0, start=0)
        clock.call_later(50, lambda: None)
        first = await clock.run_until_idle(100)

        def again() -> None:
            clock.call_later(10, again)

        again()
        return first, await clock.run_until_idle(100)

    assert finished(story()) == (True, False)


@pytest.mark.parametrize("scale", ["fast", -1, float("inf")])
def test_a_scale_that_is_none_is_refused(scale: float | str) -> None:
    with pytest.raises(ValueError, match=r"scale|float"):
        VirtualClock(scale)
