"""A territory: a part of the market with somebody in charge."""

from __future__ import annotations

from crm_admin.entities.tree import check_parent
from crm_admin.i18n import lazy_gettext
from crm_admin.kinds import Reader
from crm_admin.registry import EntityDef, Panel, Record, Section, define, fields, make


class Territory(Record):
    def check(self, reader: Reader) -> dict[str, str]:
        return check_parent(self)


TERRITORY = define(
    EntityDef(
        key="territory",
        model=Territory,
        label=lazy_gettext("Territory"),
        plural=lazy_gettext("Territories"),
        icon="map-2",
        access="setup",
        menu="setup",
        owned=False,
        has_history=False,
        fields=fields(
            make("name", "text", lazy_gettext("Name"), required=True, unique=True, searchable=True),
            make("parent", "link", lazy_gettext("Part of"), target="territory"),
            make("manager", "user", lazy_gettext("Manager")),
        ),
        list_columns=("name", "parent", "manager", "modified_at"),
        sections=(Section(lazy_gettext("Territory"), ("name", "parent", "manager")),),
        header=("parent", "manager"),
        panels=(
            Panel(
                "accounts",
                lazy_gettext("Accounts"),
                "account",
                via="territory",
                columns=("name", "type", "tier", "phone", "owner"),
                sort="name",
            ),
            Panel(
                "parts",
                lazy_gettext("Parts"),
                "territory",
                via="parent",
                columns=("name", "manager"),
                sort="name",
            ),
        ),
        quick=("name", "parent", "manager"),
    )
)
