"""A note: what somebody wants remembered about a customer."""

from __future__ import annotations

from crm_admin.entities.story import CUSTOMERS, of_regarding
from crm_admin.entities.values import put
from crm_admin.i18n import lazy_gettext
from crm_admin.kinds import Reader
from crm_admin.registry import EntityDef, Panel, Record, Section, Through, define, fields, make

TITLE = 80
"""Characters of the first line that name the note."""


class Note(Record):
    def derive(self, reader: Reader) -> None:
        put(self, "name", headline(self.body or "") or None)


def headline(body: str) -> str:
    """The first line that says something, cut to `TITLE` characters at a space where there is one."""
    line = next((line.strip() for line in body.splitlines() if line.strip()), "")
    if len(line) <= TITLE:
        return line
    cut = line[: TITLE - 1]
    head, space, _ = cut.rpartition(" ")
    return (head if space and len(head) > TITLE // 2 else cut).rstrip() + "…"


NOTE = define(
    EntityDef(
        key="note",
        model=Note,
        label=lazy_gettext("Note"),
        plural=lazy_gettext("Notes"),
        icon="note",
        access="detail",
        menu="activities",
        default_sort="-created_at",
        through=Through(("regarding",)),
        event="note",
        has_history=False,
        subjects=of_regarding,
        fields=fields(
            make("name", "text", lazy_gettext("Title"), system=True),
            make("body", "longtext", lazy_gettext("Note"), required=True, searchable=True),
            make("regarding", "subject", lazy_gettext("About"), targets=CUSTOMERS, required=True),
            make("pinned", "flag", lazy_gettext("Keep on top"), default=False),
        ),
        list_columns=("name", "regarding", "pinned", "created_by", "created_at"),
        sections=(
            Section(lazy_gettext("Note"), ("body", "regarding", "pinned")),
            Section(lazy_gettext("Responsible"), ("owner", "team")),
        ),
        header=("regarding", "created_by", "created_at"),
        panels=(
            Panel(
                "attachments",
                lazy_gettext("Files"),
                "attachment",
                via="regarding",
                columns=("name", "size", "created_by", "created_at"),
            ),
        ),
        quick=("body", "regarding"),
        indexes=(("regarding_entity", "regarding_id", "id"),),
    )
)
