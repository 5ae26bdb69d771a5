"""A queue: callers who want the same thing, and the team that answers them."""

from __future__ import annotations

from crm_admin.compiled import CompiledQuery, slot
from crm_admin.i18n import LANGUAGES, gettext, lazy_gettext, lazy_pgettext
from crm_admin.kinds import Choice, Reader
from crm_admin.registry import Children, EntityDef, Panel, Record, Section, define, fields, make

SPOKEN = tuple(Choice(code, name) for code, name in LANGUAGES.items())

RECORDING = (
    Choice("never", lazy_pgettext("recording", "Never"), "gray"),
    Choice("announced", lazy_gettext("After an announcement"), "blue"),
    Choice("always", lazy_gettext("Without an announcement"), "amber"),
)


class Queue(Record):
    def check(self, reader: Reader) -> dict[str, str]:
        if self.max_wait_s is not None and self.ring_s is not None and self.max_wait_s < self.ring_s:
            return {"max_wait_s": gettext("Callers wait at least as long as one phone rings.")}
        return {}

    def keep_because(self) -> str | None:
        """Why the queue cannot be deleted; None when it can."""
        from call_center.models.phone_line import PhoneLine  # noqa: PLC0415 — a line links to its queue

        lines = PhoneLine.select(PhoneLine.id).where(
            PhoneLine.queue == self.id, PhoneLine.deleted_at.is_null()
        )
        if lines.exists():
            return gettext("Company numbers lead to this queue. Give them another one first.")
        return None


_by_id = CompiledQuery(Queue, lambda: Queue.select().where(Queue.id == slot("id")))
_in_use = CompiledQuery(Queue, lambda: Queue.select().where(Queue.deleted_at.is_null()).order_by(Queue.id))


def by_id(number: int) -> Queue | None:
    """The queue of that id, a deleted one too: calls that came in by it go on."""
    return _by_id.first(id=number)


def in_use() -> list[Queue]:
    """The queues there are, oldest first."""
    return _in_use()


QUEUE = define(
    EntityDef(
        key="queue",
        model=Queue,
        label=lazy_gettext("Queue"),
        plural=lazy_gettext("Queues"),
        icon="users-group",
        access="setup",
        menu="setup",
        owned=False,
        has_history=False,
        fields=fields(
            make("name", "text", lazy_gettext("Name"), required=True, unique=True, max_length=80),
            make(
                "team",
                "link",
                lazy_gettext("Answered by"),
                target="team",
                help=lazy_gettext("The team whose agents these calls ring. Empty: everybody at a phone."),
            ),
            make(
                "ring_s",
                "duration",
                lazy_gettext("Rings at one agent for"),
                required=True,
                default=20,
            ),
            make("max_wait_s", "duration", lazy_gettext("Callers wait at most"), required=True, default=180),
            make("wrap_up_s", "duration", lazy_gettext("Time to wrap up"), required=True, default=60),
            make(
                "prefer_owner",
                "flag",
                lazy_gettext("The customer's own person first"),
                help=lazy_gettext("Rings the owner of the customer first, when they are free."),
                default=True,
            ),
            make(
                "language",
                "choice",
                lazy_gettext("Spoken language"),
                choices=SPOKEN,
                help=lazy_gettext("In which language callers are spoken to. Empty: the company's."),
            ),
            make("greeting", "longtext", lazy_gettext("Greeting"), max_length=500),
            make("voicemail", "flag", lazy_gettext("Takes messages"), default=True),
            make("voicemail_greeting", "longtext", lazy_gettext("Greeting before a message"), max_length=500),
            make(
                "recording",
                "choice",
                lazy_gettext("Calls are recorded"),
                choices=RECORDING,
                required=True,
                default="never",
                help=lazy_gettext(
                    "The rules of the caller's country may forbid or announce it all the same."
                ),
            ),
        ),
        list_columns=("name", "team", "max_wait_s", "voicemail", "recording"),
        sections=(
            Section(lazy_gettext("Queue"), ("name", "team", "prefer_owner")),
            Section(lazy_gettext("Time"), ("ring_s", "max_wait_s", "wrap_up_s")),
            Section(
                lazy_gettext("What callers hear"),
                ("language", "greeting", "recording", "voicemail", "voicemail_greeting"),
            ),
        ),
        header=("team", "max_wait_s", "recording"),
        children=(
            Children(
                "hours",
                lazy_gettext("Opening hours"),
                "opening_hours",
                via="queue",
                fields=("weekday", "opens", "closes"),
            ),
        ),
        panels=(
            Panel(
                "lines",
                lazy_gettext("Company numbers"),
                "phone_line",
                via="queue",
                columns=("name", "number", "active"),
                sort="name",
            ),
            Panel(
                "calls",
                lazy_gettext("Calls"),
                "call",
                via="queue",
                columns=("name", "direction", "status", "agent", "started_at"),
                sort="-started_at",
            ),
        ),
        quick=("name", "team"),
        module="call_center",
    )
)
