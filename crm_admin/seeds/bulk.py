"""Bulk data: a million contacts in minutes, by rows instead of records (docs/decisions/0011)."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor

from crm_admin import clock, entities, records, registry
from crm_admin.basics import ensure_basics
from crm_admin.config import Config
from crm_admin.db import connection, database
from crm_admin.entities.opportunity import StageHistory
from crm_admin.history import HistoryLine, HistorySubject
from crm_admin.kinds import Reader
from crm_admin.kinds.links import RecordLink
from crm_admin.kinds.phone import PhoneIndex
from crm_admin.policy import SYSTEM
from crm_admin.seeds import drafts, layout, loading, staff
from crm_admin.seeds.drafts import BATCH, EVENTS, PER, Ground, Stage
from crm_admin.seeds.layout import Rows

MOST_PEOPLE = 200
CONTACTS_EACH = 2_000
"""Contacts that one of the people looks after, until there are `MOST_PEOPLE` of them."""

ALONE = 3
"""Up to so many batches are sooner made here than by processes that have to start first."""

AHEAD = 2
"""Batches that each process may be ahead of the database."""

Progress = Callable[[int, int], None]
"""Told now and then: contacts written, of how many. The second time it says all, indexes are what is left."""


def seed(config: Config, *, contacts: int, seed: int = 1, progress: Progress | None = None) -> dict[str, int]:
    """Add `contacts` contacts and what belongs to them to the database of `config`; how many of each entity.

    In one transaction: all or nothing, and no record that was there is touched. The same `seed` on the same database
    gives the same records, but for their dates.
    """
    tell = progress or _quietly
    with connection():
        with database.atomic():
            ensure_basics(config)
            ground = _ground(config, contacts, seed)
            coming = _coming(ground)
            with loading.bulk(coming):
                for number, rows in enumerate(_batches(ground), start=1):
                    for table, lines in rows.items():
                        loading.insert(table, layout.columns(table), lines)
                    tell(min(number * BATCH, contacts), contacts)
        loading.analyze(list(coming))
    return {entity: ground.count(entity) for entity in PER}


def _quietly(done: int, total: int) -> None:
    pass


def _ground(config: Config, contacts: int, seed: int) -> Ground:
    company = config.company
    reader: Reader = records.reader(SYSTEM, timezone=company.timezone, country=company.country)
    people = max(5, min(MOST_PEOPLE, contacts // CONTACTS_EACH))
    blank = Ground(
        seed, contacts, clock.now(), staff.owners(people, seed, reader), staff.tags(reader), _stages(), {}
    )
    events = sum(blank.count(entity) for entity in EVENTS)
    first = {entity: loading.reserve(_table(entity), blank.count(entity)) for entity in PER}
    first["history"] = loading.reserve(HistoryLine._meta.table_name, events)
    blank.first.update(first)
    return blank


def _table(entity: str) -> str:
    return str(registry.entity(entity).model._meta.table_name)


def _stages() -> tuple[Stage, ...]:
    model = registry.entity("stage").model
    rows = model.select().where(model.deleted_at.is_null()).order_by(model.pipeline, model.position, model.id)
    return tuple(Stage(row.id, row.pipeline, row.kind, row.probability) for row in rows)


def _coming(ground: Ground) -> dict[str, int]:
    """How many rows each table will get, about."""
    events = sum(ground.count(entity) for entity in EVENTS)
    side = {
        RecordLink: ground.contacts // 8,
        PhoneIndex: ground.contacts * 5 // 4,
        HistoryLine: events,
        HistorySubject: events * 2,
        StageHistory: ground.count("opportunity"),
    }
    found = {_table(entity): ground.count(entity) for entity in PER}
    return found | {model._meta.table_name: count for model, count in side.items()}


def _batches(ground: Ground) -> Iterator[Rows]:
    """The rows of all batches in their order; made by other processes where that pays."""
    workers = os.cpu_count() or 1
    if ground.batches <= ALONE or workers == 1:
        yield from (drafts.rows(ground, number) for number in range(ground.batches))
        return
    # Spawned: a forked child would hold this process's connection.
    start = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=start, initializer=entities.load)
    waiting: deque[Future[Rows]] = deque()
    try:
        for number in range(ground.batches):
            waiting.append(pool.submit(drafts.rows, ground, number))
            if len(waiting) >= workers * AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
