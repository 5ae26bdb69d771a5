"""Numbers of others that the account may show."""

from __future__ import annotations

from typing import Any

from call_center.carrier.line import Line
from call_center.carrier.network import Network
from call_center.carrier.number import CallerId
from call_center.carrier.rest.error import RestError
from call_center.carrier.rest.paging import page
from call_center.carrier.rest.request import E164, Request
from call_center.carrier.rest.shape import BASE, uri, when
from call_center.carrier.webhook import Webhook

VERIFICATION_SECONDS = 5.0


def validate(request: Request) -> tuple[int, Any]:
    """Ask for a number: its owner is called and keys the code in; the simulated owner always does."""
    network, phone_number = request.network, request.text("PhoneNumber")
    if not E164.match(phone_number):
        raise RestError(21211, f"Invalid phone number: {phone_number}")
    if network.account.may_show(phone_number):
        raise RestError(21450, "Phone number already validated for your account")
    name = request.text("FriendlyName") or phone_number
    url, call = request.url("StatusCallback", 21205), network.sids.new("CA")

    def verified() -> None:
        now = network.clock.now()
        caller_id = CallerId(network.sids.new("PN"), phone_number, name, now, now)
        network.account.caller_ids[caller_id.sid] = caller_id
        if url:
            fields = [
                ("AccountSid", network.account.sid),
                ("CallSid", call),
                ("To", phone_number),
                ("VerificationStatus", "success"),
                ("OutgoingCallerIdSid", caller_id.sid),
            ]
            network.courier.notify(Webhook("verification", url, fields, call=call), Line())

    network.clock.call_later(VERIFICATION_SECONDS, verified)
    return 200, {
        "account_sid": network.account.sid,
        "call_sid": call,
        "friendly_name": name,
        "phone_number": phone_number,
        "validation_code": f"{network.random.randrange(10**6):06d}",
    }


def list_(request: Request) -> tuple[int, Any]:
    """By PhoneNumber and FriendlyName."""
    network = request.network
    found = [
        c
        for c in reversed(network.account.caller_ids.values())
        if request.asked("PhoneNumber") in {"", c.phone_number}
        and request.asked("FriendlyName") in {"", c.friendly_name}
    ]
    return page(request, "outgoing_caller_ids", found, lambda c: c.sid, lambda c: show(network, c))


def fetch(request: Request) -> tuple[int, Any]:
    return 200, show(request.network, find(request))


def update(request: Request) -> tuple[int, Any]:
    caller_id = find(request)
    caller_id.friendly_name = request.text("FriendlyName", caller_id.friendly_name)
    caller_id.updated = request.network.clock.now()
    return 200, show(request.network, caller_id)


def delete(request: Request) -> tuple[int, None]:
    del request.network.account.caller_ids[find(request).sid]
    return 204, None


def find(request: Request) -> CallerId:
    """Raises NotFound."""
    caller_id = request.network.account.caller_ids.get(request.part("sid"))
    if caller_id is None:
        raise request.missing()
    return caller_id


def show(network: Network, caller_id: CallerId) -> dict[str, Any]:
    """The resource."""
    return {
        "sid": caller_id.sid,
        "account_sid": network.account.sid,
        "friendly_name": caller_id.friendly_name,
        "phone_number": caller_id.phone_number,
        "date_created": when(caller_id.created),
        "date_updated": when(caller_id.updated),
        "uri": uri(network, f"OutgoingCallerIds/{caller_id.sid}"),
    }


ROUTES = (
    ("POST", BASE + "/OutgoingCallerIds.json", validate),
    ("GET", BASE + "/OutgoingCallerIds.json", list_),
    ("GET", BASE + "/OutgoingCallerIds/{sid}.json", fetch),
    ("POST", BASE + "/OutgoingCallerIds/{sid}.json", update),
    ("DELETE", BASE + "/OutgoingCallerIds/{sid}.json", delete),
)
