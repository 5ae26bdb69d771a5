"""When a queue is answered: so many spans a week, in the company's time zone. Without any it always is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from call_center.models.holiday import is_holiday
from crm_admin.compiled import CompiledQuery, slot
from crm_admin.entities.values import put
from crm_admin.i18n import gettext, lazy_gettext, lazy_pgettext
from crm_admin.kinds import Choice, Reader
from crm_admin.registry import EntityDef, Record, Section, define, fields, make

WEEKDAYS = (
    Choice("1", lazy_gettext("Monday")),
    Choice("2", lazy_gettext("Tuesday")),
    Choice("3", lazy_gettext("Wednesday")),
    Choice("4", lazy_gettext("Thursday")),
    Choice("5", lazy_gettext("Friday")),
    Choice("6", lazy_gettext("Saturday")),
    Choice("7", lazy_gettext("Sunday")),
)
"""Keys as in ISO 8601."""


class OpeningHours(Record):
    class Meta:
        table_name = "opening_hours"

    def derive(self, reader: Reader) -> None:
        day = next((str(choice.label) for choice in WEEKDAYS if choice.key == self.weekday), "")
        span = f"{self.opens:%H:%M}-{self.closes:%H:%M}" if self.opens and self.closes else ""
        put(self, "name", f"{day} {span}".strip() or None)

    def check(self, reader: Reader) -> dict[str, str]:
        if self.opens is not None and self.closes is not None and self.closes <= self.opens:
            return {"closes": gettext("This is before it opens. Divide a night into two days.")}
        return {}


_of_queue = CompiledQuery(
    OpeningHours,
    lambda: OpeningHours.select().where(
        OpeningHours.queue == slot("queue"), OpeningHours.deleted_at.is_null()
    ),
)


def is_open(queue: Any, local: datetime) -> bool:
    """Whether a queue is answered at `local`, the wall-clock time of the company; holidays are closed."""
    spans = _of_queue(queue=queue.id)
    if is_holiday(local.date()):
        return False
    today, now = str(local.isoweekday()), local.time()
    return not spans or any(s.weekday == today and s.opens <= now < s.closes for s in spans)


OPENING_HOURS = define(
    EntityDef(
        key="opening_hours",
        model=OpeningHours,
        label=lazy_gettext("Opening hours"),
        plural=lazy_gettext("Opening hours"),
        icon="clock",
        access="setup",
        owned=False,
        has_history=False,
        default_sort="weekday",
        fields=fields(
            make("name", "text", lazy_gettext("Name"), system=True, max_length=80),
            make("queue", "link", lazy_gettext("Queue"), target="queue", required=True),
            make("weekday", "choice", lazy_pgettext("weekday", "Day"), choices=WEEKDAYS, required=True),
            make("opens", "time", lazy_gettext("Opens"), required=True),
            make("closes", "time", lazy_gettext("Closes"), required=True),
        ),
        list_columns=("name", "queue", "weekday", "opens", "closes"),
        sections=(Section(lazy_gettext("Opening hours"), ("queue", "weekday", "opens", "closes")),),
        header=("queue",),
        quick=("queue", "weekday", "opens", "closes"),
        module="call_center",
    )
)
