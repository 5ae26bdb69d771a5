"""A company number: what customers call, and what they see when the company calls them."""

from __future__ import annotations

from call_center.models.queue import Queue, in_use
from crm_admin.compiled import CompiledQuery, slot
from crm_admin.i18n import lazy_gettext
from crm_admin.registry import EntityDef, Record, Section, define, fields, make


class PhoneLine(Record):
    class Meta:
        table_name = "phone_line"


_called = CompiledQuery(
    PhoneLine,
    lambda: PhoneLine.select().where(
        PhoneLine.number_e164 == slot("e164"), PhoneLine.active, PhoneLine.deleted_at.is_null()
    ),
)


def called(e164: str) -> PhoneLine | None:
    """The line of that number in E.164 form, None when it is not ours."""
    return _called.first(e164=e164)


def for_outbound() -> PhoneLine | None:
    """The line that people who are called see: the one marked for it, else the oldest."""
    return (
        PhoneLine.select()
        .where(PhoneLine.active, PhoneLine.deleted_at.is_null())
        .order_by(PhoneLine.outbound.desc(), PhoneLine.id)
        .first()
    )


def queue_of(line: PhoneLine | None) -> Queue | None:
    """The queue that answers a line; that of no line, or of one without a queue, is the first there is."""
    queues = in_use()
    wanted = line.queue if line is not None else None
    return next((queue for queue in queues if queue.id == wanted), queues[0] if queues else None)


PHONE_LINE = define(
    EntityDef(
        key="phone_line",
        model=PhoneLine,
        label=lazy_gettext("Company number"),
        plural=lazy_gettext("Company numbers"),
        icon="phone",
        access="setup",
        menu="setup",
        owned=False,
        has_history=False,
        fields=fields(
            make("name", "text", lazy_gettext("Name"), required=True, max_length=80),
            make("number", "phone", lazy_gettext("Phone number"), required=True, listed=False),
            make("queue", "link", lazy_gettext("Queue"), target="queue"),
            make(
                "outbound",
                "flag",
                lazy_gettext("Shown when we call"),
                help=lazy_gettext("Customers see this number on their phones."),
                default=False,
            ),
            make("active", "flag", lazy_gettext("Active"), default=True),
        ),
        list_columns=("name", "number", "queue", "outbound", "active"),
        sections=(
            Section(lazy_gettext("Company number"), ("name", "number", "queue", "outbound", "active")),
        ),
        header=("number", "queue", "active"),
        quick=("name", "number", "queue"),
        indexes=(("number_e164",),),
        module="call_center",
    )
)
