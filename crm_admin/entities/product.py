"""A product: a thing or a service we sell."""

from __future__ import annotations

from crm_admin.i18n import lazy_gettext
from crm_admin.kinds import Choice
from crm_admin.registry import EntityDef, Panel, Record, Section, define, fields, make

UNITS = (
    Choice("piece", lazy_gettext("piece")),
    Choice("box", lazy_gettext("box")),
    Choice("set", lazy_gettext("set")),
    Choice("kg", lazy_gettext("kilogram")),
    Choice("litre", lazy_gettext("litre")),
    Choice("metre", lazy_gettext("metre")),
    Choice("hour", lazy_gettext("hour")),
    Choice("day", lazy_gettext("day")),
    Choice("month", lazy_gettext("month")),
    Choice("year", lazy_gettext("year")),
)


class Product(Record):
    """Its cost is private: shown to roles that see private fields."""


PRODUCT = define(
    EntityDef(
        key="product",
        model=Product,
        label=lazy_gettext("Product"),
        plural=lazy_gettext("Products"),
        icon="package",
        access="catalogue",
        menu="catalogue",
        shortcut="p",
        owned=False,
        has_history=False,
        fields=fields(
            make("name", "text", lazy_gettext("Name"), required=True, searchable=True),
            make(
                "code",
                "text",
                lazy_gettext("Code"),
                required=True,
                unique=True,
                searchable=True,
                max_length=60,
            ),
            make("category", "text", lazy_gettext("Category"), searchable=True, max_length=80),
            make("unit", "choice", lazy_gettext("Unit"), choices=UNITS, default="piece"),
            make("price", "money", lazy_gettext("Price")),
            make("cost", "money", lazy_gettext("Cost"), private=True),
            make("tax_rate", "percent", lazy_gettext("Tax rate"), minimum=0, maximum=100),
            make("active", "flag", lazy_gettext("For sale"), default=True),
            make("description", "longtext", lazy_gettext("Description")),
            make("picture", "file", lazy_gettext("Picture")),
        ),
        list_columns=("name", "code", "category", "unit", "price", "active"),
        sections=(
            Section(lazy_gettext("Product"), ("name", "code", "category", "unit", "active")),
            Section(lazy_gettext("Price"), ("price", "cost", "tax_rate")),
            Section(lazy_gettext("More"), ("description", "picture")),
        ),
        header=("code", "category", "price", "unit", "active"),
        panels=(
            Panel(
                "cases",
                lazy_gettext("Cases"),
                "case",
                via="product",
                columns=("number", "subject", "account", "status", "owner"),
            ),
            Panel(
                "attachments",
                lazy_gettext("Files"),
                "attachment",
                via="regarding",
                columns=("name", "size", "created_by", "created_at"),
            ),
        ),
        quick=("name", "code", "unit", "price"),
    )
)
