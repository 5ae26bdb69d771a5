"""A query that is compiled once. Peewee writes the SQL anew as often as a query is run, 0.35 ms for a table of forty
columns: of a webhook that reads six tables, most of its time. For hot paths only; everywhere else a query is a query.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import peewee

from crm_admin.db import database

M = TypeVar("M", bound=peewee.Model)


@dataclass(frozen=True)
class Slot:
    """Where a value goes that is only known when the query is run."""

    name: str


def slot(name: str) -> peewee.Value:
    """The place of the value `name` in a query: `Call.thread == slot("thread")`. It takes it as the driver does, so a
    column whose field converts its values cannot be compared with one."""
    return peewee.Value(Slot(name), converter=False)


class CompiledQuery(Generic[M]):
    """Rows of one model by a query whose text stays the same; `make` is called when it is first run.

    Called with the values of all slots. Raises KeyError when one is missing.
    """

    def __init__(self, model: type[M], make: Callable[[], Any]) -> None:
        self._model = model
        self._make = make
        self._written: tuple[Any, str, list[Any]] | None = None

    def __call__(self, **values: Any) -> list[M]:
        """All rows."""
        engine = database.obj
        written = self._written
        if written is None or written[0] is not engine:
            # Two threads may both write it: it is the same twice.
            sql, parameters = self._make().sql()
            written = self._written = (engine, sql, list(parameters))
        given = [values[p.name] if isinstance(p, Slot) else p for p in written[2]]
        return list(self._model.raw(written[1], *given))

    def first(self, **values: Any) -> M | None:
        """The first row, None when there is none."""
        found = self(**values)
        return found[0] if found else None
