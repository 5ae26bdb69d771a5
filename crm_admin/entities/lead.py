"""A lead: somebody who may become a customer."""

from __future__ import annotations

from crm_admin.entities.account import INDUSTRIES
from crm_admin.entities.person import country_of, full_name, name_fields
from crm_admin.entities.story import of_customer
from crm_admin.entities.values import put
from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds import Choice, Reader
from crm_admin.registry import Board, EntityDef, Panel, Record, Section, define, fields, make

CONVERTED = "converted"

STATUSES = (
    Choice("new", lazy_gettext("New"), "blue"),
    Choice("working", lazy_gettext("Working"), "amber"),
    Choice("qualified", lazy_gettext("Qualified"), "green"),
    Choice("unqualified", lazy_gettext("Unqualified"), "gray"),
    Choice(CONVERTED, lazy_gettext("Converted"), "purple"),
)

SOURCES = (
    Choice("phone", lazy_gettext("Phone call")),
    Choice("website", lazy_gettext("Website")),
    Choice("email", lazy_gettext("E-mail")),
    Choice("referral", lazy_gettext("Referral")),
    Choice("partner", lazy_gettext("Partner")),
    Choice("event", lazy_gettext("Trade fair or event")),
    Choice("social", lazy_gettext("Social media")),
    Choice("advertisement", lazy_gettext("Advertisement")),
    Choice("visit", lazy_gettext("Visit")),
    Choice("other", lazy_gettext("Other")),
)

RATINGS = (
    Choice("hot", lazy_gettext("Hot"), "red"),
    Choice("warm", lazy_gettext("Warm"), "amber"),
    Choice("cold", lazy_gettext("Cold"), "blue"),
)


class Lead(Record):
    def derive(self, reader: Reader) -> None:
        name = full_name(self, country_of(self, "address", reader.country)) or self.company_name
        put(self, "name", name or None)
        if self.converted_at is not None:
            put(self, "status", CONVERTED)

    def check(self, reader: Reader) -> dict[str, str]:
        wrong = {} if self.name else {"family_name": gettext("Give the name of a person or a company.")}
        if self.status == CONVERTED and self.converted_at is None:
            wrong["status"] = gettext("A lead becomes converted by converting it.")
        return wrong


LEAD = define(
    EntityDef(
        key="lead",
        model=Lead,
        label=lazy_gettext("Lead"),
        plural=lazy_gettext("Leads"),
        icon="user-plus",
        menu="sales",
        shortcut="l",
        default_sort="-created_at",
        country_field="address",
        fields=fields(
            *name_fields(),
            make("company_name", "text", lazy_gettext("Company"), searchable=True),
            make("job_title", "text", lazy_gettext("Job title"), max_length=120),
            make(
                "status",
                "choice",
                lazy_gettext("Status"),
                choices=STATUSES,
                default="new",
                required=True,
                told=True,
            ),
            make("lead_source", "choice", lazy_gettext("Source"), choices=SOURCES),
            make("rating", "choice", lazy_gettext("Rating"), choices=RATINGS, told=True),
            make("industry", "choice", lazy_gettext("Industry"), choices=INDUSTRIES),
            make("phone", "phone", lazy_gettext("Phone"), searchable=True),
            make("mobile", "phone", lazy_gettext("Mobile"), searchable=True),
            make("email", "email", lazy_gettext("E-mail"), searchable=True),
            make("website", "url", lazy_gettext("Website")),
            make("address", "place", lazy_gettext("Address")),
            make("do_not_call", "flag", lazy_gettext("Do not call"), default=False, told=True),
            make("tags", "links", lazy_gettext("Tags"), target="tag"),
            make("description", "longtext", lazy_gettext("Description")),
            make("converted_at", "datetime", lazy_gettext("Converted"), system=True),
            make("converted_account", "link", lazy_gettext("Became account"), target="account", system=True),
            make("converted_contact", "link", lazy_gettext("Became contact"), target="contact", system=True),
            make(
                "converted_opportunity",
                "link",
                lazy_gettext("Became opportunity"),
                target="opportunity",
                system=True,
            ),
        ),
        list_columns=("name", "company_name", "status", "rating", "phone", "owner", "created_at"),
        sections=(
            Section(
                lazy_gettext("Lead"),
                ("family_name", "middle_name", "given_name", "company_name", "job_title", "industry", "tags"),
            ),
            Section(lazy_gettext("Progress"), ("status", "rating", "lead_source")),
            Section(lazy_gettext("Reach"), ("phone", "mobile", "email", "website", "do_not_call", "address")),
            Section(lazy_gettext("More"), ("description",)),
            Section(lazy_gettext("Responsible"), ("owner", "team")),
        ),
        header=("company_name", "status", "rating", "phone", "mobile", "email", "owner"),
        subjects=of_customer,
        board=Board("status", facts=("company_name", "rating", "owner")),
        panels=(
            Panel(
                "tasks",
                lazy_gettext("Tasks"),
                "task",
                via="regarding",
                columns=("subject", "status", "priority", "due_at", "owner"),
            ),
            Panel(
                "meetings",
                lazy_gettext("Meetings"),
                "meeting",
                via="regarding",
                columns=("subject", "starts_at", "status", "location", "owner"),
                sort="-starts_at",
            ),
            Panel(
                "attachments",
                lazy_gettext("Files"),
                "attachment",
                via="regarding",
                columns=("name", "size", "created_by", "created_at"),
            ),
        ),
        quick=("family_name", "given_name", "company_name", "mobile", "email", "lead_source"),
    )
)
