"""The one way to write a record: the kinds parse, the judge decides, the audit and the history are told, and all
of it is one transaction. Screens, API, import, jobs and commands all come through here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import peewee
from peewee import IntegrityError, fn

from crm_admin import audit, clock, files, history, policy, registry, search
from crm_admin.db import database, is_sqlite
from crm_admin.folding import fold
from crm_admin.i18n import gettext
from crm_admin.kinds import FieldDef, Invalid, Reader
from crm_admin.kinds.base import Group, Upload
from crm_admin.policy import Actor
from crm_admin.registry import Children, EntityDef, Record

Values = dict[str, Any]
"""Parsed values by field key."""

Rows = dict[str, list[dict[str, Any]]]
"""Inline children by their key: each row has field values and, for a row that is there already, `id` or `delete`."""


class Rejected(ValueError):
    """The values cannot be saved. `errors`: field key ("" for the whole) → what is wrong with it."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{key}: {' '.join(texts)}" for key, texts in errors.items()))


class Stale(Exception):
    """Somebody saved the record meanwhile; `current` is what they saved."""

    def __init__(self, current: Record) -> None:
        self.current = current
        super().__init__("stale")


class NotFound(LookupError):
    """No such record, or none that the actor may reach: the two look alike."""


class Forbidden(PermissionError):
    """The actor may see the record, or the entity, but not do this."""


Saved = Callable[[Actor, Record, Values | None], None]
_saved: dict[str, list[Saved]] = {}


def subscribe(entity: str, call: Saved) -> None:
    """Run `call(actor, record, before)` in the transaction of every save of `entity`; `before` is None when new."""
    _saved.setdefault(entity, []).append(call)


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────
class Names:
    """Names of linked records that one actor may see, fetched once per entity and page."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self._known: dict[tuple[str, int], str | None] = {}

    def __call__(self, entity: str, ids: Iterable[int]) -> dict[int, str]:
        wanted = set(ids)
        missing = [i for i in wanted if (entity, i) not in self._known]
        if missing:
            self._load(entity, missing)
        found = {i: self._known[entity, i] for i in wanted}
        return {i: name for i, name in found.items() if name is not None}

    def _load(self, entity: str, ids: list[int]) -> None:
        self._known.update({(entity, i): None for i in ids})
        definition = registry.find(entity)
        if definition is None or definition.title not in policy.fields(self.actor, entity):
            return
        model = definition.model
        title = definition.fields[definition.title]
        columns = [getattr(model, title.kind.column_name(title, s)) for s in title.kind.columns(title)]
        for chunk in (ids[i : i + 500] for i in range(0, len(ids), 500)):
            for row in policy.scope(self.actor, entity, model.select(model.id, *columns)).where(
                model.id.in_(chunk)
            ):
                self._known[entity, row.id] = definition.name_of(row)


def reader(
    actor: Actor, *, language: str = "en", timezone: str = "UTC", country: str = "VN", currency: str = "VND"
) -> Reader:
    """A Reader that sees with the eyes of `actor`."""
    return Reader(
        language=language,
        timezone=timezone,
        country=country,
        currency=currency,
        names=Names(actor),
        find=lambda entity, text: _find(actor, entity, text),
        keep=lambda upload: keep(actor, upload),
        groups=lambda entity: _groups(actor, entity),
        title=lambda entity: str(registry.entity(entity).label),
    )


def _groups(actor: Actor, entity: str) -> list[Group]:
    """All visible records of a small entity as columns of a board, in their default order."""
    definition = registry.entity(entity)
    key, model = definition.default_sort.lstrip("-"), definition.model
    order = definition.fields[key].kind.zone_column(definition.fields[key], model)
    rows = list(policy.scope(actor, entity).order_by(order, model.id).limit(100))
    parents: Mapping[int, str] = {}
    by = definition.fields[definition.grouped_by] if definition.grouped_by else None
    if by is not None:
        parents = Names(actor)(
            str(by.option("target")), [getattr(row, by.name) for row in rows if getattr(row, by.name)]
        )
    return [
        Group(
            str(row.id), definition.name_of(row), group=parents.get(getattr(row, by.name), "") if by else ""
        )
        for row in rows
    ]


def load_names(definition: EntityDef, records: Iterable[Record], keys: Iterable[str], reader: Reader) -> None:
    """Fetch the names that showing these fields of these records will need: one query per linked entity."""
    rows = list(records)
    wanted: dict[str, set[int]] = {}
    for key in keys:
        field = definition.fields[key]
        field.kind.load_many(definition.key, rows, field)
        for row in rows:
            for entity, number in field.kind.references(field.kind.read(row, field), field):
                wanted.setdefault(entity, set()).add(number)
    for entity, ids in wanted.items():
        reader.names(entity, ids)


def get(actor: Actor, entity: str, record_id: int, action: str = "read") -> Record:
    """The record, if `actor` may see it. Raises NotFound, or Forbidden when they see it but may not do `action`."""
    definition = registry.find(entity)
    if definition is None or not 0 < record_id < 2**63:
        raise NotFound(entity)
    return _reach(policy.scope, actor, definition, record_id, action)


def _reach(scope: Any, actor: Actor, definition: EntityDef, record_id: int, action: str) -> Record:
    record = scope(actor, definition.key, action=action).where(definition.model.id == record_id).first()
    if record is not None:
        return record
    if (
        action != "read"
        and policy.scope(actor, definition.key).where(definition.model.id == record_id).first()
    ):
        raise Forbidden(action)
    raise NotFound(definition.key)


def _find(actor: Actor, entity: str, text: str) -> list[int]:
    definition = registry.find(entity)
    if definition is None or definition.title not in policy.fields(actor, entity):
        return []
    title = definition.fields[definition.title]
    column = title.kind.order(title, definition.model)
    query = policy.scope(actor, entity, definition.model.select(definition.model.id))
    return [row.id for row in query.where(column == fold(text)[:200]).limit(3)]


# ── parsing ─────────────────────────────────────────────────────────────────────────────────────────
def parse(actor: Actor, definition: EntityDef, raw: Mapping[str, Any], reader: Reader) -> Values:
    """Values out of raw ones. Raises Rejected with every field that is unknown, not writable or invalid."""
    writable = policy.fields(actor, definition.key, "write")
    values: Values = {}
    errors: dict[str, list[str]] = {}
    for key, item in raw.items():
        field = definition.fields.get(key)
        if field is None or key not in writable:
            errors[key] = [gettext("There is no such field, or it cannot be set.")]
            continue
        try:
            values[key] = field.kind.parse(item, field, reader)
        except Invalid as error:
            errors[key] = [str(error)]
    if errors:
        raise Rejected(errors)
    return values


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────
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
    seeing = reader or globals()["reader"](actor)
    record = definition.model()
    values = _with_defaults(actor, definition, values, seeing)
    with database.atomic():
        _check_allowed(actor, definition, values, record)
        now = clock.now()
        record.created_at = record.modified_at = now
        record.created_by = record.modified_by = actor.id
        record.source = audit.origin().source
        _write(actor, definition, record, {**values, **(internal or {})}, seeing, new=True)
        changes = _dump_changes(definition, record, {})
        _insert(definition, record)
        _after(actor, definition, record, None, children, seeing)
        entry = audit.write(actor, entity, record.id, "create", changes, record.row_version)
        _tell(actor, definition, record, {}, entry, new=True)
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
    seeing = reader or globals()["reader"](actor)
    with database.atomic():
        current = _lock(actor, definition, record.id)
        if expected_version is not None and current.row_version != expected_version:
            raise Stale(current)
        _load_all(definition, current)
        before = {key: _dumped(f, current) for key, f in definition.fields.items()}
        old = {key: f.kind.read(current, f) for key, f in definition.fields.items()}
        values = {k: v for k, v in values.items() if v != old.get(k)}
        _check_allowed(actor, definition, values, current)
        _write(actor, definition, current, {**values, **(internal or {})}, seeing, new=False)
        changes = _dump_changes(definition, current, before)
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
            _tell(actor, definition, current, changes, entry, new=False)
    return current


def delete(actor: Actor, record: Record, *, expected_version: int | None = None) -> None:
    """Move a record to the recycle bin.

    Raises Stale when `expected_version` is not the version found, NotFound, Forbidden, Rejected.
    """
    definition = registry.of(record)
    with database.atomic():
        current = _lock(actor, definition, record.id, "delete")
        if expected_version is not None and current.row_version != expected_version:
            raise Stale(current)
        problem = current.keep_because()
        if problem:
            raise Rejected({"": [problem]})
        _mark_deleted(definition, current, clock.now(), actor.id)
        audit.write(actor, definition.key, current.id, "delete", {}, current.row_version)
        history.hide((definition.key, current.id), current.deleted_at)


def restore(actor: Actor, entity: str, record_id: int) -> Record:
    """Bring a record back from the recycle bin. Raises NotFound or Forbidden."""
    with database.atomic():
        record = deleted(actor, entity).where(registry.entity(entity).model.id == record_id).first()
        if record is None:
            raise NotFound(entity)
        _mark_deleted(registry.entity(entity), record, None, None)
        audit.write(actor, entity, record.id, "restore", {}, record.row_version)
        history.hide((entity, record.id), None)
    return record


def deleted(actor: Actor, entity: str) -> peewee.ModelSelect:
    """The records in the recycle bin that `actor` may restore: those they may see and delete."""
    definition = registry.entity(entity)
    query = definition.model.select().where(definition.model.deleted_at.is_null(False))
    for action in ("read", "delete"):
        limit = policy.predicate(actor, action, definition)
        if limit is not None:
            query = query.where(limit)
    return query


def keep(actor: Actor, upload: Upload) -> int:
    """Store a file and make its attachment record; the record's id."""
    digest = files.store(upload)
    internal = {
        "name": upload.filename,
        "content_type": upload.content_type,
        "size": len(upload.content),
        "sha256": digest,
    }
    return int(create(actor, "attachment", {}, internal=internal).id)


# ── steps of a save ─────────────────────────────────────────────────────────────────────────────────
def _with_defaults(actor: Actor, definition: EntityDef, values: Values, seeing: Reader) -> Values:
    filled = dict(values)
    for key, field in definition.fields.items():
        if field.default is not None and filled.get(key) is None and key not in values:
            filled[key] = field.default(seeing) if callable(field.default) else field.default
    if definition.owned:
        filled.setdefault("owner", actor.id)
        filled.setdefault("team", min(actor.teams) if actor.teams else None)
    return filled


def _check_allowed(actor: Actor, definition: EntityDef, values: Values, record: Record) -> None:
    """Raise Rejected for what may not be set by this actor: foreign records, other people's ownership."""
    errors: dict[str, list[str]] = {}
    is_new = record.id is None
    writable = policy.fields(actor, definition.key, "write") if actor is not policy.SYSTEM else None
    for key, value in values.items():
        field = definition.fields[key]
        automatic = is_new and (key in ("owner", "team") or field.default is not None)
        if writable is not None and key not in writable and not automatic:
            errors.setdefault(key, []).append(gettext("There is no such field, or it cannot be set."))
        elif not _visible(actor, field.kind.references(value, field), field, record):
            errors.setdefault(key, []).append(gettext("There is no such record."))
    if definition.owned and {"owner", "team"} & values.keys():
        owner = values.get("owner", record.owner)
        team = values.get("team", record.team)
        if not _assignable(actor, definition, owner, team, record):
            errors.setdefault("owner", []).append(gettext("You may not give records to this person or team."))
    if errors:
        raise Rejected(errors)


def _assignable(
    actor: Actor, definition: EntityDef, owner: int | None, team: int | None, record: Record
) -> bool:
    if record.id is None and owner == actor.id and (team is None or team in actor.teams):
        return True
    if record.id is not None and (owner, team) == (record.owner, record.team):
        return True
    return policy.may_assign(actor, definition.key, owner, team)


def _visible(actor: Actor, references: list[tuple[str, int]], field: FieldDef, record: Record) -> bool:
    # Whoever they may see, everybody knows of themselves and of their teams: a new record is theirs.
    kept = {("user", actor.id), *(("team", team) for team in actor.teams)}
    if record.id is not None:
        kept |= set(field.kind.references(field.kind.read(record, field), field))
    wanted: dict[str, set[int]] = {}
    for entity, number in references:
        if (entity, number) not in kept:
            wanted.setdefault(entity, set()).add(number)
    for entity, ids in wanted.items():
        definition = registry.find(entity)
        if definition is None:
            return False
        seen = policy.scope(actor, entity, definition.model.select(fn.COUNT(definition.model.id)))
        if seen.where(definition.model.id.in_(sorted(ids))).scalar() != len(ids):
            return False
    return True


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
    try:
        with database.atomic():
            record.save(force_insert=True)
    except IntegrityError as error:
        raise _duplicate(definition, error) from None


def _save(definition: EntityDef, record: Record) -> None:
    try:
        with database.atomic():
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


def _lock(actor: Actor, definition: EntityDef, record_id: int, action: str = "update") -> Record:
    """The record as it stands now, held against other writers until the end of the transaction."""

    def held(*args: Any, **kwargs: Any) -> peewee.ModelSelect:
        query = policy.scope(*args, **kwargs)
        return query if is_sqlite() else query.for_update()

    return _reach(held, actor, definition, record_id, action)


def _load_all(definition: EntityDef, record: Record) -> None:
    for field in definition.fields.values():
        field.kind.load_many(definition.key, [record], field)


def _dumped(field: FieldDef, record: Record) -> Any:
    value = field.kind.read(record, field)
    return None if field.kind.is_empty(value) else field.kind.dump(value, field)


def _dump_changes(definition: EntityDef, record: Record, before: dict[str, Any]) -> audit.Changes:
    changes: audit.Changes = {}
    for key, field in definition.fields.items():
        if key in registry.SYSTEM_COLUMNS:
            continue
        old, new = before.get(key), _dumped(field, record)
        if old != new:
            changes[key] = [old, new]
    return changes


def _after(
    actor: Actor,
    definition: EntityDef,
    record: Record,
    before: Values | None,
    children: Rows | None,
    seeing: Reader,
) -> None:
    for key, field in definition.fields.items():
        if before is None or key in before:
            field.kind.after_save(definition.key, record.id, field, field.kind.read(record, field))
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


def _mark_deleted(definition: EntityDef, record: Record, at: Any, by: int | None) -> None:
    model = definition.model
    record.deleted_at, record.deleted_by, record.modified_at = at, by, clock.now()
    record.row_version += 1
    model.update(
        deleted_at=at, deleted_by=by, row_version=record.row_version, modified_at=record.modified_at
    ).where(model.id == record.id).execute()


def _tell(
    actor: Actor, definition: EntityDef, record: Record, changes: audit.Changes, entry: int, *, new: bool
) -> None:
    """Write the history: the record's own line where it is an event, and a line for changes worth telling."""
    if not (definition.has_history or definition.event):
        return
    ref = (definition.key, int(record.id))
    beyond = definition.subjects(record) if definition.subjects else []
    about: dict[str, Any] = {"by": actor.id, "ref": ref, "owner": record.owner, "team": record.team}
    if definition.event and beyond and not definition.has_history:
        _event(definition, record, beyond, about)
        return
    subjects = [ref, *beyond] if definition.has_history else beyond
    if not subjects:
        return
    if definition.event:
        _event(definition, record, subjects, about)
    elif new:
        data = {definition.title: _dumped(definition.fields[definition.title], record)}
        history.record(
            "created",
            source=f"{definition.key}:{record.id}",
            at=record.created_at,
            subjects=subjects,
            data=data,
            **about,
        )
    told = {key: pair for key, pair in changes.items() if definition.fields[key].told}
    if told and not new:
        history.record(
            "change",
            source=f"change:{entry}",
            at=record.modified_at,
            subjects=subjects,
            data={"changes": told, definition.title: _dumped(definition.fields[definition.title], record)},
            **about,
        )


def _event(
    definition: EntityDef, record: Record, subjects: list[tuple[str, int]], about: dict[str, Any]
) -> None:
    data = {
        key: dumped
        for key, field in definition.fields.items()
        if key not in registry.SYSTEM_COLUMNS and (dumped := _dumped(field, record)) is not None
    }
    history.record(
        definition.event or "",
        source=f"{definition.key}:{record.id}",
        at=record.happened_at(),
        subjects=subjects,
        data=data,
        **{**about, "by": record.created_by},
    )
