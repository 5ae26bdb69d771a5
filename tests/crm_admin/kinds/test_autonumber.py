"""Automatic numbers: in order, without gaps, never twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from crm_admin import clock
from crm_admin.config import Config, DatabaseSettings
from crm_admin.db import connection, database
from crm_admin.forms import build
from crm_admin.kinds import KINDS, FieldDef, Invalid
from crm_admin.kinds.autonumber import Sequence, draw
from tests.connected import connected
from tests.crm_admin.kinds.stage import reader


def field(pattern: str) -> FieldDef:
    return FieldDef("number", KINDS["autonumber"], "Number", options={"pattern": pattern})


@pytest.fixture
def sequences(database_url: str) -> Iterator[None]:
    with connected(Config(database=DatabaseSettings(url=database_url)), [Sequence]):
        yield


def settled(definition: FieldDef, value: Any = None, new: bool = True) -> Any:
    with database.atomic():
        return definition.kind.settle(value, "case", definition, reader(), new=new)


@pytest.mark.usefixtures("sequences")
def test_numbers_follow_each_other_and_begin_again_with_the_year() -> None:
    yearly, plain = field("CASE-{year}-{number:05d}"), field("{number}")
    with clock.at(datetime(2026, 12, 31, 16, 59)):
        assert [settled(yearly) for _ in range(2)] == ["CASE-2026-00001", "CASE-2026-00002"]
    with clock.at(datetime(2026, 12, 31, 17, 0)):  # midnight in Ho Chi Minh City
        assert settled(yearly) == "CASE-2027-00001"
    assert [settled(plain), settled(plain)] == ["1", "2"]


@pytest.mark.usefixtures("sequences")
def test_a_record_keeps_its_number_and_a_new_one_takes_none_from_people() -> None:
    assert settled(field("{number}"), "17", new=False) == "17"
    assert settled(field("{number}"), "17") == "1"


@pytest.mark.usefixtures("sequences")
def test_a_number_that_was_not_used_is_given_again() -> None:
    with database.atomic() as transaction:
        draw("a")
        transaction.rollback()
    with database.atomic():
        assert draw("a") == 1


@pytest.mark.usefixtures("sequences")
def test_numbers_are_drawn_in_a_transaction_only() -> None:
    with pytest.raises(RuntimeError):
        draw("a")


@pytest.mark.usefixtures("sequences")
def test_writers_at_the_same_time_get_every_number_once() -> None:
    def one_writer(which: int) -> list[int]:
        found = []
        with connection():
            for turn in range(25):
                try:
                    with database.atomic():
                        number = draw("busy")
                        if (turn + which) % 5 == 0:
                            raise ZeroDivisionError
                    found.append(number)
                except ZeroDivisionError:
                    continue
        return found

    with ThreadPoolExecutor(4) as pool:
        drawn = [number for numbers in pool.map(one_writer, range(4)) for number in numbers]
    assert sorted(drawn) == list(range(1, 81))


def test_people_cannot_set_it() -> None:
    definition = field("{number}")
    form = build([definition], reader())(MultiDict({"number": "99"}), data={"number": "1"})
    assert form["number"].data == "1"
    assert "readonly" in str(form["number"]())


def test_only_what_the_pattern_makes_is_such_a_number() -> None:
    definition = field("C.{year}-{number:03d}/A")
    assert definition.kind.parse("C.2026-001/A", definition, reader()) == "C.2026-001/A"
    assert definition.kind.parse("C.2026-12345/A", definition, reader()) == "C.2026-12345/A"
    for raw in ("Cx2026-001/A", "C.2026-01/A", "C.2026-001", "1"):
        with pytest.raises(Invalid, match="C\\."):
            definition.kind.parse(raw, definition, reader())
