"""One question about many records: filters, search, sorting, paging. The list, the API, the export, the board and
saved views all parse it here and get their answer here, so that none of them can see more than another."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any, Protocol
from urllib.parse import urlencode

import peewee
from peewee import Expression, Node, Tuple

from crm_admin import policy, registry, search
from crm_admin.i18n import gettext
from crm_admin.kinds import FieldDef, Invalid, Reader
from crm_admin.kinds.base import text_of
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef, Record

RESERVED = frozenset({"q", "sort", "limit", "after", "before", "columns", "view", "format", "headers"})
"""Query arguments that are not filters; no field may have such a key."""

MOST = 200
"""Records of one page at most."""


class Args(Protocol):
    """What a query string looks like: werkzeug's MultiDict, or a saved view's."""

    def get(self, key: str, /) -> Any: ...
    def getlist(self, key: str, /) -> list[str]: ...
    def keys(self) -> Iterable[str]: ...


@dataclass(frozen=True)
class Filter:
    """`field operator raw`: one condition as it was asked for."""

    field: str
    operator: str
    raw: str

    @property
    def arg(self) -> tuple[str, str]:
        return (self.field if self.operator == "eq" else f"{self.field}__{self.operator}"), self.raw


@dataclass(frozen=True)
class ListQuery:
    """A parsed question. `problems`: argument → why it was left out."""

    entity: str
    filters: tuple[Filter, ...] = ()
    q: str = ""
    sort: str = ""
    limit: int = 50
    after: str | None = None
    before: str | None = None
    columns: tuple[str, ...] = ()
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def sort_field(self) -> str:
        return self.sort.lstrip("-")

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    def args(self) -> list[tuple[str, str]]:
        """The query string that asks this again, without what is at its default."""
        default = registry.entity(self.entity).default_sort
        pairs = [f.arg for f in self.filters]
        pairs += [("q", self.q)] if self.q else []
        pairs += [("sort", self.sort)] if self.sort != default else []
        pairs += [("after", self.after)] if self.after else []
        pairs += [("before", self.before)] if self.before else []
        return pairs

    def query_string(self, **changes: Any) -> str:
        """`?…` of this question with changes; a change of anything but the page goes back to the first page."""
        if not {"after", "before"} & changes.keys():
            changes |= {"after": None, "before": None}
        pairs = replace(self, **changes).args()
        return "?" + urlencode(pairs) if pairs else "?"


@dataclass(frozen=True)
class Page:
    """An answer: one page of records, how many there are in all, and where the neighbours begin."""

    records: list[Record]
    count: int
    exact: bool
    next: str | None
    previous: str | None


def parse(actor: Actor, definition: EntityDef, args: Args, *, limit: int) -> ListQuery:
    """The question in a query string. What is unknown, hidden from the actor or ill-formed is named in `problems`."""
    readable = policy.fields(actor, definition.key)
    problems: dict[str, str] = {}
    filters = []
    for key in args.keys():  # noqa: SIM118 — no dict, and iterating is not promised
        if key in RESERVED:
            continue
        name, _, operator = key.partition("__")
        target = definition.fields.get(name)
        if target is None or name not in readable or not target.filterable:
            problems[key] = gettext("There is no such filter.")
            continue
        if (operator or "eq") not in target.kind.operators:
            problems[key] = gettext("This field has no comparison “%(name)s”.", name=operator or "eq")
            continue
        filters += [Filter(name, operator or "eq", raw) for raw in args.getlist(key)[:20] if raw != ""]
    return ListQuery(
        entity=definition.key,
        filters=tuple(filters),
        q=str(args.get("q") or "").strip()[:200],
        sort=_sort(definition, readable, args.get("sort"), problems),
        limit=_limit(args.get("limit"), limit, problems),
        after=args.get("after") or None,
        before=args.get("before") or None,
        columns=_columns(definition, readable, args.get("columns")),
        problems=problems,
    )


def _sort(
    definition: EntityDef, readable: frozenset[str], wanted: str | None, problems: dict[str, str]
) -> str:
    default = definition.default_sort if definition.default_sort.lstrip("-") in readable else "id"
    if not wanted:
        return default
    target = definition.fields.get(wanted.removeprefix("-"))
    if target is None or target.key not in readable or not sortable(target):
        problems["sort"] = gettext("This cannot be sorted by.")
        return default
    return wanted


def sortable(target: FieldDef) -> bool:
    """Whether lists may be sorted by a field."""
    return target.sortable and target.kind.sortable


def _limit(wanted: str | None, default: int, problems: dict[str, str]) -> int:
    if not wanted:
        return default
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 6 and 1 <= int(wanted) <= MOST):
        problems["limit"] = gettext("Give a number from 1 to %(most)s.", most=MOST)
        return default
    return int(wanted)


def _columns(definition: EntityDef, readable: frozenset[str], wanted: str | None) -> tuple[str, ...]:
    chosen = [key for key in str(wanted or "").split(",") if key in readable][:20]
    return tuple(dict.fromkeys(chosen)) or tuple(key for key in definition.list_columns if key in readable)


# ── answering ───────────────────────────────────────────────────────────────────────────────────────
def matching(actor: Actor, query: ListQuery, reader: Reader, action: str = "read") -> peewee.ModelSelect:
    """All records that answer the question and that `actor` may do `action` with, in no order.

    A filter whose value makes no sense is noted in `query.problems` and matches nothing.
    """
    definition = registry.entity(query.entity)
    found = policy.scope(actor, query.entity, action=action)
    texts: list[str] = []
    for wanted in query.filters:
        target = definition.fields[wanted.field]
        try:
            found = found.where(
                target.kind.where(target, definition.model, wanted.operator, wanted.raw, reader)
            )
            if target.searchable:
                texts.append(target.kind.found_by(target, wanted.operator, wanted.raw))
        except Invalid as error:
            query.problems[wanted.arg[0]] = str(error)
            found = found.where(peewee.SQL("1 = 0"))
    if (sooner := search.narrowed(definition, texts)) is not None:
        found = found.where(sooner)
    if query.q and not search.searchable_by(definition, policy.fields(actor, query.entity)):
        query.problems["q"] = gettext("This list cannot be searched.")
        found = found.where(peewee.SQL("1 = 0"))
    elif query.q:
        wanted_words = search.condition(actor, definition, query.q)
        found = found.where(peewee.SQL("1 = 0") if wanted_words is None else wanted_words)
    return found


def page(actor: Actor, query: ListQuery, reader: Reader, *, count_limit: int = 10_000) -> Page:
    """One page, by keyset: as fast at the millionth record as at the first. A bad cursor is noted in `problems`."""
    found = matching(actor, query, reader)
    count = found.select(peewee.Value(1)).limit(count_limit + 1).count()
    order = Order(query)
    cursor = order.cursor(query.before or query.after, query.problems)
    backwards = query.before is not None and cursor is not None
    # No more than there are, where that is known: a short list need not be looked for in the zones behind its end.
    wanted = min(query.limit + 1, count) if count <= count_limit else query.limit + 1
    rows = order.fetch(found, cursor, wanted, backwards) if count else []
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    if backwards:
        rows.reverse()
    has_next, has_previous = (True, more) if backwards else (more, cursor is not None)
    return Page(
        records=rows,
        count=min(count, count_limit),
        exact=count <= count_limit,
        next=order.mark(rows[-1]) if rows and has_next else None,
        previous=order.mark(rows[0]) if rows and has_previous else None,
    )


def walk(
    actor: Actor, query: ListQuery, reader: Reader, action: str = "read", size: int = 500
) -> Iterable[list[Record]]:
    """All records that answer the question, in order, in batches; memory stays flat."""
    order = Order(query)
    found = matching(actor, query, reader, action)
    cursor = None
    while rows := order.fetch(found, cursor, size, backwards=False):
        yield rows
        if len(rows) < size:
            return
        cursor = order.cursor(order.mark(rows[-1]), {})


Cursor = tuple[int, Any, int]
"""(zone, sort value, id) of the record a page begins after."""


class Order:
    """A total order that an index serves on both databases: zones one after another, by (column, id) within each.

    A nullable column has two zones, what has a value and what has none; a choice has one per value, so that it sorts
    in the order the office gave it and still walks an index.
    """

    def __init__(self, query: ListQuery) -> None:
        definition = registry.entity(query.entity)
        self.model = definition.model
        self.field = definition.fields[query.sort_field]
        self.column = self.field.kind.zone_column(self.field, self.model)
        self.descending = query.descending
        self.zones = self.field.kind.zones(self.field, self.model, query.descending)

    def fetch(
        self, found: peewee.ModelSelect, cursor: Cursor | None, limit: int, backwards: bool
    ) -> list[Record]:
        """Up to `limit` records behind (or, backwards, before) the cursor, nearest first."""
        rows: list[Record] = []
        places = range(len(self.zones)) if not backwards else range(len(self.zones) - 1, -1, -1)
        for place in places:
            if cursor is not None and (place > cursor[0] if backwards else place < cursor[0]):
                continue
            part = self._zone(found, place, cursor if cursor and cursor[0] == place else None, backwards)
            for row in part.limit(limit - len(rows)):
                row.sort_zone = place
                rows.append(row)
            if len(rows) >= limit:
                break
        return rows

    def _zone(
        self, found: peewee.ModelSelect, place: int, cursor: Cursor | None, backwards: bool
    ) -> peewee.ModelSelect:
        zone = self.zones[place]
        part = found if zone is None else found.where(zone)
        down = self.descending != backwards
        by_id_only = self._by_id(place)
        keys = (self.model.id,) if by_id_only else (self.column, self.model.id)
        if cursor is not None:
            part = part.where(self._beyond(keys, cursor, down))
        return part.order_by(*(key.desc() if down else key.asc() for key in keys))

    def _by_id(self, place: int) -> bool:
        return self.field.key == "id" or self.field.kind.zone_is_one_value(self.field, place, len(self.zones))

    def _beyond(self, keys: tuple[Node, ...], cursor: Cursor, down: bool) -> Node:
        values = (cursor[2],) if len(keys) == 1 else (cursor[1], cursor[2])
        left, right = (keys[0], values[0]) if len(keys) == 1 else (Tuple(*keys), Tuple(*values))
        return Expression(left, peewee.OP.LT if down else peewee.OP.GT, right)

    def mark(self, record: Record) -> str:
        """The cursor of a record that `fetch` gave."""
        value = getattr(record, self.column.name)
        plain = (
            value.isoformat() if isinstance(value, date | datetime | time) else self.column.db_value(value)
        )
        text = json.dumps([record.sort_zone, plain, record.id], ensure_ascii=False)
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def cursor(self, mark: str | None, problems: dict[str, str]) -> Cursor | None:
        """The cursor in a mark that came back; None, and a problem, when it is none of ours."""
        if mark is None:
            return None
        try:
            text = base64.b64decode(mark + "=" * (-len(mark) % 4), altchars=b"-_", validate=True)
            zone, value, number = json.loads(text)
            if not (isinstance(zone, int) and 0 <= zone < len(self.zones)):
                raise ValueError
            if not (isinstance(number, int) and abs(number) < 2**63):
                raise ValueError
            if value is None and not self._by_id(zone):
                raise ValueError
            return zone, self._sort_value(value), number
        except (ValueError, TypeError, KeyError, binascii.Error, UnicodeDecodeError, RecursionError):
            problems["after"] = gettext("This page cannot be found; here is the first one.")
            return None

    def _sort_value(self, value: Any) -> Any:
        """The value in the column's own type: a cursor is input from outside and PostgreSQL compares strictly."""
        column = self.column
        if value is None:
            return None
        if isinstance(column, peewee.TextField) and isinstance(value, str):
            return text_of(value)
        if isinstance(column, peewee.DateTimeField):
            return datetime.fromisoformat(value)
        if isinstance(column, peewee.DateField):
            return date.fromisoformat(value)
        if isinstance(column, peewee.TimeField):
            return time.fromisoformat(value)
        if isinstance(column, peewee.BooleanField) and isinstance(value, bool):
            return value
        if isinstance(column, peewee.IntegerField) and isinstance(value, int) and abs(value) < 2**63:
            return value
        if isinstance(column, peewee.FloatField) and isinstance(value, int | float):
            return value
        raise ValueError(value)


def totals(actor: Actor, query: ListQuery, reader: Reader, amount: str, group: str) -> list[tuple[Any, Any]]:
    """Sums of a numeric field over all records that answer the question: (value of `group`, sum); one per currency."""
    definition = registry.entity(query.entity)
    summed, by = definition.fields[amount], definition.fields[group]
    column = by.kind.zone_column(by, definition.model)
    selected, grouped = summed.kind.sum_columns(summed, definition.model)
    found = matching(actor, query, reader).where(summed.kind.column(summed, definition.model).is_null(False))
    rows = found.select(column, *selected).group_by(column, *grouped).order_by(column, *grouped)
    return [(row[0], summed.kind.of_sum(tuple(row[1:]), summed)) for row in rows.tuples()]
