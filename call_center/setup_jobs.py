"""Jobs behind the set-up page: look at the provider's side, and mend its doors. Nobody waits for the provider."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app

from call_center import gateway, setup_check
from call_center.gateway import Gateway
from call_center.provider_error import Busy, ProviderError
from call_center.provider_error import Refused as RefusedThere
from call_center.setup_report import ERROR, Finding, Place, Report
from crm_admin import audit, policy, registry
from crm_admin.config import Config
from crm_admin.db import database
from crm_admin.jobs import Job, Refused, Running, enqueue, handler
from crm_admin.policy import Actor

LOOK = "call_center.look"
MEND = "call_center.mend"
CREATE = "call_center.create_application"
KEY = "call_center.setup"

EVERYTHING = "everything"
APPLICATION = "CRM"
"""What the application is called in the provider's console."""


@dataclass(frozen=True)
class Standing:
    """The last look that came to its end, and whether another is on its way; `failed`: it was given up."""

    report: Report | None
    at: datetime | None
    busy: bool
    failed: bool


def look(actor: Actor) -> None:
    """Let a job look; one that is under way already is enough."""
    enqueue(LOOK, {}, actor_id=actor.id, key=KEY, priority=5)


def mend(actor: Actor, place: str) -> None:
    """Let a job give a place (its SID, or EVERYTHING) our doors, and look again."""
    enqueue(MEND, {"place": place}, actor_id=actor.id, key=f"{KEY}:{place}", priority=5)


def create_application(actor: Actor) -> None:
    """Let a job make the application of browser phones, and look again; two clicks are one."""
    enqueue(CREATE, {}, actor_id=actor.id, key=f"{KEY}:application", priority=5)


def standing() -> Standing:
    """What the page shows."""
    ours = Job.select().where(Job.name.in_((LOOK, MEND, CREATE)))
    done = ours.where(Job.state == "done").order_by(Job.finished_at.desc()).first()
    busy = ours.where(Job.state.in_(("ready", "running"))).exists()
    last = ours.order_by(Job.id.desc()).first()
    failed = not busy and last is not None and last.state == "failed"
    if done is None:
        return Standing(None, None, busy, failed)
    return Standing(Report.load(json.loads(done.result)), done.finished_at, busy, failed)


@handler(LOOK, attempts=2)
def run_look(job: Running) -> dict[str, Any]:
    """Look at everything; the result is the report."""
    config: Config = current_app.extensions["crm"]
    return setup_check.examine(config, gateway.of(config)).dump()


@handler(MEND, attempts=4)
def run_mend(job: Running) -> dict[str, Any]:
    """Give the doors that are wrong the right addresses, one place after the other; then look again.

    A place that is right is left alone, so a second run does nothing. What the provider refuses is in the report.
    """
    config: Config = current_app.extensions["crm"]
    actor = _administrator(job)
    provider = gateway.of(config)
    problems = []
    wanted = str(job.payload["place"])
    for place in setup_check.examine(config, provider).places:
        if place.right or not place.can_talk or wanted not in (place.sid, EVERYTHING):
            continue
        try:
            _mend(provider, place)
        except Busy:
            raise
        except ProviderError as error:
            facts = {"place": place.label, "message": str(error)}
            problems.append(Finding("mending", ERROR, "refused", facts))
        else:
            _tell_audit(actor, place)
    report = setup_check.examine(config, provider)
    return Report((*problems, *report.findings), report.places).dump()


@handler(CREATE, attempts=4)
def run_create(job: Running) -> dict[str, Any]:
    """Make the application of browser phones, unless one with our doors is there already; then look again.

    Which one it is stands in the report, for the settings to name. What the provider refuses is in the report, too.
    """
    config: Config = current_app.extensions["crm"]
    actor, provider = _administrator(job), gateway.of(config)
    doors = setup_check.doors(provider.public_url, "outbound")
    problems = []
    if not provider.settings.twiml_app_sid and provider.application_at(doors["voice_url"]) is None:
        try:
            sid = provider.create_application(APPLICATION, **doors)
        except RefusedThere as error:
            problems.append(Finding("application", ERROR, "refused", {"message": str(error)}))
        else:
            changes = {name: ["", address] for name, address in doors.items()}
            with database.atomic(), audit.coming_from(audit.Origin("job")):
                audit.write(actor, "phone_line", 0, "provider", {APPLICATION: [None, sid], **changes}, 0)
    report = setup_check.examine(config, provider)
    return Report((*problems, *report.findings), report.places).dump()


def _mend(provider: Gateway, place: Place) -> None:
    wanted = {door.name: door.wanted for door in place.doors}
    change = provider.update_number if place.kind == "number" else provider.update_application
    change(place.sid, **wanted)


def _tell_audit(actor: Actor, place: Place) -> None:
    changes: dict[str, list[Any]] = {
        door.name: [door.found, door.wanted] for door in place.doors if not door.right
    }
    if place.taken:
        changes["answered_by"] = [place.taken, ""]
    with database.atomic(), audit.coming_from(audit.Origin("job")):
        audit.write(
            actor, "phone_line", place.line or 0, "provider", {place.label: [None, place.sid], **changes}, 0
        )


def _administrator(job: Running) -> Actor:
    """Who asked, as they stand now. Raises Refused when they are no administrator any more."""
    user = registry.entity("user").model
    person = user.get_or_none(user.id == job.actor_id, user.active, user.deleted_at.is_null())
    actor = policy.NOBODY if person is None else policy.actor(person, policy.version())
    if not actor.is_administrator:
        raise Refused("no administrator asks for this any more")
    return actor
