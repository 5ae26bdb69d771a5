"""Imports in the background: carried out, and taken back, as the person who asked, with that person's rights of now."""

from __future__ import annotations

from crm_admin import policy, registry
from crm_admin.exchange import batch as imports
from crm_admin.exchange import undo
from crm_admin.exchange.batch import Import
from crm_admin.exchange.incoming import Unreadable
from crm_admin.i18n import catalogue, force_locale, gettext
from crm_admin.jobs.handlers import Cancelled, Refused, Running, handler
from crm_admin.jobs.job import enqueue
from crm_admin.policy import Actor

RUN = "import.run"
UNDO = "import.undo"


def start(batch: Import, actor: Actor, name: str = RUN) -> None:
    """Have an import carried out (RUN) or taken back (UNDO), once however often it is asked for."""
    job = enqueue(name, {"import": batch.id}, actor_id=actor.id, key=f"{name}:{batch.id}")
    Import.update(job=job, status="queued" if name == RUN else "undoing").where(
        Import.id == batch.id
    ).execute()


@handler(RUN)
def carry_out(running: Running) -> dict[str, int]:
    """Do what is left of an import."""
    batch = Import.get_by_id(running.payload["import"])
    with force_locale(catalogue(batch.reader["language"])):
        actor = _actor(running, batch)
        try:
            imports.run(actor, batch, lambda done, rows: _report(running, done, rows))
        except Cancelled:
            imports.set_status(batch, "cancelled")
            raise
        except Unreadable as error:
            imports.set_status(batch, "failed", str(error))
            raise Refused(str(error)) from error
    return {
        "created": batch.created,
        "updated": batch.updated,
        "skipped": batch.skipped,
        "failed": batch.failed,
    }


@handler(UNDO)
def take_back(running: Running) -> dict[str, int]:
    """Undo what is left to be undone of an import."""
    batch = Import.get_by_id(running.payload["import"])
    with force_locale(catalogue(batch.reader["language"])):
        actor = _actor(running, batch)
        try:
            undo.run(actor, batch, lambda done, rows: _report(running, done, rows))
        except Cancelled:
            imports.set_status(batch, "cancelled")
            raise
    return {"undone": batch.taken_back, "kept": batch.kept}


def _report(running: Running, done: int, rows: int) -> None:
    running.progress(100 * done / max(rows, 1), f"{done:,} / {rows:,}")


def _actor(running: Running, batch: Import) -> Actor:
    """The person who asked, as they stand now. Raises Refused when they may not import any more."""
    user = registry.entity("user").model
    person = user.get_or_none(user.id == running.actor_id, user.active, user.deleted_at.is_null())
    actor = policy.NOBODY if person is None else policy.actor(person, policy.version())
    if not imports.may_import(actor, batch.entity):
        problem = gettext("You may not import any more.")
        imports.set_status(batch, "failed", problem)
        raise Refused(problem)
    return actor
