"""Files that come with a record: each is kept once and becomes an attachment."""

from __future__ import annotations

from dataclasses import replace

from crm_admin import files
from crm_admin.kinds import Reader
from crm_admin.kinds.base import Upload
from crm_admin.policy import Actor
from crm_admin.records.reading import sight
from crm_admin.records.saving import create


def reader(
    actor: Actor, *, language: str = "en", timezone: str = "UTC", country: str = "VN", currency: str = "VND"
) -> Reader:
    """A Reader that sees with the eyes of `actor` and keeps the files they send."""
    return replace(
        sight(actor),
        language=language,
        timezone=timezone,
        country=country,
        currency=currency,
        keep=lambda upload: keep(actor, upload),
    )


def keep(actor: Actor, upload: Upload) -> int:
    """Store a file and make its attachment record; the record's id."""
    digest = files.store(upload)
    internal = {
        "name": upload.filename,
        "content_type": upload.content_type,
        "size": len(upload.content),
        "sha256": digest,
    }
    return int(create(actor, "attachment", {}, internal=internal).id)
