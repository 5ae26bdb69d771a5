"""Text messages, and the numbers that want no more of them."""

from __future__ import annotations

from typing import Any

from crm_admin.migrations.ddl import create, drop, table

TABLES = (
    table(
        "text_message",
        "id bigauto",
        "owner bigint null -> user",
        "team bigint null -> team",
        "created_at datetime",
        "created_by bigint null",
        "modified_at datetime",
        "modified_by bigint null",
        "row_version int",
        "deleted_at datetime null",
        "deleted_by bigint null",
        "source text null",
        "search_fold text",
        "uid text",
        "attempted_at datetime null",
        "name text null",
        "name_fold fold null",
        "direction text null",
        "status text null",
        "body text null",
        "body_fold fold null",
        "number text null",
        "number_e164 fold null",
        "number_ext text null",
        "contact bigint null -> contact",
        "lead bigint null -> lead",
        "account bigint null -> account",
        "certainty text null",
        "regarding_entity text null",
        "regarding_id bigint null",
        "agent bigint null",
        "line bigint null -> phone_line",
        "sent_at datetime null",
        "handled bool null",
        "pictures bigint null",
        "failure text null",
        "error_code bigint null",
        "provider_sid text null",
        "provider_sid_fold fold null",
        indexes=(
            "unique uid",
            "unique provider_sid",
            "owner, sent_at, id",
            "team, id",
            "modified_at, id",
            "created_at, id",
            "contact, id",
            "lead, id",
            "account, id",
            "line, id",
            "name_fold, id",
            "sent_at, id",
            "direction, id",
            "status, id",
            "handled, id",
            "number_e164, sent_at",
            "contact, sent_at",
            "lead, sent_at",
            "account, sent_at",
        ),
        search=True,
    ),
    table(
        "text_opt_out",
        "id bigauto",
        "e164 text",
        "at datetime",
        "said text",
        indexes=("unique e164",),
    ),
)


def up(migrator: Any, db: Any) -> None:
    create(db, TABLES)


def down(migrator: Any, db: Any) -> None:
    drop(db, TABLES)
