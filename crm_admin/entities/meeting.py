"""A meeting: people together at a certain time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from crm_admin import registry
from crm_admin.entities.account import Account
from crm_admin.entities.contact import Contact
from crm_admin.entities.story import CUSTOMERS, Subject, of_regarding
from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds import Choice, Reader
from crm_admin.registry import EntityDef, Panel, Record, Section, define, fields, make

HELD = "held"
USUAL = timedelta(hours=1)
"""How long a meeting lasts when nobody says."""

STATUSES = (
    Choice("planned", lazy_gettext("Planned"), "blue"),
    Choice(HELD, lazy_gettext("Held"), "green"),
    Choice("cancelled", lazy_gettext("Cancelled"), "gray"),
)


class Meeting(Record):
    ends_at: Any

    def derive(self, reader: Reader) -> None:
        if self.starts_at is not None and self.ends_at is None:
            self.ends_at = self.starts_at + USUAL

    def check(self, reader: Reader) -> dict[str, str]:
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            return {"ends_at": gettext("The end must come after the start.")}
        return {}

    def after_save(self, actor: Any, before: dict[str, Any] | None) -> None:
        if self.status == HELD:
            accounts = [number for entity, number in subjects(self) if entity == "account"]
            Account.update(last_contact_at=self.starts_at).where(
                Account.id.in_(accounts),
                Account.last_contact_at.is_null() | (Account.last_contact_at < self.starts_at),
            ).execute()

    def happened_at(self) -> datetime:
        """A meeting stands in the history when it takes place."""
        return cast(datetime, self.starts_at)


def subjects(meeting: Meeting) -> list[Subject]:
    """What the meeting is about and the customers above it, then its contacts and their accounts; two queries."""
    people = registry.entity("meeting").fields["contacts"]
    contacts = list(people.kind.read(meeting, people) or ())
    if not contacts:
        return of_regarding(meeting)
    companies = (
        Contact.select(Contact.account)
        .where(Contact.id.in_(contacts), Contact.account.is_null(False))
        .tuples()
    )
    return [
        *of_regarding(meeting),
        *(("contact", number) for number in contacts),
        *(("account", number) for (number,) in companies),
    ]


MEETING = define(
    EntityDef(
        key="meeting",
        model=Meeting,
        label=lazy_gettext("Meeting"),
        plural=lazy_gettext("Meetings"),
        icon="calendar-event",
        access="activity",
        menu="activities",
        shortcut="m",
        title="subject",
        default_sort="-starts_at",
        event="meeting",
        has_history=False,
        subjects=subjects,
        country_field="address",
        fields=fields(
            make("subject", "text", lazy_gettext("Subject"), required=True, searchable=True),
            make("regarding", "subject", lazy_gettext("About"), targets=CUSTOMERS),
            make(
                "status", "choice", lazy_gettext("Status"), choices=STATUSES, required=True, default="planned"
            ),
            make("starts_at", "datetime", lazy_gettext("Start"), required=True),
            make("ends_at", "datetime", lazy_gettext("End")),
            make("location", "text", lazy_gettext("Location"), searchable=True),
            make("address", "place", lazy_gettext("Address")),
            make("participants", "links", lazy_gettext("Participants"), target="user"),
            make("contacts", "links", lazy_gettext("Contacts"), target="contact"),
            make("description", "longtext", lazy_gettext("Description")),
            make("outcome", "longtext", lazy_gettext("Outcome")),
        ),
        list_columns=("subject", "regarding", "starts_at", "ends_at", "location", "status", "owner"),
        sections=(
            Section(lazy_gettext("Meeting"), ("subject", "regarding", "status", "starts_at", "ends_at")),
            Section(lazy_gettext("Where and who"), ("location", "address", "participants", "contacts")),
            Section(lazy_gettext("Details"), ("description", "outcome")),
            Section(lazy_gettext("Responsible"), ("owner", "team")),
        ),
        header=("regarding", "status", "starts_at", "ends_at", "location", "owner"),
        panels=(
            Panel(
                "attachments",
                lazy_gettext("Files"),
                "attachment",
                via="regarding",
                columns=("name", "size", "created_by", "created_at"),
            ),
        ),
        quick=("subject", "regarding", "starts_at", "ends_at", "location"),
        indexes=(("owner", "starts_at"), ("regarding_entity", "regarding_id", "id")),
    )
)
