"""Signing on and off at the phones, and what a person is meanwhile. Each verb answers how they stand then."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, abort, jsonify, request

from call_center import gateway, routing
from call_center.models import agent
from call_center.models.agent import Agent
from call_center.provider_error import NotConfigured
from call_center.views import desk_status
from call_center.views.desk import blueprint, may_phone
from call_center.views.desk_status import REASONS
from crm_admin import clock
from crm_admin.db import database
from crm_admin.i18n import gettext
from crm_admin.kinds import Invalid, phone
from crm_admin.views.seat import actor, config

CHOSEN = ("available", "away", "offline")
"""What a person says of themselves; everything else follows from calls."""

BUSY = ("ringing", "on_call")
_TAB = re.compile(r"[A-Za-z0-9-]{8,64}")


@blueprint.get("/status/")
def status() -> Response:
    """How the person stands now."""
    return _standing()


@blueprint.post("/sign-on/")
def sign_on() -> Response | tuple[Response, int]:
    """Sit down at a phone: the browser's own (`tab` says in which), or a telephone with a number."""
    user = _phoning()
    device = request.form.get("device", "")
    if device == "phone":
        try:
            number = phone.read(request.form.get("phone", ""), config().company.country).e164
        except Invalid as error:
            return jsonify(message=str(error), errors={"phone": [str(error)]}), 422
        agent.sign_on(user, device="phone", phone=number, tab=None)
    elif device == "browser":
        if not desk_status.settings().has_browser_phone:
            return jsonify(message=gettext("Browser phones are not set up. Sign on with a telephone.")), 409
        agent.sign_on(user, device="browser", phone=None, tab=_tab())
    else:
        abort(400)
    _fetch_waiting(user)
    return _standing()


@blueprint.post("/sign-off/")
def sign_off() -> Response:
    """Leave the phones; whoever is in a call leaves when it is over."""
    return _become(_phoning(), "offline", "")


@blueprint.post("/state/")
def state() -> Response:
    """Be available, away for a reason, or signed off; in a call it is a wish for afterwards."""
    user = _phoning()
    wanted, reason = request.form.get("state", ""), request.form.get("reason", "")
    if wanted not in CHOSEN or (reason and reason not in REASONS):
        abort(400)
    return _become(user, wanted, reason if wanted == "away" else "")


@blueprint.post("/ready/")
def ready() -> Response:
    """The wrap-up is done: what was wished for comes, else the next call may."""
    row = agent.of(_phoning())
    if row is not None and row.state == "wrap_up":
        routing.free(row.user)
    return _standing()


@blueprint.post("/more-time/")
def more_time() -> Response:
    """The time to wrap up begins anew."""
    Agent.update(since=clock.now()).where(Agent.user == _phoning(), Agent.state == "wrap_up").execute()
    return _standing()


@blueprint.post("/beat/")
def beat() -> Response:
    """The browser phone of this tab is alive and can be rung."""
    agent.beat(_phoning(), _tab())
    return _standing()


@blueprint.post("/lost/")
def lost() -> Response:
    """The browser phone of this tab has gone: nobody is sent there until it comes back."""
    user, tab = _phoning(), _tab()
    reason = "page closed" if request.form.get("why") == "closed" else "phone lost"
    with database.atomic():
        row = _held(user)
        if row is not None and (row.device, row.tab, row.state) == ("browser", tab, "available"):
            agent.become(user, "not_responding", reason)
    return _standing()


@blueprint.post("/token/")
def token() -> Response | tuple[Response, int]:
    """What the browser phone shows the carrier, good for a while."""
    try:
        made = gateway.current().access_token(_phoning())
    except NotConfigured:
        return jsonify(message=gettext("Browser phones are not set up. Sign on with a telephone.")), 409
    return jsonify(token=made.text, identity=made.identity, seconds=made.expires_in_s)


def _become(user: int, wanted: str, reason: str) -> Response:
    with database.atomic():
        row = _held(user)
        if row is None:
            return _standing()
        if row.state in BUSY:
            agent.wish(user, None if wanted == "available" else wanted)
        elif wanted != "available" or row.state != "available":
            # Nobody is available before they sit at a phone.
            if wanted == "available" and row.state in ("offline", "not_responding"):
                abort(409)
            agent.wish(user, None)
            agent.become(user, wanted, reason)
            _fetch_waiting(user)
    return _standing()


def _held(user: int) -> Agent | None:
    """The agent's row, kept from being claimed for a call until the end of the transaction."""
    Agent.update(user=user).where(Agent.user == user).execute()
    return agent.of(user)


def _fetch_waiting(user: int) -> None:
    row = agent.of(user)
    if row is not None and row.state == "available":
        routing.fetch_waiting([user])


def _standing() -> Response:
    return jsonify(desk_status.of(actor(), request.values.get("tab", "")))


def _phoning() -> int:
    person = actor()
    if not may_phone(person) or person.id is None:
        abort(403)
    return person.id


def _tab() -> str:
    found: Any = request.form.get("tab", "")
    if not _TAB.fullmatch(found):
        abort(400)
    return str(found)
