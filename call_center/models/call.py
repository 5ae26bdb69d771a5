"""A call: one conversation with a customer, however many legs it took. The one line it has in the history."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, cast

import peewee
from peewee import BooleanField, DateTimeField, Expression, Node, TextField

from call_center.models.call_leg import CallLeg
from call_center.models.recording import Recording
from crm_admin.compiled import CompiledQuery, slot
from crm_admin.db import LinkField
from crm_admin.entities.story import above
from crm_admin.i18n import lazy_gettext, lazy_pgettext
from crm_admin.kinds import Choice, FieldDef, Reader
from crm_admin.kinds.base import Raw, text_of
from crm_admin.kinds.text import TextKind
from crm_admin.registry import EntityDef, Panel, Record, Section, define, fields, make

DIRECTIONS = (
    Choice("inbound", lazy_gettext("Incoming"), "blue"),
    Choice("outbound", lazy_gettext("Outgoing"), "teal"),
)

STATUSES = (
    Choice("requested", lazy_gettext("To be dialled"), "gray"),
    Choice("ringing", lazy_gettext("Ringing"), "blue"),
    Choice("waiting", lazy_gettext("Waiting"), "amber"),
    Choice("talking", lazy_gettext("Talking"), "green"),
    Choice("completed", lazy_gettext("Answered"), "green"),
    Choice("missed", lazy_gettext("Missed"), "red"),
    Choice("voicemail", lazy_gettext("Message left"), "purple"),
    Choice("no_answer", lazy_pgettext("call", "No answer"), "amber"),
    Choice("busy", lazy_gettext("Busy"), "amber"),
    Choice("failed", lazy_gettext("Failed"), "red"),
    Choice("cancelled", lazy_gettext("Cancelled"), "gray"),
)

LIVE = ("requested", "ringing", "waiting", "talking")
"""Statuses of a call that is not over."""

CERTAINTIES = (
    Choice("exact", lazy_gettext("This very number"), "green"),
    Choice("possible", lazy_gettext("Possibly: the last digits agree"), "amber"),
    Choice("chosen", lazy_gettext("Chosen by a person"), "blue"),
)

CALLER_CHECKS = (
    Choice("passed", lazy_gettext("Caller number confirmed"), "green"),
    Choice("failed", lazy_gettext("Caller number not genuine"), "red"),
    Choice("unknown", lazy_gettext("Caller number not checked"), "gray"),
)
"""What the networks say of the caller's number (STIR/SHAKEN)."""

DISPOSITIONS = (
    Choice("resolved", lazy_gettext("Settled"), "green"),
    Choice("information", lazy_gettext("Information given"), "blue"),
    Choice("order", lazy_gettext("Order or interest"), "teal"),
    Choice("complaint", lazy_gettext("Complaint"), "red"),
    Choice("call_back", lazy_gettext("Call back"), "amber"),
    Choice("appointment", lazy_gettext("Appointment made"), "purple"),
    Choice("not_reached", lazy_gettext("Not reached"), "gray"),
    Choice("wrong_number", lazy_gettext("Wrong number"), "gray"),
    Choice("do_not_call", lazy_gettext("Wants no calls"), "red"),
)


class SidKind(TextKind):
    """Text, but whoever asks for a call by the provider's id of one of its legs finds the call as well."""

    operators = ("eq", "isnull")

    def where(
        self, field: FieldDef, model: type[peewee.Model], operator: str, raw: Raw, reader: Reader
    ) -> Expression | Node:
        found = super().where(field, model, operator, raw, reader)
        if operator != "eq" or model is not Call:
            return found
        legs = CallLeg.select(CallLeg.call).where(CallLeg.sid == text_of(raw).strip())
        return found | Call.id.in_(legs)


def new_uid() -> str:
    """An id of a call that says nothing: it stands in addresses that the provider keeps."""
    return secrets.token_urlsafe(12)


class Call(Record):
    """`thread` is what its events have in common: the root leg's SID, or `uid` where we had the call made.

    `room` names its conference once the parties were taken into one (the first time somebody is put on hold).
    `dialled_at`: when the provider was first asked to ring the agent's telephone. `callback_task`: the task that a
    message left behind.
    """

    uid = TextField(unique=True, default=new_uid)
    thread = TextField(null=True, unique=True)
    room = TextField(null=True)
    dialled_at = DateTimeField(null=True)
    callback_task = LinkField("task", null=True)
    held = BooleanField(default=False)
    recording_paused = BooleanField(default=False)

    def happened_at(self) -> datetime:
        return cast(datetime, self.started_at or self.created_at)

    def before_purge(self) -> None:
        """What was recorded goes on both sides, before the row that knows of it."""
        for row in Recording.select().where(Recording.call == self.id):
            row.discard("the call was removed for good")

    @property
    def is_live(self) -> bool:
        return self.status in LIVE


_of_thread = CompiledQuery(Call, lambda: Call.select().where(Call.thread == slot("thread")))


def of_thread(thread: str) -> Call | None:
    """The call whose events have `thread` in common, None before one could be made."""
    return _of_thread.first(thread=thread)


def subjects_of(call: Any) -> list[tuple[str, int]]:
    """On whose history a call stands: what it was about, then the people and the company it was with."""
    found: list[tuple[str, int]] = []
    for key in ("contact", "lead", "account"):
        number = getattr(call, key)
        if number is not None:
            found.append((key, number))
    if call.contact is not None and call.account is None:
        found += above("contact", _contact(call.contact))
    if call.regarding_entity is not None and call.regarding_id is not None:
        found.append((call.regarding_entity, call.regarding_id))
    return found


def _contact(number: int) -> Any:
    from crm_admin.entities.contact import Contact  # noqa: PLC0415 — kept beside its only use

    return Contact.select(Contact.account).where(Contact.id == number).first() or Contact()


CALL = define(
    EntityDef(
        key="call",
        model=Call,
        label=lazy_gettext("Call"),
        plural=lazy_gettext("Calls"),
        icon="phone",
        access="activity",
        menu="activities",
        shortcut="p",
        default_sort="-started_at",
        event="call",
        has_history=False,
        creatable=False,
        subjects=subjects_of,
        fields=fields(
            make("name", "text", lazy_gettext("With"), system=True, searchable=True, max_length=200),
            make("direction", "choice", lazy_gettext("Direction"), choices=DIRECTIONS, system=True),
            make("status", "choice", lazy_gettext("Status"), choices=STATUSES, system=True),
            make("number", "phone", lazy_gettext("Phone number"), system=True, searchable=True, listed=False),
            make("contact", "link", lazy_gettext("Contact"), target="contact"),
            make("lead", "link", lazy_gettext("Lead"), target="lead"),
            make("account", "link", lazy_gettext("Account"), target="account"),
            make("certainty", "choice", lazy_gettext("Recognised by"), choices=CERTAINTIES, system=True),
            make("regarding", "subject", lazy_gettext("About"), targets=("case", "opportunity")),
            make("agent", "user", lazy_gettext("Agent"), system=True),
            make("queue", "link", lazy_gettext("Queue"), target="queue", system=True),
            make("line", "link", lazy_gettext("Company number"), target="phone_line", system=True),
            make("started_at", "datetime", lazy_gettext("Began"), system=True),
            make("answered_at", "datetime", lazy_pgettext("time", "Answered"), system=True),
            make("ended_at", "datetime", lazy_gettext("Ended"), system=True),
            make("waited_s", "duration", lazy_gettext("Waited"), system=True),
            make("talked_s", "duration", lazy_gettext("Talked"), system=True),
            make("disposition", "choice", lazy_gettext("Outcome"), choices=DISPOSITIONS),
            make("note", "longtext", lazy_gettext("Note"), searchable=True),
            make("caller_check", "choice", lazy_gettext("Caller ID"), choices=CALLER_CHECKS, system=True),
            make("recorded", "flag", lazy_gettext("Recorded"), system=True),
            make(
                "synthesised",
                "flag",
                lazy_gettext("Completed afterwards"),
                help=lazy_gettext("Put together from the provider's own record: its notice did not arrive."),
                system=True,
            ),
            FieldDef(
                "provider_sid",
                SidKind(),
                lazy_gettext("Provider's number"),
                system=True,
                sortable=False,
                options={"max_length": 64},
            ),
        ),
        list_columns=("name", "direction", "status", "agent", "started_at", "talked_s", "disposition"),
        sections=(
            Section(lazy_gettext("With whom"), ("contact", "lead", "account", "regarding")),
            Section(lazy_gettext("Outcome"), ("disposition", "note")),
            Section(
                lazy_gettext("Course"),
                ("started_at", "answered_at", "ended_at", "waited_s", "talked_s", "queue", "recorded"),
            ),
            Section(
                lazy_gettext("Line"),
                ("number", "certainty", "caller_check", "line", "provider_sid", "synthesised"),
            ),
            Section(lazy_gettext("Responsible"), ("agent", "owner", "team")),
        ),
        header=("direction", "status", "number", "agent", "started_at", "talked_s"),
        panels=(
            Panel(
                "attachments",
                lazy_gettext("Files"),
                "attachment",
                via="regarding",
                columns=("name", "size", "created_by", "created_at"),
            ),
        ),
        indexes=(
            ("provider_sid_fold", "id"),
            ("status", "started_at"),
            ("number_e164", "started_at"),
            ("contact", "started_at"),
            ("lead", "started_at"),
            ("account", "started_at"),
            ("agent", "started_at"),
        ),
        module="call_center",
    )
)
