"""The regular comparison with the provider's record: what should have ended, every few minutes; everything, hourly."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import current_app

from call_center import gateway, reconcile
from call_center.gateway import Gateway
from crm_admin import clock
from crm_admin.config import Config
from crm_admin.jobs import Job, Running, every, handler

STALE = "call_center.end_stale"
ALL = "call_center.reconcile"

OVERLAP = timedelta(hours=1)
"""Calls that were going on at the last comparison have ended since."""

FARTHEST = timedelta(days=7)
FIRST = timedelta(hours=24)


@handler(STALE, attempts=1)
def end_stale(job: Running) -> dict[str, int]:
    """Ask for legs that should have ended by now."""
    config, provider = _both()
    return vars(reconcile.stale(config, provider)) if provider else {}


@handler(ALL, attempts=3, backoff_s=60)
def compare(job: Running) -> dict[str, int]:
    """Compare everything since the last time that this went well, however long the provider or we were away."""
    config, provider = _both()
    if provider is None:
        return {}
    return vars(reconcile.since(_last(), config, provider, lambda done: job.progress(0, f"{done:,}")))


def _last() -> datetime:
    done = (
        Job.select(Job.started_at).where(Job.name == ALL, Job.state == "done").order_by(Job.started_at.desc())
    )
    row = done.tuples().first()
    last = row[0] - OVERLAP if row else clock.now() - FIRST
    return max(last, clock.now() - FARTHEST)


def _both() -> tuple[Config, Gateway | None]:
    """The gateway is None where no account is set up: then there is nothing to compare with."""
    config: Config = current_app.extensions["crm"]
    provider = gateway.of(config)
    return config, provider if provider.settings.complete else None


every(STALE, seconds=300)
every(ALL, seconds=3600)
