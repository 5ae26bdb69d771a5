"""Numbers, percentages and money as people of three languages write them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import peewee
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_admin.kinds import KINDS, FieldDef, Invalid, Kind
from crm_admin.kinds.decimal import ScaledField
from crm_admin.kinds.money import Money, currencies, places
from crm_admin.kinds.numerals import DIGITS, number, spelled
from tests.crm_admin.kinds.stage import reader


def field(kind: str, **options: Any) -> FieldDef:
    return FieldDef("f", KINDS[kind], "F", options=options)


def parsed(kind: str, raw: Any, language: str = "en", currency: str = "VND", **options: Any) -> Any:
    definition = field(kind, **options)
    return definition.kind.parse(raw, definition, reader(language, currency=currency))


@pytest.mark.parametrize(
    ("raw", "language", "decimals", "value"),
    [
        ("1234.5", "en", 2, "1234.5"),
        ("1,234.50", "en", 2, "1234.5"),
        ("1,234,567", "en", 2, "1234567"),
        ("1,234", "en", 2, "1234"),
        ("1.5", "en", 2, "1.5"),
        (".5", "en", 2, "0.5"),
        ("5.", "en", 2, "5"),
        ("1.234", "en", 3, "1.234"),
        ("1,234", "en", 3, "1234"),
        ("1.234,5", "vi", 2, "1234.5"),
        ("1.234", "vi", 2, "1234"),
        ("1.234.567", "vi", 2, "1234567"),
        ("1234,5", "vi", 2, "1234.5"),
        ("1,234", "vi", 3, "1.234"),
        ("0.123", "vi", 3, "0.123"),
        ("1.2340", "vi", 3, "1.234"),
        ("1.5", "vi", 2, "1.5"),  # no group of one digit: only the plain reading is left
        ("1,234.5", "vi", 2, "1234.5"),
        ("1.234.567", "en", 2, "1234567"),
        ("1.234,5", "en", 2, "1234.5"),
        ("1234,5", "en", 2, "1234.5"),
        ("1 234 567,8", "vi", 2, "1234567.8"),
        ("1\u00a0234", "en", 2, "1234"),
        ("1\u202f234.5", "en", 2, "1234.5"),
        ("1'234", "en", 2, "1234"),
        ("１２３４．５", "zh", 2, "1234.5"),
        ("−5", "en", 2, "-5"),
        ("- 5", "en", 2, "-5"),
        ("+5", "en", 2, "5"),
        ("-0", "en", 2, "0"),
        ("007", "en", 2, "7"),
        (5, "vi", 2, "5"),
        (0.1, "vi", 2, "0.1"),
        (1.234, "vi", 3, "1.234"),
        (1e14, "en", 0, "100000000000000"),
    ],
)
def test_numbers_are_read(raw: Any, language: str, decimals: int, value: str) -> None:
    assert number(raw, language, decimals) == Decimal(value)


@pytest.mark.parametrize(
    ("raw", "language", "decimals"),
    [
        ("1.234", "en", 2),  # a thousand to some, one and a bit to others: too fine to be the latter here
        ("1.000", "en", 0),
        ("1,234", "vi", 2),
        ("1.234", "vi", 3),  # thousands, or a program's thousandths
        ("1.23", "en", 1),
        ("1.5", "en", 0),
        ("12,34,567", "en", 2),
        ("1,2345,678", "en", 2),
        ("1.2.3", "en", 2),
        ("1,234.567.890", "en", 2),
        ("1 23", "en", 2),
        ("1 234 56", "en", 2),
        ("12 34", "en", 2),
        ("", "en", 2),
        ("-", "en", 2),
        (".", "en", 2),
        ("1e5", "en", 2),
        ("1_000_00", "en", 2),
        ("NaN", "en", 2),
        ("∞", "en", 2),
        ("0x1f", "en", 2),
        ("٣", "en", 2),
        ("½", "en", 2),
        ("twelve", "en", 2),
        ("9" * 41, "en", 2),
        ("9" * 16, "en", 0),
        (10**15, "en", 0),
        (1e300, "en", 2),
        (5e-324, "en", 2),
        (0.001, "en", 2),
        (float("nan"), "en", 2),
        (float("-inf"), "en", 2),
        (True, "en", 0),
        ([1], "en", 0),
    ],
)
def test_numbers_are_refused_with_a_reason(raw: Any, language: str, decimals: int) -> None:
    with pytest.raises(Invalid) as refused:
        number(raw, language, decimals)
    assert len(str(refused.value)) > 10


def test_the_reason_names_both_readings() -> None:
    with pytest.raises(Invalid, match="write 1,234 or 1234"):
        number("1.234", "en", 2)
    with pytest.raises(Invalid, match="write 1234 or 1,234"):
        number("1.234", "vi", 3)


@given(st.integers(-(10**DIGITS) + 1, 10**DIGITS - 1), st.integers(0, 6), st.sampled_from(("en", "vi", "zh")))
def test_what_is_spelled_is_read_back(digits: int, decimals: int, language: str) -> None:
    value = Decimal(digits).scaleb(-decimals)
    assert number(spelled(value, language, decimals), language, decimals) == value


@given(st.integers(-(10**DIGITS) + 1, 10**DIGITS - 1), st.integers(0, 6), st.sampled_from(("en", "vi", "zh")))
def test_a_json_number_is_exact_in_every_language(digits: int, decimals: int, language: str) -> None:
    definition = field("decimal", decimals=decimals)
    value = Decimal(digits).scaleb(-decimals)
    dumped = definition.kind.dump(value, definition)
    assert definition.kind.parse(dumped, definition, reader(language)) == value


def test_whole_numbers_keep_to_their_bounds() -> None:
    assert parsed("integer", "1.234", "vi") == 1234
    assert parsed("integer", 5.0, minimum=0, maximum=5) == 5
    for raw in ("6", -1, 5.5, "5.5"):
        with pytest.raises(Invalid):
            parsed("integer", raw, minimum=0, maximum=5)


def test_decimals_are_scaled_integers() -> None:
    column = ScaledField(3)
    assert column.db_value(Decimal("-1.5")) == -1500
    assert column.python_value(-1500) == Decimal("-1.5")
    assert column.db_value(None) is None
    assert isinstance(column, peewee.BigIntegerField)


@pytest.mark.parametrize(
    ("raw", "language", "value"),
    [
        ("12.5%", "en", "12.5"),
        ("12,5 %", "vi", "12.5"),
        ("100", "zh", "100"),
        ("５０％", "zh", "50"),
        (0, "en", "0"),
    ],
)
def test_percentages(raw: Any, language: str, value: str) -> None:
    assert parsed("percent", raw, language) == Decimal(value)


def test_percentages_lie_between_0_and_100_unless_the_field_says_otherwise() -> None:
    for raw in ("100.01", "-1", "%", "5%%", "%5"):
        with pytest.raises(Invalid):
            parsed("percent", raw)
    assert parsed("percent", "250%", maximum=None) == 250
    kind: Kind = KINDS["percent"]
    assert kind.format(Decimal("12.50"), field("percent"), reader("vi")) == "12,50\u00a0%"


@pytest.mark.parametrize(
    ("raw", "language", "value"),
    [
        ("1.234.567 ₫", "vi", Money(1_234_567, "VND")),
        ("1.234.567 ₫", "en", Money(1_234_567, "VND")),
        ("1,234,567đ", "en", Money(1_234_567, "VND")),
        ("1.500.000 VNĐ", "vi", Money(1_500_000, "VND")),
        ("500000 đồng", "vi", Money(500_000, "VND")),
        ("1,234.50 USD", "en", Money(123_450, "USD")),
        ("USD 1234.5", "vi", Money(123_450, "USD")),
        ("1234,5 usd", "vi", Money(123_450, "USD")),
        ("$1,234.50", "en", Money(123_450, "USD")),
        ("-$5", "en", Money(-500, "USD")),
        ("$-5", "en", Money(-500, "USD")),
        ("- $ 5.25", "en", Money(-525, "USD")),
        ("US$5", "vi", Money(500, "USD")),
        ("￥１２．５", "zh", Money(1250, "CNY")),
        ("12.5元", "zh", Money(1250, "CNY")),
        ("€ 3,50", "vi", Money(350, "EUR")),
        ("1.234,567 KWD", "vi", Money(1_234_567, "KWD")),
        (1500, "en", Money(1500, "VND")),
        ("1500", "en", Money(1500, "VND")),
        ({"amount": "1.500", "currency": "VND"}, "vi", Money(1500, "VND")),
        ({"amount": "$5", "currency": "USD"}, "en", Money(500, "USD")),
        ({"amount": 12.34, "currency": "usd"}, "vi", Money(1234, "USD")),
        ({"": 12.34, "currency": "USD"}, "vi", Money(1234, "USD")),
        ({"amount": "", "currency": "USD"}, "vi", None),
        ({"amount": None}, "vi", None),
        ("999,999,999,999,999 VND", "en", Money(999_999_999_999_999, "VND")),
    ],
)
def test_money_is_read(raw: Any, language: str, value: Money | None) -> None:
    assert parsed("money", raw, language) == value


@pytest.mark.parametrize(
    ("raw", "language"),
    [
        ("1.234 USD", "en"),
        ("1,234 USD", "vi"),
        ("1.5 VND", "en"),
        ("0.001 USD", "en"),
        ("¥5", "en"),
        ("5 XYZ", "en"),
        ("5 VNN", "en"),  # a currency of the past
        ("USD 5 VND", "en"),
        ("5 $ 6", "en"),
        ("USD", "en"),
        ("1e5 USD", "en"),
        ("NaN USD", "en"),
        ("5 5 USD", "en"),
        ({"amount": "5 USD", "currency": "VND"}, "en"),
        ({"amount": True, "currency": "VND"}, "en"),
        ({"amount": "5", "currency": 5}, "en"),
        ({"amount": float("inf"), "currency": "USD"}, "en"),
        ("1000000000000000", "en"),
        (["5"], "en"),
        (True, "en"),
    ],
)
def test_money_is_refused_with_a_reason(raw: Any, language: str) -> None:
    with pytest.raises(Invalid) as refused:
        parsed("money", raw, language)
    assert len(str(refused.value)) > 10


def test_a_dollar_is_the_usual_one() -> None:
    assert parsed("money", "$5", currency="AUD") == Money(500, "AUD")
    assert parsed("money", "¥5", currency="JPY") == Money(5, "JPY")


def test_a_field_may_have_one_currency_and_a_least_amount() -> None:
    assert parsed("money", "5", currency="VND") == Money(5, "VND")
    definition = field("money", currency="USD", minimum=0)
    assert definition.kind.parse("5", definition, reader()) == Money(500, "USD")
    for raw in ("5 EUR", "-1"):
        with pytest.raises(Invalid):
            definition.kind.parse(raw, definition, reader())


def test_money_is_shown_as_each_language_does() -> None:
    kind, definition = KINDS["money"], field("money")
    assert kind.format(Money(1_234_567, "VND"), definition, reader("vi")) == "1.234.567\u00a0₫"
    assert kind.format(Money(1_234_567, "VND"), definition, reader("en")) == "₫1,234,567"
    assert kind.format(Money(-123_450, "USD"), definition, reader("vi")) == "-1.234,50\u00a0US$"


@given(
    st.integers(-(10**DIGITS) + 1, 10**DIGITS - 1),
    st.sampled_from(sorted(currencies())),
    st.sampled_from(("en", "vi", "zh")),
)
def test_money_survives_its_form_and_its_dump(minor: int, currency: str, language: str) -> None:
    definition, who = field("money"), reader(language)
    value = Money(minor, currency)
    kind = definition.kind
    assert kind.parse(kind.draft(value, definition, who), definition, who) == value
    assert kind.parse(kind.dump(value, definition), definition, who) == value
    assert places(currency) in range(5)
