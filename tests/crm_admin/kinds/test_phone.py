"""Phone numbers as people write them, and finding a caller by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crm_admin.config import Config, DatabaseSettings
from crm_admin.kinds import KINDS, FieldDef, Invalid
from crm_admin.kinds.phone import Match, Phone, PhoneIndex, aliases, lookup
from tests.connected import connected
from tests.crm_admin.kinds.stage import reader

FIELD = FieldDef("mobile", KINDS["phone"], "Mobile")


def parsed(raw: Any, country: str = "VN") -> Any:
    return FIELD.kind.parse(raw, FIELD, reader(country=country))


@pytest.mark.parametrize(
    ("raw", "country", "e164", "extension"),
    [
        ("0912345678", "VN", "+84912345678", ""),
        ("0912 345 678", "VN", "+84912345678", ""),
        ("0912.345.678", "VN", "+84912345678", ""),
        ("(024) 3822-3344", "VN", "+842438223344", ""),
        ("+84 (0)24 3822 3344", "US", "+842438223344", ""),
        ("84912345678", "VN", "+84912345678", ""),
        ("0084 912 345 678", "VN", "+84912345678", ""),
        ("０９１２３４５６７８", "VN", "+84912345678", ""),
        (912345678, "VN", "+84912345678", ""),
        (912345678.0, "VN", "+84912345678", ""),  # a spreadsheet that took it for a number
        ("tel:+84912345678;ext=5", "VN", "+84912345678", "5"),
        ("024 3822 3344 ext. 12", "VN", "+842438223344", "12"),
        ("024 3822 3344 máy lẻ 12", "VN", "+842438223344", "12"),
        ("010 1234 5678 分机 801", "CN", "+861012345678", "801"),
        ("024 3822 3344 x12", "VN", "+842438223344", "12"),
        ("138 0013 8000", "CN", "+8613800138000", ""),
        ("(650) 253-0000", "US", "+16502530000", ""),
        ("19001234", "VN", "+8419001234", ""),
        ("0120 123 4567", "VN", "+841201234567", ""),
        ({"raw": "0912 345 678", "e164": "+84912345678"}, "US", "+84912345678", ""),
        ({"e164": "+84912345678", "extension": "12"}, "VN", "+84912345678", "12"),
        ({"": "0912345678", "e164": "", "extension": ""}, "VN", "+84912345678", ""),
    ],
)
def test_numbers_are_read_from_the_record_s_country(
    raw: Any, country: str, e164: str, extension: str
) -> None:
    value = parsed(raw, country)
    assert (value.e164, value.extension) == (e164, extension)


@pytest.mark.parametrize(
    "raw",
    [
        "113",
        "12345",
        "0912345678901234567",
        "abc",
        "1800FLOWERS",
        "0912345678 (anh Nam)",
        "0912345678 / 0987654321",
        "0912345678, 0987654321",
        "+999 123 456 789",
        "+",
        "0" * 61,
        ["0912345678"],
        True,
        {"e164": "0912345678"},
        {"e164": "+84912345678", "extension": "x"},
        {"number": "0912345678"},
    ],
)
def test_impossible_numbers_are_refused_with_a_reason(raw: Any) -> None:
    with pytest.raises(Invalid) as refused:
        parsed(raw)
    assert len(str(refused.value)) > 10


def test_what_was_typed_is_kept_unless_it_says_another_number() -> None:
    assert parsed(" 0912  345 678 ").raw == "0912 345 678"
    assert parsed({"raw": "0987 654 321", "e164": "+84912345678"}).raw == "+84 912 345 678"


def test_numbers_are_shown_in_the_national_form_at_home_only() -> None:
    value = parsed("0912345678")
    assert FIELD.kind.format(value, FIELD, reader(country="VN")) == "0912 345 678"
    assert FIELD.kind.format(value, FIELD, reader(country="US")) == "+84 912 345 678"


def test_a_page_can_dial() -> None:
    html = str(FIELD.kind.html(parsed("024 3822 3344 ext 12"), FIELD, reader()))
    assert 'href="tel:+842438223344;ext=12"' in html
    assert 'data-phone="+842438223344"' in html


def test_the_control_shows_a_number_that_means_the_same_where_it_is_read() -> None:
    value = parsed("0912 345 678")
    assert FIELD.kind.draft(value, FIELD, reader(country="VN")) == "0912 345 678"
    abroad = FIELD.kind.draft(value, FIELD, reader(country="US"))
    assert parsed(abroad, "US").e164 == value.e164


def test_a_record_is_found_by_any_spelling_of_its_digits() -> None:
    assert FIELD.kind.fold_source(parsed("+84 912 345 678"), FIELD) == ["84912345678", "0912345678"]


def test_viet_nam_s_change_of_2018() -> None:
    assert aliases("+841201234567") == ["+841201234567", "+84701234567"]
    assert aliases("+84701234567") == ["+84701234567", "+841201234567"]
    assert aliases("+841691234567")[1] == "+84391234567"
    assert aliases("+84912345678") == ["+84912345678"]
    assert aliases("+12015550123") == ["+12015550123"]


@pytest.fixture
def numbers(database_url: str) -> Iterator[None]:
    with connected(Config(database=DatabaseSettings(url=database_url)), [PhoneIndex]):
        for record_id, typed in enumerate(
            ("0912345678", "0120 123 4567", "+44 20 7946 0958", "+1 291 234 5678"), start=1
        ):
            FIELD.kind.after_save("contact", record_id, FIELD, parsed(typed))
        yield


@pytest.mark.usefixtures("numbers")
def test_a_caller_is_found() -> None:
    assert lookup("+84912345678", "VN") == [
        Match("contact", 1, "mobile", "exact"),
        Match("contact", 4, "mobile", "possible"),  # another country, the same last eight digits
    ]
    assert lookup("0912345678", "VN")[0] == Match("contact", 1, "mobile", "exact")
    assert lookup("0701234567", "VN")[0] == Match("contact", 2, "mobile", "exact")
    assert lookup("912345678", "US") == [
        Match("contact", 1, "mobile", "possible"),
        Match("contact", 4, "mobile", "possible"),
    ]
    for nobody in ("anonymous", "", "113", "+84999999999", "\x00", "9" * 500):
        assert lookup(nobody, "VN") == []


@pytest.mark.usefixtures("numbers")
def test_a_changed_number_is_no_longer_found_under_the_old_one() -> None:
    FIELD.kind.after_save("contact", 1, FIELD, Phone("0987654321", "+84987654321"))
    assert lookup("0987654321", "VN")[0].record_id == 1
    assert 1 not in [match.record_id for match in lookup("0912345678", "VN")]
    FIELD.kind.after_save("contact", 1, FIELD, None)
    assert lookup("0987654321", "VN") == []
