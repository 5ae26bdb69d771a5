"""Create and edit: what `templates/admin/form.html` shows, and how what was typed comes back as values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from werkzeug.datastructures import CombinedMultiDict, MultiDict
from wtforms import Form

from crm_admin import audit, forms, policy, records, registry
from crm_admin.entities.person import in_name_order
from crm_admin.forms import KindField
from crm_admin.kinds import Reader
from crm_admin.policy import Actor
from crm_admin.records import Rows, Values
from crm_admin.registry import Children, EntityDef, Record

MOST_ROWS = 100
"""Inline rows of one form at most."""


@dataclass(frozen=True)
class FormSection:
    title: str
    fields: list[KindField]
    columns: int = 2


@dataclass(frozen=True)
class ChildRows:
    """Inline rows of a related entity; `template_row` is the empty one that "add" copies."""

    key: str
    label: str
    rows: list[Form]
    template_row: Form


@dataclass(frozen=True)
class Difference:
    """One field that two people saw differently: as it was, as it is now, as it was typed."""

    key: str
    label: str
    base: str
    theirs: str
    yours: str
    both: bool


@dataclass
class RecordForm:
    """A bound form of one entity for one person."""

    definition: EntityDef
    form: Form
    sections: list[FormSection]
    children: list[ChildRows]
    record: Record | None
    reader: Reader
    conflict: list[Difference] = field(default_factory=list)

    def validate(self) -> bool:
        """Whether everything typed is well-formed; errors stand at the fields."""
        rows = [row for child in self.children for row in child.rows if not _is_removed(row)]
        return all([self.form.validate(), *(row.validate() for row in rows)])

    def values(self) -> Values:
        """The values of the fields that were posted."""
        return {f.name: f.data for f in self.form if f.posted}

    def rows(self) -> Rows:
        """The inline rows that were posted."""
        return {child.key: [_row_values(row) for row in child.rows] for child in self.children}

    def add_errors(self, errors: dict[str, list[str]]) -> list[str]:
        """Put errors at their fields; those that belong to none are answered."""
        homeless = []
        places: dict[str, KindField] = {f.name: f for f in self.form}
        for child in self.children:
            places |= {f.name: f for row in child.rows for f in row}
        for key, texts in errors.items():
            if key in places:
                places[key].errors = [*places[key].errors, *texts]
            else:
                target = self.definition.fields.get(key)
                homeless += [f"{target.label}: {text}" if target else text for text in texts]
        return homeless


@lru_cache(maxsize=500)
def _form_class(entity: str, version: int, keys: tuple[str, ...]) -> type[Form]:
    definition = registry.entity(entity)
    return forms.form_class([definition.fields[key] for key in keys])


def writable(actor: Actor, definition: EntityDef, keys: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """Keys of the fields a person may fill in, in the order of the sections."""
    allowed = policy.fields(actor, definition.key, "write")
    placed = [key for section in definition.sections for key in section.fields]
    placed += [key for key in ("owner", "team") if definition.owned and key not in placed]
    return tuple(key for key in placed if key in allowed and (keys is None or key in keys))


def build(
    actor: Actor,
    definition: EntityDef,
    reader: Reader,
    *,
    record: Record | None = None,
    posted: Any = None,
    given: Values | None = None,
    keys: tuple[str, ...] | None = None,
) -> RecordForm:
    """The form of a record (or of a new one, with `given` values filled in); `posted` is what came back."""
    shown = writable(actor, definition, keys)
    fields = {key: definition.fields[key] for key in shown}
    parts = [part for part in definition.children if keys is None and _may_edit(actor, part)]
    rows = {part.key: _child_records(actor, part, record) for part in parts}
    if record is not None:
        records.load_names(definition, [record], shown, reader)
        for part in parts:
            records.load_names(registry.entity(part.entity), rows[part.key], part.fields, reader)
    data = _data(definition, fields, record, given, reader)
    if record is None:
        mine = {"owner": actor.id, "team": min(actor.teams) if actor.teams else None}
        data |= {key: value for key, value in mine.items() if key in fields and data.get(key) is None}
    made = _form_class(definition.key, registry.version(), shown)(posted, data=data, meta={"reader": reader})
    return RecordForm(
        definition,
        made,
        _sections(definition, made),
        [_children(actor, part, rows[part.key], posted, reader) for part in parts],
        record,
        reader,
    )


def posted_country(definition: EntityDef, posted: Any) -> str | None:
    """The country typed into the form's address: phone numbers beside it belong there."""
    key = definition.country_field
    code = str(posted.get(f"{key}-country") or "").strip().upper() if key and posted else ""
    return code if re.fullmatch("[A-Z]{2}", code) else None


def request_data(request: Any) -> CombinedMultiDict:
    """What a posted form sent, files included."""
    return CombinedMultiDict([request.form, request.files])


def differences(made: RecordForm, current: Record, version: int) -> list[Difference]:
    """Fields in which what was typed, or what was saved meanwhile, differs from what the person started with."""
    definition, reader = made.definition, made.reader
    since = audit.since(definition.key, current.id, version)
    found = []
    for key, value in made.values().items():
        target = definition.fields[key]
        kind = target.kind
        theirs = kind.read(current, target)
        base = kind.parse(since[key][0], target, reader) if key in since else theirs
        if value == base and theirs == base:
            continue
        was, now, typed = (kind.format(v, target, reader) for v in (base, theirs, value))
        both = value != base and theirs not in (base, value)
        found.append(Difference(key, str(target.label), was, now, typed, both))
    return found


def merged(made: RecordForm, current: Record, posted: Any, version: int) -> Values:
    """The values to save after a conflict was shown: the person's own, except where they chose or never touched
    what somebody else changed."""
    since = audit.since(made.definition.key, current.id, version)
    values = {}
    for key, value in made.values().items():
        target = made.definition.fields[key]
        untouched = key in since and value == target.kind.parse(since[key][0], target, made.reader)
        if posted.get(f"take-{key}") != "theirs" and not untouched:
            values[key] = value
    return values


def _data(
    definition: EntityDef, fields: dict[str, Any], record: Record | None, given: Values | None, reader: Reader
) -> Values:
    if record is not None:
        return {key: f.kind.read(record, f) for key, f in fields.items()}
    data = {}
    for key, target in fields.items():
        default = target.default(reader) if callable(target.default) else target.default
        data[key] = (given or {}).get(key, default)
    return data


def _sections(definition: EntityDef, made: Form) -> list[FormSection]:
    sections = []
    rest = [name for name in made._fields if name in ("owner", "team")]
    for section in definition.sections:
        keys = in_name_order(section.fields, definition, made.meta.reader.language)
        bound = [made[key] for key in keys if key in made._fields]
        if bound:
            sections.append(FormSection(str(section.title), bound))
    placed = {f.name for section in sections for f in section.fields}
    missing = [made[name] for name in rest if name not in placed]
    if missing:
        sections.append(FormSection("", missing))
    return sections


def _may_edit(actor: Actor, part: Children) -> bool:
    return any(policy.level(actor, action, part.entity).rank for action in ("create", "update"))


def _child_records(actor: Actor, part: Children, record: Record | None) -> list[Record]:
    if record is None:
        return []
    definition = registry.entity(part.entity)
    via = getattr(definition.model, definition.fields[part.via].name)
    return list(
        policy.scope(actor, part.entity)
        .where(via == record.id)
        .order_by(definition.model.id)
        .limit(MOST_ROWS)
    )


def _children(actor: Actor, part: Children, rows: list[Record], posted: Any, reader: Reader) -> ChildRows:
    definition = registry.entity(part.entity)
    allowed = policy.fields(actor, part.entity, "write")
    keys = tuple(key for key in part.fields if key in allowed)
    made = _form_class(part.entity, registry.version(), keys)

    def bind(prefix: str, row: Record | None, number: int | None) -> Form:
        fields = {key: definition.fields[key] for key in keys}
        data = _data(definition, fields, row, None, reader)
        form = made(posted, data=data, prefix=prefix, meta={"reader": reader})
        form.row_id = number
        form.removed = bool(posted and posted.get(f"{prefix}delete"))
        return form

    template = bind(f"{part.key}-__index__-", None, None)
    if posted is None:
        bound = [bind(f"{part.key}-{i}-", row, row.id) for i, row in enumerate(rows)]
        return ChildRows(part.key, str(part.label), bound, template)
    known = {row.id: row for row in rows}
    bound = []
    for index in _indexes(part.key, posted):
        prefix = f"{part.key}-{index}-"
        text = str(posted.get(f"{prefix}id") or "")
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
        bound.append(bind(prefix, known.get(number or 0), number))
    return ChildRows(part.key, str(part.label), bound, template)


def _indexes(key: str, posted: Any) -> list[int]:
    pattern = re.compile(re.escape(key) + r"-(\d{1,4})-")
    return sorted({int(m[1]) for name in posted for m in [pattern.match(name)] if m})[:MOST_ROWS]


def _is_removed(row: Form) -> bool:
    return bool(row.removed)


def _row_values(row: Form) -> dict[str, Any]:
    values = {f.short_name: f.data for f in row if f.posted}
    return {**values, "id": row.row_id, "delete": row.removed}


def arguments(actor: Actor, definition: EntityDef, args: MultiDict[str, str], reader: Reader) -> Values:
    """Values for a new record given in the address (`?account=7`): how a panel's "add" fills in the link."""
    values: Values = {}
    for key in writable(actor, definition):
        if key in args:
            try:
                values |= records.parse(actor, definition, {key: args[key]}, reader)
            except records.Rejected:
                continue
    return values
