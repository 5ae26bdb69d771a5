"""A phone number: kept as typed and as E.164, found by either however it is written."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

import peewee
import phonenumbers
from markupsafe import Markup
from peewee import Expression, Node
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from crm_admin.db import FoldField, Table, contains, starts_with
from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds.base import FieldDef, Invalid, Kind, Raw, Reader, listed, register, text_of

_LONGEST = 60
_TAIL = 8
"""Last digits that must agree for a possible match: enough to be one subscriber, few enough to bridge a lost prefix."""
_MOST = 50

_EXTENSION = re.compile(
    r"\s*(?:;ext=|ext(?:ension)?\.?|x|#|máy lẻ|số nội bộ|nội bộ|nhánh|分机|转)\s*[.:]?\s*(\d{1,7})$"
)
_NUMBER = re.compile(r"(?:tel:)?\s*(\+?[\d\s().\-·]+)")

# Viet Nam, 2018: eleven-digit mobile numbers lost a digit. Old prefix → new prefix, without the leading zero.
_RENUMBERED = {
    "120": "70", "121": "79", "122": "77", "126": "76", "128": "78",
    "123": "83", "124": "84", "125": "85", "127": "81", "129": "82",
    "162": "32", "163": "33", "164": "34", "165": "35", "166": "36", "167": "37", "168": "38", "169": "39",
    "186": "56", "188": "58", "199": "59",
}  # fmt: skip
_FORMER = {new: old for old, new in _RENUMBERED.items()}


@dataclass(frozen=True)
class Phone:
    """A number as typed (`raw`), as `+84912345678` (`e164`), and the digits to dial after it (`extension`)."""

    raw: str
    e164: str
    extension: str = ""


class Match(NamedTuple):
    """A phone field of a record that a number was found in. `certainty` is "exact" or "possible"."""

    entity: str
    record_id: int
    field: str
    certainty: str


class PhoneIndex(Table):
    """Every number of every phone field, to find a caller by."""

    entity = peewee.TextField()
    record_id = peewee.BigIntegerField()
    field = peewee.TextField()
    e164 = peewee.TextField(index=True)
    digits_reversed = FoldField(index=True)

    class Meta:
        table_name = "sys_phone"
        indexes = ((("entity", "record_id", "field"), True),)


def read(text: str, country: str) -> Phone:
    """The number that `text` says, dialled from `country`. Raises Invalid for what cannot be a phone number."""
    typed = " ".join(unicodedata.normalize("NFKC", text[: _LONGEST + 1]).split())
    if len(text) > _LONGEST or not typed:
        raise Invalid(_unreadable(country))
    bare, extension = typed.lower(), ""
    if found := _EXTENSION.search(bare):
        bare, extension = bare[: found.start()], found[1]
    body = _NUMBER.fullmatch(bare.strip())
    if not body:
        if re.search(r"\d{6}.*[/,;&].*\d{6}", typed):
            raise Invalid(gettext("Give one number in each field."))
        raise Invalid(_unreadable(country))
    number = _parsed(body[1], country)
    return Phone(typed, phonenumbers.format_number(number, PhoneNumberFormat.E164), extension)


def lookup(number: str, country: str) -> list[Match]:
    """Records that carry this number, surest first, at most 50.

    Exact: the same number, also under its prefix before or after Viet Nam's change of 2018.
    Possible: the same last eight digits. An unreadable or withheld number finds nothing.
    """
    try:
        e164 = read(number, country).e164
    except Invalid:
        e164 = ""
    digits = re.sub(r"\D", "", e164 or unicodedata.normalize("NFKC", number[:_LONGEST]))
    same = aliases(e164) if e164 else []
    asked = PhoneIndex.e164.in_(same) if same else None
    if len(digits) >= _TAIL:
        alike = starts_with(PhoneIndex.digits_reversed, digits[::-1][:_TAIL])
        asked = alike if asked is None else asked | alike
    if asked is None:
        return []
    rows = PhoneIndex.select().where(asked).order_by(PhoneIndex.id).limit(10 * _MOST)
    found = [Match(r.entity, r.record_id, r.field, "exact" if r.e164 in same else "possible") for r in rows]
    return sorted(found, key=lambda match: match.certainty != "exact")[:_MOST]


def aliases(e164: str) -> list[str]:
    """`e164` itself first, and the number it was or became in Viet Nam's change of 2018."""
    if not e164.startswith("+84"):
        return [e164]
    national = e164[3:]
    if len(national) == 10 and (new := _RENUMBERED.get(national[:3])):
        return [e164, f"+84{new}{national[3:]}"]
    if len(national) == 9 and (old := _FORMER.get(national[:2])):
        return [e164, f"+84{old}{national[2:]}"]
    return [e164]


class PhoneKind(Kind):
    """Option: `listed` (True): a caller with this number is this record. False for numbers that name nobody."""

    name = "phone"
    label = lazy_gettext("Phone")
    icon = "phone"
    operators = ("eq", "ne", "in", "contains", "startswith", "isnull")

    def columns(self, field: FieldDef) -> dict[str, peewee.Field]:
        return {
            "": peewee.TextField(null=True),
            "e164": FoldField(null=True),
            "ext": peewee.TextField(null=True),
        }

    def read(self, record: Any, field: FieldDef) -> Phone | None:
        raw = getattr(record, field.name, None)
        if raw is None:
            return None
        extension = getattr(record, self.column_name(field, "ext"), None)
        return Phone(raw, getattr(record, self.column_name(field, "e164")), extension or "")

    def write(self, record: Any, field: FieldDef, value: Phone | None) -> None:
        setattr(record, field.name, None if value is None else value.raw)
        setattr(record, self.column_name(field, "e164"), None if value is None else value.e164)
        setattr(record, self.column_name(field, "ext"), None if value is None else value.extension or None)

    def after_save(self, entity: str, record_id: int, field: FieldDef, value: Phone | None) -> None:
        if not field.option("listed", True):
            return
        key = {"entity": entity, "record_id": record_id, "field": field.key}
        if value is None:
            PhoneIndex.delete().where(
                (PhoneIndex.entity == entity)
                & (PhoneIndex.record_id == record_id)
                & (PhoneIndex.field == field.key)
            ).execute()
            return
        index = {"e164": value.e164, "digits_reversed": value.e164.lstrip("+")[::-1]}
        PhoneIndex.insert(**key, **index).on_conflict(conflict_target=list(key), update=index).execute()

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> Phone:
        """Text, dialled from the record's country, or `{"raw", "e164", "extension"}`, where `e164` decides."""
        if not isinstance(raw, dict):
            return read(text_of(raw), reader.country)
        unknown = set(raw) - {"", "raw", "e164", "extension"}
        if unknown:
            raise Invalid(gettext("A phone has the parts raw, e164 and extension."))
        parts = {name: text_of(part) for name, part in raw.items() if part is not None}
        typed, e164 = parts.get("raw") or parts.get("", ""), parts.get("e164", "")
        if not e164:
            found = read(typed, reader.country)
            return Phone(found.raw, found.e164, _extension(parts.get("extension", "")) or found.extension)
        if not e164.startswith("+"):
            raise Invalid(gettext("The E.164 form begins with + and the country code."))
        found = read(e164, reader.country)
        typed = " ".join(unicodedata.normalize("NFKC", typed[: _LONGEST + 1]).split())
        if len(typed) > _LONGEST or not _says(typed, found.e164):
            typed = _international(found.e164)
        return Phone(typed, found.e164, _extension(parts.get("extension", "")))

    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        """National form for the record's own country, international for others."""
        if value is None:
            return ""
        try:
            number = phonenumbers.parse(value.e164, None)
        except NumberParseException:
            return str(value.raw)
        home = phonenumbers.country_code_for_region(reader.country) == number.country_code
        style = PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL
        shown = phonenumbers.format_number(number, style)
        if not value.extension:
            return shown
        return gettext("%(number)s ext. %(extension)s", number=shown, extension=value.extension)

    def html(self, value: Any, field: FieldDef, reader: Reader) -> Markup:
        """A `tel:` link; scripts find the number to dial in `data-phone`."""
        if value is None:
            return Markup("")
        target = f"{value.e164};ext={value.extension}" if value.extension else value.e164
        return Markup('<a href="tel:{}" data-phone="{}">{}</a>').format(
            target, value.e164, self.format(value, field, reader)
        )

    def draft(self, value: Any, field: FieldDef, reader: Reader) -> str:
        """As it was typed; with the country code where that alone would be read as another number."""
        if value is None:
            return ""
        try:
            if read(value.raw, reader.country) == value:
                return str(value.raw)
        except Invalid:
            pass
        shown = _international(value.e164)
        return f"{shown} ext {value.extension}" if value.extension else shown

    def dump(self, value: Any, field: FieldDef) -> dict[str, str] | None:
        if value is None:
            return None
        found = {"raw": value.raw, "e164": value.e164}
        return found | {"extension": value.extension} if value.extension else found

    def cells(self, value: Any, field: FieldDef, reader: Reader) -> dict[str, Any]:
        if value is None:
            return {"": "", "e164": "", "extension": ""}
        return {"": value.raw, "e164": value.e164, "extension": value.extension}

    def fold_source(self, value: Any, field: FieldDef) -> list[str]:
        """The digits as typed, with the country code, and as dialled at home."""
        if value is None:
            return []
        number = phonenumbers.parse(value.e164, None)
        national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
        digits = [re.sub(r"\D", "", text) for text in (value.raw, value.e164, national)]
        return list(dict.fromkeys(digits))

    def schema(self, field: FieldDef) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {
                "raw": {"type": "string", "minLength": 1, "maxLength": _LONGEST},
                "e164": {"type": "string", "pattern": r"^\+[1-9][0-9]{3,16}$"},
                "extension": {"type": "string", "pattern": "^[0-9]{1,7}$"},
            },
            "required": ["raw", "e164"],
            "additionalProperties": False,
        }

    def request_schema(self, field: FieldDef) -> dict[str, Any]:
        alone = self.schema(field) | {"required": ["e164"]}
        return {"anyOf": [alone, {"type": "string", "minLength": 4, "maxLength": _LONGEST}]}

    def sample(self, field: FieldDef, rng: Random) -> str:
        return f"+849{rng.choice('01346789')}{rng.randint(0, 9_999_999):07}"

    def where(
        self, field: FieldDef, model: type[peewee.Model], operator: str, raw: Raw, reader: Reader
    ) -> Expression | Node:
        """Numbers are compared by their E.164 form; part of one is looked for by its digits."""
        column = self.column(field, model, "e164")
        if operator not in self.operators or operator == "isnull":
            return super().where(field, model, operator, raw, reader)
        if operator == "in":
            return column.in_([self._operand(part, field, reader) for part in listed(raw)])
        if operator in ("eq", "ne"):
            return self.compare(column, operator, self._operand(raw, field, reader))
        text = unicodedata.normalize("NFKC", text_of(raw)[:_LONGEST])
        digits = re.sub(r"\D", "", text)
        if not digits:
            raise Invalid(gettext("Give some digits of the number."))
        if operator == "contains":
            return contains(column, self.found_by(field, operator, raw))
        if "+" in text or not digits.startswith("0"):
            return starts_with(column, "+" + digits)
        code = phonenumbers.country_code_for_region(reader.country)
        return starts_with(column, f"+{code}{digits[1:]}")

    def found_by(self, field: FieldDef, operator: str, raw: Raw) -> str:
        """The digits, as they stand in the E.164 form: without the zeros that are dialled at home."""
        if operator != "contains":
            return ""
        digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", text_of(raw)[:_LONGEST]))
        return digits.lstrip("0") or digits

    def _operand(self, raw: Raw, field: FieldDef, reader: Reader) -> str:
        return str(super()._operand(raw, field, reader).e164)

    def order(self, field: FieldDef, model: type[peewee.Model]) -> Node:
        return self.column(field, model, "e164")


def _parsed(text: str, country: str) -> PhoneNumber:
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException as error:
        raise Invalid(_unreadable(country)) from error
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason == phonenumbers.ValidationResult.TOO_SHORT:
        raise Invalid(gettext("This number has too few digits."))
    if reason == phonenumbers.ValidationResult.TOO_LONG:
        raise Invalid(gettext("This number has too many digits."))
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise Invalid(_unreadable(country))
    return number


def _extension(text: str) -> str:
    digits = unicodedata.normalize("NFKC", text[:20]).strip()
    if digits and not re.fullmatch(r"[0-9]{1,7}", digits):
        raise Invalid(gettext("An extension has one to seven digits."))
    return digits


def _says(typed: str, e164: str) -> bool:
    """Whether what was typed is some spelling of the number: its digits hold the last six of it."""
    return re.sub(r"\D", "", e164)[-6:] in re.sub(r"\D", "", typed)


def _international(e164: str) -> str:
    return phonenumbers.format_number(phonenumbers.parse(e164, None), PhoneNumberFormat.INTERNATIONAL)


def _unreadable(country: str) -> str:
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    shown = phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL) if example else "+84 912 345 678"
    return gettext("This is not a phone number. Write it like %(example)s or +84 912 345 678.", example=shown)


register(PhoneKind())
