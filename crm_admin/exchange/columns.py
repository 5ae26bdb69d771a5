"""The columns of a table of records: one for every part of every field, known by key and by translated labels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from crm_admin import policy
from crm_admin.folding import fold
from crm_admin.i18n import LANGUAGES, Text, catalogue, force_locale, lazy_gettext
from crm_admin.kinds import FieldDef, Reader
from crm_admin.policy import Actor
from crm_admin.registry import SYSTEM_COLUMNS, EntityDef

# What the parts of a value are called; a part that a new kind brings shows its own key until it is named here.
PARTS: dict[str, Text] = {
    "currency": lazy_gettext("Currency"),
    "e164": lazy_gettext("International form"),
    "extension": lazy_gettext("Extension"),
    "name": lazy_gettext("Name"),
    "street": lazy_gettext("Street"),
    "ward": lazy_gettext("Ward"),
    "district": lazy_gettext("District"),
    "city": lazy_gettext("City"),
    "province": lazy_gettext("Province"),
    "postal_code": lazy_gettext("Postal code"),
    "country": lazy_gettext("Country"),
    "lat": lazy_gettext("Latitude"),
    "lon": lazy_gettext("Longitude"),
    "level": lazy_gettext("Level"),
    "accuracy_m": lazy_gettext("Accuracy in metres"),
    "source": lazy_gettext("Source"),
}

_KEY_IN_BRACKETS = re.compile(r".*[(（]([a-z][\w.]*)[)）]\s*\Z", re.DOTALL)


@dataclass(frozen=True)
class Column:
    """One part ("" for the whole) of one field."""

    field: FieldDef
    part: str = ""

    @property
    def key(self) -> str:
        """Stable for ever: `amount`, `amount.currency`."""
        return f"{self.field.key}.{self.part}" if self.part else self.field.key

    @property
    def label(self) -> str:
        """In the language of whoever reads."""
        if not self.part:
            return str(self.field.label)
        return f"{self.field.label} · {PARTS.get(self.part, self.part.replace('_', ' '))}"


def of_export(actor: Actor, definition: EntityDef) -> list[Column]:
    """Every part of every field that `actor` may read: the number, the title, then in the order of the sections."""
    readable = policy.fields(actor, definition.key)
    placed = [key for section in definition.sections for key in section.fields]
    rest = [key for key in definition.fields if key not in SYSTEM_COLUMNS]
    order = dict.fromkeys(("id", definition.title, *placed, *rest, *SYSTEM_COLUMNS))
    fields = [definition.fields[key] for key in order if key in readable]
    return [Column(field, part) for field in fields for part in _parts(field)]


def of_import(actor: Actor, definition: EntityDef) -> list[Column]:
    """What a column of a file may go to: the parts of every writable field, and what records are recognised by."""
    writable = policy.fields(actor, definition.key, "write")
    found = []
    for column in of_export(actor, definition):
        field = column.field
        if field.key in writable and not field.kind.computed:
            whole = Column(field)
            if column.part and whole not in found:
                found.append(whole)
            if column not in found:
                found.append(column)
        elif not column.part and field in matchable(actor, definition):
            found.append(column)
    return found


def matchable(actor: Actor, definition: EntityDef) -> list[FieldDef]:
    """Fields by which a row may find the record it is about: number, name, what is unique or searched by."""
    readable = policy.fields(actor, definition.key)
    return [
        field
        for field in definition.fields.values()
        if field.key in readable
        and field.filterable
        and "eq" in field.kind.operators
        and (field.key in ("id", definition.title) or field.unique or field.searchable)
    ]


def headings(columns: Iterable[Column], *, keys: bool) -> list[str]:
    """The header row: keys, or labels; a label that stands twice has its key beside it."""
    columns = list(columns)
    if keys:
        return [column.key for column in columns]
    labels = [column.label for column in columns]
    seen = Counter(fold(label) for label in labels)
    return [
        label if seen[fold(label)] == 1 else f"{label} ({column.key})"
        for label, column in zip(labels, columns, strict=True)
    ]


def guess(headers: list[str], columns: list[Column]) -> list[str]:
    """For every header of a file the key of the column it names, by key or label in any language; "" for none.

    The language that most headers are in goes first. No column is given twice: the first header that names it has it.
    """
    keys = {column.key: column.key for column in columns}
    folded = [fold(header) for header in headers]
    by_language = [_labels(columns, language) for language in LANGUAGES]
    by_language.sort(key=lambda labels: -sum(name in labels for name in folded))
    loose = {fold(key): key for key in keys}
    taken: set[str] = set()
    found = []
    for header, name in zip(headers, folded, strict=True):
        in_brackets = _KEY_IN_BRACKETS.match(header)
        offers = [
            keys.get(header.strip()),
            keys.get(in_brackets[1]) if in_brackets else None,
            *(labels.get(name) for labels in by_language),
            loose.get(name),
        ]
        key = next(filter(None, offers), "")
        found.append("" if key in taken else key)
        taken.add(key)
    return found


def _labels(columns: list[Column], language: str) -> dict[str, str]:
    """Folded label → key, without labels that several columns have."""
    with force_locale(catalogue(language)):
        named = [(fold(column.label), column.key) for column in columns]
    seen = Counter(name for name, _ in named)
    return {name: key for name, key in named if name and seen[name] == 1}


def _parts(field: FieldDef) -> list[str]:
    return list(field.kind.cells(None, field, Reader()))
