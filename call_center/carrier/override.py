"""Connection overrides: how a request is tried again, written into the fragment of its URL."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

REASONS = frozenset({"4xx", "5xx", "ct", "rt"})


@dataclass(frozen=True)
class Override:
    """`#ct=2000&rt=3000&tt=15000&rc=2&rp=5xx,ct,rt`; times in ms. What is out of range counts as the nearest bound."""

    connect_ms: int = 5000
    read_ms: int = 15000
    total_ms: int = 15000
    retries: int = 1
    reasons: frozenset[str] = frozenset({"ct"})

    @classmethod
    def of(cls, url: str) -> Override:
        fragment = url.partition("#")[2]
        if not fragment:
            return DEFAULT
        given = dict(parse_qsl(fragment))
        reasons = frozenset(given["rp"].split(",")) if "rp" in given else DEFAULT.reasons
        return cls(
            connect_ms=_bounded(given.get("ct"), 100, 10000, 5000),
            read_ms=_bounded(given.get("rt"), 100, 15000, 15000),
            total_ms=_bounded(given.get("tt"), 100, 15000, 15000),
            retries=_bounded(given.get("rc"), 0, 5, 1),
            reasons=REASONS if "all" in reasons else reasons & REASONS,
        )


DEFAULT = Override()


def _bounded(text: str | None, least: int, most: int, default: int) -> int:
    try:
        return min(most, max(least, int(text))) if text is not None else default
    except ValueError:
        return default
