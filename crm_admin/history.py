"""THE ONE HISTORY: everything that happened with a customer, one line each. `record` is the only way in,
`timeline` the only way out.

A line belongs to the record it is about (`ref`: a note, a call, a visit), stands on one primary subject and shows on
all its subjects. Its `source` is unique: saying the same thing again refines the line instead of adding one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import peewee
from peewee import BigAutoField, BigIntegerField, DateTimeField, JSONField, Node, TextField, Tuple

from crm_admin import policy, registry
from crm_admin.compiled import CompiledQuery, slot
from crm_admin.db import LinkField, Table, after_commit
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef

Subject = tuple[str, int]
"""(entity, id) of a record."""


class HistoryLine(Table):
    """One thing that happened. `data` holds dumped field values of the record it is about, by field key."""

    id = BigAutoField()
    at = DateTimeField()
    kind = TextField()
    by = LinkField("user", null=True)
    source = TextField(unique=True)
    entity = TextField()
    record_id = BigIntegerField()
    ref_entity = TextField()
    ref_id = BigIntegerField()
    owner = LinkField("user", null=True)
    team = LinkField("team", null=True)
    data = JSONField()
    deleted_at = DateTimeField(null=True)

    class Meta:
        table_name = "history"
        indexes = ((("ref_entity", "ref_id"), False),)


class HistorySubject(Table):
    """On which records a line shows; `at` is repeated here so that one index serves a timeline."""

    line = BigIntegerField()
    entity = TextField()
    record_id = BigIntegerField()
    at = DateTimeField()

    class Meta:
        table_name = "history_subject"
        primary_key = False
        indexes = ((("entity", "record_id", "at", "line"), True), (("line",), False))


_of_source = CompiledQuery(
    HistoryLine, lambda: HistoryLine.select().where(HistoryLine.source == slot("source"))
)
_of_line = CompiledQuery(
    HistorySubject, lambda: HistorySubject.select().where(HistorySubject.line == slot("line"))
)


@dataclass(frozen=True)
class Line:
    """A line as one person may see it: `data` has only the fields they may read."""

    id: int
    at: datetime
    kind: str
    by: int | None
    source: str
    subject: Subject
    ref: Subject
    data: dict[str, Any]

    @property
    def cursor(self) -> str:
        return f"{self.at.isoformat()}~{self.id}"


Subscriber = Callable[[HistoryLine, bool], None]
_subscribers: list[tuple[str | None, Subscriber]] = []


def subscribe(kind: str | None, call: Subscriber) -> None:
    """Have `call(line, is_new)` run after the commit of every line of `kind` (None: of every kind)."""
    _subscribers.append((kind, call))


_watchers: list[Callable[[list[Subject]], None]] = []


def watch(call: Callable[[list[Subject]], None]) -> None:
    """Have `call(subjects)` run in the transaction of every line, with all the records on which it shows."""
    if call not in _watchers:
        _watchers.append(call)


def record(
    kind: str,
    *,
    source: str,
    at: datetime,
    by: int | None,
    ref: Subject,
    subjects: Iterable[Subject],
    data: dict[str, Any],
    owner: int | None = None,
    team: int | None = None,
) -> int:
    """Write or refine the line of `source`, in the caller's transaction; its id. The first subject is the primary."""
    shown = list(dict.fromkeys(subjects))
    entity, record_id = shown[0]
    values: dict[str, Any] = {
        "at": at,
        "kind": kind,
        "by": by,
        "entity": entity,
        "record_id": record_id,
        "ref_entity": ref[0],
        "ref_id": ref[1],
        "owner": owner,
        "team": team,
        "data": data,
    }
    line = _of_source.first(source=source)
    is_new = line is None
    if line is None:
        line = HistoryLine.create(source=source, **values)
    else:
        _refine(line, values)
    _show(line, shown, is_new)
    for told in _watchers:
        told(shown)
    for wanted, call in _subscribers:
        if wanted in (None, kind):
            after_commit(lambda call=call: call(line, is_new))  # type: ignore[misc]
    return int(line.id)


def _refine(line: HistoryLine, values: dict[str, Any]) -> None:
    """Write what is different now."""
    changed = {name: value for name, value in values.items() if getattr(line, name) != value}
    if changed:
        HistoryLine.update(**changed).where(HistoryLine.id == line.id).execute()
        for name, value in changed.items():
            setattr(line, name, value)


def _show(line: HistoryLine, subjects: list[Subject], is_new: bool) -> None:
    """Let the line stand on these records, and on no others."""
    if not is_new:
        stands = {(row.entity, row.record_id, row.at) for row in _of_line(line=line.id)}
        if stands == {(entity, number, line.at) for entity, number in subjects}:
            return
        HistorySubject.delete().where(HistorySubject.line == line.id).execute()
    HistorySubject.insert_many(
        [{"line": line.id, "entity": e, "record_id": r, "at": line.at} for e, r in subjects]
    ).execute()


def retract(source: str) -> None:
    """Take the line of `source` back: what it was about is about no customer any more."""
    line = HistoryLine.get_or_none(HistoryLine.source == source)
    if line is not None:
        HistorySubject.delete().where(HistorySubject.line == line.id).execute()
        HistoryLine.delete().where(HistoryLine.id == line.id).execute()


def hand_over(ref: Subject, owner: int | None, team: int | None) -> None:
    """The lines about a record belong to whom the record belongs now: its story is seen by who sees the record."""
    HistoryLine.update(owner=owner, team=team).where(
        HistoryLine.ref_entity == ref[0], HistoryLine.ref_id == ref[1]
    ).execute()


def hide(ref: Subject, deleted_at: datetime | None) -> None:
    """Take the lines about a deleted record out of sight, or (None) bring them back."""
    HistoryLine.update(deleted_at=deleted_at).where(
        HistoryLine.ref_entity == ref[0], HistoryLine.ref_id == ref[1]
    ).execute()


def timeline(
    actor: Actor,
    entity: str,
    record_id: int,
    *,
    kinds: Iterable[str] | None = None,
    after: str | None = None,
    limit: int = 30,
) -> tuple[list[Line], str | None]:
    """The newest lines about a record that `actor` may see, and the cursor of the rest or None.

    One query. The caller has checked that the record itself is visible. Raises ValueError for a bad cursor.
    """
    query = (
        HistoryLine.select()
        .join(HistorySubject, on=(HistorySubject.line == HistoryLine.id))
        .where(
            HistorySubject.entity == entity,
            HistorySubject.record_id == record_id,
            HistoryLine.deleted_at.is_null(),
            _subject_visible(actor, entity, record_id),
            _reference_visible(actor),
        )
        .order_by(HistorySubject.at.desc(), HistorySubject.line.desc())
        .limit(limit + 1)
    )
    if kinds is not None:
        query = query.where(HistoryLine.kind.in_(list(kinds)))
    if after is not None:
        query = query.where(Tuple(HistorySubject.at, HistorySubject.line) < Tuple(*_place(after)))
    rows = list(query)
    readable = {e: policy.fields(actor, e) for e in {row.ref_entity for row in rows}}
    lines = [_line(row, readable[row.ref_entity]) for row in rows[:limit]]
    return lines, lines[-1].cursor if len(rows) > limit else None


def _place(cursor: str) -> tuple[datetime, int]:
    """The moment and the line that a cursor names. Raises ValueError."""
    moment, _, number = cursor.partition("~")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise ValueError(cursor)
    at = datetime.fromisoformat(moment)
    if at.tzinfo is not None:
        raise ValueError(cursor)
    return at, int(number)


def _line(row: HistoryLine, readable: frozenset[str]) -> Line:
    data = {
        key: value for key, value in row.data.items() if key in readable or not _is_field(row.ref_entity, key)
    }
    if "changes" in data:
        data["changes"] = {key: pair for key, pair in data["changes"].items() if key in readable}
    return Line(
        row.id,
        row.at,
        row.kind,
        row.by,
        row.source,
        (row.entity, row.record_id),
        (row.ref_entity, row.ref_id),
        data,
    )


def _is_field(entity: str, key: str) -> bool:
    definition = registry.find(entity)
    return definition is not None and key in definition.fields


def _subject_visible(actor: Actor, entity: str, record_id: int) -> Node:
    """The line's primary subject is this very record, or one the actor may see."""
    found: Node = (HistoryLine.entity == entity) & (HistoryLine.record_id == record_id)
    for definition in registry.entities():
        if definition.has_history and policy.level(actor, "read", definition.key).rank:
            found = found | (
                (HistoryLine.entity == definition.key)
                & policy.visible(actor, definition.key, HistoryLine.record_id)
            )
    return found


def _reference_visible(actor: Actor) -> Node:
    """The record the line is about is one the actor may see, judged by the owner and team the line repeats."""
    found: Node = peewee.SQL("1 = 0")
    for definition in registry.entities():
        if policy.level(actor, "read", definition.key).rank:
            found = found | (HistoryLine.ref_entity == definition.key) & _reach(actor, definition)
    return found


def _reach(actor: Actor, definition: EntityDef) -> Node:
    predicate = policy.level(actor, "read", definition.key).predicate
    if predicate is None or definition.through is not None:
        return peewee.SQL("1 = 1")
    return predicate(actor, definition, HistoryLine)
