"""The job queue: nothing lost, nothing twice, and a person can follow and stop it. On both databases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm_admin import clock, jobs
from crm_admin.config import Config
from crm_admin.db import database
from crm_admin.jobs import handlers, schedule
from crm_admin.jobs import job as rows
from crm_admin.jobs.worker import backoff, plain_error
from tests.bench import kill_workers
from tests.connected import connected

NOON = datetime(2026, 3, 4, 12, 0, 0)


@pytest.fixture
def config(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    """An empty queue, no periodic jobs, and handlers that vanish after the test."""
    monkeypatch.setattr(handlers, "_handlers", dict(handlers._handlers))
    monkeypatch.setattr(schedule, "_periods", {})
    config = kill_workers.settings(database_url)
    with connected(config, kill_workers.TABLES):
        yield config


def state(job_id: int) -> str:
    return str(jobs.Job.get_by_id(job_id).state)


def expire_lease(job_id: int) -> None:
    jobs.Job.update(lease_until=clock.ago(seconds=1)).where(jobs.Job.id == job_id).execute()


def test_job_runs_with_its_payload_for_its_person_and_keeps_the_result(config: Config) -> None:
    seen = []

    @jobs.handler("greet")
    def greet(running: jobs.Running) -> dict[str, str]:
        seen.append((running.payload, running.actor_id, running.attempt))
        return {"said": "chào"}

    job_id = jobs.enqueue("greet", {"name": "Đặng"}, actor_id=7)
    assert jobs.Worker(config).step()
    assert seen == [({"name": "Đặng"}, 7, 1)]
    job = jobs.Job.get_by_id(job_id)
    assert (job.state, job.result, job.progress, job.lease_by) == ("done", '{"said": "chào"}', 100, None)
    assert not jobs.Worker(config).step()


def test_job_of_a_failed_transaction_never_existed(config: Config) -> None:
    def cause() -> None:
        with database.atomic():
            jobs.enqueue("greet", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        cause()
    assert jobs.Job.select().count() == 0


def test_key_names_one_unfinished_job_and_is_free_again_when_it_is_finished(config: Config) -> None:
    jobs.handler("sync")(lambda running: None)
    first = jobs.enqueue("sync", {}, key="sync:7")
    assert jobs.enqueue("sync", {}, key="sync:7") == first
    assert jobs.enqueue("sync", {}, key="sync:8") != first
    while jobs.Worker(config).step():
        pass
    assert jobs.enqueue("sync", {}, key="sync:7") != first


def test_urgent_jobs_first_then_the_oldest_and_none_before_its_time(config: Config) -> None:
    order = []
    jobs.handler("note")(lambda running: order.append(running.payload["n"]))
    jobs.enqueue("note", {"n": "old"}, run_at=clock.ago(minutes=5))
    jobs.enqueue("note", {"n": "new"}, run_at=clock.ago(minutes=1))
    jobs.enqueue("note", {"n": "urgent"}, priority=9)
    jobs.enqueue("note", {"n": "later"}, run_at=clock.now() + timedelta(hours=1), priority=99)
    worker = jobs.Worker(config)
    while worker.step():
        pass
    assert order == ["urgent", "old", "new"]


def test_failing_job_waits_longer_each_time_and_is_then_kept_for_a_person(config: Config) -> None:
    @jobs.handler("call", attempts=2, backoff_s=1000)
    def call(running: jobs.Running) -> None:
        raise ConnectionError("no answer from https://bot:hunter2@example.com/?token=s3cret\nDETAIL: row")

    job_id = jobs.enqueue("call", {})
    worker = jobs.Worker(config)
    assert [worker.step(), worker.step()] == [True, False]
    job = jobs.Job.get_by_id(job_id)
    assert job.state == "ready"
    assert 499 < (job.run_at - clock.now()).total_seconds() <= 1000
    jobs.Job.update(run_at=clock.now()).execute()
    assert worker.step()
    job = jobs.Job.get_by_id(job_id)
    assert (job.state, job.attempts) == ("failed", 2)
    assert job.error == "ConnectionError: no answer from https://***@example.com/?***"
    assert jobs.backlog().failed == 1


def test_refused_job_is_not_tried_again(config: Config) -> None:
    @jobs.handler("export")
    def export(running: jobs.Running) -> None:
        raise jobs.Refused("may not export any more")

    job_id = jobs.enqueue("export", {})
    jobs.Worker(config).step()
    assert state(job_id) == "failed"


def test_job_without_handler_is_tried_again_later(config: Config) -> None:
    job_id = jobs.enqueue("of a newer release", {})
    jobs.Worker(config).step()
    assert state(job_id) == "ready"
    assert "no handler named" in jobs.Job.get_by_id(job_id).error


def test_job_that_kills_every_worker_is_set_aside(config: Config) -> None:
    jobs.handler("poison", attempts=2)(lambda running: pytest.fail("must not run a third time"))
    job_id = jobs.enqueue("poison", {})
    for _ in range(2):
        assert rows.claim("dead", 30)
        expire_lease(job_id)
    jobs.Worker(config).step()
    assert state(job_id) == "failed"
    assert jobs.Job.get_by_id(job_id).error.startswith("WorkerLost")


def test_failed_job_can_be_retried_from_the_start(config: Config) -> None:
    job_id = jobs.enqueue("export", {}, key="k")
    assert rows.claim("t", 30)
    assert rows.set_aside(job_id, "t", "x")
    assert jobs.retry(job_id)
    assert (state(job_id), jobs.Job.get_by_id(job_id).attempts) == ("ready", 0)
    assert not jobs.retry(job_id)


def test_retry_gives_way_to_a_newer_job_with_its_key(config: Config) -> None:
    job_id = jobs.enqueue("export", {}, key="k")
    jobs.cancel(job_id)
    jobs.enqueue("export", {}, key="k")
    assert not jobs.retry(job_id)
    assert state(job_id) == "cancelled"


def test_cancelled_job_never_starts_and_a_running_one_stops_at_its_next_progress(config: Config) -> None:
    reached = []

    @jobs.handler("import")
    def import_(running: jobs.Running) -> None:
        running.progress(10, "reading")
        shown = jobs.Job.get_by_id(running.id)
        reached.append((shown.progress, shown.note))
        jobs.cancel(running.id)
        running.gone.set()  # as the heartbeat does
        running.progress(20)
        reached.append((20, "too far"))

    waiting, running = jobs.enqueue("import", {}, priority=-1), jobs.enqueue("import", {})
    assert jobs.cancel(waiting)
    worker = jobs.Worker(config)
    assert [worker.step(), worker.step()] == [True, False]
    assert reached == [(10, "reading")]
    assert [state(waiting), state(running)] == ["cancelled", "cancelled"]
    assert not jobs.cancel(running)


def test_worker_that_lost_its_lease_can_change_nothing(config: Config) -> None:
    job_id = jobs.enqueue("slow", {})
    assert rows.claim("first", 30)
    assert rows.claim("second", 30) is None
    expire_lease(job_id)
    taken = rows.claim("second", 30)
    assert taken is not None
    assert taken.attempts == 2
    moment = clock.now()
    assert not rows.extend(job_id, "first", 30)
    assert not rows.report(job_id, "first", 50, "")
    assert not rows.finish(job_id, "first", {"by": "first"})
    assert not rows.postpone(job_id, "first", moment, "x")
    assert not rows.set_aside(job_id, "first", "x")
    assert not rows.give_back(job_id, "first")
    assert rows.finish(job_id, "second", {"by": "second"})
    assert not rows.finish(job_id, "second", {"by": "again"})
    assert jobs.Job.get_by_id(job_id).result == '{"by": "second"}'


def test_many_workers_at_once_never_share_a_job(config: Config) -> None:
    ids = [jobs.enqueue("x", {}) for _ in range(60)]
    won: list[int] = []
    start = threading.Barrier(6)

    def grab(name: str) -> None:
        start.wait()
        try:
            while (job := rows.claim(name, 30)) is not None:
                won.append(job.id)
        finally:
            database.close()

    threads = [threading.Thread(target=grab, args=(f"t{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == ids


def test_periodic_job_runs_once_a_slot_over_all_workers_and_over_clock_jumps(config: Config) -> None:
    jobs.every("tidy", seconds=600)
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    one, two = schedule.Timekeeper(zone), schedule.Timekeeper(zone)
    # On, back, and on again; two workers look each time.
    for minutes in (0, 1, 9, 10, 130, 0, 20, 130):
        with clock.at(NOON + timedelta(minutes=minutes)):
            one.tick()
            two.tick()
            jobs.Job.update(state="done").execute()
    slots = [row.slot for row in jobs.ScheduledSlot.select().order_by(jobs.ScheduledSlot.slot)]
    assert slots == [NOON + timedelta(minutes=minutes) for minutes in (0, 10, 20, 130)]
    assert jobs.Job.select().count() == 4


def test_periodic_job_does_not_pile_up(config: Config) -> None:
    jobs.every("tidy", seconds=60)
    keeper = schedule.Timekeeper(ZoneInfo("UTC"))
    for minutes in range(5):
        with clock.at(NOON + timedelta(minutes=minutes)):
            keeper.tick()
    assert jobs.Job.select().count() == 1


@pytest.mark.parametrize(
    ("zone", "at", "now", "slot"),
    [
        ("Asia/Ho_Chi_Minh", "03:00", "2026-03-04 19:59", "2026-03-03 20:00"),
        ("Asia/Ho_Chi_Minh", "03:00", "2026-03-04 20:00", "2026-03-04 20:00"),
        # 02:30 does not exist on this day in Berlin, and exists twice on the other.
        ("Europe/Berlin", "02:30", "2026-03-29 12:00", "2026-03-29 01:30"),
        ("Europe/Berlin", "02:30", "2026-10-25 00:40", "2026-10-25 00:30"),
        ("Europe/Berlin", "02:30", "2026-10-25 01:40", "2026-10-25 00:30"),
    ],
)
def test_daily_slot_begins_at_the_local_time(zone: str, at: str, now: str, slot: str) -> None:
    period = schedule.Period(None, datetime.fromisoformat(f"2000-01-01 {at}").time())
    assert period.slot(datetime.fromisoformat(now), ZoneInfo(zone)) == datetime.fromisoformat(slot)


def test_a_period_is_either_seconds_or_a_time() -> None:
    for wrong in ({}, {"seconds": 5, "at": "03:00"}, {"seconds": 0}, {"at": "25:00"}):
        with pytest.raises(ValueError, match=r"wrong: |hour"):
            jobs.every("wrong", **wrong)


def test_prune_forgets_finished_jobs_after_a_week_and_keeps_failed_ones(config: Config) -> None:
    ids = {}
    for name, days in (("done", 8), ("cancelled", 8), ("failed", 8), ("done", 6)):
        ids[name, days] = jobs.enqueue("x", {})
        jobs.Job.update(state=name, finished_at=clock.ago(days=days)).where(
            jobs.Job.id == ids[name, days]
        ).execute()
    job_id = jobs.enqueue("jobs.prune", {})
    jobs.Worker(config).step()
    left = {row.id for row in jobs.Job.select()}
    assert left == {ids["failed", 8], ids["done", 6], job_id}


def test_backlog_counts_what_waits_and_how_late_it_is(config: Config) -> None:
    jobs.enqueue("x", {}, run_at=clock.ago(seconds=90))
    jobs.enqueue("x", {}, run_at=clock.now() + timedelta(hours=1))
    found = jobs.backlog()
    assert (found.due, found.running, found.failed) == (1, 0, 0)
    assert 90 <= found.oldest_s < 95


def test_around_holds_while_the_job_runs(config: Config) -> None:
    story = []

    class Around:
        def __enter__(self) -> None:
            story.append("in")

        def __exit__(self, *error: object) -> None:
            story.append("out")

    jobs.handler("x")(lambda running: story.append("job"))
    jobs.enqueue("x", {})
    jobs.Worker(config, around=Around).step()
    assert story == ["in", "job", "out"]


def test_backoff_doubles_to_an_hour_and_is_spread() -> None:
    assert all(1.0 <= backoff(1, 2.0) <= 2.0 for _ in range(50))
    assert all(8.0 <= backoff(4, 2.0) <= 16.0 for _ in range(50))
    assert all(1800.0 <= backoff(500, 2.0) <= 3600.0 for _ in range(50))
    assert len({backoff(4, 2.0) for _ in range(5)}) > 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("{'auth_token': 'abc', 'to': 5}", "{'***', 'to': 5}"),
        ("PASSWORD=hunter2 refused", "*** refused"),
        ("plain words stay", "plain words stay"),
    ],
)
def test_stored_errors_carry_no_secrets(text: str, told: str) -> None:
    assert plain_error(ValueError(text)) == f"ValueError: {told}"
    assert len(plain_error(ValueError("x" * 5000))) == 300


@contextmanager
def started(config: Config, code: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process with one handler, `slow`, whose body is `code`."""
    program = (
        "import sys, time\nfrom crm_admin import jobs\nfrom crm_admin.db import connect_to\n"
        "from tests.bench.kill_workers import settings\n"
        f"config = settings({config.database_url!r})\nconnect_to(config)\n"
        f"@jobs.handler('slow')\ndef slow(running):\n    {code}\n"
        "jobs.Worker(config, grace_s=float(sys.argv[1])).run()\n"
    )
    root = str(kill_workers.ROOT)
    grace = "0.3" if "30" in code else "20"
    command = [sys.executable, "-c", program, grace]
    with subprocess.Popen(command, cwd=root, env={**os.environ, "PYTHONPATH": root}) as process:
        try:
            yield process
        finally:
            process.kill()


def until(true: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_worker_finishes_the_job_in_hand_and_takes_no_other(config: Config, number: int) -> None:
    first, second = jobs.enqueue("slow", {}), jobs.enqueue("slow", {})
    with started(config, "time.sleep(1.5)") as worker:
        until(lambda: state(first) == "running" and jobs.beating())
        worker.send_signal(number)
        assert worker.wait(10) == 0
    assert [state(first), state(second)] == ["done", "ready"]
    assert not jobs.beating()


def test_idle_worker_stops_at_once(config: Config) -> None:
    with started(config, "pass") as worker:
        until(jobs.beating)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(5) == 0


def test_worker_out_of_grace_gives_its_job_back_untried(config: Config) -> None:
    job_id = jobs.enqueue("slow", {})
    with started(config, "time.sleep(30)") as worker:
        until(lambda: state(job_id) == "running")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0
    job = jobs.Job.get_by_id(job_id)
    assert (job.state, job.attempts, job.lease_by) == ("ready", 0, None)


def test_heartbeat_keeps_a_job_longer_than_its_lease(config: Config) -> None:
    job_id = jobs.enqueue("slow", {})
    with started(config, "time.sleep(2.5)") as worker:
        until(lambda: state(job_id) == "running")
        while state(job_id) == "running":
            stolen = rows.claim("thief", 30)
            assert stolen is None or stolen.id != job_id
            time.sleep(0.1)
        worker.send_signal(signal.SIGTERM)
        worker.wait(10)
    assert (state(job_id), jobs.Job.get_by_id(job_id).attempts) == ("done", 1)


def test_killed_workers_lose_no_job_and_finish_none_twice(database_url: str) -> None:
    figures = kill_workers.run(database_url, kills=10)
    assert (figures["lost"], figures["ended_twice"], figures["ended_by_the_dead"]) == (0, 0, 0)
