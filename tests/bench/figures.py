"""What was measured, and whether it is good enough."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Took(NamedTuple):
    """What one request took: seconds that passed, and seconds of processor time."""

    wall_s: float
    busy_s: float


@dataclass(frozen=True)
class Figure:
    """Milliseconds of one page: the middle, what 95 in 100 stay below, its processor time; and its queries.

    Who waits for a processor, or for its cache, only ever loses time. So `busy` is processor time, of the database's
    processes too, and of the quickest quarter: what ratios are of.
    """

    median: float
    p95: float
    busy: float
    queries: int

    @classmethod
    def of(cls, took: Sequence[Took], queries: int) -> Figure:
        wall, busy = sorted(one.wall_s * 1000 for one in took), sorted(one.busy_s * 1000 for one in took)
        return cls(
            round(statistics.median(wall), 1),
            round(wall[min(len(wall) - 1, round(len(wall) * 0.95))], 1),
            round(busy[len(busy) // 4], 2),
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
