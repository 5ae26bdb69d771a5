"""A text message to a customer or from one (SMS), with the way it has gone so far."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from peewee import DateTimeField, TextField

from call_center.models.call import CERTAINTIES, new_uid, subjects_of
from crm_admin.i18n import lazy_gettext, lazy_pgettext
from crm_admin.kinds import Choice
from crm_admin.registry import EntityDef, Record, Section, define, fields, make

MOST_CHARS = 1_600
"""The provider takes no more (its error 21617)."""

DIRECTIONS = (
    Choice("inbound", lazy_pgettext("text message", "Incoming"), "blue"),
    Choice("outbound", lazy_pgettext("text message", "Outgoing"), "teal"),
)

STATUSES = (
    Choice("received", lazy_gettext("Received"), "blue"),
    Choice("requested", lazy_gettext("To be sent"), "gray"),
    Choice("queued", lazy_gettext("Being sent"), "gray"),
    Choice("sent", lazy_gettext("Sent"), "teal"),
    Choice("cancelled", lazy_gettext("Cancelled"), "gray"),
    Choice("failed", lazy_gettext("Failed"), "red"),
    Choice("undelivered", lazy_gettext("Not delivered"), "red"),
    Choice("delivered", lazy_gettext("Delivered"), "green"),
    Choice("read", lazy_pgettext("text message", "Read"), "green"),
)
"""In the order of their rank: notices of the provider come in any order and only ever move a message downwards here.

The phone's own receipt ranks above what the networks in between believe.
"""

RANKS = {choice.key: rank for rank, choice in enumerate(STATUSES)}

FAILURES = (
    Choice("opted_out", lazy_gettext("Wants no text messages"), "red"),
    Choice("hours", lazy_gettext("Too late in the day"), "amber"),
    Choice("no_number", lazy_gettext("Takes no text messages"), "red"),
    Choice("unreachable", lazy_gettext("Not reachable"), "amber"),
    Choice("filtered", lazy_gettext("Held back by the networks"), "red"),
    Choice("refused", lazy_gettext("Refused by the provider"), "red"),
    Choice("unknown", lazy_gettext("Perhaps sent, perhaps not"), "amber"),
)

_BY_CODE = {
    21610: "opted_out",
    21211: "no_number",
    21214: "no_number",
    21217: "no_number",
    21614: "no_number",
    30003: "unreachable",
    30004: "filtered",
    30005: "unreachable",
    30006: "no_number",
    30007: "filtered",
}
"""What the provider's error codes mean for who wrote (its list of errors, Messaging)."""


class TextMessage(Record):
    """`uid` stands in the address that the provider reports to; `attempted_at`: when it was first asked to send."""

    uid = TextField(unique=True, default=new_uid)
    attempted_at = DateTimeField(null=True)

    class Meta:
        table_name = "text_message"

    def happened_at(self) -> datetime:
        return cast(datetime, self.sent_at or self.created_at)


def failure_of(code: int) -> str:
    """The failure that an error code of the provider stands for."""
    return _BY_CODE.get(code, "refused")


TEXT_MESSAGE = define(
    EntityDef(
        key="text_message",
        model=TextMessage,
        label=lazy_gettext("Text message"),
        plural=lazy_gettext("Text messages"),
        icon="message",
        access="activity",
        menu="activities",
        default_sort="-sent_at",
        event="text_message",
        has_history=False,
        creatable=False,
        subjects=subjects_of,
        fields=fields(
            make("name", "text", lazy_gettext("With"), system=True, searchable=True, max_length=200),
            make("direction", "choice", lazy_gettext("Direction"), choices=DIRECTIONS, system=True),
            make("status", "choice", lazy_gettext("Status"), choices=STATUSES, system=True),
            make(
                "body",
                "longtext",
                lazy_pgettext("text message", "Text"),
                system=True,
                searchable=True,
                max_length=8_000,
            ),
            make("number", "phone", lazy_gettext("Phone number"), system=True, searchable=True, listed=False),
            make("contact", "link", lazy_gettext("Contact"), target="contact"),
            make("lead", "link", lazy_gettext("Lead"), target="lead"),
            make("account", "link", lazy_gettext("Account"), target="account"),
            make("certainty", "choice", lazy_gettext("Recognised by"), choices=CERTAINTIES, system=True),
            make("regarding", "subject", lazy_gettext("About"), targets=("case", "opportunity")),
            make("agent", "user", lazy_gettext("Agent"), system=True),
            make("line", "link", lazy_gettext("Company number"), target="phone_line", system=True),
            make("sent_at", "datetime", lazy_gettext("At"), system=True),
            make(
                "handled",
                "flag",
                lazy_gettext("Dealt with"),
                help=lazy_gettext("Ticked when nobody has to answer it any more."),
                default=False,
            ),
            make(
                "pictures",
                "integer",
                lazy_gettext("Pictures"),
                help=lazy_gettext("How many came with it. They stay at the provider."),
                system=True,
                minimum=0,
            ),
            make("failure", "choice", lazy_gettext("Reason"), choices=FAILURES, system=True),
            make("error_code", "integer", lazy_gettext("Provider's error"), system=True, sortable=False),
            make(
                "provider_sid",
                "text",
                lazy_gettext("Provider's number"),
                system=True,
                unique=True,
                sortable=False,
                max_length=64,
            ),
        ),
        list_columns=("name", "direction", "body", "status", "agent", "sent_at", "handled"),
        sections=(
            Section(lazy_pgettext("text message", "Text"), ("body", "pictures")),
            Section(lazy_gettext("With whom"), ("contact", "lead", "account", "regarding")),
            Section(lazy_gettext("Course"), ("sent_at", "handled", "status", "failure", "error_code")),
            Section(lazy_gettext("Line"), ("number", "certainty", "line", "provider_sid")),
            Section(lazy_gettext("Responsible"), ("agent", "owner", "team")),
        ),
        header=("direction", "status", "failure", "number", "agent", "sent_at"),
        indexes=(
            ("number_e164", "sent_at"),
            ("contact", "sent_at"),
            ("lead", "sent_at"),
            ("account", "sent_at"),
        ),
        module="call_center",
    )
)
