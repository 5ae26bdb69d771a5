"""An attachment: a file kept with a record. Until it is linked, only the person who uploaded it sees it."""

from __future__ import annotations

from crm_admin.entities.story import CUSTOMERS
from crm_admin.i18n import lazy_gettext
from crm_admin.registry import EntityDef, Record, Section, Through, define, fields, make

HOLDERS = (*CUSTOMERS, "task", "meeting", "note", "product")
"""Entities that files can hang on."""


class Attachment(Record):
    """The content stands in the file store under its SHA-256."""


ATTACHMENT = define(
    EntityDef(
        key="attachment",
        model=Attachment,
        label=lazy_gettext("File"),
        plural=lazy_gettext("Files"),
        icon="paperclip",
        access="detail",
        menu="activities",
        default_sort="-created_at",
        through=Through(("regarding",)),
        creatable=False,
        has_history=False,
        fields=fields(
            make("name", "text", lazy_gettext("File name"), required=True, searchable=True, max_length=255),
            make("regarding", "subject", lazy_gettext("Belongs to"), targets=HOLDERS),
            make("content_type", "text", lazy_gettext("Content type"), system=True, max_length=255),
            make("size", "integer", lazy_gettext("Size in bytes"), system=True),
            make("sha256", "text", lazy_gettext("Checksum"), system=True, sortable=False, filterable=False),
        ),
        list_columns=("name", "regarding", "content_type", "size", "created_by", "created_at"),
        sections=(
            Section(lazy_gettext("File"), ("name", "regarding")),
            Section(lazy_gettext("Responsible"), ("owner", "team")),
        ),
        header=("regarding", "content_type", "size", "created_by", "created_at"),
        indexes=(("regarding_entity", "regarding_id", "id"), ("sha256",)),
    )
)
