"""Taking an import back: what it added goes to the recycle bin, what it changed gets its former values again.

A record that somebody changed since is left as it is and named; nobody's later work is lost.
"""

from __future__ import annotations

from itertools import islice

from crm_admin import audit, clock, records, registry
from crm_admin.db import database
from crm_admin.exchange.batch import AT_ONCE, Import, ImportRow, Report
from crm_admin.i18n import Text, lazy_gettext
from crm_admin.kinds import Invalid, Reader
from crm_admin.policy import Actor
from crm_admin.records import Forbidden, NotFound, Rejected, Stale

REASONS: dict[str, Text] = {
    "changed": lazy_gettext("changed since the import"),
    "gone": lazy_gettext("deleted since, or out of your reach"),
    "forbidden": lazy_gettext("you may not change it"),
    "refused": lazy_gettext("its former values are not allowed any more"),
}


def run(actor: Actor, batch: Import, report: Report = lambda done, rows: None) -> None:
    """Take back every row not yet taken back, the last one first. Raises whatever `report` raises."""
    batch.status = "undoing"
    batch.save(only=[Import.status])
    left = iter(_records_of(batch))
    done, count = 0, batch.created + batch.updated
    reader = batch.reader_for(actor)
    with audit.coming_from(audit.Origin(source="import", request_id=f"undo-{batch.id}")):
        while some := list(islice(left, AT_ONCE)):
            with database.atomic():
                for record_id in some:
                    done += _take_back(actor, batch, record_id, reader)
            report(done, count)
    ours = ImportRow.batch == batch.id
    batch.taken_back = ImportRow.select().where(ours, ImportRow.undo == "done").count()
    batch.kept = ImportRow.select().where(ours, ImportRow.undo.in_(list(REASONS))).count()
    batch.status, batch.finished_at = "undone", clock.now()
    batch.save(only=[Import.taken_back, Import.kept, Import.status, Import.finished_at])


def kept(batch: Import, limit: int = 200) -> list[ImportRow]:
    """Rows that could not be taken back, with the reason in `undo`."""
    return list(
        ImportRow.select()
        .where(ImportRow.batch == batch.id, ImportRow.undo.in_(list(REASONS)))
        .order_by(ImportRow.line)
        .limit(limit)
    )


def _records_of(batch: Import) -> list[int]:
    """Records that the import wrote and that were not looked at yet, the last first, each once."""
    rows = (
        ImportRow.select(ImportRow.record_id)
        .where(
            ImportRow.batch == batch.id, ImportRow.action.in_(("create", "update")), ImportRow.undo.is_null()
        )
        .order_by(ImportRow.line.desc())
        .tuples()
    )
    return list(dict.fromkeys(row[0] for row in rows))


def _take_back(actor: Actor, batch: Import, record_id: int, reader: Reader) -> int:
    """One record, by all the rows that wrote it; how many rows those are."""
    rows = list(
        ImportRow.select()
        .where(
            ImportRow.batch == batch.id,
            ImportRow.record_id == record_id,
            ImportRow.action.in_(("create", "update")),
        )
        .order_by(ImportRow.line.desc())
    )
    try:
        with database.atomic():
            _restore(actor, batch, rows, reader)
        came_out = "done"
    except Stale:
        came_out = "changed"
    except NotFound:
        came_out = "gone"
    except Forbidden:
        came_out = "forbidden"
    except (Rejected, Invalid):
        came_out = "refused"
    ImportRow.update(undo=came_out).where(ImportRow.id.in_([row.id for row in rows])).execute()
    return len(rows)


def _restore(actor: Actor, batch: Import, rows: list[ImportRow], reader: Reader) -> None:
    """Raises Stale when the record is not as the last of the rows left it, and what `records` raises."""
    record = records.get(actor, batch.entity, rows[0].record_id)
    if record.row_version != rows[0].version:
        raise Stale(record)
    if rows[-1].action == "create":
        records.delete(actor, record)
        return
    fields = registry.entity(batch.entity).fields
    former: dict[str, object] = {}
    for row in rows:
        former.update(row.before or {})
    values = {key: fields[key].kind.parse(dumped, fields[key], reader) for key, dumped in former.items()}
    records.update(actor, record, values, expected_version=record.row_version, reader=reader)
