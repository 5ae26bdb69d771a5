"""Background work as an administrator sees it: what waits, runs, failed; try again or call off."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from crm_admin import jobs
from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.jobs import Job
from crm_admin.views import shell
from crm_admin.views.seat import actor, reader
from crm_admin.views.shell import MenuLink

blueprint = Blueprint("jobs", __name__, url_prefix="/jobs")

shell.link(
    MenuLink(
        "setup",
        "jobs",
        lazy_gettext("Jobs"),
        "clock-play",
        "/jobs/",
        shown=lambda person: person.is_administrator,
    )
)

STATES = {
    "ready": lazy_gettext("waiting"),
    "running": lazy_gettext("running"),
    "done": lazy_gettext("done"),
    "failed": lazy_gettext("failed"),
    "cancelled": lazy_gettext("called off"),
}
TONES = {"ready": "neutral", "running": "info", "done": "success", "failed": "danger", "cancelled": "warning"}
ROWS = 100


@blueprint.before_request
def for_administrators() -> None:
    if not actor().is_administrator:
        abort(403)


@blueprint.get("/")
def index() -> str:
    """The newest jobs, of one state or of all, and who works."""
    state = request.args.get("state", "")
    query = Job.select().order_by(Job.id.desc()).limit(ROWS)
    if state in STATES:
        query = query.where(Job.state == state)
    found = list(query)
    seeing = reader()
    seeing.names("user", [job.actor_id for job in found if job.actor_id])
    return render_template(
        "jobs/index.html",
        jobs=found,
        state=state,
        states=STATES,
        tones=TONES,
        backlog=jobs.backlog(),
        reader=seeing,
    )


@blueprint.post("/<int:id>/<verb>/")
def change(id: int, verb: str) -> Response:
    """`retry` a job that was set aside, or `cancel` one that waits or runs."""
    if verb not in ("retry", "cancel") or id >= 2**63:
        abort(404)
    done = jobs.retry(id) if verb == "retry" else jobs.cancel(id)
    if done:
        flash(
            gettext("The job will run again.") if verb == "retry" else gettext("The job is called off."),
            "success",
        )
    else:
        flash(gettext("The job has moved on meanwhile."), "warning")
    return redirect(url_for("jobs.index"))
