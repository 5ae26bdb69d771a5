"""What a job does: functions registered by name, and the view of the job they get while they run."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from crm_admin.jobs import job as rows

PROGRESS_EVERY_S = 0.5
NOTE_CHARS = 200

F = TypeVar("F", bound=Callable[..., Any])


class Cancelled(Exception):
    """A person cancelled the job; let it pass, after undoing what must not stay half done."""


class LeaseLost(Exception):
    """The worker was silent for too long and the job belongs to another now; let it pass and write nothing more."""


class Refused(Exception):
    """Trying again is useless (no permission any more, record gone): the job is set aside at once."""


class Running:
    """One attempt at a job, as its handler sees it."""

    def __init__(self, job: rows.Job, token: str) -> None:
        self.id: int = job.id
        self.name: str = job.name
        self.payload: dict[str, Any] = json.loads(job.payload)
        self.actor_id: int | None = job.actor_id
        self.attempt: int = job.attempts
        self.token = token
        self.gone = threading.Event()
        self._reported = 0.0

    def progress(self, percent: float, note: str = "") -> None:
        """Show how far the job is (0–100). Cheap to call in a loop: written at most twice a second.

        Raises Cancelled when a person cancelled the job, LeaseLost when another worker has taken it.
        """
        if time.monotonic() - self._reported < PROGRESS_EVERY_S and not self.gone.is_set():
            return
        self._reported = time.monotonic()
        shown = min(max(int(percent), 0), 100)
        if not rows.report(self.id, self.token, shown, note[:NOTE_CHARS]):
            raise self.why_gone()

    def why_gone(self) -> Exception:
        """Why the claim on the job is no longer ours."""
        job = rows.Job.get_or_none(rows.Job.id == self.id)
        if job is not None and job.state == "cancelled":
            return Cancelled(f"job {self.id} was cancelled")
        return LeaseLost(f"job {self.id} is no longer ours")


@dataclass(frozen=True)
class Handler:
    """A registered function with its patience: most tries (None: as configured) and the first wait in seconds."""

    run: Callable[[Running], Any]
    attempts: int | None
    backoff_s: float


_handlers: dict[str, Handler] = {}


def handler(name: str, *, attempts: int | None = None, backoff_s: float = 2.0) -> Callable[[F], F]:
    """Register `fn(running) -> JSON result or None` under `name`.

    A job runs AT LEAST once: a worker may die after the work and before it says so. So a handler must be idempotent:
    look before it writes, key what it sends outside by `running.id`, keep its transactions far shorter than the
    lease, and ask the policy again whether `running.actor_id` may do this. An exception means: later again,
    `backoff_s` doubling with every try, up to `attempts`; `Refused` means: never again.
    """

    def register(run: F) -> F:
        _handlers[name] = Handler(run, attempts, backoff_s)
        return run

    return register


def find(name: str) -> Handler | None:
    """The handler of that name, None when no loaded module has registered one."""
    return _handlers.get(name)
