"""One row of a file becomes one record, new or changed, under the rules of the form and as the person who imports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crm_admin import policy, records
from crm_admin.exchange import columns
from crm_admin.i18n import Text, gettext, lazy_gettext
from crm_admin.kinds import FieldDef, Invalid, Reader
from crm_admin.kinds.base import is_blank
from crm_admin.policy import Actor
from crm_admin.records import Forbidden, NotFound, Rejected, Stale
from crm_admin.registry import EntityDef, Record

MODES: dict[str, Text] = {
    "both": lazy_gettext("Change the records that are there and add the rest"),
    "new": lazy_gettext("Only add records that are not there yet"),
    "present": lazy_gettext("Only change records that are there"),
}

ALIKE = 20
"""Records looked at for one row: more of one name cannot be told apart anyway."""

Parts = dict[str, dict[str, Any]]
"""Field key → part → cell."""


@dataclass(frozen=True)
class Plan:
    """What a person decided: where columns go, and how rows find records.

    `mapping` has, for each column of the file, the key it goes to, "" for nowhere; `match` is a field key, "" to add
    every row; `overwrite` lets empty cells empty a field.
    """

    mapping: tuple[str, ...]
    match: str = ""
    mode: str = "both"
    overwrite: bool = False

    def problems(self, actor: Actor, definition: EntityDef) -> list[str]:
        """Why this plan cannot be carried out; empty when it can."""
        found = []
        known = {column.key for column in columns.of_import(actor, definition)}
        used = [key for key in self.mapping if key]
        if not used:
            found.append(gettext("Choose a field for at least one column."))
        if set(used) - known:
            found.append(gettext("Some columns go to fields that you cannot set."))
        if len(used) != len(set(used)):
            found.append(gettext("Two columns go to the same field."))
        if self.match and self.match not in {key.partition(".")[0] for key in used}:
            label = definition.fields[self.match].label if self.match in definition.fields else self.match
            found.append(gettext("Records are found by “%(name)s”, but no column goes there.", name=label))
        elif self.match and self.match not in {f.key for f in columns.matchable(actor, definition)}:
            found.append(gettext("Records cannot be found by this field."))
        if self.mode not in MODES:
            found.append(gettext("Choose what to do with records that are there."))
        return found


@dataclass(frozen=True)
class Outcome:
    """What became of a row. `action`: create, update, skip or error; `before`: what was in the changed fields."""

    action: str
    record: Record | None = None
    before: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)


class Importer:
    """Applies rows by one plan. Runs inside a transaction; a row that fails leaves nothing behind."""

    def __init__(self, actor: Actor, definition: EntityDef, plan: Plan, reader: Reader) -> None:
        self.actor, self.definition, self.plan, self.reader = actor, definition, plan, reader
        self.writable = policy.fields(actor, definition.key, "write")
        self.targets = {column.key: column for column in columns.of_import(actor, definition)}

    def apply(self, cells: list[Any]) -> Outcome:
        """Create, change or leave alone the record that a row is about."""
        try:
            return self._apply(self._parts(cells))
        except Rejected as error:
            return Outcome("error", errors=error.errors)
        except Stale:
            return _failed(gettext("Somebody changed this record at the same moment."))
        except Forbidden as error:
            creating = error.args == ("create",)
            return _failed(
                gettext("You may not add records here.")
                if creating
                else gettext("You may not change this record.")
            )
        except NotFound:
            return _failed(gettext("There is no such record."))

    def _apply(self, parts: Parts) -> Outcome:
        found = self._find(parts)
        if found is None:
            if self.plan.mode == "present":
                return Outcome("skip")
            if not self.definition.creatable:
                raise Forbidden("create")
            values, seeing = self._values(parts, None)
            return Outcome("create", records.create(self.actor, self.definition.key, values, reader=seeing))
        if self.plan.mode == "new":
            return Outcome("skip", found)
        return self._change(found, parts)

    def _change(self, record: Record, parts: Parts) -> Outcome:
        records.load_names(
            self.definition, [record], self.definition.fields, replace(self.reader, names=_no_names)
        )
        values, seeing = self._values(parts, record)
        before = self._dumped(record, values)
        saved = records.update(self.actor, record, values, expected_version=record.row_version, reader=seeing)
        if saved.row_version == record.row_version:
            return Outcome("skip", saved)
        after = self._dumped(saved, values)
        return Outcome("update", saved, {key: old for key, old in before.items() if old != after[key]})

    def _dumped(self, record: Record, keys: Mapping[str, Any]) -> dict[str, Any]:
        fields = (self.definition.fields[key] for key in keys)
        return {f.key: f.kind.dump(f.kind.read(record, f), f) for f in fields}

    def _parts(self, cells: list[Any]) -> Parts:
        """The cells by field and part. Raises Rejected for what the actor can no longer set."""
        parts: Parts = {}
        for key, cell in zip(self.plan.mapping, cells, strict=False):
            if not key:
                continue
            column = self.targets.get(key)
            if column is None:
                raise Rejected({key: [gettext("There is no such field, or it cannot be set.")]})
            parts.setdefault(column.field.key, {})[column.part] = cell
        return parts

    # ── the record a row is about ────────────────────────────────────────────────────────────────
    def _find(self, parts: Parts) -> Record | None:
        if not self.plan.match or self.plan.match not in parts:
            return None
        target = self.definition.fields[self.plan.match]
        given = parts[target.key]
        if is_blank(given):
            return None
        seeing = self._at_home(parts, None)
        try:
            wanted = target.kind.parse(given, target, seeing)
            condition = target.kind.where(
                target, self.definition.model, "eq", _text(target, wanted, seeing), seeing
            )
        except Invalid as error:
            raise Rejected({target.key: [str(error)]}) from error
        near = policy.scope(self.actor, self.definition.key).where(condition).limit(ALIKE)
        # Lists find "Ân" by "An"; here the two are different people.
        said = _spoken(target, wanted, seeing)
        same = [row for row in near if _spoken(target, target.kind.read(row, target), seeing) == said]
        if len(same) > 1:
            raise Rejected(
                {target.key: [gettext("Several records have this; the row could be about any of them.")]}
            )
        if not same and target.key == "id":
            raise Rejected({"id": [gettext("There is no such record.")]})
        return same[0] if same else None

    # ── values ───────────────────────────────────────────────────────────────────────────────────
    def _values(self, parts: Parts, record: Record | None) -> tuple[dict[str, Any], Reader]:
        """What to write, and the reader it was read with. Raises Rejected with every field that is wrong."""
        seeing = self._at_home(parts, record)
        values: dict[str, Any] = {}
        errors: dict[str, list[str]] = {}
        for key, given in parts.items():
            if key not in self.writable or (
                is_blank(given) and not (self.plan.overwrite and record is not None)
            ):
                continue
            target = self.definition.fields[key]
            try:
                values[key] = self._value(target, given, record, seeing)
            except Invalid as error:
                errors[key] = [str(error)]
        if errors:
            raise Rejected(errors)
        return values, seeing

    def _value(self, target: FieldDef, given: dict[str, Any], record: Record | None, seeing: Reader) -> Any:
        present = {} if record is None else self._present(target, record, seeing)
        if present.get("currency"):
            # An amount alone does not change the currency it is in.
            seeing = replace(seeing, currency=present["currency"])
        if present and "" not in present and "" not in given:
            # The parts stand beside each other, as in an address: those the file does not have stay.
            kept = (
                given
                if self.plan.overwrite
                else {part: cell for part, cell in given.items() if not is_blank(cell)}
            )
            given = {**present, **kept}
        return target.kind.parse(given[""] if list(given) == [""] else given, target, seeing)

    def _present(self, target: FieldDef, record: Record, seeing: Reader) -> dict[str, Any]:
        value = target.kind.read(record, target)
        return (
            {}
            if target.kind.is_empty(value)
            else target.kind.cells(value, target, replace(seeing, names=_no_names))
        )

    def _at_home(self, parts: Parts, record: Record | None) -> Reader:
        """The reader as it stands in the record's country, by which phone numbers are dialled."""
        key = self.definition.country_field
        country = None
        if key and not is_blank(parts.get(key)):
            try:
                target = self.definition.fields[key]
                country = getattr(target.kind.parse(dict(parts[key]), target, self.reader), "country", None)
            except Invalid:
                country = None  # told with all the others, when the field itself is read
        if country is None and key and record is not None:
            country = getattr(record, f"{key}_country", None)
        return replace(self.reader, country=country) if country else self.reader


def _text(target: FieldDef, wanted: Any, seeing: Reader) -> Any:
    """The value once more in the form that a filter takes."""
    cells = target.kind.cells(wanted, target, replace(seeing, names=_no_names))
    return cells["e164"] if "e164" in cells else cells[""]


def _spoken(target: FieldDef, value: Any, seeing: Reader) -> str:
    """What makes two values the same one: the text people read, whatever the case."""
    return target.kind.format(value, target, seeing).casefold()


def _no_names(entity: str, ids: Any) -> dict[int, str]:
    return {}


def _failed(text: str) -> Outcome:
    return Outcome("error", errors={"": [text]})
