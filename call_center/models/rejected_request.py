"""A request at the provider's doors that was refused: enough to find a wrong setting, never its content."""

from __future__ import annotations

from datetime import datetime

from peewee import BigAutoField, DateTimeField, TextField

from crm_admin import clock
from crm_admin.db import Table, database

MOST = 1_000


class RejectedRequest(Table):
    """`reason`: no signature | wrong signature | foreign account | malformed."""

    id = BigAutoField()
    at = DateTimeField(default=clock.now)
    path = TextField()
    address = TextField(null=True)
    reason = TextField()

    class Meta:
        table_name = "call_rejected_request"


def note(path: str, address: str | None, reason: str) -> None:
    """Remember a refused request; of more than `MOST` the oldest are forgotten."""
    with database.atomic():
        made = RejectedRequest.insert(
            at=clock.now(), path=path[:200], address=address, reason=reason
        ).execute()
        RejectedRequest.delete().where(RejectedRequest.id <= made - MOST).execute()


def since(moment: datetime) -> int:
    """How many were refused since a moment (UTC)."""
    return int(RejectedRequest.select().where(RejectedRequest.at >= moment).count())
