"""A task: something somebody has to do by a certain time."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from peewee import DateTimeField

from crm_admin import clock
from crm_admin.entities.case import PRIORITIES
from crm_admin.entities.story import CUSTOMERS, of_regarding
from crm_admin.i18n import lazy_gettext
from crm_admin.kinds import Choice, Reader
from crm_admin.registry import Board, EntityDef, Panel, Record, Section, define, fields, make

DONE = "done"
CLOSED = (DONE, "cancelled")

STATUSES = (
    Choice("open", lazy_gettext("Open"), "blue"),
    Choice("in_progress", lazy_gettext("In progress"), "amber"),
    Choice("waiting", lazy_gettext("Waiting"), "purple"),
    Choice(DONE, lazy_gettext("Done"), "green"),
    Choice("cancelled", lazy_gettext("Cancelled"), "gray"),
)


class Task(Record):
    late_by = frozenset({"status", "due_at"})
    # When its owner was last reminded: of use to the reminder alone, so no field of the entity.
    reminded_at = DateTimeField(null=True)
    done_at: Any

    def derive(self, reader: Reader) -> None:
        if self.status != DONE:
            self.done_at = None
        elif self.done_at is None:
            self.done_at = clock.now()

    def is_late(self) -> bool:
        return self.status not in CLOSED and self.due_at is not None and self.due_at < clock.now()

    def happened_at(self) -> datetime:
        """A task moves to the moment it was done."""
        return cast(datetime, self.done_at or self.created_at)


TASK = define(
    EntityDef(
        key="task",
        model=Task,
        label=lazy_gettext("Task"),
        plural=lazy_gettext("Tasks"),
        icon="checkbox",
        access="activity",
        menu="activities",
        shortcut="t",
        title="subject",
        default_sort="due_at",
        event="task",
        has_history=False,
        subjects=of_regarding,
        fields=fields(
            make("subject", "text", lazy_gettext("Subject"), required=True, searchable=True),
            make("regarding", "subject", lazy_gettext("About"), targets=CUSTOMERS),
            make("status", "choice", lazy_gettext("Status"), choices=STATUSES, required=True, default="open"),
            make(
                "priority",
                "choice",
                lazy_gettext("Priority"),
                choices=PRIORITIES,
                required=True,
                default="normal",
            ),
            make("due_at", "datetime", lazy_gettext("Due")),
            make("reminder_at", "datetime", lazy_gettext("Remind me")),
            make("description", "longtext", lazy_gettext("Description")),
            make("done_at", "datetime", lazy_gettext("Done"), system=True),
        ),
        list_columns=("subject", "regarding", "status", "priority", "due_at", "owner"),
        sections=(
            Section(
                lazy_gettext("Task"), ("subject", "regarding", "status", "priority", "due_at", "reminder_at")
            ),
            Section(lazy_gettext("Details"), ("description",)),
            Section(lazy_gettext("Responsible"), ("owner", "team")),
        ),
        header=("regarding", "status", "priority", "due_at", "owner"),
        board=Board("status", facts=("regarding", "priority", "due_at", "owner")),
        panels=(
            Panel(
                "attachments",
                lazy_gettext("Files"),
                "attachment",
                via="regarding",
                columns=("name", "size", "created_by", "created_at"),
            ),
        ),
        quick=("subject", "regarding", "due_at", "priority", "owner"),
        indexes=(
            ("owner", "status", "due_at"),
            ("status", "reminder_at"),
            ("regarding_entity", "regarding_id", "id"),
        ),
    )
)
