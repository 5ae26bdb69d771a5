"""The kanban board: what `templates/admin/board.html` shows, and what dropping a card means."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from crm_admin import listing, policy, records, registry
from crm_admin.i18n import gettext
from crm_admin.kinds import Reader
from crm_admin.listing import Filter, ListQuery
from crm_admin.policy import Actor
from crm_admin.records import Rejected
from crm_admin.registry import Board, EntityDef, Record
from crm_admin.views import list_page, stale
from crm_admin.views.seat import config

CARDS = 25
"""Cards of one column; the rest is a list away."""


@dataclass(frozen=True)
class Card:
    id: int
    row_version: int
    url: str
    label: str
    subtitle: str
    amount: str
    due: str
    who: str
    late: bool
    stale: Markup
    move_url: str


@dataclass(frozen=True)
class BoardColumn:
    key: str
    label: str
    tone: str
    count_text: str
    sum_text: str
    cards: list[Card]
    more_url: str


@dataclass(frozen=True)
class BoardPage:
    title: str
    subtitle: str
    entity: EntityDef
    columns: list[BoardColumn]
    list_url: str
    create_url: str
    tabs: list[dict[str, Any]]


def build(
    actor: Actor, definition: EntityDef, board: Board, args: MultiDict[str, str], reader: Reader
) -> BoardPage:
    """The board for the list's own question; each column is the question with one more condition."""
    query, found, tabs = _columns(actor, definition, board, args, reader, CARDS)
    target = definition.fields[board.column]
    cards = [record for _, page in found for record in page.records]
    keys = tuple(key for key in board.facts if key in policy.fields(actor, definition.key))
    records.load_names(definition, cards, keys, reader)
    sums = _sums(actor, query, board, target, reader)
    still = stale.marks(actor, definition, cards)
    may_move = board.column in policy.fields(actor, definition.key, "write")
    may_move = may_move and policy.level(actor, "update", definition.key).rank > 0
    columns = [
        BoardColumn(
            key=column.key,
            label=str(column.label),
            tone=column.tone,
            count_text=_count(page),
            sum_text=sums.get(column.key, ""),
            cards=[
                _card(
                    actor, definition, record, keys, board, reader, may_move, still.get(record.id, Markup())
                )
                for record in page.records
            ],
            more_url=_more(definition, query, board, column.key) if page.next else "",
        )
        for column, page in found
    ]
    may_create = definition.creatable and policy.can(actor, "create", definition.key)
    return BoardPage(
        str(definition.plural),
        "",
        definition,
        columns,
        f"/admin/{definition.key}/{query.query_string()}",
        f"/admin/{definition.key}/new/" if may_create else "",
        tabs,
    )


def totals(
    actor: Actor, definition: EntityDef, board: Board, args: MultiDict[str, str], reader: Reader
) -> list[dict[str, str]]:
    """What a move changes on the board of this question: each column's key, count_text and sum_text."""
    query, found, _ = _columns(actor, definition, board, args, reader, 1)
    sums = _sums(actor, query, board, definition.fields[board.column], reader)
    return [
        {"key": column.key, "count_text": _count(page), "sum_text": sums.get(column.key, "")}
        for column, page in found
    ]


def _columns(
    actor: Actor, definition: EntityDef, board: Board, args: MultiDict[str, str], reader: Reader, limit: int
) -> tuple[ListQuery, list[tuple[Any, listing.Page]], list[dict[str, Any]]]:
    """The question without its column, each shown column with its first `limit` records, and the tabs."""
    query = replace(list_page.question(actor, definition, args), limit=limit, after=None, before=None)
    target = definition.fields[board.column]
    chosen, tabs = _tabs(target.kind.groups(target, reader), args.get("group", ""), definition)
    found = []
    for column in chosen:
        part = replace(query, filters=(*query.filters, Filter(board.column, "eq", column.key)))
        found.append((column, listing.page(actor, part, reader, count_limit=config().records.count_limit)))
    return query, found, tabs


def move(
    actor: Actor,
    definition: EntityDef,
    board: Board,
    record: Record,
    form: MultiDict[str, str],
    reader: Reader,
) -> Record:
    """Set the column's field to where the card was dropped. Raises Rejected or Stale."""
    if board.column not in policy.fields(actor, definition.key, "write"):
        raise Rejected({board.column: [gettext("You may not move this card.")]})
    values = records.parse(actor, definition, {board.column: form.get("to", "")}, reader)
    version = form.get("row_version", "")
    expected = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None
    return records.update(actor, record, values, expected_version=expected, reader=reader)


def _tabs(groups: list[Any], wanted: str, definition: EntityDef) -> tuple[list[Any], list[dict[str, Any]]]:
    """Columns come in groups where there are several (pipelines); one group is shown at a time."""
    names = list(dict.fromkeys(column.group for column in groups))
    if len(names) < 2:
        return groups, []
    here = wanted if wanted in names else names[0]
    base = f"/admin/{definition.key}/board/"
    tabs = [{"label": name, "url": f"{base}?group={name}", "active": name == here} for name in names]
    return [column for column in groups if column.group == here], tabs


def _sums(actor: Actor, query: ListQuery, board: Board, target: Any, reader: Reader) -> dict[str, str]:
    definition = registry.entity(query.entity)
    if board.total is None or board.total not in policy.fields(actor, query.entity):
        return {}
    amount = definition.fields[board.total]
    texts: dict[str, list[str]] = {}
    for group, value in listing.totals(actor, query, reader, board.total, board.column):
        texts.setdefault(str(group), []).append(amount.kind.format(value, amount, reader))
    return {key: " · ".join(parts) for key, parts in texts.items()}


def _card(
    actor: Actor,
    definition: EntityDef,
    record: Record,
    keys: tuple[str, ...],
    board: Board,
    reader: Reader,
    may_move: bool,
    still: Markup,
) -> Card:
    texts = {}
    for key in keys:
        target = definition.fields[key]
        texts[key] = target.kind.format(target.kind.read(record, target), target, reader)
    url = f"/admin/{definition.key}/{record.id}/"
    who = texts.pop("owner", "")
    due = next((texts.pop(k) for k in list(texts) if definition.fields[k].kind.is_time), "")
    amount = ""
    readable = policy.fields(actor, definition.key)
    if board.total in readable:
        target = definition.fields[board.total]
        amount = target.kind.format(target.kind.read(record, target), target, reader)
        texts.pop(board.total, None)
    subtitle = " · ".join(text for text in texts.values() if text)
    late = record.late_by <= readable and record.is_late()
    return Card(
        record.id,
        record.row_version,
        url,
        definition.name_of(record),
        subtitle,
        amount,
        due,
        who,
        late,
        still,
        f"{url}move/" if may_move else "",
    )


def _count(page: listing.Page) -> str:
    return f"{page.count:,}" + ("" if page.exact else "+")


def _more(definition: EntityDef, query: ListQuery, board: Board, key: str) -> str:
    part = replace(query, filters=(*query.filters, Filter(board.column, "eq", key)))
    return f"/admin/{definition.key}/{part.query_string()}"
