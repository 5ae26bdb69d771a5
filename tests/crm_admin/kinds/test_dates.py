"""Days, times of day and moments as people of three languages write them, across clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_admin.kinds import KINDS, FieldDef, Invalid
from tests.crm_admin.kinds.stage import reader


def parsed(kind: str, raw: Any, language: str = "en", timezone: str = "Asia/Ho_Chi_Minh") -> Any:
    definition = FieldDef("f", KINDS[kind], "F")
    return definition.kind.parse(raw, definition, reader(language, timezone=timezone))


LEAP = date(2024, 2, 29)


@pytest.mark.parametrize(
    ("raw", "language"),
    [
        ("2024-02-29", "en"),
        ("2024-2-29", "vi"),
        ("2024/02/29", "zh"),
        ("2024.2.29", "en"),
        ("2024年2月29日", "zh"),
        ("２０２４年２月２９日", "zh"),
        ("29/2/2024", "vi"),
        ("29-02-2024", "vi"),
        ("29.2.2024", "en"),
        ("29/2/2024", "en"),
        ("2/29/2024", "en"),
        ("29 Feb 2024", "en"),
        ("Feb 29, 2024", "en"),
        ("February 29 2024", "vi"),
        ("29-FEB-2024", "en"),
        ("29 thg 2, 2024", "vi"),
        ("ngày 29 tháng 2 năm 2024", "vi"),
        (LEAP, "en"),
        (datetime(2024, 2, 29), "en"),
        ("  2024-02-29 ", "en"),
    ],
)
def test_days_are_read(raw: Any, language: str) -> None:
    assert parsed("date", raw, language) == LEAP


def test_the_same_digits_are_a_different_day_in_each_language_or_none() -> None:
    assert parsed("date", "3/4/2024", "vi") == date(2024, 4, 3)
    assert parsed("date", "3/3/2024", "en") == date(2024, 3, 3)
    with pytest.raises(Invalid, match="2024-02-29"):
        parsed("date", "3/4/2024", "en")


@pytest.mark.parametrize(
    "raw",
    [
        "2023-02-29",
        "2024-13-01",
        "29/2/24",
        "0999-12-31",
        "10000-01-01",
        "2/30/2024",
        "Foo 1, 2024",
        "yesterday",
        "45351",
        45351,
        1.5,
        True,
        datetime(2024, 2, 29, 1),
        date(999, 12, 31),
        "2024-02-29T00:00",
        "٢٠٢٤-02-29",
    ],
)
def test_days_are_refused(raw: Any) -> None:
    with pytest.raises(Invalid):
        parsed("date", raw)


@given(st.dates(date(1000, 1, 1)), st.sampled_from(("en", "vi", "zh")))
def test_a_day_is_read_as_it_is_shown(day: date, language: str) -> None:
    definition = FieldDef("f", KINDS["date"], "F")
    assert parsed("date", definition.kind.format(day, definition, reader(language)), language) == day


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("13:14", time(13, 14)),
        ("13:14:15", time(13, 14, 15)),
        ("1:14 pm", time(13, 14)),
        ("1.14PM", time(13, 14)),
        ("12:00 am", time(0, 0)),
        ("12 pm", time(12, 0)),
        ("13h14", time(13, 14)),
        ("13h", time(13, 0)),
        ("下午1:14", time(13, 14)),
        ("上午9点", time(9, 0)),
        ("下午1点14分", time(13, 14)),
        ("1:14 chiều", time(13, 14)),
        ("8h sáng", time(8, 0)),
        ("１３：１４", time(13, 14)),
        ("1:14\u202fPM", time(13, 14)),
        (time(13, 14, 15, 9), time(13, 14, 15)),
    ],
)
def test_times_are_read(raw: Any, value: time) -> None:
    assert parsed("time", raw) == value


@pytest.mark.parametrize(
    "raw", ["24:00", "13:60", "13", "13:1", "13:14 pm", "0 am", "noon", "1:2:3", "上午 9 pm", 13, 0.5]
)
def test_times_are_refused(raw: Any) -> None:
    with pytest.raises(Invalid):
        parsed("time", raw)


@pytest.mark.parametrize(
    ("raw", "language", "moment"),
    [
        ("2024-02-29T13:14", "en", "2024-02-29T06:14:00"),
        ("2024-02-29 13:14:15", "vi", "2024-02-29T06:14:15"),
        ("2024-02-29T13:14:15.250", "en", "2024-02-29T06:14:15.250000"),
        ("2024-02-29T13:14Z", "en", "2024-02-29T13:14:00"),
        ("2024-02-29T13:14:00+0530", "en", "2024-02-29T07:44:00"),
        ("2024-02-29t13:14:00-08:00", "en", "2024-02-29T21:14:00"),
        ("29/2/2024 13:14", "vi", "2024-02-29T06:14:00"),
        ("13:14 29/2/2024", "vi", "2024-02-29T06:14:00"),
        ("13h14 29/02/2024", "vi", "2024-02-29T06:14:00"),
        ("2024年2月29日 下午1:14", "zh", "2024-02-29T06:14:00"),
        ("Feb 29, 2024, 1:14\u202fPM", "en", "2024-02-29T06:14:00"),
        (datetime(2024, 2, 29, 13, 14), "en", "2024-02-29T06:14:00"),
        (datetime(2024, 2, 29, 13, 14, tzinfo=UTC), "en", "2024-02-29T13:14:00"),
    ],
)
def test_moments_are_read(raw: Any, language: str, moment: str) -> None:
    assert parsed("datetime", raw, language) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    "raw",
    [
        "2024-02-29",
        "2024-02-30T10:00",
        "2024-02-29T25:00",
        "13:14",
        "3/4/2024 10:00",
        "1000-01-01T00:00Z",
        "9999-12-31T23:00Z",
        "0001-01-01T00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "2024-02-29T10:00+25:00",
        1709200000,
        date(2024, 2, 29),
        "now",
    ],
)
def test_moments_are_refused(raw: Any) -> None:
    with pytest.raises(Invalid):
        parsed("datetime", raw)


def test_a_time_that_the_clocks_skip_is_refused() -> None:
    with pytest.raises(Invalid, match="skip"):
        parsed("datetime", "2024-03-31T02:30", timezone="Europe/Berlin")


def test_a_time_that_occurs_twice_is_the_first() -> None:
    assert parsed("datetime", "2024-10-27T02:30", timezone="Europe/Berlin") == datetime(2024, 10, 27, 0, 30)


def test_the_second_of_two_equal_hours_survives_a_spreadsheet() -> None:
    definition, who = FieldDef("f", KINDS["datetime"], "F"), reader(timezone="Europe/Berlin")
    second = datetime(2024, 10, 27, 1, 30)
    cells = definition.kind.cells(second, definition, who)
    assert cells == {"": "2024-10-27 02:30:00+01:00"}
    assert definition.kind.parse(cells, definition, who) == second


@given(
    st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30)),
    st.sampled_from(("UTC", "Asia/Ho_Chi_Minh", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati")),
    st.sampled_from(("en", "vi", "zh")),
)
def test_moments_survive_every_way_out(moment: datetime, timezone: str, language: str) -> None:
    definition, who = FieldDef("f", KINDS["datetime"], "F"), reader(language, timezone=timezone)
    kind = definition.kind
    assert kind.parse(kind.dump(moment, definition), definition, who) == moment
    assert kind.parse(kind.cells(moment, definition, who), definition, who) == moment
    assert kind.html(moment, definition, who)
    minute = moment.replace(second=0, microsecond=0)
    local = minute.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone))
    offset = local.utcoffset() or timedelta()
    if local.fold == 0 and not offset % timedelta(minutes=1):  # local mean time had seconds
        assert kind.parse(kind.format(minute, definition, who), definition, who) == minute
