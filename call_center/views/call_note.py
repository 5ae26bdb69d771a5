"""What comes of a call: the note as it is typed, the outcome, and a task for tomorrow."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from flask import Response, abort, jsonify, request

from call_center import call_log, matching
from call_center.models.call import CALL, Call
from call_center.views import desk_call
from call_center.views.desk import blueprint
from crm_admin import clock, policy, records
from crm_admin.i18n import gettext
from crm_admin.kinds import Invalid
from crm_admin.kinds.datetime import local, utc
from crm_admin.kinds.subject import Ref
from crm_admin.records import Rejected
from crm_admin.views.seat import actor, reader

WRITTEN = ("note", "disposition")
MORNING = time(9)


@blueprint.post("/calls/<key>/note/")
def write_note(key: str) -> Response | tuple[Response, int]:
    """Keep what was typed so far: `note`, `disposition` or both. What does not come stays."""
    person = actor()
    call = desk_call.for_work(person, key)
    given = [name for name in WRITTEN if name in request.form]
    if not given or not set(given) <= policy.fields(person, "call", "write"):
        abort(400 if not given else 403)
    values: dict[str, Any] = {}
    for name in given:
        field = CALL.fields[name]
        try:
            values[name] = field.kind.parse(request.form[name], field, reader())
        except Invalid as error:
            return jsonify(message=str(error), errors={name: [str(error)]}), 422
    records.update(person, call, values, reader=reader())
    return jsonify(saved=True)


@blueprint.post("/calls/<key>/follow-up/")
def follow_up(key: str) -> Response | tuple[Response, int]:
    """A task to call back, due tomorrow at nine where the person sits, about the customer."""
    person, seeing = actor(), reader()
    call = desk_call.for_work(person, key)
    if policy.level(person, "create", "task").rank == 0:
        abort(403)
    name = call_log.called_by(call, seeing)
    subject = gettext("Call back %(name)s", name=name) if name else gettext("Call back")
    values = {"subject": subject, "due_at": tomorrow_morning(seeing.timezone), "regarding": _about(call)}
    try:
        task = records.create(person, "task", values, reader=seeing)
    except Rejected as error:
        return jsonify(message="; ".join(text for texts in error.errors.values() for text in texts)), 422
    due = local(task.due_at, seeing.timezone)
    return jsonify(
        message=gettext("Task for tomorrow, %(time)s", time=f"{due:%H:%M}"), url=f"/admin/task/{task.id}/"
    )


def tomorrow_morning(zone: str) -> datetime:
    """Nine o'clock of tomorrow in `zone`, as UTC; where the clocks skip that hour, the next one."""
    day = local(clock.now(), zone).date() + timedelta(days=1)
    for hour in range(MORNING.hour, 24):
        try:
            return utc(datetime.combine(day, time(hour)), zone)
        except Invalid:
            continue
    raise AssertionError(f"{zone} skips all of {day}")


def _about(call: Call) -> Ref | None:
    found = next((key for key in matching.ENTITIES if getattr(call, key) is not None), None)
    return Ref(found, getattr(call, found)) if found else None
