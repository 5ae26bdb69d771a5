"""The telephone line of these tests: whose numbers there are, and a carrier that works beside us."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from call_center.carrier.script import Script
from call_center.carrier.server import Carrier

OURS = "+842873001234"
ANSWERS = "+84901255500"
BUSY = "+84901255501"
RINGS = "+84901255502"

Found = TypeVar("Found")


@contextmanager
def carrier(app: str = "") -> Iterator[Carrier]:
    """A carrier whose seconds are fiftieths; who answers at `ANSWERS` talks until somebody else ends it."""
    with Carrier(app, numbers=[OURS], scale=50) as made:
        made.network.policies.set(ANSWERS, Script(ring=(1, 1), talk=(0, 0)))
        yield made


def soon(ask: Callable[[], Found | None]) -> Found:
    """The first answer that is there: the carrier works beside us."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        found = ask()
        if found:
            return found
        time.sleep(0.02)
    pytest.fail("the carrier never came to it")
