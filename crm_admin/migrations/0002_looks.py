"""Who has a record open, and is told when it is written."""

from __future__ import annotations

from typing import Any

from crm_admin.migrations.ddl import create, drop, table

TABLES = (
    table(
        "sys_look",
        "id bigauto",
        "user bigint",
        "entity text",
        "record_id bigint",
        "until datetime",
        indexes=(
            "unique entity, record_id, user",
            "user, id",
        ),
    ),
)


def up(migrator: Any, db: Any) -> None:
    create(db, TABLES)


def down(migrator: Any, db: Any) -> None:
    drop(db, TABLES)
