"""The only source of "now". Times are UTC and naive everywhere inside; zones belong to the edge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_frozen: datetime | None = None


def now() -> datetime:
    """The present moment: UTC, naive, microseconds kept."""
    if _frozen is not None:
        return _frozen
    return datetime.now(UTC).replace(tzinfo=None)


def ago(**parts: float) -> datetime:
    """The moment `timedelta(**parts)` before now."""
    return now() - timedelta(**parts)


@contextmanager
def at(moment: datetime) -> Iterator[datetime]:
    """Hold the clock at `moment` (UTC, naive) inside the block; for tests and for replaying history."""
    global _frozen
    previous, _frozen = _frozen, moment
    try:
        yield moment
    finally:
        _frozen = previous
