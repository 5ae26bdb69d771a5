"""A record is saved: new or changed, with its inline rows, its audit and its history, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from peewee import IntegrityError

from crm_admin import audit, clock, history, policy, registry, search
from crm_admin.db import database
from crm_admin.i18n import gettext
from crm_admin.kinds import FieldDef, Reader
from crm_admin.policy import Actor
from crm_admin.records import permission
from crm_admin.records.deleting import delete
from crm_admin.records.errors import Forbidden, NotFound, Rejected, Stale
from crm_admin.records.parsing import Values
from crm_admin.records.reading import get, lock, sight
from crm_admin.records.telling import changes_since, dump, tell
from crm_admin.registry import Children, EntityDef, Record

Rows = dict[str, list[dict[str, Any]]]
"""Inline children by their key: each row has field values and, for a row that is there already, `id` or `delete`."""


Saved = Callable[[Actor, Record, Values | None], None]
_saved: dict[str, list[Saved]] = {}


def subscribe(entity: str, call: Saved) -> None:
    """Run `call(actor, record, before)` in the transaction of every save of `entity`; `before` is None when new."""
    _saved.setdefault(entity, []).append(call)


def create(
    actor: Actor,
    entity: str,
    values: Values,
    *,
    reader: Reader | None = None,
    children: Rows | None = None,
    internal: Values | None = None,
) -> Record:
    """Save a new record. `internal` are system fields set by the product's own verbs.

    Raises Forbidden, or Rejected with the fields that are wrong; then nothing is written.
    """
    definition = registry.entity(entity)
    if not policy.can(actor, "create", entity):
        raise Forbidden("create")
    seeing = reader or sight(actor)
    record = definition.model()
    values = _with_defaults(actor, definition, values, seeing)
    with database.atomic():
        permission.check(actor, definition, values, record)
        now = clock.now()
        record.created_at = record.modified_at = now
        record.created_by = record.modified_by = actor.id
        record.source = audit.origin().source
        _write(actor, definition, record, {**values, **(internal or {})}, seeing, new=True)
        changes = changes_since(definition, record, {})
        _insert(definition, record)
        _after(actor, definition, record, None, children, seeing)
        entry = audit.write(actor, entity, record.id, "create", changes, record.row_version)
        tell(actor, definition, record, {}, entry, new=True)
    return record


def update(
    actor: Actor,
    record: Record,
    values: Values,
    *,
    expected_version: int | None = None,
    reader: Reader | None = None,
    children: Rows | None = None,
    internal: Values | None = None,
) -> Record:
    """Save changed fields; the record as saved. Fields that are not in `values` stay.

    Raises Stale when `expected_version` is not the version found, NotFound, Forbidden, Rejected.
    """
    definition = registry.of(record)
    seeing = reader or sight(actor)
    with database.atomic():
        current = lock(actor, definition, record.id)
        if expected_version is not None and current.row_version != expected_version:
            raise Stale(current)
        _load_all(definition, current)
        before = dump(definition, current)
        old = {key: f.kind.read(current, f) for key, f in definition.fields.items()}
        values = {k: v for k, v in values.items() if v != old.get(k)}
        permission.check(actor, definition, values, current)
        _write(actor, definition, current, {**values, **(internal or {})}, seeing, new=False)
        changes = changes_since(definition, current, before)
        changed = {key: old[key] for key in changes}
        if changes or children:
            current.modified_at, current.modified_by = clock.now(), actor.id
            current.row_version += 1
            _save(definition, current)
            _after(actor, definition, current, changed, children, seeing)
        if changes:
            entry = audit.write(actor, definition.key, current.id, "update", changes, current.row_version)
            if {"owner", "team"} & changes.keys():
                history.hand_over((definition.key, current.id), current.owner, current.team)
            tell(actor, definition, current, changes, entry, new=False)
    return current


def _with_defaults(actor: Actor, definition: EntityDef, values: Values, seeing: Reader) -> Values:
    filled = dict(values)
    for key, field in definition.fields.items():
        if field.default is not None and filled.get(key) is None and key not in values:
            filled[key] = field.default(seeing) if callable(field.default) else field.default
    if definition.owned:
        filled.setdefault("owner", actor.id)
        filled.setdefault("team", min(actor.teams) if actor.teams else None)
    return filled


def _write(
    actor: Actor, definition: EntityDef, record: Record, values: Values, seeing: Reader, *, new: bool
) -> None:
    """Put the values on the record and check it as a whole. Raises Rejected."""
    errors: dict[str, list[str]] = {}
    for key, field in definition.fields.items():
        if key in values or (new and not field.system):
            value = field.kind.settle(values.get(key), definition.key, field, seeing, new=new)
            field.kind.write(record, field, value)
        elif new and field.system and key not in registry.SYSTEM_COLUMNS:
            field.kind.write(record, field, values.get(key))
    record.derive(seeing)
    for key, field in definition.fields.items():
        if field.required and field.kind.is_empty(field.kind.read(record, field)):
            errors.setdefault(key, []).append(gettext("This field is required."))
        elif field.unique and (new or key in values) and _taken(definition, field, record):
            errors.setdefault(key, []).append(gettext("Another record has this already."))
    for key, text in record.check(seeing).items():
        errors.setdefault(key, []).append(text)
    if errors:
        raise Rejected(errors)
    record.search_fold = search.index(definition, record)


def _taken(definition: EntityDef, field: FieldDef, record: Record) -> bool:
    value = getattr(record, field.name)
    if value is None:
        return False
    model = definition.model
    query = model.select(model.id).where(getattr(model, field.name) == value)
    return query.where(model.id != (record.id or 0)).first() is not None


def _insert(definition: EntityDef, record: Record) -> None:
    # Most columns of a new record are empty, and Peewee takes longer over each than the database does.
    filled = [column for column in record._meta.sorted_fields if getattr(record, column.name) is not None]
    try:
        record.save(force_insert=True, only=filled)
    except IntegrityError as error:
        raise _duplicate(definition, error) from None


def _save(definition: EntityDef, record: Record) -> None:
    try:
        record.save()
    except IntegrityError as error:
        raise _duplicate(definition, error) from None


def _duplicate(definition: EntityDef, error: IntegrityError) -> Rejected:
    """Two people saved the same unique value at the same moment: the index saw what the check could not."""
    text = str(error)
    for field in definition.fields.values():
        if field.unique and field.name in text:
            return Rejected({field.key: [gettext("Another record has this already.")]})
    return Rejected({"": [gettext("Another change came in between. Please try again.")]})


def _load_all(definition: EntityDef, record: Record) -> None:
    for field in definition.fields.values():
        field.kind.load_many(definition.key, [record], field)


def _after(
    actor: Actor,
    definition: EntityDef,
    record: Record,
    before: Values | None,
    children: Rows | None,
    seeing: Reader,
) -> None:
    for key, field in definition.fields.items():
        value = field.kind.read(record, field)
        # Of a new record, side tables know nothing that an empty value could take away.
        if key in before if before is not None else not field.kind.is_empty(value):
            field.kind.after_save(definition.key, record.id, field, value)
    for part in definition.children:
        _save_children(actor, part, record, (children or {}).get(part.key, []), seeing)
    record.after_save(actor, before)
    for call in _saved.get(definition.key, []):
        call(actor, record, before)


def _save_children(
    actor: Actor, part: Children, parent: Record, rows: list[dict[str, Any]], seeing: Reader
) -> None:
    """Create, change and delete inline rows. Raises Rejected with keys like `accounts-0-role`."""
    definition = registry.entity(part.entity)
    errors: dict[str, list[str]] = {}
    for position, row in enumerate(rows):
        values = {key: row[key] for key in part.fields if key in row}
        try:
            if row.get("id"):
                current = get(actor, part.entity, int(row["id"]))
                if getattr(current, definition.fields[part.via].name) != parent.id:
                    raise NotFound(part.entity)
                if row.get("delete"):
                    delete(actor, current)
                else:
                    update(actor, current, values, reader=seeing)
            elif not row.get("delete"):
                create(actor, part.entity, {**values, part.via: parent.id}, reader=seeing)
        except Rejected as error:
            errors |= {
                f"{part.key}-{position}-{key}" if key else part.key: t for key, t in error.errors.items()
            }
        except (NotFound, Forbidden):
            errors.setdefault(part.key, []).append(
                gettext("A row cannot be changed any more. Reload the page.")
            )
    if errors:
        raise Rejected(errors)
