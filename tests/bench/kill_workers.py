"""Workers killed with SIGKILL in the middle of a job: is every job run to its end, by another, and only once?

python -m tests.bench.kill_workers DATABASE_URL [KILLS]
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from peewee import BigIntegerField, IntegerField, TextField

from crm_admin import jobs
from crm_admin.config import Config, load
from crm_admin.db import Table, connect_to, database
from tests.connected import connected

ROOT = Path(__file__).resolve().parent.parent.parent
WORKERS = 2
WORK_S = 0.4
PATIENCE_S = 60.0


class Witness(Table):
    """What a job says while it runs: `begin`, and `end` after its work."""

    job_id = BigIntegerField()
    pid = IntegerField()
    word = TextField()


TABLES = [jobs.Job, jobs.ScheduledSlot, jobs.WorkerPulse, Witness]


def settings(url: str) -> Config:
    """A configuration with the shortest lease there is."""
    overrides = {"database.url": url, "environment": "test", "jobs.lease_s": 1, "jobs.poll_ms": 20}
    return load(environ={}, overrides=overrides)


def run(url: str, kills: int) -> dict[str, float]:
    """Run `kills` jobs on the empty database, killing the worker of each in its middle; figures of what came of it."""
    with connected(settings(url), TABLES):
        workers = [_start(url) for _ in range(WORKERS)]
        started = time.monotonic()
        try:
            ids = [_kill_in_the_middle(url, workers) for _ in range(kills)]
            done = jobs.Job.select().where(jobs.Job.state == "done", jobs.Job.id.in_(ids))
            _wait(lambda: done.count() == kills)
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
        told = [(row.job_id, row.word, row.pid) for row in Witness.select()]
    return {
        "kills": kills,
        "lost": kills - len({job for job, word, _ in told if word == "end"}),
        "ended_twice": len([1 for _, word, _ in told if word == "end"]) - len(set(ids)),
        "ended_by_the_dead": sum((job, "end", pid) in told for job, pid in _first_begins(told).items()),
        "seconds": round(time.monotonic() - started, 1),
    }


def _kill_in_the_middle(url: str, workers: list[subprocess.Popen[bytes]]) -> int:
    job_id = jobs.enqueue("witness", {})
    _wait(lambda: Witness.select().where(Witness.job_id == job_id).exists())
    pid = Witness.get(Witness.job_id == job_id).pid
    victim = next(worker for worker in workers if worker.pid == pid)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    workers.remove(victim)
    workers.append(_start(url))
    return job_id


def _first_begins(told: list[tuple[int, str, int]]) -> dict[int, int]:
    first: dict[int, int] = {}
    for job, word, pid in told:
        if word == "begin":
            first.setdefault(job, pid)
    return first


def _start(url: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.bench.kill_workers", "--worker", url]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})


def _wait(true: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > until:
            raise TimeoutError("no worker came")
        time.sleep(0.01)


def _work(url: str) -> None:
    connect_to(settings(url))
    jobs.handler("witness")(_witness)
    jobs.Worker(settings(url)).run()


def _witness(running: jobs.Running) -> None:
    for word in ("begin", "end"):
        with database.atomic():
            Witness.create(job_id=running.id, pid=os.getpid(), word=word)
        if word == "begin":
            time.sleep(WORK_S)


if __name__ == "__main__":
    if sys.argv[1] == "--worker":
        _work(sys.argv[2])
    else:
        print(json.dumps(run(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100)))
