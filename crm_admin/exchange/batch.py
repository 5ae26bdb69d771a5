"""One import: the file, the plan, what became of every row. It can be tried, carried out, taken up again and undone."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import peewee
from peewee import (
    BigAutoField,
    BigIntegerField,
    BooleanField,
    DateTimeField,
    IntegerField,
    JSONField,
    TextField,
    fn,
)

from crm_admin import audit, clock, files, policy, records, registry
from crm_admin.db import LinkField, Table, database
from crm_admin.exchange import columns, formula, incoming
from crm_admin.exchange.row import Importer, Outcome, Plan
from crm_admin.i18n import Text, gettext, lazy_gettext
from crm_admin.kinds import Reader
from crm_admin.kinds.base import Upload
from crm_admin.kinds.file import safe_name
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef

logger = logging.getLogger(__name__)

AT_ONCE = 200
"""Rows of one transaction: few enough that nobody waits long for the write lock."""

TRIED = 200
"""Rows of a preview."""

STATUSES: dict[str, tuple[Text, str]] = {
    "draft": (lazy_gettext("Not started"), "neutral"),
    "queued": (lazy_gettext("Waiting"), "info"),
    "running": (lazy_gettext("Running"), "info"),
    "done": (lazy_gettext("Done"), "success"),
    "cancelled": (lazy_gettext("Stopped"), "warning"),
    "failed": (lazy_gettext("Failed"), "danger"),
    "undoing": (lazy_gettext("Being undone"), "info"),
    "undone": (lazy_gettext("Undone"), "neutral"),
}
"""Status → label and tone."""

Report = Callable[[int, int], None]
"""Told (rows done, rows in all) after every transaction; what it raises stops the work there."""


class Import(Table):
    """An uploaded file and what is, or was, done with it. `reader` is how its author reads dates and numbers."""

    id = BigAutoField()
    entity = TextField()
    user = LinkField("user", null=True, index=True)
    filename = TextField()
    digest = TextField()
    encoding = TextField(default="")
    header = JSONField()
    rows = IntegerField()
    mapping = JSONField()
    match = TextField(default="")
    mode = TextField(default="both")
    overwrite = BooleanField(default=False)
    reader = JSONField()
    status = TextField(default="draft")
    job = BigIntegerField(null=True)
    problem = TextField(default="")
    done = IntegerField(default=0)
    created = IntegerField(default=0)
    updated = IntegerField(default=0)
    skipped = IntegerField(default=0)
    failed = IntegerField(default=0)
    taken_back = IntegerField(default=0)
    kept = IntegerField(default=0)
    created_at = DateTimeField(default=clock.now)
    finished_at = DateTimeField(null=True)

    class Meta:
        table_name = "sys_import"
        indexes = ((("entity", "user", "id"), False),)

    @property
    def plan(self) -> Plan:
        return Plan(tuple(self.mapping), self.match, self.mode, self.overwrite)

    @property
    def definition(self) -> EntityDef:
        return registry.entity(self.entity)

    @property
    def is_editable(self) -> bool:
        """Whether its plan can still be changed."""
        return bool(self.status == "draft")

    @property
    def is_busy(self) -> bool:
        return self.status in ("queued", "running", "undoing")

    @property
    def can_be_undone(self) -> bool:
        return self.status in ("done", "cancelled", "failed") and bool(self.created or self.updated)

    def reader_for(self, actor: Actor) -> Reader:
        """As the author reads: language, time zone, country, currency."""
        return records.reader(actor, **self.reader)


class ImportRow(Table):
    """What became of one row. `version` is the record's after it; `undo`: done, or why the record was left as it is."""

    id = BigAutoField()
    batch = BigIntegerField(column_name="import")
    line = IntegerField()
    record_id = BigIntegerField(null=True)
    action = TextField()
    version = IntegerField(null=True)
    before = JSONField(null=True)
    errors = JSONField(null=True)
    undo = TextField(null=True)

    class Meta:
        table_name = "sys_import_row"
        indexes = ((("batch", "line"), True), (("batch", "action", "line"), False))


def draft(
    actor: Actor, definition: EntityDef, filename: str, content: bytes, reader: Reader, *, encoding: str = ""
) -> Import:
    """Keep a file, read all of it once, and propose a plan. Raises Unreadable."""
    digest = files.store(Upload(filename, content, ""))
    with incoming.opened(files.path_of(digest), encoding=encoding, most=0) as table:
        table.taken()
    keys = columns.guess(table.header, columns.of_import(actor, definition))
    given = {"language": reader.language, "timezone": reader.timezone}
    # A file whose header is keys was written by a program, and so are its numbers.
    if keys == table.header:
        given["language"] = "en"
    return Import.create(
        entity=definition.key,
        user=actor.id,
        filename=safe_name(filename),
        digest=digest,
        encoding=encoding,
        header=table.header,
        rows=table.count,
        mapping=keys,
        match=_likely_match(actor, definition, keys),
        reader={**given, "country": reader.country, "currency": reader.currency},
    )


def _likely_match(actor: Actor, definition: EntityDef, keys: list[str]) -> str:
    """The number where the file has it, else what is unique; never a guess by name."""
    able = [f for f in columns.matchable(actor, definition) if f.key in keys]
    return next((f.key for f in sorted(able, key=lambda f: f.key != "id") if f.key == "id" or f.unique), "")


def of(actor: Actor, entity: str, batch_id: int) -> Import | None:
    """The import of that number, if `actor` may see it: their own, or any for an administrator."""
    found = Import.get_or_none(Import.id == batch_id) if 0 < batch_id < 2**63 else None
    if found is None or found.entity != entity or not (actor.is_administrator or found.user == actor.id):
        return None
    return found


def recent(actor: Actor, entity: str, limit: int = 20) -> list[Import]:
    """The newest imports into an entity that `actor` may see."""
    query = Import.select().where(Import.entity == entity).order_by(Import.id.desc()).limit(limit)
    return list(query if actor.is_administrator else query.where(Import.user == actor.id))


def samples(batch: Import, rows: int = 3) -> list[list[Any]]:
    """The first cells of every column. Raises Unreadable."""
    with _table(batch, rows) as table:
        found = [cells for _, cells in table.taken()]
    return [[row[place] for row in found if place < len(row)] for place in range(len(batch.header))]


@dataclass(frozen=True)
class Tried:
    """A row as it would turn out."""

    line: int
    outcome: Outcome
    name: str


class _Rehearsed(Exception):
    """Ends a trial: the transaction goes back."""


def preview(actor: Actor, batch: Import, *, rows: int = TRIED) -> Iterator[Tried]:
    """Carry out the first `rows` (all when negative), tell what comes of each, take it back. Raises Unreadable."""
    importer = Importer(actor, batch.definition, batch.plan, batch.reader_for(actor))
    with _table(batch, rows) as table:
        while some := list(islice(table.rows, AT_ONCE)):
            yield from _rehearse(importer, batch, some)


def _rehearse(importer: Importer, batch: Import, rows: list[tuple[int, list[Any]]]) -> list[Tried]:
    tried: list[Tried] = []
    try:
        with database.atomic(), _noted(batch):
            for line, cells in rows:
                outcome = _attempt(importer, cells)
                name = batch.definition.name_of(outcome.record) if outcome.record is not None else ""
                tried.append(Tried(line, outcome, name))
            raise _Rehearsed
    except _Rehearsed:
        return tried


def run(actor: Actor, batch: Import, report: Report = lambda done, rows: None) -> None:
    """Carry out what is left of an import. Each transaction notes the rows it did: nothing is done twice.

    Raises Unreadable, and whatever `report` raises; then the rows done so far stay and count.
    """
    _set(batch, status="running", problem="")
    importer = Importer(actor, batch.definition, batch.plan, batch.reader_for(actor))
    last = ImportRow.select(fn.MAX(ImportRow.line)).where(ImportRow.batch == batch.id).scalar() or 0
    with _table(batch, -1) as table, _noted(batch):
        left = ((line, cells) for line, cells in table.rows if line > last)
        while some := list(islice(left, AT_ONCE)):
            with database.atomic():
                _do(importer, batch, some)
            report(batch.done, batch.rows)
    _set(batch, status="done", finished_at=clock.now())


def _do(importer: Importer, batch: Import, rows: list[tuple[int, list[Any]]]) -> None:
    counts = {"create": 0, "update": 0, "skip": 0, "error": 0}
    for line, cells in rows:
        outcome = _attempt(importer, cells)
        counts[outcome.action] += 1
        record = outcome.record
        ImportRow.create(
            batch=batch.id,
            line=line,
            record_id=record.id if record is not None else None,
            action=outcome.action,
            version=record.row_version if record is not None else None,
            before=outcome.before or None,
            errors=outcome.errors or None,
        )
    done = {
        "created": batch.created + counts["create"],
        "updated": batch.updated + counts["update"],
        "skipped": batch.skipped + counts["skip"],
        "failed": batch.failed + counts["error"],
    }
    _set(batch, **done, done=sum(done.values()))


def _attempt(importer: Importer, cells: list[Any]) -> Outcome:
    """One row in a savepoint. What the rules did not foresee and the database refuses fails that row alone."""
    try:
        with database.atomic():
            outcome = importer.apply(cells)
            if outcome.action == "error":
                raise _Failed(outcome)
            return outcome
    except _Failed as failed:
        return failed.outcome
    except (peewee.DataError, peewee.IntegrityError):
        logger.exception("a row of an import was refused by the database")
        return Outcome("error", errors={"": [gettext("The database does not take this row.")]})


class _Failed(Exception):
    """Rolls the savepoint of a row back."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__("failed")


def failures(batch: Import) -> Iterator[bytes]:
    """The rows that failed as CSV, each with what was wrong: to be mended and imported again. Raises Unreadable."""
    failed = dict(
        ImportRow.select(ImportRow.line, ImportRow.errors)
        .where(ImportRow.batch == batch.id, ImportRow.action == "error")
        .tuples()
    )
    with _table(batch, -1) as table:
        yield "\ufeff".encode() + _line([*table.header, gettext("Error")])
        for line, cells in table.rows:
            if line in failed:
                width = len(table.header)
                told = spelled(batch.definition, failed[line])
                yield _line([*(map(_plain, (cells + [""] * width)[:width])), told])


def wrong(batch: Import, limit: int = 50) -> list[tuple[int, str]]:
    """The first rows that failed: (line, what is wrong with it)."""
    query = (
        ImportRow.select(ImportRow.line, ImportRow.errors)
        .where(ImportRow.batch == batch.id, ImportRow.action == "error")
        .order_by(ImportRow.line)
    )
    return [(row.line, spelled(batch.definition, row.errors or {})) for row in query.limit(limit)]


def spelled(definition: EntityDef, errors: dict[str, list[str]]) -> str:
    """What is wrong with a row in one line: `Field: reason`."""
    told = []
    for key, texts in errors.items():
        name = key.partition(".")[0]
        label = f"{definition.fields[name].label}: " if name in definition.fields else ""
        told.append(label + " ".join(texts))
    return "; ".join(told)


def set_status(batch: Import, status: str, problem: str = "") -> None:
    """Note where an import stands, and why it did not go on."""
    _set(batch, status=status, problem=problem, finished_at=clock.now())


def _line(cells: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([formula.defuse(cell) for cell in cells])
    return text.getvalue().encode("utf-8", "replace")


def _plain(cell: Any) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return "" if cell is None else str(cell)


def _table(batch: Import, most: int) -> Any:
    return incoming.opened(files.path_of(batch.digest), encoding=batch.encoding, most=most)


def _noted(batch: Import) -> Any:
    """Everything written inside is known to the audit as coming from this import."""
    return audit.coming_from(audit.Origin(source="import", request_id=f"import-{batch.id}"))


def _set(batch: Import, **values: Any) -> None:
    with database.atomic():
        Import.update(**values).where(Import.id == batch.id).execute()
    for name, value in values.items():
        setattr(batch, name, value)


def may_import(actor: Actor, entity: str) -> bool:
    return policy.level(actor, "import", entity).rank > 0


def prune(before: datetime) -> int:
    """Forget imports made before `before`, with their files and the values they replaced; how many.

    After that they can no longer be undone.
    """
    model = registry.entity("attachment").model
    old = list(
        Import.select().where(
            Import.created_at < before, Import.status.not_in(("queued", "running", "undoing"))
        )
    )
    for batch in old:
        with database.atomic():
            ImportRow.delete().where(ImportRow.batch == batch.id).execute()
            Import.delete().where(Import.id == batch.id).execute()
        kept = Import.select().where(Import.digest == batch.digest).exists()
        if not kept and not model.select(model.id).where(model.sha256 == batch.digest).exists():
            files.path_of(batch.digest).unlink(missing_ok=True)
    return len(old)
