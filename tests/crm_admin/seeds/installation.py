"""An installation with every table of the core, for tests that fill it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import peewee

from crm_admin import auth as auth  # its tables
from crm_admin import entities, files, registry, search
from crm_admin.config import Config, load
from crm_admin.db import Table, database, is_sqlite
from crm_admin.registry import Record
from tests.connected import connected


def settings(url: str) -> Config:
    return load(environ={}, overrides={"database.url": url, "environment": "test"})


@contextmanager
def installed(config: Config, folder: Path) -> Iterator[None]:
    """The empty database of `config` with all tables and search indexes; files are kept in `folder`."""
    entities.load()
    files.keep_in(folder)
    with connected(config, tables()):
        for definition in registry.entities():
            for statement in search.index_ddl(definition.model._meta.table_name, is_sqlite()):
                if is_sqlite() or search.has_trigrams():
                    database.execute_sql(statement)
        yield


def tables(below: type[peewee.Model] = Table) -> list[type[peewee.Model]]:
    """Every table of ours."""
    found = {}
    for model in below.__subclasses__():
        if model.__module__.startswith("crm_admin") and model is not Record:
            found[model._meta.table_name] = model
        found |= {deeper._meta.table_name: deeper for deeper in tables(model)}
    return list(found.values())
