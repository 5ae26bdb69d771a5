"""The roles a new installation starts with, and what each may do with every group of entities.

These are defaults: the matrix an administrator saves (tables `sys_grant`, `sys_field_grant`) takes precedence,
entity by entity. An entity that an update brings is covered here until somebody decides otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from crm_admin.i18n import Text, lazy_gettext

ADMINISTRATOR = "administrator"

Levels = dict[str, str]


@dataclass(frozen=True)
class RoleDefault:
    """A built-in role: levels by access group, actions not named are `none`; whether private fields are shown."""

    key: str
    label: Text
    grants: dict[str, Levels] = field(default_factory=dict)
    private: bool = False


def _levels(**levels: str) -> Levels:
    return levels


READ = _levels(read="all")

ROLES: dict[str, RoleDefault] = {
    role.key: role
    for role in (
        RoleDefault(ADMINISTRATOR, lazy_gettext("Administrator"), private=True),
        RoleDefault(
            "supervisor",
            lazy_gettext("Supervisor"),
            {
                "customer": _levels(
                    read="all",
                    create="all",
                    update="all",
                    delete="all",
                    export="all",
                    **{"import": "all"},
                    assign="all",
                ),
                "activity": _levels(
                    read="all", create="all", update="all", delete="all", export="all", assign="all"
                ),
                "detail": _levels(read="all", create="all", update="all", delete="all", export="all"),
                "catalogue": _levels(read="all", create="all", update="all", export="all"),
                "people": READ,
                "setup": READ,
            },
            private=True,
        ),
        RoleDefault(
            "agent",
            lazy_gettext("Agent"),
            {
                "customer": _levels(read="all", create="all", update="all", delete="own", assign="team"),
                "activity": _levels(read="team", create="all", update="own", delete="own", assign="team"),
                "detail": _levels(read="all", create="all", update="own", delete="own"),
                "catalogue": READ,
                "people": READ,
                "setup": READ,
            },
        ),
        RoleDefault(
            "back_office",
            lazy_gettext("Back office"),
            {
                "customer": _levels(
                    read="all",
                    create="all",
                    update="all",
                    delete="all",
                    export="all",
                    **{"import": "all"},
                    assign="all",
                ),
                "activity": _levels(
                    read="all", create="all", update="all", delete="own", export="all", assign="all"
                ),
                "detail": _levels(read="all", create="all", update="all", delete="all", export="all"),
                "catalogue": _levels(
                    read="all", create="all", update="all", delete="all", export="all", **{"import": "all"}
                ),
                "people": READ,
                "setup": READ,
            },
            private=True,
        ),
        RoleDefault(
            "field_rep",
            lazy_gettext("Field rep"),
            {
                "customer": _levels(read="own", create="own", update="own"),
                "activity": _levels(read="own", create="own", update="own", delete="own"),
                "detail": _levels(read="all", create="all", update="own", delete="own"),
                "catalogue": READ,
                "people": READ,
                "setup": READ,
            },
        ),
        RoleDefault(
            "viewer",
            lazy_gettext("Viewer"),
            {
                "customer": READ,
                "activity": READ,
                "detail": READ,
                "catalogue": READ,
                "people": READ,
                "setup": READ,
            },
        ),
    )
}


def default_level(role: str, group: str, action: str) -> str:
    """The level a built-in role has for an action on an access group; `none` for everything not granted."""
    found = ROLES.get(role)
    return found.grants.get(group, {}).get(action, "none") if found else "none"
