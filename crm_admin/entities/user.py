"""A user: a person who signs in."""

from __future__ import annotations

from importlib import resources

from peewee import DateTimeField, JSONField, TextField, Value

from crm_admin.entities.person import full_name, name_fields
from crm_admin.entities.role import Role
from crm_admin.entities.values import put
from crm_admin.i18n import LANGUAGES, gettext, lazy_gettext
from crm_admin.kinds import Choice, Reader
from crm_admin.registry import EntityDef, Panel, Record, Section, define, fields, make
from crm_admin.roles import ADMINISTRATOR

HUES = 12
"""Colours of initials in the style sheet (`hue-0` …)."""

THEMES = (
    Choice("auto", lazy_gettext("As the device")),
    Choice("light", lazy_gettext("Light")),
    Choice("dark", lazy_gettext("Dark")),
)

# Names by place. The rest of the list are old spellings and abbreviations without summer time.
_AREAS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def _timezones() -> tuple[Choice, ...]:
    names = resources.files("tzdata").joinpath("zones").read_text(encoding="ascii").split()
    placed = sorted(name for name in names if name.startswith(_AREAS))
    return tuple(Choice(name, name.replace("_", " ")) for name in ("UTC", *placed))


class User(Record):
    """The password stands beside the fields, so that no surface that shows fields can ever show it."""

    password_hash = TextField(null=True)
    password_changed_at = DateTimeField(null=True)
    # Columns and page size of each list, by entity; comes with the session, so that no list asks for it.
    list_preferences = JSONField(null=True)

    def derive(self, reader: Reader) -> None:
        put(self, "name", full_name(self, self._country(reader)) or self.username)

    def _country(self, reader: Reader) -> str | None:
        """Users have no address. Who works in English and is written without diacritics is called as in English."""
        written = f"{self.family_name or ''}{self.middle_name or ''}{self.given_name or ''}"
        return None if self.language == "en" and written.isascii() else reader.country

    def check(self, reader: Reader) -> dict[str, str]:
        if self.id is not None and not self._administers() and self._is_last_administrator():
            return {"role" if self.active else "active": gettext("This is the last active administrator.")}
        return {}

    def keep_because(self) -> str | None:
        """Why the user cannot be deleted; None when they can."""
        return gettext("This is the last active administrator.") if self._is_last_administrator() else None

    @property
    def hue(self) -> int:
        """Which of the twelve colours the initials have; the same on every screen."""
        return int(self.id) % HUES

    def _administers(self) -> bool:
        return (
            bool(self.active)
            and Role.select().where(Role.id == self.role, Role.key == ADMINISTRATOR).exists()
        )

    def _is_last_administrator(self) -> bool:
        """As the database stands, before this save."""
        stored = (
            User.select(User.id)
            .join(Role, on=(Role.id == User.role))
            .where(Role.key == ADMINISTRATOR, User.active == Value(True), User.deleted_at.is_null())
            .limit(2)
        )
        return [row.id for row in stored] == [self.id]


USER = define(
    EntityDef(
        key="user",
        model=User,
        label=lazy_gettext("User"),
        plural=lazy_gettext("Users"),
        icon="user-circle",
        access="people",
        menu="setup",
        shortcut="u",
        owned=False,
        has_history=False,
        fields=fields(
            make(
                "username",
                "text",
                lazy_gettext("User name"),
                help=lazy_gettext("For signing in."),
                required=True,
                unique=True,
                searchable=True,
                max_length=60,
                pattern="[a-z0-9][a-z0-9._@+-]*",
                pattern_message=lazy_gettext("Small letters, digits and . _ @ + - only."),
            ),
            *name_fields(),
            make("job_title", "text", lazy_gettext("Job title"), max_length=120),
            make("email", "email", lazy_gettext("E-mail"), searchable=True),
            make("phone", "phone", lazy_gettext("Phone"), searchable=True),
            make("role", "link", lazy_gettext("Role"), target="role", required=True),
            make("teams", "links", lazy_gettext("Teams"), target="team"),
            make("active", "flag", lazy_gettext("May sign in"), default=True),
            make(
                "language",
                "choice",
                lazy_gettext("Language"),
                choices=tuple(Choice(code, name) for code, name in LANGUAGES.items()),
            ),
            make("timezone", "choice", lazy_gettext("Time zone"), choices=_timezones()),
            make("theme", "choice", lazy_gettext("Theme"), choices=THEMES, default="auto"),
            make("last_seen_at", "datetime", lazy_gettext("Last seen"), system=True),
        ),
        list_columns=("name", "username", "role", "email", "phone", "active", "last_seen_at"),
        sections=(
            Section(
                lazy_gettext("Person"),
                ("family_name", "middle_name", "given_name", "job_title", "email", "phone"),
            ),
            Section(lazy_gettext("Access"), ("username", "role", "teams", "active")),
            Section(lazy_gettext("Preferences"), ("language", "timezone", "theme")),
        ),
        header=("username", "role", "job_title", "phone", "email", "last_seen_at"),
        panels=(
            Panel(
                "accounts",
                lazy_gettext("Accounts"),
                "account",
                via="owner",
                columns=("name", "type", "tier", "phone", "modified_at"),
                sort="name",
            ),
            Panel(
                "tasks",
                lazy_gettext("Tasks"),
                "task",
                via="owner",
                columns=("subject", "status", "priority", "due_at", "regarding"),
                sort="due_at",
            ),
        ),
        quick=("username", "family_name", "given_name", "email", "role"),
    )
)
