"""People's names: parts in, the name as it is written where the person lives out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from crm_admin.i18n import gettext, lazy_gettext, lazy_pgettext
from crm_admin.kinds import FieldDef
from crm_admin.registry import EntityDef, Record, make

FAMILY_FIRST = frozenset({"CN", "HK", "HU", "JP", "KH", "KP", "KR", "MO", "TW", "VN"})
"""Countries where the family name leads in Latin script too. Singapore and Malaysia mix customs and names that have no
family part; there only names written in ideographs are turned."""

NAME_PARTS = ("given", "middle", "family")
"""The order in which readers fill in a name, unless their language is one of `_FAMILY_LEADS`."""

_FAMILY_LEADS = frozenset({"vi", "zh"})
_MIDDLE_LAST = frozenset({"HU"})
_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff·・]+")


def person_name(family: str | None, middle: str | None, given: str | None, country: str | None) -> str:
    """The full name. `country` is ISO 3166-1 of the person, not of the reader: a name does not change with who looks.

    Written in ideographs, kana or hangul: family name first and no spaces. In Latin script the family name leads in
    `FAMILY_FIRST`, with the middle name before the given one except in Hungary. Empty when all parts are.
    """
    parts = [part.strip() for part in (family or "", middle or "", given or "")]
    family_part, middle_part, given_part = parts
    written = "".join(parts)
    if written and _EAST_ASIAN.fullmatch(written):
        return written
    code = (country or "").upper()
    if code in _MIDDLE_LAST:
        order = [family_part, given_part, middle_part]
    elif code in FAMILY_FIRST:
        order = [family_part, middle_part, given_part]
    else:
        order = [given_part, middle_part, family_part]
    return " ".join(part for part in order if part)


def name_fields() -> tuple[FieldDef, ...]:
    """The parts of a person's name, and the name made of them."""
    return (
        make("name", "text", lazy_pgettext("person", "Name"), system=True, searchable=True),
        make("family_name", "text", lazy_gettext("Family name"), max_length=80, name_part="family"),
        make(
            "middle_name",
            "text",
            lazy_gettext("Middle name"),
            max_length=80,
            sortable=False,
            name_part="middle",
        ),
        make("given_name", "text", lazy_gettext("Given name"), max_length=80, name_part="given"),
    )


def in_name_order(keys: Sequence[str], definition: EntityDef, language: str) -> tuple[str, ...]:
    """The same keys; where several are parts of a name, those stand as readers of `language` fill them in."""
    order = NAME_PARTS[::-1] if language in _FAMILY_LEADS else NAME_PARTS
    part = {key: definition.fields[key].option("name_part") for key in keys}
    turned = iter(sorted((key for key in keys if part[key]), key=lambda key: order.index(part[key])))
    return tuple(next(turned) if part[key] else key for key in keys)


def full_name(record: Any, country: str | None) -> str:
    """`person_name` of a record that has `name_fields`."""
    return person_name(record.family_name, record.middle_name, record.given_name, country)


def country_of(record: Record, field: str, otherwise: str) -> str:
    """The country of the address `field` of a record, or `otherwise` where it has none."""
    return getattr(record, f"{field}_country") or otherwise


def name_missing() -> dict[str, str]:
    """What `check` answers for a person without any name."""
    return {"family_name": gettext("Give a family name or a given name.")}
