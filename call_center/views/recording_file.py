"""A recording's sound, for who may see its call: from our own store, piece by piece as players ask for it."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, abort, flash, g, redirect, send_file
from werkzeug.wrappers import Response as AnyResponse

from call_center.models.recording import Recording
from crm_admin import audit, files, policy, records
from crm_admin.i18n import gettext

blueprint = Blueprint("recordings", __name__, url_prefix="/call-center/recordings")

ENDINGS = {"audio/wav": "wav", "audio/mpeg": "mp3"}


@blueprint.get("/<int:number>")
def listen(number: int) -> Response:
    """The sound; answers requests for a range. 404 for a call out of reach, and for a sound that is not here."""
    row = _visible(number)
    if row.sha256 is None or not files.path_of(row.sha256).is_file():
        abort(404)
    kind = row.content_type or "audio/wav"
    return send_file(
        files.path_of(row.sha256),
        mimetype=kind,
        conditional=True,
        etag=row.sha256,
        download_name=f"call-{row.call}-{row.id}.{ENDINGS.get(kind, 'bin')}",
    )


@blueprint.post("/<int:number>/delete/")
def delete(number: int) -> AnyResponse:
    """Delete a recording on both sides; for who may delete the call."""
    row = _visible(number)
    call = records.get(g.actor, "call", row.call)
    if not policy.can(g.actor, "delete", "call", call):
        abort(403)
    if row.state != "deleted":
        row.discard(gettext("deleted by %(name)s", name=g.actor.name))
        audit.write(g.actor, "call", row.call, "update", {"recorded": [True, False]}, call.row_version)
    flash(gettext("The recording is deleted."), "success")
    return redirect(f"/admin/call/{row.call}/")


def _visible(number: int) -> Recording:
    row = Recording.get_or_none(Recording.id == number)
    if row is None or "recorded" not in policy.fields(g.actor, "call"):
        abort(404)
    try:
        records.get(g.actor, "call", row.call)
    except records.NotFound:
        abort(404)
    found: Recording = row
    return found


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
