"""An installation with every table of the core and its modules, for tests that fill it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from call_center import models
from crm_admin import entities, files, policy, registry, search
from crm_admin.config import Config, load
from crm_admin.db import database, is_sqlite
from tests.connected import connected
from tests.tables import all_tables


def settings(url: str) -> Config:
    return load(environ={}, overrides={"database.url": url, "environment": "test"})


@contextmanager
def installed(config: Config, folder: Path) -> Iterator[None]:
    """The empty database of `config` with all tables and search indexes; files are kept in `folder`."""
    entities.load()
    models.load()
    files.keep_in(folder)
    policy.forget()  # what another test's people may do
    with connected(config, all_tables()):
        for definition in registry.entities():
            for statement in search.index_ddl(definition.model._meta.table_name, is_sqlite()):
                if is_sqlite() or search.has_trigrams():
                    database.execute_sql(statement)
        yield
