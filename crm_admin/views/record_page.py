"""The record page: the facts that matter, what belongs to the record, and everything that happened with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask import render_template
from markupsafe import Markup

from crm_admin import audit, clock, history, policy, registry
from crm_admin.entities.person import in_name_order
from crm_admin.i18n import babel_locale, gettext, lazy_gettext, moment_text
from crm_admin.kinds import Reader
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef, Panel, Record
from crm_admin.views import stored_value
from crm_admin.views.list_page import Action, Cell, cell

PANEL_ROWS = 5
LINES = 30

# How a line of each kind looks: icon, tone. Modules add theirs.
LINE_LOOKS: dict[str, tuple[str, str]] = {
    "note": ("note", "warning"),
    "task": ("checkbox", "success"),
    "meeting": ("calendar-event", "violet"),
    "opportunity": ("coin", "accent"),
    "case": ("lifebuoy", "info"),
    "created": ("plus", "neutral"),
    "change": ("exchange", "neutral"),
}

KIND_LABELS: dict[str, Any] = {
    "note": lazy_gettext("Notes"),
    "task": lazy_gettext("Tasks"),
    "meeting": lazy_gettext("Meetings"),
    "opportunity": lazy_gettext("Opportunities"),
    "case": lazy_gettext("Cases"),
    "change": lazy_gettext("Changes"),
}

COMPOSED = ("note", "task", "meeting")
"""Entities that can be added at the top of the history."""


@dataclass(frozen=True)
class Fact:
    key: str
    label: str
    html: Markup
    edit_url: str = ""


@dataclass(frozen=True)
class FactSection:
    title: str
    facts: list[Fact]


@dataclass(frozen=True)
class Head:
    """The top of the page."""

    id: int
    label: str
    subtitle: str
    icon: str
    badges: list[Markup]
    facts: list[Fact]
    actions: list[Action]


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


@dataclass(frozen=True)
class TimelineItem:
    icon: str
    tone: str
    title: str
    url: str
    at: str
    at_text: str
    by: str
    html: Markup


@dataclass(frozen=True)
class Day:
    label: str
    items: list[TimelineItem]


@dataclass
class HistoryView:
    """The time line; `compose` are the things that can be added on top."""

    days: list[Day]
    kinds: list[dict[str, Any]] = field(default_factory=list)
    compose: list[dict[str, Any]] = field(default_factory=list)
    more_url: str = ""
    note_url: str = ""
    subject: str = ""
    next: str = ""


def facts_of(
    actor: Actor,
    definition: EntityDef,
    record: Record,
    keys: tuple[str, ...],
    reader: Reader,
    *,
    editable: bool,
) -> list[Fact]:
    """Readable fields as label and value; `edit_url` where the value can be changed in place."""
    readable = policy.fields(actor, definition.key)
    writable = policy.fields(actor, definition.key, "write") if editable else frozenset()
    found = []
    for key in keys:
        if key in readable:
            target = definition.fields[key]
            url = (
                f"/admin/{definition.key}/{record.id}/field/{key}/"
                if key in writable and target.kind.inline
                else ""
            )
            html = target.kind.html(target.kind.read(record, target), target, reader)
            found.append(Fact(key, str(target.label), html, url))
    return found


def shown_fields(actor: Actor, definition: EntityDef) -> list[str]:
    """Fields that the page shows, so that their names can be fetched together."""
    readable = policy.fields(actor, definition.key)
    placed = [key for section in definition.sections for key in section.fields]
    always = [key for key in ("owner", "team", "created_by", "modified_by") if key in definition.fields]
    return [key for key in dict.fromkeys([*definition.header, *placed, *always]) if key in readable]


def head(actor: Actor, definition: EntityDef, record: Record, reader: Reader) -> Head:
    """Name, badges, the facts of the header and what can be done."""
    keys = tuple(k for k in definition.header if k != definition.title)
    badge_keys = tuple(k for k in keys if definition.fields[k].kind.badge)
    facts = facts_of(
        actor, definition, record, tuple(k for k in keys if k not in badge_keys), reader, editable=False
    )
    badges = [
        f.html for f in facts_of(actor, definition, record, badge_keys, reader, editable=False) if f.html
    ]
    return Head(
        record.id,
        definition.name_of(record),
        "",
        definition.icon,
        badges,
        facts,
        actions(actor, definition, record),
    )


def actions(actor: Actor, definition: EntityDef, record: Record) -> list[Action]:
    """What the page offers to do with the record; each is judged again when it is done."""
    base = f"/admin/{definition.key}/{record.id}/"
    offered = []
    if policy.can(actor, "update", definition.key, record):
        offered.append(Action(gettext("Edit"), "pencil", f"{base}edit/", tone="primary", key="e"))
    for give in _extra_actions.get(definition.key, []):
        offered += give(actor, record)
    offered.append(Action(gettext("Changes"), "history", f"{base}audit/", more=True))
    if policy.can(actor, "delete", definition.key, record):
        name = definition.name_of(record)
        text = gettext("Move “%(name)s” to the recycle bin?", name=name)
        bin_ = gettext("Move to recycle bin")
        offered.append(Action(bin_, "trash", f"{base}delete/", "POST", text, more=True, danger=True))
    return offered


_extra_actions: dict[str, list[Any]] = {}


def offer(entity: str, give: Any) -> None:
    """Have `give(actor, record) -> list[Action]` add actions to the record page of `entity`."""
    _extra_actions.setdefault(entity, []).append(give)


Card = Callable[[Actor, Record, Reader], Markup | None]
_cards: dict[str, list[Card]] = {}


def add_card(entity: str, give: Card) -> None:
    """Have `give(actor, record, reader)` show a card above the details of `entity`; None shows nothing."""
    known = _cards.setdefault(entity, [])
    if give not in known:
        known.append(give)


def cards(actor: Actor, definition: EntityDef, record: Record, reader: Reader) -> list[Markup]:
    """What the core and the modules have to show about this record besides its fields."""
    made = (give(actor, record, reader) for give in _cards.get(definition.key, []))
    return [card for card in made if card]


def details(actor: Actor, definition: EntityDef, record: Record, reader: Reader) -> list[FactSection]:
    """All readable fields by section; empty long texts are left out, so that the page stays short."""
    editable = policy.level(actor, "update", definition.key).rank > 0
    sections = []
    for section in definition.sections:
        keys = in_name_order(section.fields, definition, reader.language)
        facts = facts_of(actor, definition, record, keys, reader, editable=editable)
        if facts:
            sections.append(FactSection(str(section.title), facts))
    placed = {key for section in definition.sections for key in section.fields}
    kept = tuple(
        k
        for k in ("owner", "team", "created_at", "created_by", "modified_at", "modified_by")
        if k in definition.fields and k not in placed
    )
    facts = facts_of(actor, definition, record, kept, reader, editable=editable)
    if facts:
        sections.append(FactSection(gettext("Record"), facts))
    return sections


# ── panels ──────────────────────────────────────────────────────────────────────────────────────────
def panels(actor: Actor, definition: EntityDef, record: Record, reader: Reader) -> list[PanelView]:
    """The related records: one query per panel, then one for the names of each linked entity."""
    loaded = []
    for panel in definition.panels:
        target = registry.find(panel.entity)
        readable = policy.fields(actor, panel.entity)
        if target is None or panel.via not in readable:
            continue
        columns = tuple(key for key in panel.columns if key in readable)
        loaded.append((panel, target, columns, _panel_records(actor, panel, target, definition, record)))
    _load_together(loaded, reader)
    return [_panel_view(actor, definition, record, *part, reader) for part in loaded]


def _panel_records(
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


def _panel_view(
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
                [_panel_cell(target, row, key, place, reader) for place, key in enumerate(columns)],
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


def _panel_cell(target: EntityDef, row: Record, key: str, place: int, reader: Reader) -> Cell:
    made = cell(target, row, key, reader)
    if place == 0:
        column = target.fields[key]
        plain = column.kind.format(column.kind.read(row, column), column, reader)
        return Cell(key, made.label, Markup("{}").format(plain or f"#{row.id}"), made.numeric)
    return made


# ── history ─────────────────────────────────────────────────────────────────────────────────────────
def timeline(
    actor: Actor,
    definition: EntityDef,
    record: Record,
    reader: Reader,
    *,
    kind: str = "",
    after: str | None = None,
) -> HistoryView:
    """The history of a record, by days. A bad cursor gives the newest page."""
    kinds = [kind] if kind else None
    try:
        lines, more = history.timeline(
            actor, definition.key, record.id, kinds=kinds, after=after, limit=LINES
        )
    except ValueError:
        lines, more = history.timeline(actor, definition.key, record.id, kinds=kinds, limit=LINES)
    load_line_names(lines, reader)
    base = f"/admin/{definition.key}/{record.id}/"
    made = HistoryView(
        days=_days([(line, _item(line, reader, (definition.key, record.id))) for line in lines], reader),
        subject=f"{definition.key}:{record.id}",
        next=base,
    )
    if more:
        made.more_url = f"{base}history/?{urlencode({'after': more, **({'kind': kind} if kind else {})})}"
    made.kinds = [{"label": gettext("All"), "url": f"{base}history/", "active": not kind}] + [
        {"label": str(label), "url": f"{base}history/?kind={key}", "active": kind == key}
        for key, label in KIND_LABELS.items()
        if key == "change" or policy.level(actor, "read", key).rank
    ]
    for entity in COMPOSED:
        target = registry.find(entity)
        if target is not None and policy.level(actor, "create", entity).rank:
            made.compose.append({"key": entity, "label": str(target.label), "icon": target.icon})
    made.note_url = "/admin/note/new/" if any(c["key"] == "note" for c in made.compose) else ""
    return made


def load_line_names(lines: list[history.Line], reader: Reader) -> None:
    """Fetch all names the lines will show: one query per entity."""
    wanted: dict[str, set[int]] = {"user": {line.by for line in lines if line.by}}
    for line in lines:
        wanted.setdefault(line.subject[0], set()).add(line.subject[1])
        definition = registry.find(line.ref[0])
        if definition is None:
            continue
        for key, value in _dumped_values(line):
            for entity, number in stored_value.references(definition, key, value, reader):
                wanted.setdefault(entity, set()).add(number)
    for entity, ids in wanted.items():
        if ids:
            reader.names(entity, ids)


def _dumped_values(line: history.Line) -> list[tuple[str, Any]]:
    pairs = [(key, value) for key, value in line.data.items() if key != "changes"]
    for key, (before, now) in line.data.get("changes", {}).items():
        pairs += [(key, before), (key, now)]
    return pairs


@dataclass(frozen=True)
class ShownLine:
    """A line for its template `history/<kind>.html`: values formatted, `text(key)` and `html(key)` by field."""

    line: history.Line
    definition: EntityDef | None
    reader: Reader
    elsewhere: str

    def has(self, key: str) -> bool:
        return self.line.data.get(key) is not None

    def text(self, key: str) -> str:
        if self.definition is None:
            return ""
        return stored_value.text(self.definition, key, self.line.data.get(key), self.reader)

    def html(self, key: str) -> Markup:
        if self.definition is None:
            return Markup("")
        return stored_value.html(self.definition, key, self.line.data.get(key), self.reader)

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        """(label, before, after) of the changed fields."""
        if self.definition is None:
            return []
        return [
            (
                stored_value.label(self.definition, key),
                stored_value.text(self.definition, key, old, self.reader),
                stored_value.text(self.definition, key, new, self.reader),
            )
            for key, (old, new) in self.line.data.get("changes", {}).items()
        ]


def _item(line: history.Line, reader: Reader, page: tuple[str, int]) -> TimelineItem:
    icon, tone = LINE_LOOKS.get(line.kind, ("point", "neutral"))
    elsewhere = ""
    if line.subject not in (page, line.ref):  # else the title names it already
        elsewhere = reader.names(line.subject[0], [line.subject[1]]).get(line.subject[1], "")
    shown = ShownLine(line, registry.find(line.ref[0]), reader, elsewhere)
    known = line.kind if line.kind in LINE_LOOKS else "other"
    local = _local(line.at, reader)
    return TimelineItem(
        icon=icon,
        tone=tone,
        title=title_of(line, reader),
        url=f"/admin/{line.ref[0]}/{line.ref[1]}/" if line.ref != page else "",
        at=line.at.isoformat() + "Z",
        at_text=moment_text(local, reader.language),
        by=reader.names("user", [line.by]).get(line.by, "") if line.by else "",
        html=Markup(render_template(f"history/{known}.html", line=shown)),  # noqa: S704 — a template, escaped
    )


def title_of(line: history.Line, reader: Reader) -> str:
    """What a line says in few words, in the reader's language and without fields they may not read."""
    definition = registry.find(line.ref[0])
    name = ""
    if definition is not None and line.data.get(definition.title):
        name = stored_value.text(definition, definition.title, line.data[definition.title], reader)
    what = str(definition.label) if definition else line.kind
    if line.kind == "created":
        return gettext("%(what)s created", what=what)
    if line.kind == "change":
        return gettext("%(what)s changed", what=f"{what} {name}".strip())
    return gettext("%(what)s: %(name)s", what=what, name=name) if name and line.kind != "note" else what


def _days(items: list[tuple[history.Line, TimelineItem]], reader: Reader) -> list[Day]:
    days: list[Day] = []
    for line, item in items:
        label = _day_label(_local(line.at, reader).date(), reader)
        if not days or days[-1].label != label:
            days.append(Day(label, []))
        days[-1].items.append(item)
    return days


def _local(moment: datetime, reader: Reader) -> datetime:
    return moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(reader.timezone))


def _day_label(day: date, reader: Reader) -> str:
    today = _local(clock.now(), reader).date()
    if day == today:
        return gettext("Today")
    if day == today - timedelta(days=1):
        return gettext("Yesterday")
    return format_date(
        day, "full" if abs((today - day).days) < 7 else "long", locale=babel_locale(reader.language)
    )


# ── audit ───────────────────────────────────────────────────────────────────────────────────────────
ACTIONS = {
    "create": lazy_gettext("created"),
    "update": lazy_gettext("changed"),
    "delete": lazy_gettext("moved to the recycle bin"),
    "restore": lazy_gettext("restored"),
    "purge": lazy_gettext("removed for good"),
    "rights": lazy_gettext("rights changed"),
    "password": lazy_gettext("password changed"),
}

SURFACES = {
    "screen": lazy_gettext("screen"),
    "api": lazy_gettext("API"),
    "import": lazy_gettext("import"),
    "job": lazy_gettext("background job"),
    "command": lazy_gettext("command line"),
    "system": lazy_gettext("the system"),
}


@dataclass(frozen=True)
class AuditRow:
    at: str
    at_text: str
    by: str
    action: str
    source: str
    changes: list[tuple[str, str, str]]


def audit_rows(
    actor: Actor, definition: EntityDef, record: Record, reader: Reader, before: int | None
) -> tuple[list[AuditRow], int | None]:
    """Who changed what, newest first; and the id below which the older ones lie."""
    entries = audit.trail(actor, definition.key, record.id, before=before)
    wanted: dict[str, set[int]] = {"user": {e.user for e in entries if e.user}}
    for entry in entries:
        for key, pair in entry.changes.items():
            for value in pair:
                for entity, number in stored_value.references(definition, key, value, reader):
                    wanted.setdefault(entity, set()).add(number)
    for entity, ids in wanted.items():
        reader.names(entity, ids)
    rows = [_audit_row(definition, entry, reader) for entry in entries]
    return rows, entries[-1].id if len(entries) == audit.PAGE else None


def _audit_row(definition: EntityDef, entry: audit.Entry, reader: Reader) -> AuditRow:
    return AuditRow(
        at=entry.at.isoformat() + "Z",
        at_text=moment_text(_local(entry.at, reader), reader.language),
        by=reader.names("user", [entry.user]).get(entry.user, "") if entry.user else gettext("the system"),
        action=str(ACTIONS.get(entry.action, entry.action)),
        source=str(SURFACES.get(entry.source, entry.source)),
        changes=[
            (
                stored_value.label(definition, key),
                stored_value.text(definition, key, old, reader),
                stored_value.text(definition, key, new, reader),
            )
            for key, (old, new) in entry.changes.items()
        ],
    )


def count_panels(definition: EntityDef) -> int:
    """How many panels the page will fetch: one skeleton stands for each."""
    return len(definition.panels)
