"""A contact: a person we deal with, at an account or on their own."""

from __future__ import annotations

from crm_admin import clock
from crm_admin.entities.account import Account
from crm_admin.entities.person import country_of, full_name, name_fields, name_missing
from crm_admin.entities.story import of_customer
from crm_admin.entities.values import put
from crm_admin.i18n import LANGUAGES, gettext, lazy_gettext
from crm_admin.kinds import Choice, Reader
from crm_admin.registry import Children, EntityDef, Panel, Record, Section, define, fields, make


class Contact(Record):
    def derive(self, reader: Reader) -> None:
        put(self, "name", full_name(self, self._country(reader)) or None)

    def check(self, reader: Reader) -> dict[str, str]:
        wrong = {} if self.name else name_missing()
        if self.birthday and self.birthday > clock.now().date():
            wrong["birthday"] = gettext("This date lies ahead.")
        return wrong

    def _country(self, reader: Reader) -> str:
        """The person's country, else the account's, else the company's."""
        if self.address_country or self.account is None:
            return country_of(self, "address", reader.country)
        row = Account.select(Account.address_country).where(Account.id == self.account).first()
        return (row and row.address_country) or reader.country


def account_of(contact: int | None) -> int | None:
    """Id of the account a contact belongs to; None where there is none."""
    if contact is None:
        return None
    row = Contact.select(Contact.account).where(Contact.id == contact).first()
    return row.account if row else None


CONTACT = define(
    EntityDef(
        key="contact",
        model=Contact,
        label=lazy_gettext("Contact"),
        plural=lazy_gettext("Contacts"),
        icon="address-book",
        menu="sales",
        shortcut="c",
        country_field="address",
        fields=fields(
            *name_fields(),
            make("job_title", "text", lazy_gettext("Job title"), max_length=120),
            make("account", "link", lazy_gettext("Account"), target="account", told=True),
            make("phone", "phone", lazy_gettext("Phone"), searchable=True),
            make("mobile", "phone", lazy_gettext("Mobile"), searchable=True),
            make("email", "email", lazy_gettext("E-mail"), searchable=True),
            make("address", "place", lazy_gettext("Address")),
            make("birthday", "date", lazy_gettext("Birthday")),
            make(
                "language",
                "choice",
                lazy_gettext("Language"),
                choices=tuple(Choice(code, name) for code, name in LANGUAGES.items()),
            ),
            make("do_not_call", "flag", lazy_gettext("Do not call"), default=False, told=True),
            make("tags", "links", lazy_gettext("Tags"), target="tag"),
            make("description", "longtext", lazy_gettext("Description")),
        ),
        list_columns=("name", "account", "job_title", "phone", "email", "owner"),
        sections=(
            Section(
                lazy_gettext("Contact"),
                (
                    "family_name",
                    "middle_name",
                    "given_name",
                    "account",
                    "job_title",
                    "language",
                    "birthday",
                    "tags",
                ),
            ),
            Section(lazy_gettext("Reach"), ("phone", "mobile", "email", "do_not_call", "address")),
            Section(lazy_gettext("More"), ("description",)),
            Section(lazy_gettext("Responsible"), ("owner", "team")),
        ),
        header=("account", "job_title", "phone", "mobile", "email", "owner"),
        subjects=of_customer,
        children=(
            Children(
                "accounts",
                lazy_gettext("Other accounts"),
                "account_contact",
                via="contact",
                fields=("account", "role", "is_primary", "is_active"),
            ),
        ),
        panels=(
            Panel(
                "opportunities",
                lazy_gettext("Opportunities"),
                "opportunity",
                via="contact",
                columns=("name", "stage", "amount", "close_date", "owner"),
            ),
            Panel(
                "cases",
                lazy_gettext("Cases"),
                "case",
                via="contact",
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
                "leads",
                lazy_gettext("Converted from"),
                "lead",
                via="converted_contact",
                columns=("name", "company_name", "lead_source", "converted_at", "owner"),
            ),
            Panel(
                "attachments",
                lazy_gettext("Files"),
                "attachment",
                via="regarding",
                columns=("name", "size", "created_by", "created_at"),
            ),
        ),
        quick=("family_name", "given_name", "account", "mobile", "email"),
    )
)
