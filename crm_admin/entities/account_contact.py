"""The part a contact plays at an account beside their own: n–m, with a role."""

from __future__ import annotations

from typing import Any

from crm_admin.entities.account import Account
from crm_admin.entities.contact import Contact
from crm_admin.entities.values import put
from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds import Choice, Reader
from crm_admin.registry import EntityDef, Record, Section, Through, define, fields, make

ROLES = (
    Choice("decision_maker", lazy_gettext("Decision maker"), "green"),
    Choice("influencer", lazy_gettext("Influencer"), "blue"),
    Choice("user", lazy_gettext("User of the product"), "teal"),
    Choice("technical", lazy_gettext("Technical contact"), "purple"),
    Choice("billing", lazy_gettext("Billing contact"), "amber"),
    Choice("other", lazy_gettext("Other"), "gray"),
)


class AccountContact(Record):
    class Meta:
        table_name = "account_contact"

    def derive(self, reader: Reader) -> None:
        people, company = _name(Contact, self.contact), _name(Account, self.account)
        put(self, "name", " · ".join(part for part in (people, company) if part) or None)

    def check(self, reader: Reader) -> dict[str, str]:
        twin = AccountContact.select().where(
            AccountContact.account == self.account,
            AccountContact.contact == self.contact,
            AccountContact.deleted_at.is_null(),
        )
        if self.id is not None:
            twin = twin.where(AccountContact.id != self.id)
        return (
            {"account": gettext("This contact is linked to this account already.")} if twin.exists() else {}
        )


def _name(model: Any, number: int | None) -> str | None:
    row = model.select(model.name).where(model.id == number).first() if number is not None else None
    return row.name if row else None


ACCOUNT_CONTACT = define(
    EntityDef(
        key="account_contact",
        model=AccountContact,
        label=lazy_gettext("Contact at an account"),
        plural=lazy_gettext("Contacts at accounts"),
        icon="users",
        access="detail",
        through=Through(("account", "contact")),
        has_history=False,
        fields=fields(
            make("name", "text", lazy_gettext("Name"), system=True, max_length=410),
            make("account", "link", lazy_gettext("Account"), target="account", required=True),
            make("contact", "link", lazy_gettext("Contact"), target="contact", required=True),
            make("role", "choice", lazy_gettext("Role"), choices=ROLES),
            make("is_primary", "flag", lazy_gettext("Main contact"), default=False),
            make("is_active", "flag", lazy_gettext("Active"), default=True),
        ),
        list_columns=("name", "account", "contact", "role", "is_primary", "is_active"),
        sections=(
            Section(lazy_gettext("Link"), ("account", "contact", "role", "is_primary", "is_active")),
            Section(lazy_gettext("Responsible"), ("owner", "team")),
        ),
        header=("account", "contact", "role"),
        quick=("account", "contact", "role", "is_primary"),
    )
)
