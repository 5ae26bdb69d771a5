"""A role: the bundle of rights that a person works with."""

from __future__ import annotations

from crm_admin import registry
from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds import Reader
from crm_admin.registry import EntityDef, Panel, Record, Section, define, fields, make


class Role(Record):
    def check(self, reader: Reader) -> dict[str, str]:
        if self.id is None:
            return {}
        stored = Role.select(Role.key, Role.builtin).where(Role.id == self.id).first()
        if stored and stored.builtin and stored.key != self.key:
            # Default rights hang on the key (crm_admin/roles.py).
            return {"key": gettext("The key of a built-in role cannot be changed.")}
        return {}

    def keep_because(self) -> str | None:
        """Why the role cannot be deleted; None when it can."""
        if self.builtin:
            return gettext("A built-in role cannot be deleted.")
        people = registry.entity("user").model
        if people.select(people.id).where(people.role == self.id, people.deleted_at.is_null()).exists():
            return gettext("People have this role. Give them another one first.")
        return None


ROLE = define(
    EntityDef(
        key="role",
        model=Role,
        label=lazy_gettext("Role"),
        plural=lazy_gettext("Roles"),
        icon="shield-lock",
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
            make(
                "key",
                "text",
                lazy_gettext("Key"),
                help=lazy_gettext("Small letters, digits and _; programs know the role by it."),
                required=True,
                unique=True,
                searchable=True,
                max_length=40,
                pattern="[a-z][a-z0-9_]*",
                pattern_message=lazy_gettext("Begin with a small letter; then small letters, digits and _."),
            ),
            make("description", "longtext", lazy_gettext("Description")),
            make("builtin", "flag", lazy_gettext("Built in"), system=True, default=False),
        ),
        list_columns=("name", "key", "builtin", "modified_at"),
        sections=(Section(lazy_gettext("Role"), ("name", "key", "description")),),
        header=("key", "builtin"),
        panels=(
            Panel(
                "users",
                lazy_gettext("Users"),
                "user",
                via="role",
                columns=("name", "username", "active", "last_seen_at"),
                sort="name",
            ),
        ),
        quick=("name", "key", "description"),
    )
)
