"""TwiML applications."""

from __future__ import annotations

from typing import Any

from call_center.carrier.network import Network
from call_center.carrier.number import Application
from call_center.carrier.rest.paging import page
from call_center.carrier.rest.request import Request
from call_center.carrier.rest.settings import read_settings, show_settings
from call_center.carrier.rest.shape import BASE, uri, when


def create(request: Request) -> tuple[int, Any]:
    network = request.network
    now = network.clock.now()
    application = Application(sid=network.sids.new("AP"), created=now, updated=now)
    _read(request, application)
    network.account.applications[application.sid] = application
    return 201, show(network, application)


def list_(request: Request) -> tuple[int, Any]:
    """Newest first, by FriendlyName."""
    network, name = request.network, request.asked("FriendlyName")
    found = [a for a in reversed(network.account.applications.values()) if name in {"", a.friendly_name}]
    return page(request, "applications", found, lambda a: a.sid, lambda a: show(network, a))


def fetch(request: Request) -> tuple[int, Any]:
    return 200, show(request.network, find(request))


def update(request: Request) -> tuple[int, Any]:
    application = find(request)
    _read(request, application)
    application.updated = request.network.clock.now()
    return 200, show(request.network, application)


def delete(request: Request) -> tuple[int, None]:
    del request.network.account.applications[find(request).sid]
    return 204, None


def find(request: Request) -> Application:
    """Raises NotFound."""
    application = request.network.account.applications.get(request.part("sid"))
    if application is None:
        raise request.missing()
    return application


def _read(request: Request, application: Application) -> None:
    read_settings(request, application)
    application.friendly_name = request.text("FriendlyName", application.friendly_name)
    application.message_status_callback = request.text(
        "MessageStatusCallback", application.message_status_callback
    )
    application.sms_status_callback = request.text("SmsStatusCallback", application.sms_status_callback)
    application.public_application_connect_enabled = request.flag(
        "PublicApplicationConnectEnabled", application.public_application_connect_enabled
    )


def show(network: Network, application: Application) -> dict[str, Any]:
    """The resource."""
    return {
        "sid": application.sid,
        "account_sid": network.account.sid,
        "friendly_name": application.friendly_name,
        **show_settings(application),
        "message_status_callback": application.message_status_callback or None,
        "sms_status_callback": application.sms_status_callback or None,
        "public_application_connect_enabled": application.public_application_connect_enabled,
        "date_created": when(application.created),
        "date_updated": when(application.updated),
        "api_version": "2010-04-01",
        "uri": uri(network, f"Applications/{application.sid}"),
    }


ROUTES = (
    ("POST", BASE + "/Applications.json", create),
    ("GET", BASE + "/Applications.json", list_),
    ("GET", BASE + "/Applications/{sid}.json", fetch),
    ("POST", BASE + "/Applications/{sid}.json", update),
    ("DELETE", BASE + "/Applications/{sid}.json", delete),
)
