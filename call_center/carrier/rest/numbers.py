"""Phone numbers the account owns."""

from __future__ import annotations

from typing import Any

from call_center.carrier.network import Network
from call_center.carrier.number import Number
from call_center.carrier.rest.error import RestError
from call_center.carrier.rest.paging import page
from call_center.carrier.rest.request import E164, Request
from call_center.carrier.rest.settings import read_settings, show_settings
from call_center.carrier.rest.shape import BASE, uri, when


def create(request: Request) -> tuple[int, Any]:
    """Buy a number: any that is not owned yet."""
    network, phone_number = request.network, request.text("PhoneNumber")
    if not E164.match(phone_number):
        raise RestError(21421, f"PhoneNumber {phone_number} is invalid")
    if network.account.number(phone_number) is not None:
        raise RestError(21422, f"PhoneNumber {phone_number} is not available")
    now = network.clock.now()
    number = Number(sid=network.sids.new("PN"), phone_number=phone_number, created=now, updated=now)
    _read(request, number)
    number.friendly_name = number.friendly_name or phone_number
    network.account.numbers[number.sid] = number
    return 201, show(network, number)


def list_(request: Request) -> tuple[int, Any]:
    """By PhoneNumber (a part of it, with * for what may be between) and FriendlyName."""
    network, name = request.network, request.asked("FriendlyName")
    wanted = request.asked("PhoneNumber").replace("*", "")
    found = [
        n
        for n in reversed(network.account.numbers.values())
        if wanted in n.phone_number and name in {"", n.friendly_name}
    ]
    return page(request, "incoming_phone_numbers", found, lambda n: n.sid, lambda n: show(network, n))


def fetch(request: Request) -> tuple[int, Any]:
    return 200, show(request.network, find(request))


def update(request: Request) -> tuple[int, Any]:
    number = find(request)
    _read(request, number)
    number.updated = request.network.clock.now()
    return 200, show(request.network, number)


def delete(request: Request) -> tuple[int, None]:
    """Give the number back."""
    del request.network.account.numbers[find(request).sid]
    return 204, None


def find(request: Request) -> Number:
    """Raises NotFound."""
    number = request.network.account.numbers.get(request.part("sid"))
    if number is None:
        raise request.missing()
    return number


def _read(request: Request, number: Number) -> None:
    read_settings(request, number)
    number.friendly_name = request.text("FriendlyName", number.friendly_name)
    number.voice_application_sid = request.text("VoiceApplicationSid", number.voice_application_sid)
    number.sms_application_sid = request.text("SmsApplicationSid", number.sms_application_sid)


def show(network: Network, number: Number) -> dict[str, Any]:
    """The resource."""
    return {
        "sid": number.sid,
        "account_sid": network.account.sid,
        "phone_number": number.phone_number,
        "friendly_name": number.friendly_name,
        **show_settings(number),
        "voice_application_sid": number.voice_application_sid or None,
        "sms_application_sid": number.sms_application_sid or None,
        "address_sid": None,
        "address_requirements": "none",
        "beta": False,
        "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
        "identity_sid": None,
        "bundle_sid": None,
        "origin": "twilio",
        "trunk_sid": None,
        "voice_receive_mode": "voice",
        "emergency_status": "Inactive",
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "status": "in-use",
        "date_created": when(number.created),
        "date_updated": when(number.updated),
        "api_version": "2010-04-01",
        "uri": uri(network, f"IncomingPhoneNumbers/{number.sid}"),
    }


ROUTES = (
    ("POST", BASE + "/IncomingPhoneNumbers.json", create),
    ("GET", BASE + "/IncomingPhoneNumbers.json", list_),
    ("GET", BASE + "/IncomingPhoneNumbers/{sid}.json", fetch),
    ("POST", BASE + "/IncomingPhoneNumbers/{sid}.json", update),
    ("DELETE", BASE + "/IncomingPhoneNumbers/{sid}.json", delete),
)
