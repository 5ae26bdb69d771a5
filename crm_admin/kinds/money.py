"""An amount of money: integer minor units and an ISO currency, never a float."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, reduce
from random import Random
from typing import Any

import peewee
from babel.core import get_global
from babel.numbers import format_currency, get_currency_precision
from peewee import Expression, Node, fn

from crm_admin.i18n import babel_locale, gettext, lazy_gettext
from crm_admin.kinds.base import (
    FieldDef,
    Invalid,
    Kind,
    Raw,
    Reader,
    is_blank,
    listed,
    register,
    text_of,
)
from crm_admin.kinds.numerals import DIGITS, number, plain, spelled

_SIGNS = {
    "₫": "VND", "đ": "VND", "vnđ": "VND", "đồng": "VND", "dong": "VND", "us$": "USD", "usd$": "USD", "€": "EUR",
    "£": "GBP", "cn¥": "CNY", "rmb": "CNY", "元": "CNY", "人民币": "CNY", "jp¥": "JPY", "円": "JPY", "₩": "KRW",
    "฿": "THB", "₹": "INR", "₱": "PHP", "a$": "AUD", "s$": "SGD", "hk$": "HKD", "nt$": "TWD", "ca$": "CAD",
}  # fmt: skip
_DOLLARS = ("USD", "AUD", "CAD", "HKD", "NZD", "SGD", "TWD")
_FIRST = ("VND", "USD", "EUR", "CNY", "JPY")
_YUANS = ("CNY", "JPY")
_PARTS = re.compile(r"(?P<before>[^0-9.,+\-]*)(?P<number>[0-9.,+\- '’_]*)(?P<after>[^0-9.,+\-]*)")


@dataclass(frozen=True)
class Money:
    """`minor` units (cents; whole đồng) of an ISO 4217 `currency`."""

    minor: int
    currency: str

    @property
    def amount(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-places(self.currency))


@cache
def currencies() -> frozenset[str]:
    """ISO codes of the currencies that are legal tender somewhere today."""
    uses = get_global("territory_currencies").values()
    return frozenset(code for found in uses for code, _start, end, tender in found if tender and end is None)


def places(currency: str) -> int:
    """Decimal places of a currency: 0 for VND, 2 for USD."""
    return get_currency_precision(currency)


class MoneyKind(Kind):
    """Options: `currency` (the only one accepted), `minimum` (major units).

    Lists sort by minor units: only amounts of one currency have an order that means something.
    """

    name = "money"
    label = lazy_gettext("Money")
    icon = "cash"
    operators = ("eq", "ne", "lt", "lte", "gt", "gte", "in", "isnull")
    numeric = True

    def columns(self, field: FieldDef) -> dict[str, peewee.Field]:
        return {
            "": peewee.BigIntegerField(null=True),
            "currency": peewee.FixedCharField(max_length=3, null=True),
        }

    def read(self, record: Any, field: FieldDef) -> Money | None:
        minor = getattr(record, field.name, None)
        return None if minor is None else Money(minor, getattr(record, self.column_name(field, "currency")))

    def write(self, record: Any, field: FieldDef, value: Money | None) -> None:
        setattr(record, field.name, None if value is None else value.minor)
        setattr(record, self.column_name(field, "currency"), None if value is None else value.currency)

    def parse(self, raw: Raw, field: FieldDef, reader: Reader) -> Money | None:
        """A currency without an amount is empty: the form always sends one."""
        if isinstance(raw, Mapping) and is_blank(raw.get("amount", raw.get(""))):
            return None
        return None if is_blank(raw) else self.accept(raw, field, reader)

    def sum_columns(self, field: FieldDef, model: type[peewee.Model]) -> tuple[list[Node], list[Node]]:
        """One sum per currency: amounts of two currencies are not added."""
        currency = self.column(field, model, "currency")
        return [fn.SUM(self.column(field, model)), currency], [currency]

    def of_sum(self, cells: tuple[Any, ...], field: FieldDef) -> Money | None:
        return None if cells[0] is None else Money(int(cells[0]), str(cells[1]))

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> Money:
        """`{"amount": …, "currency": …}`, a number in the usual currency, or text such as 1.234.567 ₫ or USD 12.50."""
        amount, sign = (
            (raw.get("amount", raw.get("")), raw.get("currency")) if isinstance(raw, dict) else (raw, None)
        )
        if isinstance(amount, str):
            amount, written = _split(amount)
            if written and not is_blank(sign) and _code(written, reader) != _code(sign, reader):
                raise Invalid(gettext("The amount and the currency beside it do not agree."))
            sign = written or sign
        fixed = field.option("currency")
        currency = (fixed or reader.currency) if is_blank(sign) else _code(sign, reader)
        if fixed and currency != fixed:
            raise Invalid(gettext("This amount is kept in %(currency)s only.", currency=fixed))
        value = number(amount, reader.language, places(currency))
        least = field.option("minimum")
        if least is not None and value < least:
            raise Invalid(gettext("At least %(low)s.", low=least))
        return Money(int(value.scaleb(places(currency))), currency)

    def collect(self, form: Any, name: str) -> Raw:
        return {"amount": form.get(name, ""), "currency": form.get(f"{name}-currency", "")}

    def offered(self, field: FieldDef, present: str) -> list[str]:
        """Currency codes that a form offers: the field's own alone, else all, the likely ones first."""
        if fixed := field.option("currency"):
            return [str(fixed)]
        return list(dict.fromkeys(code for code in (present, *_FIRST, *sorted(currencies())) if code))

    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        if value is None:
            return ""
        return format_currency(value.amount, value.currency, locale=babel_locale(reader.language))

    def draft(self, value: Any, field: FieldDef, reader: Reader) -> dict[str, str]:
        if value is None:
            return {"amount": "", "currency": str(field.option("currency") or reader.currency)}
        written = spelled(value.amount, reader.language, places(value.currency))
        return {"amount": written, "currency": value.currency}

    def dump(self, value: Any, field: FieldDef) -> dict[str, Any] | None:
        return None if value is None else {"amount": _plain_number(value), "currency": value.currency}

    def cells(self, value: Any, field: FieldDef, reader: Reader) -> dict[str, Any]:
        if value is None:
            return {"": "", "currency": ""}
        return {"": _plain_number(value), "currency": value.currency}

    def fold_source(self, value: Any, field: FieldDef) -> list[str]:
        return []

    def schema(self, field: FieldDef) -> dict[str, Any]:
        fixed = field.option("currency")
        most = 10**DIGITS - 1
        return {
            "type": "object",
            "properties": {
                "amount": {"type": "number", "minimum": field.option("minimum", -most), "maximum": most},
                "currency": {"enum": [fixed] if fixed else sorted(currencies())},
            },
            "required": ["amount", "currency"],
            "additionalProperties": False,
        }

    def request_schema(self, field: FieldDef) -> dict[str, Any]:
        """A number alone is an amount in the usual currency."""
        whole = self.schema(field)
        return {"anyOf": [whole, whole["properties"]["amount"]]}

    def sample(self, field: FieldDef, rng: Random) -> dict[str, Any]:
        currency = field.option("currency") or rng.choice(["VND", "USD", "EUR", "CNY"])
        least = Decimal(field.option("minimum", 0)).scaleb(places(currency))
        return {
            "amount": _plain_number(Money(int(least) + rng.randint(1, 10**8), currency)),
            "currency": currency,
        }

    def where(
        self, field: FieldDef, model: type[peewee.Model], operator: str, raw: Raw, reader: Reader
    ) -> Expression | Node:
        """Amounts are compared within one currency: the one given, else the usual one."""
        if operator not in self.operators or operator == "isnull":
            return super().where(field, model, operator, raw, reader)
        minor, currency = self.column(field, model), self.column(field, model, "currency")

        def same(value: Money) -> Expression:
            return (currency == value.currency) & (minor == value.minor)

        if operator == "in":
            return reduce(
                lambda one, other: one | other, (same(self._operand(r, field, reader)) for r in listed(raw))
            )
        value = self._operand(raw, field, reader)
        if operator == "eq":
            return same(value)
        if operator == "ne":
            return (minor != value.minor) | (currency != value.currency) | minor.is_null()
        return (currency == value.currency) & self.compare(minor, operator, value.minor)


def _split(text: str) -> tuple[str, str]:
    """The number and the currency sign of a written amount. Raises Invalid for two signs."""
    found = _PARTS.fullmatch(plain(text))
    before, after = (found["before"].strip(), found["after"].strip()) if found else ("", "")
    written = (found["number"] if found else text).strip()
    if before.startswith(("-", "+")) or (before and after):
        raise Invalid(gettext("Write the amount and one currency, like 1,250.50 USD."))
    if not found:
        # A sign before the currency, as in -$5.
        signed = re.fullmatch(r"([+-])\s*([^0-9]+?)\s*([0-9.,].*)", plain(text))
        if not signed:
            raise Invalid(gettext("Write the amount and one currency, like 1,250.50 USD."))
        return signed[1] + signed[3], signed[2]
    return written, before or after


def _code(sign: Raw, reader: Reader) -> str:
    """ISO code of a currency sign or code. Raises Invalid for one that is unknown or could be several."""
    text = plain(text_of(sign))
    code = text.upper()
    if code in currencies():
        return code
    if text == "$":
        return reader.currency if reader.currency in _DOLLARS else "USD"
    if text in ("¥", "圓", "圆"):
        if reader.currency in _YUANS:
            return reader.currency
        if reader.language == "zh":
            return "CNY"
        raise Invalid(gettext("“¥” can be yuan or yen; write CNY or JPY."))
    if text.casefold() in _SIGNS:
        return _SIGNS[text.casefold()]
    raise Invalid(gettext("“%(sign)s” is not a currency; use its three letters, like VND.", sign=text))


def _plain_number(value: Money) -> float | int:
    return float(value.amount) if places(value.currency) else value.minor


register(MoneyKind())
