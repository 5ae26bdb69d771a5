"""Home: what is to be done today, and how things stand, from what this person may see."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from peewee import fn

from crm_admin import clock, policy, records, registry
from crm_admin.i18n import gettext
from crm_admin.kinds import Reader
from crm_admin.kinds.base import Group
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef, Record
from crm_admin.views.list_page import Cell, cell

ROWS = 8


@dataclass(frozen=True)
class WorkRow:
    url: str
    label: str
    late: bool
    cells: list[Cell]
    done_url: str = ""
    row_version: int = 0


@dataclass(frozen=True)
class WorkList:
    """Records that wait for this person."""

    key: str
    title: str
    icon: str
    rows: list[WorkRow]
    more_url: str
    empty: str


@dataclass(frozen=True)
class Bar:
    """One stage of the pipeline: how many opportunities, how much they are worth, and the share of the longest bar."""

    label: str
    count: int
    amount: str
    share: int
    url: str


@dataclass
class HomePage:
    greeting: str
    day: str
    lists: list[WorkList] = field(default_factory=list)
    pipeline: list[Bar] = field(default_factory=list)
    figures: list[dict[str, Any]] = field(default_factory=list)


def build(actor: Actor, reader: Reader) -> HomePage:
    """The page for this person, now, in their time zone."""
    local = clock.now().replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(reader.timezone))
    page = HomePage(_greeting(local.hour), local.date().isoformat())
    tomorrow = _utc(datetime.combine(local.date() + timedelta(days=1), time.min), reader)
    # A list that is chosen or sorted by a field tells of it.
    if {"owner", "status", "due_at"} <= policy.fields(actor, "task"):
        page.lists.append(_tasks(actor, reader, tomorrow))
    if {"owner", "status", "starts_at"} <= policy.fields(actor, "meeting"):
        page.lists.append(_meetings(actor, reader, _utc(datetime.combine(local.date(), time.min), reader)))
    if {"owner", "resolved_at", "due_at"} <= policy.fields(actor, "case"):
        page.lists.append(_cases(actor, reader))
    if {"stage", "amount", "closed_at"} <= policy.fields(actor, "opportunity"):
        page.pipeline = _pipeline(actor, reader)
    return page


def _greeting(hour: int) -> str:
    if hour < 12:
        return gettext("Good morning")
    return gettext("Good afternoon") if hour < 18 else gettext("Good evening")


def _utc(local: datetime, reader: Reader) -> datetime:
    return local.replace(tzinfo=ZoneInfo(reader.timezone)).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)


def _tasks(actor: Actor, reader: Reader, tomorrow: datetime) -> WorkList:
    definition = registry.entity("task")
    model = definition.model
    query = (
        policy.scope(actor, "task")
        .where(model.owner == actor.id, model.status.not_in(("done", "cancelled")), model.due_at < tomorrow)
        .order_by(model.due_at, model.id)
        .limit(ROWS)
    )
    rows = _rows(actor, definition, list(query), ("subject", "regarding", "due_at"), reader, done="status")
    more = f"/admin/task/?owner={actor.id}&status__in=open,in_progress,waiting&sort=due_at"
    return WorkList(
        "task", gettext("Due today"), definition.icon, rows, more, gettext("Nothing is due. Enjoy the quiet.")
    )


def _meetings(actor: Actor, reader: Reader, today: datetime) -> WorkList:
    definition = registry.entity("meeting")
    model = definition.model
    query = (
        policy.scope(actor, "meeting")
        .where(model.owner == actor.id, model.starts_at >= today, model.status == "planned")
        .order_by(model.starts_at, model.id)
        .limit(ROWS)
    )
    rows = _rows(actor, definition, list(query), ("subject", "regarding", "starts_at"), reader)
    more = f"/admin/meeting/?owner={actor.id}&status=planned&sort=starts_at"
    return WorkList(
        "meeting", gettext("Next meetings"), definition.icon, rows, more, gettext("No meetings are planned.")
    )


def _cases(actor: Actor, reader: Reader) -> WorkList:
    definition = registry.entity("case")
    model = definition.model
    query = (
        policy.scope(actor, "case")
        .where(model.owner == actor.id, model.resolved_at.is_null())
        .order_by(model.due_at.is_null(), model.due_at, model.id)
        .limit(ROWS)
    )
    rows = _rows(actor, definition, list(query), ("subject", "account", "due_at"), reader)
    more = f"/admin/case/?owner={actor.id}&resolved_at__isnull=true"
    return WorkList(
        "case", gettext("My open cases"), definition.icon, rows, more, gettext("No case waits for you.")
    )


def _rows(
    actor: Actor,
    definition: EntityDef,
    found: list[Record],
    keys: tuple[str, ...],
    reader: Reader,
    done: str = "",
) -> list[WorkRow]:
    readable = policy.fields(actor, definition.key)
    shown = [key for key in keys if key in readable]
    records.load_names(definition, found, shown, reader)
    may_finish = bool(done) and done in policy.fields(actor, definition.key, "write")
    rows = []
    for record in found:
        url = f"/admin/{definition.key}/{record.id}/"
        cells = [cell(definition, record, key, reader) for key in shown if key != definition.title]
        done_url = f"{url}field/{done}/" if may_finish else ""
        late = record.late_by <= readable and record.is_late()
        rows.append(WorkRow(url, definition.name_of(record), late, cells, done_url, record.row_version))
    return rows


def _pipeline(actor: Actor, reader: Reader) -> list[Bar]:
    """Open opportunities by stage: one query for counts and sums, one for the stages."""
    definition = registry.entity("opportunity")
    model = definition.model
    amount = definition.fields["amount"]
    selected, grouped = amount.kind.sum_columns(amount, model)
    query = policy.scope(actor, "opportunity", model.select(model.stage, fn.COUNT(model.id), *selected))
    query = query.where(model.closed_at.is_null()).group_by(model.stage, *grouped)
    counts: dict[int, int] = {}
    texts: dict[int, list[str]] = {}
    for stage, count, *cells in query.tuples():
        counts[stage] = counts.get(stage, 0) + count
        value = amount.kind.of_sum(tuple(cells), amount)
        if value is not None:
            texts.setdefault(stage, []).append(amount.kind.format(value, amount, reader))
    longest = max(counts.values(), default=0)
    return [
        Bar(
            f"{group.group} · {group.label}" if group.group and _several(reader) else str(group.label),
            counts[int(group.key)],
            " · ".join(texts.get(int(group.key), [])),
            max(4, round(100 * counts[int(group.key)] / longest / 4) * 4),
            f"/admin/opportunity/?stage={group.key}",
        )
        for group in _by_pipeline(reader)
        if int(group.key) in counts
    ]


def _by_pipeline(reader: Reader) -> list[Group]:
    """Stages in their order, one pipeline after the other."""
    stages = reader.groups("stage")
    pipelines = list(dict.fromkeys(stage.group for stage in stages))
    return sorted(stages, key=lambda stage: pipelines.index(stage.group))


def _several(reader: Reader) -> bool:
    return len({group.group for group in reader.groups("stage")}) > 1
