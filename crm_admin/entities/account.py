"""An account: a company or household we deal with."""

from __future__ import annotations

from crm_admin.entities.tree import check_parent
from crm_admin.i18n import lazy_gettext
from crm_admin.kinds import Choice, Reader
from crm_admin.registry import EntityDef, Panel, Record, Section, define, fields, make

TYPES = (
    Choice("prospect", lazy_gettext("Prospect"), "blue"),
    Choice("customer", lazy_gettext("Customer"), "green"),
    Choice("supplier", lazy_gettext("Supplier"), "purple"),
    Choice("partner", lazy_gettext("Partner"), "teal"),
)

TIERS = (
    Choice("A", "A", "green"),
    Choice("B", "B", "blue"),
    Choice("C", "C", "amber"),
    Choice("D", "D", "gray"),
)

INDUSTRIES = (
    Choice("agriculture", lazy_gettext("Agriculture")),
    Choice("construction", lazy_gettext("Construction")),
    Choice("education", lazy_gettext("Education")),
    Choice("energy", lazy_gettext("Energy")),
    Choice("finance", lazy_gettext("Finance and insurance")),
    Choice("food", lazy_gettext("Food and beverage")),
    Choice("government", lazy_gettext("Government")),
    Choice("healthcare", lazy_gettext("Healthcare")),
    Choice("hospitality", lazy_gettext("Hotels and restaurants")),
    Choice("logistics", lazy_gettext("Logistics")),
    Choice("manufacturing", lazy_gettext("Manufacturing")),
    Choice("media", lazy_gettext("Media")),
    Choice("professional", lazy_gettext("Professional services")),
    Choice("real_estate", lazy_gettext("Real estate")),
    Choice("retail", lazy_gettext("Retail")),
    Choice("technology", lazy_gettext("Technology")),
    Choice("telecom", lazy_gettext("Telecommunications")),
    Choice("wholesale", lazy_gettext("Wholesale")),
    Choice("other", lazy_gettext("Other")),
)


class Account(Record):
    def check(self, reader: Reader) -> dict[str, str]:
        return check_parent(self)


ACCOUNT = define(
    EntityDef(
        key="account",
        model=Account,
        label=lazy_gettext("Account"),
        plural=lazy_gettext("Accounts"),
        icon="building",
        menu="sales",
        shortcut="a",
        country_field="address",
        fields=fields(
            make("name", "text", lazy_gettext("Name"), required=True, searchable=True),
            make("type", "choice", lazy_gettext("Type"), choices=TYPES, default="prospect", told=True),
            make("tier", "choice", lazy_gettext("Tier"), choices=TIERS, told=True),
            make("industry", "choice", lazy_gettext("Industry"), choices=INDUSTRIES),
            make("phone", "phone", lazy_gettext("Phone"), searchable=True),
            make("email", "email", lazy_gettext("E-mail"), searchable=True),
            make("website", "url", lazy_gettext("Website"), searchable=True),
            make("tax_code", "text", lazy_gettext("Tax code"), searchable=True, max_length=40),
            make("address", "place", lazy_gettext("Address")),
            make("shipping_address", "place", lazy_gettext("Delivery address")),
            make("parent", "link", lazy_gettext("Parent account"), target="account"),
            make("territory", "link", lazy_gettext("Territory"), target="territory"),
            make("employees", "integer", lazy_gettext("Employees"), minimum=0),
            make("annual_revenue", "money", lazy_gettext("Annual revenue")),
            make("tags", "links", lazy_gettext("Tags"), target="tag"),
            make("description", "longtext", lazy_gettext("Description")),
            make("do_not_call", "flag", lazy_gettext("Do not call"), default=False, told=True),
            make("last_contact_at", "datetime", lazy_gettext("Last contact"), system=True),
        ),
        list_columns=("name", "type", "tier", "phone", "territory", "owner", "last_contact_at"),
        sections=(
            Section(
                lazy_gettext("Account"), ("name", "type", "tier", "industry", "parent", "tax_code", "tags")
            ),
            Section(lazy_gettext("Reach"), ("phone", "email", "website", "do_not_call")),
            Section(lazy_gettext("Addresses"), ("address", "shipping_address", "territory")),
            Section(lazy_gettext("More"), ("employees", "annual_revenue", "description")),
            Section(lazy_gettext("Responsible"), ("owner", "team")),
        ),
        header=("type", "tier", "phone", "email", "owner", "last_contact_at"),
        panels=(
            Panel(
                "contacts",
                lazy_gettext("Contacts"),
                "contact",
                via="account",
                columns=("name", "job_title", "phone", "mobile", "email"),
                sort="name",
            ),
            Panel(
                "account_contacts",
                lazy_gettext("Other people"),
                "account_contact",
                via="account",
                columns=("contact", "role", "is_primary", "is_active"),
            ),
            Panel(
                "opportunities",
                lazy_gettext("Opportunities"),
                "opportunity",
                via="account",
                columns=("name", "stage", "amount", "close_date", "owner"),
            ),
            Panel(
                "cases",
                lazy_gettext("Cases"),
                "case",
                via="account",
                columns=("number", "subject", "status", "priority", "due_at", "owner"),
            ),
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
                "children",
                lazy_gettext("Child accounts"),
                "account",
                via="parent",
                columns=("name", "type", "tier", "phone", "owner"),
                sort="name",
            ),
            Panel(
                "attachments",
                lazy_gettext("Files"),
                "attachment",
                via="regarding",
                columns=("name", "size", "created_by", "created_at"),
            ),
        ),
        quick=("name", "type", "phone", "email"),
    )
)
