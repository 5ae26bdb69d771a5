"""When people in an office do things: Monday to Saturday, from eight, with a break at noon."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

_SUNDAY = 6
_OPENS, _BREAK, _BACK, _CLOSES = (8 * 60, 12 * 60, 13 * 60 + 30, 17 * 60 + 30)
_MORNING = _BREAK - _OPENS
_MINUTES = _MORNING + _CLOSES - _BACK


def moment(rng: Random, day: date, zone: str) -> datetime:
    """Some moment (UTC, naive) of `day` at which an office in `zone` works; the next day where `day` is a Sunday."""
    minute = int(rng.random() * _MINUTES)
    minute += _OPENS if minute < _MORNING else _BACK - _MORNING
    return on(working(day), minute // 60, minute % 60, zone).replace(second=int(rng.random() * 60))


def later(rng: Random, than: datetime, days: float, zone: str) -> datetime:
    """Some working moment about `days` days after `than` (UTC), never before it."""
    day = local_day(than + timedelta(days=days), zone)
    found = moment(rng, day, zone)
    if found > than:
        return found
    return moment(rng, day + timedelta(days=1), zone)


def on(day: date, hour: int, minute: int, zone: str) -> datetime:
    """The UTC moment of a wall-clock time."""
    aware = datetime.combine(day, time(hour, minute), ZoneInfo(zone))
    return aware.astimezone(UTC).replace(tzinfo=None)


def local_day(instant: datetime, zone: str) -> date:
    """The calendar day of a UTC moment in `zone`."""
    return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def working(day: date) -> date:
    """`day`, or the Monday after it where it is a Sunday."""
    return day + timedelta(days=1) if day.weekday() == _SUNDAY else day


def week_of(day: date) -> list[date]:
    """The six working days of the week of `day`; of the coming week where `day` is a Sunday."""
    start = working(day) - timedelta(days=working(day).weekday())
    return [start + timedelta(days=n) for n in range(_SUNDAY)]
