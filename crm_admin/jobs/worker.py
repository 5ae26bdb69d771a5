"""The worker process: claim, run, finish, one job at a time; start more processes for more at once."""

from __future__ import annotations

import logging
import os
import random
import re
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

from peewee import DateTimeField, IntegerField, InterfaceError, OperationalError, TextField
from playhouse.pool import MaxConnectionsExceeded

from crm_admin import clock
from crm_admin.config import Config
from crm_admin.db import Table, connection, database, is_sqlite
from crm_admin.jobs import handlers, schedule
from crm_admin.jobs import job as rows
from crm_admin.log import context

log = logging.getLogger(__name__)

GRACE_S = 25.0
PULSE_S = 10.0
TICK_S = 1.0
LISTEN_S = 1.0
RECOVERY_S = 2.0
BACKOFF_MOST_S = 3600.0
KEEP_DAYS = 7
ERROR_CHARS = 300

# What drivers raise while the database is away; anything else is a defect and stops the worker.
UNREACHABLE = (OperationalError, InterfaceError, MaxConnectionsExceeded)

_SECRET = re.compile(
    r"""(?ix) (?<=://) [^/\s@]+ (?=@)                                   # user:password@ of an address
      | (?<=bearer\s) \S+ | (?<=basic\s) \S+
      | [a-z_-]* (?:token|secret|passw(?:or)?d|api_?key|signature) ["']? \s* [=:] \s* ["']? [^\s"'&,;]+
    """
)


class WorkerPulse(Table):
    """A process that lives: written every few seconds, removed when it ends in order."""

    id = TextField(primary_key=True)
    host = TextField()
    pid = IntegerField()
    kind = TextField()
    seen_at = DateTimeField(index=True)

    class Meta:
        table_name = "sys_worker"


class Interrupted(BaseException):
    """The grace period is over; not an Exception, so that no handler takes it for a failure of its own."""


def beating(kind: str = "worker", within_s: float = 60.0) -> bool:
    """Whether a process of the kind has shown signs of life lately."""
    since = clock.now() - timedelta(seconds=within_s)
    return WorkerPulse.select().where((WorkerPulse.kind == kind) & (WorkerPulse.seen_at > since)).exists()


class Worker:
    """Runs jobs until told to stop. `around()` gives the context each job runs in (an application context)."""

    def __init__(
        self,
        config: Config,
        *,
        around: Callable[[], AbstractContextManager[Any]] = nullcontext,
        grace_s: float = GRACE_S,
        kind: str = "worker",
    ) -> None:
        self.config, self.around, self.grace_s, self.kind = config, around, grace_s, kind
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.lease_s = float(config.jobs.lease_s)
        # Plain, not an Event: a signal may interrupt this thread while it holds the Event's own lock.
        self._stopping = False
        self._ended = threading.Event()
        self._current: handlers.Running | None = None
        self._interruptible = False
        self._grace_is_over = False
        self._timekeeper = schedule.Timekeeper(ZoneInfo(config.company.timezone))
        self._next_tick = 0.0
        self._bell: Any = None

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; call it from the main thread.

        The running job then has `grace_s` to finish; after that, or at a second signal, it is interrupted and
        given back for another worker to take.
        """
        before = {number: signal.signal(number, self._on_stop) for number in (signal.SIGTERM, signal.SIGINT)}
        before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._on_grace_over)
        pulse = threading.Thread(target=self._pulse, name="pulse", daemon=True)
        pulse.start()
        log.info("worker %s is ready", self.name)
        try:
            while not self._stopping:
                if not self._guarded_step():
                    self._idle()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._ended.set()
            pulse.join(timeout=5)
            self._sign_off()
            for number, action in before.items():
                signal.signal(number, action)
            log.info("worker %s has stopped", self.name)

    def step(self) -> bool:
        """Run one job that is due; False when there is none."""
        with connection():
            if time.monotonic() >= self._next_tick:
                self._timekeeper.tick()
                self._next_tick = time.monotonic() + TICK_S
            if not rows.is_due():
                return False
            token = f"{self.name}:{secrets.token_hex(8)}"
            job = rows.claim(token, self.lease_s)
        if job is None:
            return False
        self._run(job, token)
        return True

    def _run(self, job: rows.Job, token: str) -> None:
        handler = handlers.find(job.name)
        most = (handler and handler.attempts) or self.config.jobs.attempts
        if job.attempts > most:
            with connection():
                rows.set_aside(job.id, token, f"WorkerLost: {most} workers ended in the middle of it")
            return
        running = handlers.Running(job, token)
        with context(job_id=job.id, job=job.name):
            self._attempt(job, running, handler, most)

    def _attempt(
        self, job: rows.Job, running: handlers.Running, handler: handlers.Handler | None, most: int
    ) -> None:
        token = running.token
        self._current = running
        try:
            result = self._call(handler, running)
        except Interrupted:
            log.warning("job %d %s is given back: no time left to finish it", job.id, job.name)
            with connection():
                rows.give_back(job.id, token)
        except (handlers.Cancelled, handlers.LeaseLost) as reason:
            log.info("job %d %s stopped: %s", job.id, job.name, reason)
        except (
            Exception
        ) as error:  # a handler may raise anything: the job keeps the story, the log the traceback
            log.exception("job %d %s failed at try %d", job.id, job.name, job.attempts)
            with connection():
                self._failed(job, token, error, handler, most)
        else:
            with connection():
                if not rows.finish(job.id, token, result):
                    log.warning("job %d %s: result dropped, %s", job.id, job.name, running.why_gone())
        finally:
            self._current = None

    def _call(self, handler: handlers.Handler | None, running: handlers.Running) -> Any:
        if handler is None:
            raise LookupError(f"no handler named {running.name!r} is loaded")
        with self.around(), connection():
            try:
                self._interruptible = True
                if self._grace_is_over:  # the alarm rang between the claim and here
                    raise Interrupted
                return handler.run(running)
            finally:
                self._interruptible = False

    def _failed(
        self, job: rows.Job, token: str, error: Exception, handler: handlers.Handler | None, most: int
    ) -> None:
        told = plain_error(error)
        if isinstance(error, handlers.Refused) or job.attempts >= most:
            rows.set_aside(job.id, token, told)
            return
        wait = backoff(job.attempts, handler.backoff_s if handler else RECOVERY_S)
        rows.postpone(job.id, token, clock.now() + timedelta(seconds=wait), told)

    def _guarded_step(self) -> bool:
        try:
            return self.step()
        except UNREACHABLE as error:
            log.error("the database does not answer: %s", plain_error(error))
            self._bell = None
            time.sleep(RECOVERY_S)
            return True

    def _idle(self) -> None:
        """Wait for work: a poll on SQLite, a notification (or a second, for what becomes due) on PostgreSQL."""
        if is_sqlite():
            time.sleep(self.config.jobs.poll_ms / 1000)
            return
        try:
            if self._bell is None:
                self._bell = _listen(self.config)
                return  # look once more: a job may have come before we listened
            for _ in self._bell.notifies(timeout=LISTEN_S, stop_after=1):
                pass
        except _driver_errors() as error:
            log.error("the database does not answer: %s", plain_error(error))
            self._bell = None
            time.sleep(RECOVERY_S)

    def _pulse(self) -> None:
        """In a thread of its own: keep the lease of the running job, and show that the process lives."""
        every_s = min(PULSE_S, self.lease_s / 3)
        shown = -PULSE_S
        while True:
            try:
                with connection():
                    if time.monotonic() - shown >= PULSE_S:
                        self._show()
                        shown = time.monotonic()
                    running = self._current
                    if running is not None and not rows.extend(running.id, running.token, self.lease_s):
                        running.gone.set()
            except UNREACHABLE as error:
                log.warning("no heartbeat: %s", plain_error(error))
            if self._ended.wait(every_s):
                return

    def _show(self) -> None:
        now = clock.now()
        row = {
            "id": self.name,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "kind": self.kind,
            "seen_at": now,
        }
        with database.atomic():
            WorkerPulse.insert(row).on_conflict(
                conflict_target=[WorkerPulse.id], update={WorkerPulse.seen_at: now}
            ).execute()

    def _sign_off(self) -> None:
        try:
            with connection(), database.atomic():
                WorkerPulse.delete().where(WorkerPulse.id == self.name).execute()
        except UNREACHABLE as error:
            log.warning("could not sign off: %s", plain_error(error))
        if self._bell is not None:
            self._bell.close()

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        again, self._stopping = self._stopping, True
        if again:
            self._on_grace_over(number, frame)
        else:
            signal.setitimer(signal.ITIMER_REAL, max(self.grace_s, 0.001))

    def _on_grace_over(self, number: int, frame: FrameType | None) -> None:
        self._grace_is_over = True
        if self._interruptible:
            self._interruptible = False  # once: a second signal must not cut short the giving back
            raise Interrupted


def backoff(attempt: int, first_s: float) -> float:
    """Seconds to wait after try number `attempt`: doubling, at most an hour, spread so that a herd comes apart."""
    longest = min(first_s * 2.0 ** min(attempt - 1, 30), BACKOFF_MOST_S)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 — no secret


def plain_error(error: BaseException) -> str:
    """Type and first line of an error, short, without anything that looks like a secret."""
    lines = str(error).strip().splitlines() or [""]
    return _SECRET.sub("***", f"{type(error).__name__}: {lines[0]}")[:ERROR_CHARS]


@handlers.handler("jobs.prune")
def _prune(running: handlers.Running) -> dict[str, int]:
    """Forget what nobody will look at again: finished jobs, past slots, processes long gone."""
    before = clock.ago(days=KEEP_DAYS)
    with database.atomic():
        WorkerPulse.delete().where(WorkerPulse.seen_at < clock.ago(days=1)).execute()
    return {"slots": schedule.prune(before), "jobs": rows.prune(before)}


schedule.every("jobs.prune", seconds=3600)


def _driver_errors() -> tuple[type[Exception], ...]:
    import psycopg  # noqa: PLC0415 — an installation on SQLite does without the driver

    return (psycopg.Error,)


def _listen(config: Config) -> Any:
    import psycopg  # noqa: PLC0415 — an installation on SQLite does without the driver

    bell = psycopg.connect(config.database_url, autocommit=True, connect_timeout=5)
    bell.execute(f"LISTEN {rows.CHANNEL}")
    return bell
