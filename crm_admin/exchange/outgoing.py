"""Records as a file: what the list shows is what leaves, row by row, with memory that does not grow."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from flask import Response, request, stream_with_context

from crm_admin import audit, clock, db, listing, policy, records, registry
from crm_admin.exchange import columns, formula, workbook
from crm_admin.exchange.columns import Column
from crm_admin.kinds import Reader
from crm_admin.kinds.datetime import local
from crm_admin.listing import ListQuery
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef, Record

logger = logging.getLogger("crm.security")

BOM = "\ufeff".encode()
"""Without it Excel takes a CSV for the code page of the machine."""


@dataclass(frozen=True)
class Export:
    """One question, the eyes it is answered for, and whether programs (`keys`) or people will read the file."""

    actor: Actor
    query: ListQuery
    reader: Reader
    keys: bool = False

    @property
    def definition(self) -> EntityDef:
        return registry.entity(self.query.entity)

    def columns(self) -> list[Column]:
        return columns.of_export(self.actor, self.definition)

    def batches(self) -> Iterator[tuple[list[Record], Reader]]:
        """The records in order, with the names they show; each batch forgets those of the one before."""
        shown = list(dict.fromkeys(column.field.key for column in self.columns()))
        for rows in listing.walk(self.actor, self.query, self.reader, action="export"):
            seeing = replace(self.reader, names=records.Names(self.actor))
            records.load_names(self.definition, rows, shown, seeing)
            yield list(rows), seeing

    def tables(self) -> Iterator[list[list[Any]]]:
        """The same as rows of cells, one per column."""
        shown = self.columns()
        fields = {column.field.key: column.field for column in shown}
        for rows, seeing in self.batches():
            table = []
            for row in rows:
                cells = {
                    key: field.kind.cells(field.kind.read(row, field), field, seeing)
                    for key, field in fields.items()
                }
                table.append([cells[column.field.key].get(column.part, "") for column in shown])
            yield table


def download(actor: Actor, query: ListQuery, export_type: str, reader: Reader) -> Response:
    """The answer to a request for a file. `?headers=keys` asks for the one that programs read back without loss."""
    export = Export(actor, query, reader, keys=request.args.get("headers") == "keys")
    told = _Told(export, export_type)
    day = local(clock.now(), reader.timezone).date()
    pieces = stream_with_context(held(told.counted()))
    answer = Response(pieces, content_type=FORMATS[export_type].content_type, direct_passthrough=True)
    answer.headers.set("Content-Disposition", "attachment", filename=f"{query.entity}-{day}.{export_type}")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def held(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """`pieces` with a connection of their own: that of the request is given back before the first one is asked for."""
    with db.connection():
        yield from pieces


def write(export: Export, export_type: str) -> Iterator[bytes]:
    """The file in pieces, noted in the audit before the first of them leaves."""
    return _Told(export, export_type).counted()


class _Told:
    """Writes down who takes what with them: before the first row in the audit, after the last in the security log."""

    def __init__(self, export: Export, export_type: str) -> None:
        self.export, self.export_type = export, export_type
        self.sent = 0
        query = export.query
        asked = dict(query.args())
        count = listing.matching(export.actor, query, export.reader, action="export").count()
        told: dict[str, Any] = {"format": export_type, "filters": asked, "count": count}
        # An export is about the entity, not about one record: there is none with the number 0.
        audit.write(
            export.actor, query.entity, 0, "export", {key: [None, value] for key, value in told.items()}, 0
        )

    def counted(self) -> Iterator[bytes]:
        try:
            yield from FORMATS[self.export_type].write(self.export, self._counting)
        finally:
            logger.info(
                "export",
                extra={
                    "event": "export",
                    "user_id": self.export.actor.id,
                    "entity": self.export.query.entity,
                    "format": self.export_type,
                    "rows": self.sent,
                },
            )

    def _counting(self, rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
        for batch in rows:
            self.sent += len(batch)
            yield batch


Counting = Callable[[Iterable[list[Any]]], Iterator[list[Any]]]


def _csv(export: Export, counting: Counting) -> Iterator[bytes]:
    safe = (lambda text: text) if export.keys else formula.defuse
    header = columns.headings(export.columns(), keys=export.keys)
    yield BOM + _lines([[safe(name) for name in header]])
    for table in counting(export.tables()):
        yield _lines([[_written(cell, safe) for cell in row] for row in table])


def _lines(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _written(cell: Any, safe: Callable[[str], str]) -> str:
    if isinstance(cell, str):
        return safe(cell)
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int):
        return str(cell)
    text = format(Decimal(repr(cell)), "f")
    # Three digits behind the point are thousands where a comma parts the decimals; four are not.
    return text + "0" if len(text.partition(".")[2]) == 3 else text


def _xlsx(export: Export, counting: Counting) -> Iterator[bytes]:
    header = columns.headings(export.columns(), keys=export.keys)
    safe = (
        [[formula.defuse_typed(cell) if isinstance(cell, str) else cell for cell in row] for row in table]
        for table in counting(export.tables())
    )
    named = [formula.defuse_typed(name) for name in header]
    yield from workbook.write(str(export.definition.plural), named, safe)


def _jsonl(export: Export, counting: Counting) -> Iterator[bytes]:
    readable = policy.fields(export.actor, export.query.entity)
    fields = [field for field in export.definition.fields.values() if field.key in readable]
    for rows in counting(batch for batch, _ in export.batches()):
        lines = (
            json.dumps({f.key: f.kind.dump(f.kind.read(row, f), f) for f in fields}, ensure_ascii=False)
            for row in rows
        )
        yield "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


@dataclass(frozen=True)
class Format:
    """A kind of file: its content type and what writes it."""

    content_type: str
    write: Callable[[Export, Counting], Iterator[bytes]]


FORMATS: dict[str, Format] = {
    "csv": Format("text/csv; charset=utf-8", _csv),
    "xlsx": Format("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx),
    "jsonl": Format("application/x-ndjson; charset=utf-8", _jsonl),
}
