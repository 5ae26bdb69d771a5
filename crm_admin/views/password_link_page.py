"""An administrator hands a person the address at which they set their own password."""

from __future__ import annotations

from flask import Blueprint, abort, render_template
from werkzeug.wrappers import Response

from crm_admin import auth, policy, records
from crm_admin.i18n import gettext
from crm_admin.policy import Actor
from crm_admin.records import Forbidden, NotFound
from crm_admin.registry import Record
from crm_admin.views import record_page
from crm_admin.views.list_page import Action
from crm_admin.views.seat import actor, config

blueprint = Blueprint("password_links", __name__, url_prefix="/people")


@blueprint.post("/<int:id>/password-link")
def make(id: int) -> str | Response:
    """A fresh link, shown once. It works once, for a day."""
    if not actor().is_administrator:
        abort(403)
    try:
        person = records.get(actor(), "user", id, "update")
    except NotFound:
        abort(404)
    except Forbidden:
        abort(403)
    link = auth.password_link(person.id, config())
    return render_template("auth/password_link.html", person=person, link=link)


def _offer(who: Actor, person: Record) -> list[Action]:
    if not who.is_administrator or not policy.can(who, "update", "user", person):
        return []
    return [Action(gettext("Password link"), "key", f"/people/{person.id}/password-link", "POST", more=True)]


record_page.offer("user", _offer)
