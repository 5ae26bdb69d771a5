"""What is done with a call that goes on and a browser's phone cannot do itself: a job asks the carrier for it."""

from __future__ import annotations

from flask import Response, abort, jsonify

from call_center.views import desk_call
from call_center.views.desk import blueprint, may_phone, supervises
from crm_admin import jobs
from crm_admin.i18n import gettext
from crm_admin.views.seat import actor

JOBS = {
    "hold": "call_center.hold",
    "resume": "call_center.resume",
    "hang-up": "call_center.hang_up",
    "recording-pause": "call_center.recording_pause",
    "recording-resume": "call_center.recording_resume",
}
"""Verb of the address → job. Its payload: {"call": id, "user": who asks}."""

FIRST = 100
"""Somebody holds the line: before all other work."""


@blueprint.post("/calls/<key>/<verb>/")
def control(key: str, verb: str) -> Response | tuple[Response, int]:
    """Hold, take back, hang up, pause the recording: for whose call it is, and for supervisors."""
    if verb not in JOBS:
        abort(404)
    person = actor()
    call = desk_call.seen(person, key)
    own = may_phone(person) and desk_call.at_their_phone(person, call)
    if not own and not supervises(person):
        abort(403)
    if not call.is_live or (verb != "hang-up" and call.status != "talking"):
        return jsonify(
            message=gettext("The call is over.") if not call.is_live else gettext("Nobody has answered yet.")
        ), 409
    jobs.enqueue(
        JOBS[verb],
        {"call": call.id, "user": person.id},
        actor_id=person.id,
        key=f"{JOBS[verb]}:{call.id}",
        priority=FIRST,
    )
    return jsonify(asked=verb), 202
