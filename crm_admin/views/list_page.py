"""The list of one entity: what `templates/admin/list.html` shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from babel.numbers import format_decimal
from flask import url_for
from markupsafe import Markup, escape
from werkzeug.datastructures import MultiDict

from crm_admin import listing, policy, records
from crm_admin.i18n import babel_locale, gettext
from crm_admin.kinds import OPERATORS, FieldDef, Invalid, Reader
from crm_admin.listing import ListQuery
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef, Record
from crm_admin.views import preferences, stale
from crm_admin.views.seat import config

SIZES = (25, 50, 100, 200)


@dataclass(frozen=True)
class Column:
    """A column; `edit_url` (with `{url}` for the row's) is where its values are changed in place."""

    key: str
    label: str
    sort_url: str
    sorted: str
    numeric: bool
    edit_url: str = ""


@dataclass(frozen=True)
class Cell:
    key: str
    label: str
    html: Markup
    numeric: bool


@dataclass(frozen=True)
class Action:
    """Something to do with a record or a selection; `method` POST asks for a form with a token."""

    label: str
    icon: str
    url: str = ""
    method: str = "GET"
    confirm: str = ""
    key: str = ""
    tone: str = ""
    more: bool = False
    danger: bool = False


@dataclass(frozen=True)
class Row:
    """One record: a cell for every column, the first without markup of its own."""

    id: int
    url: str
    label: str
    cells: list[Markup]


@dataclass(frozen=True)
class Chip:
    """A filter in force, in words, and the way to take it away."""

    label: str
    op_label: str
    value_label: str
    remove_url: str


@dataclass
class ListPage:
    """Everything the list template needs; see its head."""

    title: str
    entity: EntityDef
    columns: list[Column]
    rows: list[Row]
    row_actions: list[Action]
    filters: list[Chip]
    q: str
    count_text: str
    prev_url: str | None
    next_url: str | None
    size: int
    sizes: list[dict[str, Any]]
    keep: list[tuple[str, str]]
    problems: list[str]
    views: list[dict[str, Any]] = field(default_factory=list)
    bulk_actions: list[Action] = field(default_factory=list)
    filter_fields: list[dict[str, str]] = field(default_factory=list)
    column_choices: list[dict[str, Any]] = field(default_factory=list)
    export_urls: list[Action] = field(default_factory=list)
    can_create: bool = False
    create_url: str = ""
    import_url: str = ""
    board_url: str = ""
    bin_url: str = ""
    bulk_url: str = ""
    filter_url: str = ""
    columns_url: str = ""
    columns_method: str = "post"
    save_view_url: str = ""
    empty_text: str = ""
    empty: bool = False
    no_match: bool = False


def question(actor: Actor, definition: EntityDef, args: MultiDict[str, str]) -> ListQuery:
    """The list's question: the address, then what this person chose last time, then the definition."""
    kept = preferences.of_list(definition.key)
    asked: MultiDict[str, str] = MultiDict(args)
    if kept.get("columns") and "columns" not in asked:
        asked["columns"] = kept["columns"]
    size = kept.get("size")
    return listing.parse(
        actor, definition, asked, limit=size if size in SIZES else config().records.page_size
    )


def build(actor: Actor, definition: EntityDef, args: MultiDict[str, str], reader: Reader) -> ListPage:
    """The page that answers the query string."""
    query = question(actor, definition, args)
    found = listing.page(actor, query, reader, count_limit=config().records.count_limit)
    records.load_names(definition, found.records, query.columns, reader)
    asked = bool(query.filters or query.q)
    page = ListPage(
        title=str(definition.plural),
        entity=definition,
        columns=_columns(actor, definition, query),
        rows=_rows(actor, definition, found.records, query, reader),
        row_actions=row_actions(actor, definition),
        filters=[_chip(definition, query, i, reader) for i in range(len(query.filters))],
        q=query.q,
        count_text=count_text(found, reader),
        prev_url=query.query_string(before=found.previous) if found.previous else None,
        next_url=query.query_string(after=found.next) if found.next else None,
        size=query.limit,
        sizes=[{"size": n, "url": query.query_string() + f"&limit={n}"} for n in SIZES],
        keep=[pair for pair in query.args() if pair[0] not in ("q", "after", "before")],
        problems=[f"{_label(definition, key)}: {text}" for key, text in query.problems.items()],
        empty=not found.records and not asked and not query.after and not query.before,
        no_match=not found.records and (asked or bool(query.after or query.before)),
    )
    page.views = _views(actor, definition, query)
    _offer(actor, definition, query, page)
    return page


def count_text(found: listing.Page, reader: Reader) -> str:
    """ "50 of 1,204" or "50 of 10,000+", in the reader's digits."""
    locale = babel_locale(reader.language)
    shown = format_decimal(len(found.records), locale=locale)
    every = format_decimal(found.count, locale=locale) + ("" if found.exact else "+")
    return gettext("%(shown)s of %(all)s", shown=shown, all=every)


def cell(definition: EntityDef, record: Record, key: str, reader: Reader) -> Cell:
    """One value of one record."""
    target = definition.fields[key]
    html = target.kind.html(target.kind.read(record, target), target, reader)
    return Cell(key, str(target.label), html, target.kind.numeric)


def _columns(actor: Actor, definition: EntityDef, query: ListQuery) -> list[Column]:
    writable = (
        policy.fields(actor, definition.key, "write") if _may(actor, "update", definition) else frozenset()
    )
    return [
        _column(definition, key, query, editable=place > 0 and key in writable)
        for place, key in enumerate(query.columns)
    ]


def _column(definition: EntityDef, key: str, query: ListQuery, *, editable: bool) -> Column:
    target = definition.fields[key]
    sorted_by = query.sort_field == key
    direction = ("desc" if query.descending else "asc") if sorted_by else ""
    wanted = f"-{key}" if direction == "asc" else key
    url = query.query_string(sort=wanted) if listing.sortable(target) else ""
    edit_url = f"{{url}}field/{key}/" if editable and target.kind.inline else ""
    return Column(key, str(target.label), url, direction, target.kind.numeric, edit_url)


def _rows(
    actor: Actor, definition: EntityDef, found: list[Record], query: ListQuery, reader: Reader
) -> list[Row]:
    targets = [definition.fields[key] for key in query.columns]
    moving = definition.board.column if definition.board else None
    still = stale.marks(actor, definition, found) if moving in query.columns else {}
    return [
        Row(
            record.id,
            f"/admin/{definition.key}/{record.id}/",
            definition.name_of(record),
            [
                _cell_html(target, record, place, reader)
                + (still.get(record.id, Markup()) if target.key == moving else Markup())
                for place, target in enumerate(targets)
            ],
        )
        for record in found
    ]


def _cell_html(target: FieldDef, record: Record, place: int, reader: Reader) -> Markup:
    value = target.kind.read(record, target)
    if place == 0:
        # The first cell is the way to the record: a link inside it would be a link in a link.
        return escape(target.kind.format(value, target, reader) or f"#{record.id}")
    return target.kind.html(value, target, reader)


def _may(actor: Actor, action: str, definition: EntityDef) -> bool:
    return policy.level(actor, action, definition.key).rank > 0


def row_actions(actor: Actor, definition: EntityDef) -> list[Action]:
    """What every row's menu offers; each is judged again when it is done. `{url}` and `{name}` are the row's."""
    offered = []
    if _may(actor, "update", definition):
        offered.append(Action(gettext("Edit"), "pencil", "{url}edit/"))
    if _may(actor, "delete", definition):
        text = gettext("Move “%(name)s” to the recycle bin?", name="{name}")
        bin_ = gettext("Move to recycle bin")
        offered.append(Action(bin_, "trash", "{url}delete/", "POST", text, danger=True))
    return offered


def _chip(definition: EntityDef, query: ListQuery, place: int, reader: Reader) -> Chip:
    wanted = query.filters[place]
    target = definition.fields[wanted.field]
    rest = query.filters[:place] + query.filters[place + 1 :]
    if wanted.operator == "isnull":
        empty = wanted.raw.lower() in ("1", "true", "yes", "on")
        word, value = (gettext("is empty") if empty else gettext("is not empty")), ""
    else:
        word, value = (
            str(OPERATORS[wanted.operator]),
            _value_label(target, wanted.operator, wanted.raw, reader),
        )
    return Chip(str(target.label), word, value, query.query_string(filters=rest))


def _value_label(target: FieldDef, operator: str, raw: str, reader: Reader) -> str:
    parts = raw.split(",") if operator == "in" else [raw]
    labels = []
    for part in parts:
        try:
            labels.append(target.kind.format(target.kind.parse(part, target, reader), target, reader) or part)
        except Invalid:
            labels.append(part)
    return ", ".join(labels)


def _label(definition: EntityDef, key: str) -> str:
    target = definition.fields.get(key.partition("__")[0])
    return str(target.label) if target else key


def _views(actor: Actor, definition: EntityDef, query: ListQuery) -> list[dict[str, Any]]:
    """The tabs above the list: everything, mine, and what has been saved."""
    here = query.query_string()
    plain = [{"label": gettext("All"), "url": "?", "active": here == "?"}]
    if definition.owned and actor.id is not None:
        mine = f"?owner={actor.id}"
        plain.append({"label": gettext("Mine"), "url": mine, "active": here == mine})
    for view in preferences.views(actor, definition.key):
        plain.append(
            {"label": view.name, "url": view.query or "?", "active": here == view.query and here != "?"}
        )
    return plain if len(plain) > 1 else []


def _offer(actor: Actor, definition: EntityDef, query: ListQuery, page: ListPage) -> None:
    """Put on the page what this person may do here."""
    base = f"/admin/{definition.key}/"
    readable = policy.fields(actor, definition.key)
    page.can_create = definition.creatable and _may(actor, "create", definition)
    page.create_url = f"{base}new/"
    page.import_url = f"{base}import/" if _may(actor, "import", definition) else ""
    page.board_url = f"{base}board/" if definition.board and definition.board.column in readable else ""
    page.bin_url = f"{base}bin/" if _may(actor, "delete", definition) else ""
    page.bulk_url, page.filter_url, page.columns_url = f"{base}action/", f"{base}filter/", f"{base}columns/"
    page.save_view_url = url_for("record.views_view") + "?query=" + quote(query.query_string())
    page.filter_fields = [
        {"key": f.key, "label": str(f.label)}
        for f in definition.fields.values()
        if f.key in readable and f.filterable and f.kind.operators
    ]
    shown = [definition.fields[key] for key in query.columns]
    rest = [f for f in definition.fields.values() if f.key in readable and f.key not in query.columns]
    page.column_choices = [
        {"key": f.key, "label": str(f.label), "shown": f.key in query.columns} for f in [*shown, *rest]
    ]
    if _may(actor, "export", definition):
        asked = query.query_string()
        page.export_urls = [
            Action(gettext("Export as CSV"), "file-type-csv", f"{base}export/csv{asked}"),
            Action(gettext("Export as Excel"), "file-spreadsheet", f"{base}export/xlsx{asked}"),
            Action(gettext("Export for programs"), "braces", f"{base}export/jsonl{asked}"),
        ]
    if _may(actor, "update", definition):
        page.bulk_actions.append(Action(gettext("Change a field"), "edit", key="change"))
    if _may(actor, "export", definition):
        page.bulk_actions.append(Action(gettext("Export"), "file-export", key="export"))
    if _may(actor, "delete", definition):
        text = gettext("Move the selected records to the recycle bin?")
        page.bulk_actions.append(Action(gettext("Move to recycle bin"), "trash", key="delete", confirm=text))
