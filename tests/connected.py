"""A database of its own for one test or benchmark: connected, with tables, and let go of completely at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import peewee

from crm_admin.config import Config
from crm_admin.db import EmbeddedDatabase, Table, connect_to


@contextmanager
def connected(config: Config, tables: Sequence[type[Table]]) -> Iterator[peewee.Database]:
    """The database of `config` with these tables made and this thread connected."""
    made = connect_to(config)
    made.connect()
    try:
        made.create_tables(tables)
        yield made
    finally:
        made.close()
        if not isinstance(made, EmbeddedDatabase):
            made.close_all()
        elif made._lock_file is not None:
            made._lock_file.close()
            made._lock_file = None
