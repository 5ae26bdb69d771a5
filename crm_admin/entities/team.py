"""A team: people who work for the same customers."""

from __future__ import annotations

from crm_admin import registry
from crm_admin.entities.tree import check_parent
from crm_admin.i18n import lazy_gettext
from crm_admin.kinds import Reader
from crm_admin.registry import EntityDef, Panel, Record, Section, define, fields, make


class Team(Record):
    def check(self, reader: Reader) -> dict[str, str]:
        return check_parent(self)


def teams_of(user: int) -> frozenset[int]:
    """Ids of the teams a user belongs to; teams above and below do not count."""
    people = registry.entity("user")
    membership = people.fields["teams"]
    row = people.model(id=user)
    membership.kind.load_many("user", [row], membership)
    return frozenset(membership.kind.read(row, membership) or ())


TEAM = define(
    EntityDef(
        key="team",
        model=Team,
        label=lazy_gettext("Team"),
        plural=lazy_gettext("Teams"),
        icon="users-group",
        access="setup",
        menu="setup",
        owned=False,
        has_history=False,
        fields=fields(
            make(
                "name",
                "text",
                lazy_gettext("Name"),
                required=True,
                unique=True,
                searchable=True,
                max_length=80,
            ),
            make("parent", "link", lazy_gettext("Part of"), target="team"),
            make("manager", "user", lazy_gettext("Manager")),
            make("description", "longtext", lazy_gettext("Description")),
        ),
        list_columns=("name", "parent", "manager", "modified_at"),
        sections=(Section(lazy_gettext("Team"), ("name", "parent", "manager", "description")),),
        header=("parent", "manager"),
        panels=(
            Panel(
                "members",
                lazy_gettext("Members"),
                "user",
                via="teams",
                columns=("name", "job_title", "phone", "email", "active"),
                sort="name",
            ),
            Panel(
                "parts",
                lazy_gettext("Parts"),
                "team",
                via="parent",
                columns=("name", "manager"),
                sort="name",
            ),
        ),
        quick=("name", "parent", "manager"),
    )
)
