"""One job: a row that says what is to be done, for whom, and who holds it now."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import (
    SQL,
    BigAutoField,
    BigIntegerField,
    DateTimeField,
    IntegerField,
    IntegrityError,
    TextField,
    fn,
)

from crm_admin import clock
from crm_admin.db import Table, database, is_sqlite

CHANNEL = "crm_job"
UNFINISHED = ("ready", "running")
KEY_TRIES = 10

# Spelled with literals wherever they are used: a partial index serves only a query that repeats its condition.
_UNFINISHED, _READY, _RUNNING, _FAILED = (
    SQL("state IN ('ready', 'running')"),
    SQL("state = 'ready'"),
    SQL("state = 'running'"),
    SQL("state = 'failed'"),
)


class Job(Table):
    """A row is `running` only while `lease_by` names a claim and `lease_until` lies ahead; then it is up for grabs."""

    id = BigAutoField()
    name = TextField()
    payload = TextField(default="{}")
    actor_id = BigIntegerField(null=True)
    state = TextField(default="ready")  # ready | running | done | failed | cancelled
    run_at = DateTimeField()
    lease_until = DateTimeField(null=True)
    lease_by = TextField(null=True)
    attempts = IntegerField(default=0)
    priority = IntegerField(default=0)
    key = TextField(null=True)
    progress = IntegerField(default=0)
    note = TextField(default="")
    result = TextField(null=True)
    error = TextField(default="")
    created_at = DateTimeField()
    started_at = DateTimeField(null=True)
    finished_at = DateTimeField(null=True)

    class Meta:
        table_name = "sys_job"


for _name, _on, _where in (
    ("UNIQUE INDEX IF NOT EXISTS sys_job_key", "key", _UNFINISHED),
    ("INDEX IF NOT EXISTS sys_job_next", "priority DESC, run_at, id", _UNFINISHED),
    ("INDEX IF NOT EXISTS sys_job_due", "run_at", _READY),
    ("INDEX IF NOT EXISTS sys_job_lease", "lease_until", _RUNNING),
    ("INDEX IF NOT EXISTS sys_job_failed", "id", _FAILED),
):
    Job.add_index(SQL(f"CREATE {_name} ON sys_job ({_on}) WHERE {_where.sql}"))


@dataclass(frozen=True)
class Backlog:
    """How much waits: rows due now, running, set aside for a person, and how late the oldest due one is."""

    due: int
    running: int
    failed: int
    oldest_s: float


def enqueue(
    name: str,
    payload: dict[str, Any],
    *,
    actor_id: int | None = None,
    run_at: datetime | None = None,
    key: str | None = None,
    priority: int = 0,
) -> int:
    """Write a job in the caller's transaction and return its id; it exists when, and only when, that commits.

    `payload` is JSON: ids, not records, and never a secret. A higher `priority` runs first. While an unfinished
    job has the same `key`, nothing is written and the id of that one is returned.
    """
    now = clock.now()
    row = {
        "name": name,
        "payload": json.dumps(payload, ensure_ascii=False),
        "actor_id": actor_id,
        "run_at": run_at or now,
        "key": key,
        "priority": priority,
        "created_at": now,
    }
    with database.atomic():
        made = Job.insert(row).execute() if key is None else _insert_once(key, row)
        wake()
    return made


def cancel(job_id: int) -> bool:
    """Stop a job that is not finished; a running one learns of it at its next `progress`. False if too late."""
    return _change(
        (Job.id == job_id) & Job.state.in_(UNFINISHED),
        state="cancelled",
        finished_at=clock.now(),
        lease_until=None,
        lease_by=None,
    )


def retry(job_id: int) -> bool:
    """Run a failed or cancelled job again from the start; False when it is neither, or its key is taken anew."""
    try:
        with database.atomic():
            changed = _change(
                (Job.id == job_id) & Job.state.in_(("failed", "cancelled")),
                state="ready",
                run_at=clock.now(),
                attempts=0,
                progress=0,
                note="",
                finished_at=None,
            )
            wake()
    except IntegrityError:
        return False
    return changed


def backlog() -> Backlog:
    """The state of the queue now, for readiness and metrics."""
    now = clock.now()
    due, oldest = (
        Job.select(fn.COUNT(Job.id), fn.MIN(Job.run_at)).where(_READY & (Job.run_at <= now)).tuples().get()
    )
    running = Job.select().where(_RUNNING).count()
    failed = Job.select().where(_FAILED).count()
    return Backlog(due, running, failed, (now - oldest).total_seconds() if oldest else 0.0)


def is_due() -> bool:
    """Whether a claim could succeed. A read, so that idle workers leave the write lock alone."""
    now = clock.now()
    ready = Job.select(Job.id).where(_READY & (Job.run_at <= now))
    lost = Job.select(Job.id).where(_RUNNING & (Job.lease_until < now))
    return ready.exists() or lost.exists()


def claim(token: str, lease_s: float) -> Job | None:
    """Take the next job, ready or lost by its worker, for `lease_s` under `token`: one statement, one winner."""
    with database.atomic():
        now = clock.now()  # after BEGIN: the wait for the write lock must not shorten the lease
        other = Job.alias()
        ready = (other.state == "ready") & (other.run_at <= now)
        lost = (other.state == "running") & (other.lease_until < now)
        following = (
            other.select(other.id)
            .where(_UNFINISHED & (ready | lost))
            .order_by(other.priority.desc(), other.run_at, other.id)
            .limit(1)
        )
        if not is_sqlite():
            following = following.for_update("FOR UPDATE SKIP LOCKED")
        query = Job.update(
            state="running",
            lease_by=token,
            lease_until=now + timedelta(seconds=lease_s),
            attempts=Job.attempts + 1,
            started_at=now,
            progress=0,
            note="",
        ).where(Job.id == following)
        rows = list(query.returning(Job).execute())
    return rows[0] if rows else None


def extend(job_id: int, token: str, lease_s: float) -> bool:
    """Push the end of the lease out; False when the job was cancelled or belongs to another claim."""
    with database.atomic():
        return _change(_held(job_id, token), lease_until=clock.now() + timedelta(seconds=lease_s))


def report(job_id: int, token: str, percent: int, note: str) -> bool:
    """Store how far the job is; False when the claim is gone."""
    return _change(_held(job_id, token), progress=percent, note=note)


def finish(job_id: int, token: str, result: Any) -> bool:
    """Mark the job done with its JSON `result`; False, and nothing changes, when the claim is gone."""
    return _change(
        _held(job_id, token),
        state="done",
        progress=100,
        result=None if result is None else json.dumps(result, ensure_ascii=False),
        error="",
        finished_at=clock.now(),
        lease_until=None,
        lease_by=None,
    )


def postpone(job_id: int, token: str, run_at: datetime, error: str) -> bool:
    """Let the job be tried again at `run_at`; False when the claim is gone."""
    return _change(
        _held(job_id, token), state="ready", run_at=run_at, error=error, lease_until=None, lease_by=None
    )


def set_aside(job_id: int, token: str, error: str) -> bool:
    """Give the job up: `failed`, kept until a person retries it. False when the claim is gone."""
    return _change(
        _held(job_id, token),
        state="failed",
        error=error,
        finished_at=clock.now(),
        lease_until=None,
        lease_by=None,
    )


def give_back(job_id: int, token: str) -> bool:
    """Return an interrupted job as if it had not been tried, for another worker to take at once."""
    with database.atomic():
        changed = _change(
            _held(job_id, token), state="ready", attempts=Job.attempts - 1, lease_until=None, lease_by=None
        )
        wake()
    return changed


def wake() -> None:
    """Tell idle workers, at commit, that there is work. SQLite has no such signal: there they poll."""
    if not is_sqlite():
        database.execute_sql("SELECT pg_notify(%s, '')", (CHANNEL,))


def prune(before: datetime) -> int:
    """Delete done and cancelled jobs finished before the moment; failed ones stay for a person."""
    finished = Job.state.in_(("done", "cancelled")) & (Job.finished_at < before)
    removed = 0
    while True:
        # Small bites keep the write lock short. The newest row stays, so that SQLite never gives its id out again.
        bite = Job.select(Job.id).where(finished & (Job.id < Job.select(fn.MAX(Job.id)))).limit(1_000)
        ids = [row[0] for row in bite.tuples()]
        if not ids:
            return removed
        with database.atomic():
            removed += Job.delete().where(Job.id.in_(ids) & finished).execute()


def _insert_once(key: str, row: dict[str, Any]) -> int:
    for _ in range(KEY_TRIES):
        made = list(Job.insert(row).on_conflict_ignore().returning(Job.id).tuples().execute())
        if made:
            return int(made[0][0])
        unfinished = Job.select(Job.id).where((Job.key == key) & Job.state.in_(UNFINISHED)).tuples().first()
        if unfinished:
            return int(unfinished[0])
        # The one in the way finished between the two statements: the key is free now.
    raise IntegrityError(f"job {row['name']!r} with the key {key!r} could not be written")


def _held(job_id: int, token: str) -> Any:
    return (Job.id == job_id) & (Job.lease_by == token) & (Job.state == "running")


def _change(which: Any, **values: Any) -> bool:
    with database.atomic():
        return bool(Job.update(**values).where(which).execute())
