"""The panels of a record page: what belongs to the record, a few rows of each kind."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from markupsafe import Markup

from crm_admin import policy, registry
from crm_admin.kinds import Reader
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef, Panel, Record
from crm_admin.views.list_page import Cell, cell

PANEL_ROWS = 5


@dataclass(frozen=True)
class PanelColumn:
    label: str
    numeric: bool


@dataclass(frozen=True)
class PanelRow:
    url: str
    label: str
    cells: list[Cell]


@dataclass
class PanelView:
    """Related records; `form_url` answers the small form that adds one in place."""

    key: str
    label: str
    icon: str
    count: str
    columns: list[PanelColumn]
    rows: list[PanelRow]
    add_url: str = ""
    form_url: str = ""
    more_url: str = ""


def build(actor: Actor, definition: EntityDef, record: Record, reader: Reader) -> list[PanelView]:
    """The related records: one query per panel, then one for the names of each linked entity."""
    loaded = []
    for panel in definition.panels:
        target = registry.find(panel.entity)
        readable = policy.fields(actor, panel.entity)
        if target is None or panel.via not in readable:
            continue
        columns = tuple(key for key in panel.columns if key in readable)
        loaded.append((panel, target, columns, _records(actor, panel, target, definition, record)))
    _load_together(loaded, reader)
    return [_view(actor, definition, record, *part, reader) for part in loaded]


def _records(
    actor: Actor, panel: Panel, target: EntityDef, definition: EntityDef, record: Record
) -> list[Record]:
    via = target.fields[panel.via]
    points_here = via.kind.points_at(via, target.model, definition.key, record.id)
    # An order by a hidden field would tell of it.
    sort = panel.sort if panel.sort.lstrip("-") in policy.fields(actor, panel.entity) else "-id"
    descending, key = sort.startswith("-"), sort.lstrip("-")
    order = target.fields[key].kind.order(target.fields[key], target.model)
    query = policy.scope(actor, panel.entity).where(points_here)
    return list(query.order_by(order.desc() if descending else order.asc()).limit(PANEL_ROWS + 1))


def _load_together(
    loaded: list[tuple[Panel, EntityDef, tuple[str, ...], list[Record]]], reader: Reader
) -> None:
    wanted: dict[str, set[int]] = {}
    for _, target, columns, rows in loaded:
        for key in columns:
            column = target.fields[key]
            column.kind.load_many(target.key, rows, column)
            for row in rows:
                for entity, number in column.kind.references(column.kind.read(row, column), column):
                    wanted.setdefault(entity, set()).add(number)
    for entity, ids in wanted.items():
        reader.names(entity, ids)


def _view(
    actor: Actor,
    definition: EntityDef,
    record: Record,
    panel: Panel,
    target: EntityDef,
    columns: tuple[str, ...],
    rows: list[Record],
    reader: Reader,
) -> PanelView:
    via = target.fields[panel.via]
    here = via.kind.address(definition.key, record.id)
    more = len(rows) > PANEL_ROWS
    made = PanelView(
        panel.key,
        str(panel.label),
        target.icon,
        f"{PANEL_ROWS}+" if more else str(len(rows)),
        [PanelColumn(str(target.fields[key].label), target.fields[key].kind.numeric) for key in columns],
        [
            PanelRow(
                f"/admin/{target.key}/{row.id}/",
                target.name_of(row),
                [_cell(target, row, key, place, reader) for place, key in enumerate(columns)],
            )
            for row in rows[:PANEL_ROWS]
        ],
        more_url=f"/admin/{target.key}/?{urlencode({panel.via: here})}" if more else "",
    )
    if target.creatable and policy.level(actor, "create", target.key).rank:
        back = quote(f"/admin/{definition.key}/{record.id}/")
        made.add_url = f"/admin/{target.key}/new/?{urlencode({panel.via: here})}&url={back}"
        made.form_url = made.add_url + "&quick=1"
    return made


def _cell(target: EntityDef, row: Record, key: str, place: int, reader: Reader) -> Cell:
    made = cell(target, row, key, reader)
    if place == 0:
        column = target.fields[key]
        plain = column.kind.format(column.kind.read(row, column), column, reader)
        return Cell(key, made.label, Markup("{}").format(plain or f"#{row.id}"), made.numeric)
    return made


def count(definition: EntityDef) -> int:
    """How many panels the page will fetch: one skeleton stands for each."""
    return len(definition.panels)
