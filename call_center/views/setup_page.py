"""The set-up of calls, for administrators: what the provider has beside what we need, and one click that mends it.

Pages ask the provider nothing: a job looks, the page shows what it found and when.
"""

from __future__ import annotations

from flask import Blueprint, Flask, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from call_center import setup_jobs
from call_center.models.phone_line import PHONE_LINE
from call_center.setup_report import ERROR, OK, WARNING
from crm_admin.i18n import lazy_gettext
from crm_admin.kinds import Invalid, phone
from crm_admin.views import shell
from crm_admin.views.seat import actor, reader
from crm_admin.views.shell import MenuLink

blueprint = Blueprint("call_setup", __name__, url_prefix="/call-center/setup")

TONES = {OK: "success", WARNING: "warning", ERROR: "danger"}
ICONS = {OK: "circle-check", WARNING: "alert-triangle", ERROR: "alert-circle"}
DOORS = {
    "voice_url": lazy_gettext("A call comes in"),
    "voice_fallback_url": lazy_gettext("If that fails"),
    "status_callback": lazy_gettext("Call status changes"),
    "sms_url": lazy_gettext("A text message comes in"),
}


def install(app: Flask) -> None:
    """Put the page and its menu entry into the application."""
    shell.link(
        MenuLink(
            "setup",
            "call-setup",
            lazy_gettext("Telephony"),
            "plug-connected",
            "/call-center/setup/",
            shown=lambda person: person.is_administrator,
        )
    )
    app.register_blueprint(blueprint)


@blueprint.before_request
def for_administrators() -> None:
    if not actor().is_administrator:
        abort(403)


@blueprint.get("/")
def index() -> str:
    """What the last look found."""
    return _page("call_center/setup.html", setup_jobs.standing())


@blueprint.get("/standing/")
def standing() -> str:
    """The part of the page that changes while a job is at work."""
    return _page("call_center/setup_standing.html", setup_jobs.standing())


@blueprint.post("/look/")
def look() -> Response:
    """Look again."""
    setup_jobs.look(actor())
    return redirect(url_for("call_setup.index"))


@blueprint.post("/mend/")
def mend() -> Response:
    """Give one place, or all that are wrong, our doors. Only a place of the last look can be named."""
    place = request.form.get("place", "")
    report = setup_jobs.standing().report
    known = {found.sid for found in report.places} if report else set()
    if place not in {*known, setup_jobs.EVERYTHING}:
        abort(400)
    setup_jobs.mend(actor(), place)
    return redirect(url_for("call_setup.index"))


@blueprint.post("/application/")
def application() -> Response:
    """Make the application that browser phones need, when there is none."""
    setup_jobs.create_application(actor())
    return redirect(url_for("call_setup.index"))


def _said(label: str) -> str:
    """A number as people write it where the reader lives; the name of an application as it is."""
    field = PHONE_LINE.fields["number"]
    seeing = reader()
    try:
        number = phone.read(label, seeing.country or "")
    except Invalid:
        return label
    return field.kind.format(number, field, seeing)


def _page(template: str, standing: setup_jobs.Standing) -> str:
    return render_template(
        template,
        standing=standing,
        report=standing.report,
        tones=TONES,
        icons=ICONS,
        door_names=DOORS,
        said=_said,
        everything=setup_jobs.EVERYTHING,
    )
