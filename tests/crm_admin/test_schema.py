"""The migrations and the definition describe one schema, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crm_admin import config, db, migrations, search
from crm_admin.migrations.ddl import TYPES

# Every table class must be known before they are compared.
from tests.tables import all_tables

Schema = dict[str, tuple[set[tuple[str, str, bool]], set[tuple[tuple[str, ...], bool]]]]


@contextmanager
def _database(url: str, folder: Path) -> Iterator[config.Config]:
    settings = config.load(None, {}, {"environment": "test", "database.url": url, "data_dir": str(folder)})
    db.connect_to(settings)
    with db.connection():
        yield settings
    db.disconnect()


def _schema() -> Schema:
    found: Schema = {}
    search_tables = {search.index_table(t._meta.table_name) for t in all_tables()}
    for name in db.database.get_tables():
        if name == "sys_migration" or any(name.startswith(known) for known in search_tables):
            continue
        columns = {(c.name, c.data_type.upper(), c.null) for c in db.database.get_columns(name)}
        made = (i for i in db.database.get_indexes(name) if not i.name.endswith("_search"))
        indexes = {(tuple(i.columns), i.unique) for i in made}
        found[name] = (columns, indexes)
    return found


# What means the same to us: a length of text, the width of an integer, JSON kept as text.
SAME = {"CHARACTER VARYING": "TEXT", "VARCHAR": "TEXT", "CHARACTER": "TEXT", "CHAR": "TEXT", "BPCHAR": "TEXT"}
SAME |= {"SMALLINT": "INTEGER", "BIGINT": "INTEGER", "JSON": "TEXT"}


def _widened(schema: Schema) -> dict[str, Any]:
    return {
        name: (
            {(column, SAME.get(kind.split("(")[0], kind.split("(")[0])) for column, kind, _ in columns},
            {index for index in indexes if index[0] not in ((), ("id",), ("name",))},
        )
        for name, (columns, indexes) in schema.items()
    }


def test_migrated_schema_is_the_defined_one(database_url: str, tmp_path: Path) -> None:
    with _database(database_url, tmp_path) as settings:
        migrations.Runner(settings).up()
        migrated = _widened(_schema())
        migrations.Runner(settings).down("call_center/0001_calls")
        migrations.Runner(settings).down("crm_admin/0001_core")
        assert db.database.get_tables() in ([], ["sys_migration"])
        db.database.create_tables(all_tables())
        defined = _widened(_schema())
    assert migrated.keys() == defined.keys()
    for name in defined:
        assert migrated[name][0] == defined[name][0], name
        assert migrated[name][1] == defined[name][1], name


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_type_has_a_name_on_both_databases(kind: str) -> None:
    assert all(TYPES[kind])
