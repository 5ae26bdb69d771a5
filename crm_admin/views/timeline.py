"""The time line of a record page: what happened, by days, newest first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_date
from flask import render_template
from markupsafe import Markup

from crm_admin import clock, history, policy, registry
from crm_admin.i18n import babel_locale, gettext, lazy_gettext, moment_text
from crm_admin.kinds import Reader
from crm_admin.kinds.datetime import local
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef, Record
from crm_admin.views import stored_value

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


def build(
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


def newest(
    actor: Actor, definition: EntityDef, record: Record, reader: Reader, limit: int
) -> list[TimelineItem]:
    """The newest lines of a history, without days and filters: for a card."""
    lines, _ = history.timeline(actor, definition.key, record.id, limit=limit)
    load_line_names(lines, reader)
    return [_item(line, reader, (definition.key, record.id)) for line in lines]


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
    at = local(line.at, reader.timezone)
    return TimelineItem(
        icon=icon,
        tone=tone,
        title=title_of(line, reader),
        url=f"/admin/{line.ref[0]}/{line.ref[1]}/" if line.ref != page else "",
        at=line.at.isoformat() + "Z",
        at_text=moment_text(at, reader.language),
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
        label = _day_label(local(line.at, reader.timezone).date(), reader)
        if not days or days[-1].label != label:
            days.append(Day(label, []))
        days[-1].items.append(item)
    return days


def _day_label(day: date, reader: Reader) -> str:
    today = local(clock.now(), reader.timezone).date()
    if day == today:
        return gettext("Today")
    if day == today - timedelta(days=1):
        return gettext("Yesterday")
    return format_date(
        day, "full" if abs((today - day).days) < 7 else "long", locale=babel_locale(reader.language)
    )
