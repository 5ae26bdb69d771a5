"""What was measured, and whether it is good enough."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """Milliseconds of one page: the middle, what 95 in 100 stay below, what a quarter stays below; and its queries.

    Others on the machine only ever add time, so the quickest quarter tells most about the page: ratios are of `quiet`.
    """

    median: float
    p95: float
    quiet: float
    queries: int

    @classmethod
    def of(cls, took: Sequence[float], queries: int) -> Figure:
        ordered = sorted(took)
        last = ordered[min(len(ordered) - 1, round(len(ordered) * 0.95))]
        return cls(
            round(statistics.median(ordered), 1),
            round(last, 1),
            round(ordered[len(ordered) // 4], 1),
            queries,
        )


@dataclass(frozen=True)
class Gate:
    """A promise: what was found, and the most that it may be."""

    name: str
    found: float
    most: float

    @property
    def held(self) -> bool:
        return self.found <= self.most
