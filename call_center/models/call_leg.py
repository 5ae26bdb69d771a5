"""One leg of a call: one phone's part in it, as the provider counts calls."""

from __future__ import annotations

from peewee import BigAutoField, BooleanField, DateTimeField, IntegerField, TextField

from crm_admin.compiled import CompiledQuery, slot
from crm_admin.db import LinkField, Table


class CallLeg(Table):
    """Rows are what `conversation.fold` makes of the events; nobody else writes them."""

    id = BigAutoField()
    call = LinkField("call")
    sid = TextField(unique=True)
    parent_sid = TextField(null=True)
    role = TextField()  # customer | agent
    user = LinkField("user", null=True)
    caller = TextField()
    callee = TextField()
    status = TextField()
    started_at = DateTimeField(null=True)
    answered_at = DateTimeField(null=True)
    ended_at = DateTimeField(null=True)
    duration_s = IntegerField(null=True)
    sip_code = IntegerField(null=True)
    synthesised = BooleanField(default=False)

    class Meta:
        table_name = "call_leg"
        indexes = ((("call", "id"), False), (("status", "started_at"), False))


_of_call = CompiledQuery(CallLeg, lambda: CallLeg.select().where(CallLeg.call == slot("call")))


def of_call(call: int) -> list[CallLeg]:
    """The legs of a call."""
    return _of_call(call=call)
