"""Periodic work: each slot of the clock becomes one job, however many workers look at the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from peewee import BigAutoField, DateTimeField, TextField, fn

from crm_admin import clock
from crm_admin.db import Table, database
from crm_admin.jobs import job as rows

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)


class ScheduledSlot(Table):
    """A slot (its start, UTC) that has been turned into a job. The unique index is what makes it happen once."""

    id = BigAutoField()
    name = TextField()
    slot = DateTimeField()

    class Meta:
        table_name = "sys_schedule"
        indexes = ((("name", "slot"), True),)


@dataclass(frozen=True)
class Period:
    """Every so many seconds from the epoch, or once a day at a local time."""

    seconds: int | None
    at: time | None

    def slot(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The start (UTC, naive) of the slot that `now` (UTC, naive) lies in."""
        if self.seconds is not None:
            return now - (now - _EPOCH) % timedelta(seconds=self.seconds)
        local = now.replace(tzinfo=UTC).astimezone(zone)
        begin = self._on(local, zone)
        return begin if begin <= now else self._on(local - timedelta(days=1), zone)

    def _on(self, day: datetime, zone: ZoneInfo) -> datetime:
        assert self.at is not None
        return datetime.combine(day.date(), self.at, zone).astimezone(UTC).replace(tzinfo=None)


_periods: dict[str, Period] = {}


def every(name: str, *, seconds: int | None = None, at: str | None = None) -> None:
    """Run the job `name` (payload `{}`) every `seconds`, or daily `at` "HH:MM" in the company's time zone.

    A slot runs once over all workers, also when the clock jumps. Of slots missed while no worker ran, only the
    last is made up for; a slot is passed over while the job of the one before is unfinished.
    Raises ValueError unless exactly one of the two is given and makes sense.
    """
    if (seconds is None) == (at is None):
        raise ValueError(f"{name}: give either seconds or at")
    if seconds is not None and seconds < 1:
        raise ValueError(f"{name}: a period is at least one second")
    _periods[name] = Period(seconds, None if at is None else time.fromisoformat(at))


class Timekeeper:
    """Turns the slots of one process's view of the clock into jobs; touches the database only when one begins."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._done: dict[str, datetime] = {}

    def tick(self) -> None:
        """Enqueue every periodic job whose present slot nobody has taken."""
        now = clock.now()
        for name, period in _periods.items():
            slot = period.slot(now, self.zone)
            if self._done.get(name) != slot:
                _take(name, slot)
                self._done[name] = slot


def prune(before: datetime) -> int:
    """Forget slots that began before the moment, except the last one of each name."""
    last = ScheduledSlot.select(fn.MAX(ScheduledSlot.slot)).group_by(ScheduledSlot.name)
    with database.atomic():
        gone = ScheduledSlot.delete().where((ScheduledSlot.slot < before) & ScheduledSlot.slot.not_in(last))
        return int(gone.execute())


def _take(name: str, slot: datetime) -> None:
    with database.atomic():
        fresh = ScheduledSlot.insert(name=name, slot=slot).on_conflict_ignore().returning(ScheduledSlot.id)
        if list(fresh.tuples().execute()):
            rows.enqueue(name, {}, key=f"every:{name}")
