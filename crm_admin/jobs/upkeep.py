"""What the house does by itself: empty the recycle bin, remind people of their tasks."""

from __future__ import annotations

from flask import current_app

from crm_admin import clock, recycle_bin, registry
from crm_admin.config import Config
from crm_admin.db import database
from crm_admin.exchange import batch
from crm_admin.jobs.handlers import Running, handler
from crm_admin.jobs.schedule import every
from crm_admin.push import event, publish, watching

REMINDERS = 200
"""Reminders of one round at most; the next round follows within a minute."""


@handler("records.purge")
def purge(job: Running) -> dict[str, int]:
    """Remove what has been in the recycle bin for longer than `records.recycle_days`."""
    config: Config = current_app.extensions["crm"]
    return {"removed": recycle_bin.purge(clock.ago(days=config.records.recycle_days))}


@handler("imports.prune")
def forget_imports(job: Running) -> dict[str, int]:
    """Remove imports, and what they would need to be undone, once the recycle bin has forgotten as well."""
    config: Config = current_app.extensions["crm"]
    return {"removed": batch.prune(clock.ago(days=config.records.recycle_days))}


@handler("tasks.remind")
def remind(job: Running) -> dict[str, int]:
    """Tell the owners of tasks whose reminder has come, once each, on every screen they have open."""
    definition = registry.entity("task")
    task = definition.model
    due = (
        task.select()
        .where(
            task.reminder_at <= clock.now(),
            task.reminded_at.is_null() | (task.reminded_at < task.reminder_at),
            task.status.not_in(("done", "cancelled")),
            task.deleted_at.is_null(),
            task.owner.is_null(False),
        )
        .order_by(task.reminder_at)
        .limit(REMINDERS)
    )
    told = 0
    with database.atomic():
        for record in due:
            publish(
                "reminder",
                {"title": definition.name_of(record), "url": f"/admin/task/{record.id}/"},
                users=[record.owner],
                entity="task",
                record_id=record.id,
            )
            task.update(reminded_at=clock.now()).where(task.id == record.id).execute()
            told += 1
    return {"told": told}


@handler("push.prune")
def forget_events(job: Running) -> dict[str, int]:
    """Remove events that no browser will ask for any more, and looks of pages that are closed."""
    return {"events": event.prune(), "looks": watching.prune()}


every("records.purge", at="03:10")
every("imports.prune", at="03:30")
every("push.prune", seconds=600)
every("tasks.remind", seconds=60)
