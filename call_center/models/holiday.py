"""A day on which nobody answers. The lunar new year moves: holidays are rows, never rules."""

from __future__ import annotations

from datetime import date

from crm_admin.i18n import lazy_gettext
from crm_admin.registry import EntityDef, Record, Section, define, fields, make


class Holiday(Record):
    pass


def is_holiday(day: date) -> bool:
    """Whether the company is closed on that day of its own calendar."""
    return Holiday.select(Holiday.id).where(Holiday.day == day, Holiday.deleted_at.is_null()).exists()


HOLIDAY = define(
    EntityDef(
        key="holiday",
        model=Holiday,
        label=lazy_gettext("Holiday"),
        plural=lazy_gettext("Holidays"),
        icon="calendar-event",
        access="setup",
        menu="setup",
        owned=False,
        has_history=False,
        default_sort="day",
        fields=fields(
            make("name", "text", lazy_gettext("Name"), required=True, max_length=80),
            make("day", "date", lazy_gettext("Day"), required=True),
        ),
        list_columns=("name", "day"),
        sections=(Section(lazy_gettext("Holiday"), ("name", "day")),),
        header=("day",),
        quick=("name", "day"),
        module="call_center",
    )
)
