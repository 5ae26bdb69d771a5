"""A process of its own for each application that is measured: one database, one memory, nothing shared.

They take turns (A B B A …), so that a machine that slows down slows all of them down.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from tests.bench.figures import Figure, Took

Ask = Callable[[], tuple[int, int]]
"""Makes one request; (status, bytes of the answer)."""

WARM = 2


@dataclass(frozen=True)
class Prepared:
    """What a stand can be asked: requests by name, how many queries one takes, and the seconds of processor time that
    the database has taken until now."""

    pages: Mapping[str, Ask]
    queries: Callable[[Ask], int]
    database_s: Callable[[], float]


class Stand:
    """The near end: what can be asked and what it took."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self.pages: tuple[str, ...] = line.recv()

    def queries(self, page: str) -> int:
        return int(self._ask("queries", page))

    def took(self, page: str) -> Took:
        """The times of one request. Raises RuntimeError for an answer that is none."""
        return Took(*self._ask("took", page))

    def _ask(self, what: str, page: str) -> Any:
        self._line.send((what, page))
        answer = self._line.recv()
        if isinstance(answer, str):
            raise RuntimeError(f"{page}: {answer}")
        return answer


@contextmanager
def opened(prepare: Callable[..., Prepared], *arguments: Any) -> Iterator[Stand]:
    """A stand that measures what `prepare(*arguments)`, called in its process, gives."""
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(target=_serve, args=(far, prepare, arguments), daemon=True)
    process.start()
    far.close()
    try:
        yield Stand(near)
    finally:
        near.close()
        process.join(timeout=5)
        process.kill()


def _serve(line: Connection, prepare: Callable[..., Prepared], arguments: tuple[Any, ...]) -> None:
    prepared = prepare(*arguments)
    line.send(tuple(prepared.pages))
    try:
        while True:
            what, page = line.recv()
            line.send(_measure(prepared, what, prepared.pages[page]))
    except EOFError:
        return


def _measure(prepared: Prepared, what: str, ask: Ask) -> tuple[float, float] | int | str:
    try:
        if what == "queries":
            return prepared.queries(ask)
        before = prepared.database_s() + time.process_time()
        began = time.perf_counter()
        status, size = ask()
        wall = time.perf_counter() - began
        own = time.process_time()
        took = wall, own + prepared.database_s() - before
    except Exception as error:  # whatever it is, the benchmark says which page and goes on
        return f"{type(error).__name__}: {error}"
    return took if status == 200 and size else f"status {status}, {size} bytes"


def take_turns(stands: Mapping[str, Stand], page: str, rounds: int) -> dict[str, Figure]:
    """Figures of one page at each stand that has it, measured in turns."""
    asked = {name: stand for name, stand in stands.items() if page in stand.pages}
    for _ in range(WARM):
        for stand in asked.values():
            stand.took(page)
    queries = {name: stand.queries(page) for name, stand in asked.items()}
    took: dict[str, list[Took]] = {name: [] for name in asked}
    turn = list(asked)
    for _ in range(rounds):
        for name in turn:
            took[name].append(asked[name].took(page))
        turn.reverse()
    return {name: Figure.of(took[name], queries[name]) for name in asked}
