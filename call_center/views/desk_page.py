"""The agent desk: the phone, the caller's story and what is left to do, on one page."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, current_app, g, redirect, render_template, request
from werkzeug.wrappers import Response

from call_center.settings import Settings
from call_center.views import (
    call_card,
    call_control,
    call_customer,
    call_lists,
    call_note,
    call_story,
    desk_status,
    presence,
)
from call_center.views.desk import asset, blueprint, give_asset, may_look, may_phone
from call_center.views.desk_status import LABELS, REASONS
from crm_admin.i18n import lazy_gettext
from crm_admin.views import shell, timeline
from crm_admin.views.seat import actor, reader
from crm_admin.views.shell import MenuLink

SOUNDS = ("disconnect", "incoming", "outgoing", *(f"dtmf{key}" for key in "0123456789sh"))
"""Keys of the browser phone's sounds; scripts/ringtones.py makes the files."""

ROUTES = (call_card, call_control, call_customer, call_note, presence)
"""Files whose addresses stand below this page's; importing them was enough."""


@blueprint.get("/")
def desk() -> str:
    """The desk. Only this page may speak with the carrier's signalling."""
    person, settings = actor(), desk_status.settings()
    sources = signalling_sources(settings)
    if sources:
        g.csp_sources = {"connect-src": sources}
    # Made ready while there is time: when it rings, the card is wanted at once.
    current_app.jinja_env.get_template("call_center/card.html")
    return render_template(
        "call_center/desk.html",
        standing=desk_status.of(person),
        may_phone=may_phone(person),
        browser_phone=settings.has_browser_phone,
        phone_options=phone_options(settings),
        signalling=settings.signalling,
        sounds={key: asset(f"sounds/{key}.wav") for key in SOUNDS},
        own_number=_own_number(),
        labels=LABELS,
        reasons=REASONS,
        lists=call_lists.build(person, reader()),
    )


@blueprint.get("/calls/")
def calls() -> Response:
    """The call log is a list like any other."""
    query = request.query_string.decode("utf-8", "replace")
    return redirect("/admin/call/" + (f"?{query}" if query else ""))


def signalling_sources(settings: Settings) -> list[str]:
    """Where the browser phone must be let to: a stand-in on this machine, else the carrier at the chosen edge."""
    if not settings.has_browser_phone:
        return []
    if settings.signalling:
        host = urlsplit(f"//{settings.signalling}").netloc
        return [f"ws://{host}", f"wss://{host}"]
    edge, region = settings.edge or "roaming", settings.region or "us1"
    return [
        f"wss://voice-js.{edge}.twilio.com",
        "https://eventgw.twilio.com",
        f"https://eventgw.{region}.twilio.com",
    ]


def phone_options(settings: Settings) -> dict[str, object]:
    """What the browser phone is made with, beside what `docs/browser-phone.md` gives to every one."""
    if settings.signalling:
        return {"chunderw": settings.signalling, "eventgw": settings.signalling, "publishEvents": False}
    options: dict[str, object] = {"codecPreferences": ["opus", "pcmu"]}
    return options | ({"edge": settings.edge} if settings.edge else {})


def _own_number() -> str:
    """The telephone a person used last, else the one their colleagues know."""
    return str(desk_status.of(actor())["phone"] or getattr(g.user, "phone", None) or "")


def install(app: Flask) -> None:
    """Put the desk, its menu entry and what calls show elsewhere into the application."""
    give_asset(app)
    app.register_blueprint(blueprint)
    shell.link(
        MenuLink(
            "", "desk", lazy_gettext("Agent desk"), "headset", "/call-center/", shown=may_look, shortcut="d"
        )
    )
    timeline.LINE_LOOKS["call"] = ("phone", "info")
    timeline.KIND_LABELS["call"] = lazy_gettext("Calls")
    call_story.install()
