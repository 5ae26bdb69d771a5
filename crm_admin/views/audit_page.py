"""The audit of one record: who changed what, before and after, when, from where."""

from __future__ import annotations

from dataclasses import dataclass

from crm_admin import audit
from crm_admin.i18n import gettext, lazy_gettext, moment_text
from crm_admin.kinds import Reader
from crm_admin.kinds.datetime import local
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef, Record
from crm_admin.views import stored_value

ACTIONS = {
    "create": lazy_gettext("created"),
    "update": lazy_gettext("changed"),
    "delete": lazy_gettext("moved to the recycle bin"),
    "restore": lazy_gettext("restored"),
    "purge": lazy_gettext("removed for good"),
    "rights": lazy_gettext("rights changed"),
    "password": lazy_gettext("password changed"),
}

SURFACES = {
    "screen": lazy_gettext("screen"),
    "api": lazy_gettext("API"),
    "import": lazy_gettext("import"),
    "job": lazy_gettext("background job"),
    "command": lazy_gettext("command line"),
    "system": lazy_gettext("the system"),
}


@dataclass(frozen=True)
class AuditRow:
    at: str
    at_text: str
    by: str
    action: str
    source: str
    changes: list[tuple[str, str, str]]


@dataclass(frozen=True)
class News:
    """What others have changed since a page was made."""

    who: str
    fields: str


def news(actor: Actor, definition: EntityDef, record_id: int, version: int, reader: Reader) -> News | None:
    """What others changed of a record after its `version`, as far as `actor` may read it; None when nothing."""
    trail = audit.trail(actor, definition.key, record_id)
    fresh = [entry for entry in trail if entry.version > version and entry.user != actor.id and entry.changes]
    if not fresh:
        return None
    people = list(dict.fromkeys(entry.user for entry in fresh if entry.user))
    names = reader.names("user", people)
    labels = dict.fromkeys(stored_value.label(definition, key) for entry in fresh for key in entry.changes)
    who = ", ".join(names[user] for user in people if user in names)
    return News(who or gettext("Somebody"), ", ".join(labels))


def rows(
    actor: Actor, definition: EntityDef, record: Record, reader: Reader, before: int | None
) -> tuple[list[AuditRow], int | None]:
    """Who changed what, newest first; and the id below which the older ones lie."""
    entries = audit.trail(actor, definition.key, record.id, before=before)
    wanted: dict[str, set[int]] = {"user": {e.user for e in entries if e.user}}
    for entry in entries:
        for key, pair in entry.changes.items():
            for value in pair:
                for entity, number in stored_value.references(definition, key, value, reader):
                    wanted.setdefault(entity, set()).add(number)
    for entity, ids in wanted.items():
        reader.names(entity, ids)
    shown = [_row(definition, entry, reader) for entry in entries]
    return shown, entries[-1].id if len(entries) == audit.PAGE else None


def _row(definition: EntityDef, entry: audit.Entry, reader: Reader) -> AuditRow:
    return AuditRow(
        at=entry.at.isoformat() + "Z",
        at_text=moment_text(local(entry.at, reader.timezone), reader.language),
        by=reader.names("user", [entry.user]).get(entry.user, "") if entry.user else gettext("the system"),
        action=str(ACTIONS.get(entry.action, entry.action)),
        source=str(SURFACES.get(entry.source, entry.source)),
        changes=[
            (
                stored_value.label(definition, key),
                stored_value.text(definition, key, old, reader),
                stored_value.text(definition, key, new, reader),
            )
            for key, (old, new) in entry.changes.items()
        ],
    )
