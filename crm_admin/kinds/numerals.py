"""Numbers as people write them, read exactly or refused."""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import Decimal

from babel.numbers import format_decimal, get_decimal_symbol

from crm_admin.i18n import babel_locale, gettext
from crm_admin.kinds.base import Invalid, Raw, text_of

DIGITS = 15
"""Significant digits of an exact number: what a JSON number carries without loss in every language."""

_LONGEST = 40
_SPACES = str.maketrans("", "", " \u00a0\u2009\u202f'’_")
_SIGNED = re.compile(r"[+-]?[0-9][0-9.,]*|[+-]?[.,][0-9]+")
_GROUPS = re.compile(r"[0-9]{1,3}([.,])[0-9]{3}(\1[0-9]{3})*")


def plain(text: str) -> str:
    """Full-width forms narrowed, every minus the ASCII one, no outer space. Raises Invalid when long."""
    if len(text) > _LONGEST:
        raise Invalid(gettext("This number is too long."))
    return unicodedata.normalize("NFKC", text).replace("−", "-").replace("–", "-").strip()


def number(raw: Raw, language: str, places: int) -> Decimal:
    """The exact number with `places` decimals that `raw` says to a reader of `language`.

    JSON numbers are taken as they are. In text the reader's own decimal sign wins; a group sign is one only before
    exactly three digits. Raises Invalid for what has more decimals, more than DIGITS digits, or two readings.
    """
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        value = _of_machine(raw)
    else:
        value = _of_text(plain(text_of(raw)), language, places)
    if value.is_zero():
        return Decimal(0).scaleb(-places)
    if value.adjusted() >= DIGITS - places:
        raise Invalid(gettext("This number is too large."))
    exact = value.quantize(Decimal(1).scaleb(-places)) if value.adjusted() > -DIGITS else Decimal(0)
    if exact != value:
        raise Invalid(_too_fine(places))
    return exact


def spelled(value: Decimal, language: str, places: int) -> str:
    """`value` with all its places and the reader's own signs; `number` reads it back as the same value."""
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return format_decimal(value, pattern, locale=babel_locale(language), decimal_quantization=False)


def limit(value: Decimal | int, low: Decimal | int | None, high: Decimal | int | None) -> None:
    """Raises Invalid when `value` is outside the bounds that are given."""
    if low is not None and value < low:
        raise Invalid(gettext("At least %(low)s.", low=low))
    if high is not None and value > high:
        raise Invalid(gettext("At most %(high)s.", high=high))


def _of_machine(raw: int | float) -> Decimal:
    if isinstance(raw, float):
        if not math.isfinite(raw):
            raise Invalid(gettext("This is not a number."))
        return Decimal(repr(raw))
    text_of(raw)  # refuses what is too long to convert
    return Decimal(raw)


def _of_text(text: str, language: str, places: int) -> Decimal:
    digits = text.translate(_SPACES)
    if not _SIGNED.fullmatch(digits) or not _spaced_well(text):
        raise Invalid(_unreadable(language, places))
    sign, body = ("-", digits[1:]) if digits[0] == "-" else ("", digits.removeprefix("+"))
    return Decimal(sign + _point(body, get_decimal_symbol(babel_locale(language)), language, places))


def _spaced_well(text: str) -> bool:
    """Spaces stand only between groups of three, as in 1 234 567,8, or after the sign."""
    body = re.sub(r"^[+-]\s*", "", text)
    parts = re.split(r"[ \u00a0\u2009\u202f'’_]", body)
    return len(parts) == 1 or (
        1 <= len(parts[0]) <= 3
        and parts[0].isdigit()
        and all(len(part) == 3 and part.isdigit() for part in parts[1:-1])
        and bool(re.fullmatch(r"[0-9]{3}([.,][0-9]+)?", parts[-1]))
    )


def _point(body: str, own: str, language: str, places: int) -> str:
    """`body` with its decimal sign as a point and no group signs."""
    found = {sign for sign in ".," if sign in body}
    if not found:
        return body
    if len(found) == 2:
        last = max(".,", key=body.rfind)
        whole, _, fraction = body.rpartition(last)
        if "." in fraction or last in whole or not _GROUPS.fullmatch(whole):
            raise Invalid(_unreadable(language, places))
        return re.sub("[.,]", "", whole) + "." + fraction
    sign = found.pop()
    whole, _, fraction = body.rpartition(sign)
    if sign in whole or (_GROUPS.fullmatch(body) and sign != own and not body.startswith("0")):
        return _grouped(body, sign, own, language, places)
    if sign == own and len(fraction) == 3 and places < 3 and _GROUPS.fullmatch(body):
        raise Invalid(
            gettext(
                "“%(text)s” can be read in two ways; write %(grouped)s or %(bare)s.",
                text=body,
                grouped=spelled(Decimal(whole + fraction), language, 0),
                bare=whole + fraction,
            )
        )
    return (whole or "0") + "." + fraction


def _grouped(body: str, sign: str, own: str, language: str, places: int) -> str:
    """`body` whose only sign, `sign`, groups thousands."""
    if not _GROUPS.fullmatch(body):
        raise Invalid(_unreadable(language, places))
    bare = body.replace(sign, "")
    # A point before three digits is also how programs write thousandths: with room for those, ask.
    if sign == "." and body.count(sign) == 1 and places >= 3:
        raise Invalid(
            gettext(
                "“%(text)s” can be read in two ways; write %(one)s or %(other)s.",
                text=body,
                one=bare,
                other=body.replace(sign, own),
            )
        )
    return bare


def _unreadable(language: str, places: int) -> str:
    example = spelled(Decimal("1234.5") if places else Decimal(1234), language, min(places, 2))
    return gettext("This is not a number. Write it like %(example)s.", example=example)


def _too_fine(places: int) -> str:
    if not places:
        return gettext("This must be a whole number.")
    return gettext("At most %(places)s decimal places.", places=places)
