"""The people's door of the call center: one blueprint, its static files, and who may come in."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, abort

from crm_admin import policy
from crm_admin.auth.headers import is_static
from crm_admin.policy import Actor
from crm_admin.views.seat import actor

STATIC = Path(__file__).parent.parent / "static"

blueprint = Blueprint(
    "desk", __name__, url_prefix="/call-center", static_folder=str(STATIC), static_url_path="/static"
)


@blueprint.before_request
def for_people_of_the_phones() -> None:
    """Who may see no calls is told of no desk."""
    if not is_static() and not may_look(actor()):
        abort(404)


def may_look(actor: Actor) -> bool:
    """Whether somebody sees calls at all."""
    return policy.level(actor, "read", "call").rank > 0


def may_phone(actor: Actor) -> bool:
    """Whether somebody may sit at a phone: only who may write down what was said."""
    return may_look(actor) and policy.level(actor, "update", "call").rank > 0


def supervises(actor: Actor) -> bool:
    """Whether somebody may step into other people's calls: whoever could do away with any of them."""
    return policy.level(actor, "delete", "call").rank >= policy.LEVELS["all"].rank


@cache
def asset(path: str) -> str:
    """Address of a static file of ours; it changes with the content, so that browsers may keep it for ever."""
    return f"/call-center/static/{path}?v={hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]}"


def give_asset(app: Flask) -> None:
    """Give templates `call_asset(path)`."""
    app.jinja_env.globals["call_asset"] = asset
