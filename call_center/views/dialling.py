"""Click to dial: every telephone number on every page calls, for those who may."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, current_app, g, jsonify, request

from call_center import calling_out
from call_center.calling_out import Wish
from crm_admin import policy, records, registry
from crm_admin.config import Config
from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.policy import Actor
from crm_admin.views import shell
from crm_admin.views.shell import Script

blueprint = Blueprint("dialling", __name__, url_prefix="/call-center")


@blueprint.post("/dial")
def dial() -> tuple[Response, int]:
    """Ask for a call to `number` (and `customer`, as `contact:7`): 202 with its id, or the reason why not."""
    config: Config = current_app.extensions["crm"]
    company = config.company
    reader = records.reader(
        g.actor,
        language=g.language,
        timezone=g.timezone,
        country=company.country,
        currency=company.currency,
    )
    try:
        wish = Wish(request.form.get("number", "")[:60], _customer(request.form.get("customer", "")))
        call = calling_out.request(g.actor, wish, reader, config)
    except records.Rejected as error:
        reasons = [text for texts in error.errors.values() for text in texts]
        return jsonify(error=" ".join(reasons), sign_on="" in error.errors), 422
    except records.Forbidden:
        return jsonify(error=gettext("You may not make calls."), sign_on=False), 403
    except records.NotFound:
        return jsonify(error=gettext("There is no such record."), sign_on=False), 404
    return jsonify(call=call.id, name=call.name or "", message=gettext("Calling …")), 202


def _customer(text: str) -> tuple[str, int] | None:
    entity, _, number = text.partition(":")
    known = registry.find(entity) is not None and number.isascii() and number.isdigit() and len(number) < 19
    return (entity, int(number)) if known else None


def may_dial(actor: Actor) -> bool:
    """Whether numbers call when they are pressed."""
    return min(policy.level(actor, action, "call").rank for action in ("read", "create")) > 0


def install(app: Flask) -> None:
    """Put the door, and the script that knocks, in place."""
    app.register_blueprint(blueprint)
    shell.run(
        Script(
            "dial",
            lambda: str(current_app.jinja_env.globals["call_asset"]("js/dial.js")),  # type: ignore[operator]
            may_dial,
            {"open_desk": lazy_gettext("Open the agent desk")},
        )
    )
