"""Text messages."""

from __future__ import annotations

from typing import Any

from call_center.carrier.leg import Callback
from call_center.carrier.message import Message, forward, segments
from call_center.carrier.network import Network
from call_center.carrier.rest.error import RestError
from call_center.carrier.rest.paging import page
from call_center.carrier.rest.request import E164, Request
from call_center.carrier.rest.shape import BASE, subresources, uri, when

LONGEST = 1600
# What becomes of a message whose number ends like this; the others are delivered.
OUTCOMES = {"55503": "failed", "55506": "undelivered"}
STOPPED = "55507"  # numbers that have opted out


def create(request: Request) -> tuple[int, Any]:
    """Send a message."""
    network, to = request.network, request.text("To").strip()
    if not E164.match(to):
        raise RestError(21211, f"Invalid 'To' Phone Number: {to}")
    if to.endswith(STOPPED):
        raise RestError(21610, "Attempt to send to unsubscribed recipient")
    from_, service = request.text("From"), request.text("MessagingServiceSid")
    if not service and network.account.number(from_) is None:
        raise RestError(
            21606, f"The From phone number {from_} is not a valid, message-capable number of this account"
        )
    body, media = request.text("Body"), request.texts("MediaUrl")
    if not body and not media:
        raise RestError(21602, "Message body is required.")
    if len(body) > LONGEST:
        raise RestError(21617, "The concatenated message body exceeds the 1600 character limit")
    url, now = request.url("StatusCallback", 21609), network.clock.now()
    message = Message(
        network.sids.new("MM" if media else "SM"), "outbound-api", from_, to, body, "accepted" if service else "queued",
        now, now, callback=Callback(url) if url else None, media=tuple(media), messaging_service_sid=service,
    )  # fmt: skip
    network.messages[message.sid] = message
    forward(network, message, OUTCOMES.get(to[-5:], "delivered"))
    return 201, show(network, message)


def list_(request: Request) -> tuple[int, Any]:
    """Newest first, by To, From, DateSent."""
    network = request.network
    found = (
        m
        for m in reversed(network.messages.values())
        if request.asked("To") in {"", m.to}
        and request.asked("From") in {"", m.from_}
        and request.moments("DateSent", m.sent)
    )
    return page(request, "messages", found, lambda m: m.sid, lambda m: show(network, m))


def fetch(request: Request) -> tuple[int, Any]:
    return 200, show(request.network, find(request))


def update(request: Request) -> tuple[int, Any]:
    """Cancel what was not sent yet, or blank the body."""
    message = find(request)
    if request.choice("Status", ("canceled",)):
        if message.status not in {"queued", "accepted", "scheduled"}:
            raise RestError(30409, "The message cannot be canceled any more", 409)
        message.status = "canceled"
    if request.has("Body"):
        message.body = request.text("Body")
    message.updated = request.network.clock.now()
    return 200, show(request.network, message)


def delete(request: Request) -> tuple[int, None]:
    message = find(request)
    if message.status in {"queued", "accepted", "sending"}:
        raise RestError(20009, "The message is being sent and cannot be deleted", 409)
    del request.network.messages[message.sid]
    return 204, None


def find(request: Request) -> Message:
    """Raises NotFound."""
    message = request.network.messages.get(request.part("sid"))
    if message is None:
        raise request.missing()
    return message


def show(network: Network, message: Message) -> dict[str, Any]:
    """The resource."""
    return {
        "sid": message.sid,
        "account_sid": network.account.sid,
        "messaging_service_sid": message.messaging_service_sid or None,
        "from": message.from_ or None,
        "to": message.to,
        "body": message.body,
        "num_segments": str(segments(message.body)),
        "num_media": str(len(message.media)),
        "direction": message.direction,
        "status": message.status,
        "error_code": message.error_code,
        "error_message": "The message was not delivered" if message.error_code is not None else None,
        "price": None,
        "price_unit": "USD",
        "date_created": when(message.created),
        "date_updated": when(message.updated),
        "date_sent": when(message.sent),
        "api_version": "2010-04-01",
        "uri": uri(network, f"Messages/{message.sid}"),
        "subresource_uris": subresources(network, f"Messages/{message.sid}", ("media", "feedback")),
    }


ROUTES = (
    ("POST", BASE + "/Messages.json", create),
    ("GET", BASE + "/Messages.json", list_),
    ("GET", BASE + "/Messages/{sid}.json", fetch),
    ("POST", BASE + "/Messages/{sid}.json", update),
    ("DELETE", BASE + "/Messages/{sid}.json", delete),
)
