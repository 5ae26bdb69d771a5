"""A recording of a call, or a message that a caller left: where it is with the provider, and our copy."""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, DateTimeField, IntegerField, TextField

from crm_admin import jobs
from crm_admin.db import LinkField, Table, database

KINDS = ("call", "voicemail")
STATES = ("in_progress", "pending", "stored", "absent", "deleted")
"""Being made · with the provider, to be fetched · in our store · nowhere · deleted on both sides."""


class Recording(Table):
    """`sha256` names our copy in `crm_admin.files`; it is empty until the state is `stored`."""

    id = BigAutoField()
    call = LinkField("call")
    sid = TextField(unique=True)
    leg_sid = TextField()
    kind = TextField()
    state = TextField()
    started_at = DateTimeField(null=True)
    duration_s = IntegerField(null=True)
    channels = IntegerField(null=True)
    content_type = TextField(null=True)
    size = BigIntegerField(null=True)
    sha256 = TextField(null=True)
    transcript = TextField(null=True)
    attempts = IntegerField(default=0)
    reason = TextField(null=True)

    class Meta:
        table_name = "call_recording"
        indexes = ((("call", "id"), False), (("state", "id"), False))

    def discard(self, reason: str) -> None:
        """Let the recording go, here at once and at the provider by a job; that there was one stays known."""
        with database.atomic():
            Recording.update(
                state="deleted", sha256=None, size=None, transcript=None, reason=reason[:200]
            ).where(Recording.id == self.id).execute()
            jobs.enqueue("call_center.delete_recording", {"sid": self.sid, "sha256": self.sha256})
