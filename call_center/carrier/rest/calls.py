"""Calls."""

from __future__ import annotations

from typing import Any

from call_center.carrier.leg import Callback, Document, Leg, MachineDetection, RecordingOrder
from call_center.carrier.network import Network, WrongState, voice_document
from call_center.carrier.rest.error import RestError
from call_center.carrier.rest.paging import page
from call_center.carrier.rest.request import E164, SHORT, Request
from call_center.carrier.rest.shape import BASE, subresources, uri, when

PRICE_A_MINUTE = 0.014
LONGEST_TWIML = 4000
EVENTS = ("completed",)


def create(request: Request) -> tuple[int, Any]:
    """Place a call."""
    network = request.network
    leg = order_call(request)
    document = _instructions(request)
    if document is None:
        raise RestError(21205, "Url parameter is required.")
    if not document.application_sid:
        leg.callback = request.callback("StatusCallback", EVENTS)
    else:
        application = network.account.applications[document.application_sid]
        leg.callback = (
            Callback(application.status_callback, application.status_callback_method)
            if application.status_callback
            else None
        )
    network.place_api(leg, document)
    return 201, show(network, leg)


def order_call(request: Request) -> Leg:
    """A leg as the form describes it, checked; it does not ring yet. Raises RestError."""
    network = request.network
    to, from_ = _callee(request), _caller(request)
    options: dict[str, Any] = {
        "timeout": float(request.integer("Timeout", 60, 1, 600)),
        "time_limit": float(request.integer("TimeLimit", 14400, 1, 86400)),
        "send_digits": request.text("SendDigits"),
        "machine": _machine(request),
        "record": _record(request),
    }
    leg = network.new_leg("outbound-api", from_, to)
    for name, value in options.items():
        setattr(leg, name, value)
    return leg


def fetch(request: Request) -> tuple[int, Any]:
    return 200, show(request.network, find(request))


def list_(request: Request) -> tuple[int, Any]:
    """Newest first, by To, From, Status, ParentCallSid, StartTime, EndTime."""
    wanted = {name: request.asked(name) for name in ("To", "From", "Status", "ParentCallSid")}

    def fits(leg: Leg) -> bool:
        facts = {
            "To": leg.to, "From": leg.from_, "Status": leg.status,
            "ParentCallSid": leg.parent.sid if leg.parent is not None else "",
        }  # fmt: skip
        if any(value and facts[name] != value for name, value in wanted.items()):
            return False
        return request.moments("StartTime", _started(leg)) and request.moments("EndTime", leg.ended)

    network = request.network
    legs = (leg for leg in reversed(network.legs.values()) if fits(leg))
    return page(request, "calls", legs, lambda leg: leg.sid, lambda leg: show(network, leg))


def update(request: Request) -> tuple[int, Any]:
    """End the call, or give it other instructions."""
    network, leg = request.network, find(request)
    status = request.choice("Status", ("canceled", "completed"))
    document = _instructions(request)
    if request.has("Url") and request.has("Twiml"):
        raise RestError(20001, "Url and Twiml are mutually exclusive")
    if leg.is_over:
        raise WrongState(21220, "Call is not in-progress. Cannot redirect.")
    if status:
        _finish(network, leg, status)
    elif document is not None:
        network.redirect(leg, document)
    if request.has("StatusCallback"):
        events = leg.callback.events if leg.callback is not None else frozenset(EVENTS)
        leg.callback = Callback(request.url("StatusCallback"), request.method("StatusCallbackMethod"), events)
    leg.updated = network.clock.now()
    return 200, show(network, leg)


def delete(request: Request) -> tuple[int, None]:
    """Forget a call that is over."""
    leg = find(request)
    if not leg.is_over:
        raise RestError(20009, "Call is in progress and cannot be deleted", 409)
    del request.network.legs[leg.sid]
    return 204, None


def events(request: Request) -> tuple[int, Any]:
    """What the carrier asked and told about the call."""
    leg = find(request)
    return page(request, "events", list(enumerate(leg.log)), lambda item: str(item[0]), lambda item: item[1])


def find(request: Request, part: str = "sid") -> Leg:
    """The call the path names. Raises NotFound."""
    leg = request.network.legs.get(request.part(part))
    if leg is None:
        raise request.missing()
    return leg


def show(network: Network, leg: Leg) -> dict[str, Any]:
    """The resource."""
    account = network.account
    number = account.number(leg.to if leg.direction == "inbound" else leg.from_)
    return {
        "sid": leg.sid,
        "date_created": when(leg.created),
        "date_updated": when(leg.updated),
        "parent_call_sid": leg.parent.sid if leg.parent is not None else None,
        "account_sid": leg.account_sid,
        "to": leg.to,
        "to_formatted": leg.to,
        "from": leg.from_,
        "from_formatted": leg.from_,
        "phone_number_sid": number.sid if number is not None else None,
        "status": leg.status,
        "start_time": when(_started(leg)),
        "end_time": when(leg.ended),
        "duration": str(leg.duration) if leg.is_over else None,
        "price": f"{-leg.billed_minutes * PRICE_A_MINUTE:.5f}" if leg.is_over and leg.duration else None,
        "price_unit": "USD",
        "direction": leg.direction,
        "answered_by": leg.answered_by or None,
        "annotation": None,
        "api_version": "2010-04-01",
        "forwarded_from": leg.forwarded_from or None,
        "group_sid": None,
        "caller_name": leg.extra.get("CallerName"),
        "queue_time": str(leg.queue_time),
        "trunk_sid": None,
        "uri": uri(network, f"Calls/{leg.sid}"),
        "subresource_uris": subresources(
            network,
            f"Calls/{leg.sid}",
            ("notifications", "recordings", "streams", "siprec", "payments", "events"),
        ),
    }


def _started(leg: Leg) -> float | None:
    """When it was answered, or dialled where nobody answered; a call that still waits has not started."""
    return (
        leg.answered if leg.answered is not None else (leg.ringing or (leg.created if leg.is_over else None))
    )


def _finish(network: Network, leg: Leg, status: str) -> None:
    if status == "canceled" and leg.is_answered:
        raise WrongState(21220, "Call is in-progress. Cannot be canceled.")
    network.end(leg, "canceled")


def _instructions(request: Request) -> Document | None:
    """What the call runs: an application (which wins), a URL, or a text."""
    account = request.network.account
    if sid := request.text("ApplicationSid"):
        if sid not in account.applications:
            raise RestError(21218, f"ApplicationSid {sid} not found")
        return voice_document(account.applications[sid])
    if url := request.url("Url"):
        return Document(
            url=url,
            method=request.method("Method"),
            fallback_url=request.url("FallbackUrl", 21205),
            fallback_method=request.method("FallbackMethod"),
        )
    if text := request.text("Twiml"):
        if len(text) > LONGEST_TWIML:
            raise RestError(21622, f"Twiml is longer than {LONGEST_TWIML} letters")
        return Document(text=text)
    return None


def _callee(request: Request) -> str:
    to = request.text("To").strip()
    if not to:
        raise RestError(21201, "No 'To' number is specified")
    if to.startswith(("client:", "sip:")):
        return to
    compact = "".join(letter for letter in to if letter not in " ().-")
    if not E164.match(compact) and not SHORT.match(compact):
        raise RestError(21211, f"Invalid 'To' Phone Number: {to}")
    script = request.network.policies.of(compact)
    if script.outcome == "error":
        raise RestError(script.error, f"Invalid 'To' Phone Number: {to}")
    return compact


def _caller(request: Request) -> str:
    from_ = request.text("CallerId") or request.text("From")
    if not from_:
        raise RestError(21213, "No 'From' number is specified")
    if from_.startswith("client:") or request.network.account.may_show(from_):
        return from_
    if not E164.match(from_):
        raise RestError(21212, f"Invalid 'From' Phone Number: {from_}")
    raise RestError(
        21210, f"The source phone number provided, {from_}, is not yet verified for your account."
    )


def _machine(request: Request) -> MachineDetection | None:
    mode = request.choice("MachineDetection", ("Enable", "DetectMessageEnd"))
    if not mode:
        return None
    name = "AsyncAmdStatusCallback" if request.has("AsyncAmdStatusCallback") else "AmdStatusCallback"
    return MachineDetection(
        message_end=mode == "DetectMessageEnd",
        timeout=float(request.integer("MachineDetectionTimeout", 30, 3, 59)),
        asynchronous=request.flag("AsyncAmd") or request.has("AmdStatusCallback"),
        callback=request.callback(name, ()),
    )


def _record(request: Request) -> RecordingOrder | None:
    if not request.flag("Record"):
        return None
    channels = 2 if request.choice("RecordingChannels", ("mono", "dual"), "mono") == "dual" else 1
    callback = request.callback("RecordingStatusCallback", ("completed",))
    return RecordingOrder("OutboundAPI", channels, callback, request.text("RecordingTrack") or "both")


ROUTES = (
    ("POST", BASE + "/Calls.json", create),
    ("GET", BASE + "/Calls.json", list_),
    ("GET", BASE + "/Calls/{sid}.json", fetch),
    ("POST", BASE + "/Calls/{sid}.json", update),
    ("DELETE", BASE + "/Calls/{sid}.json", delete),
    ("GET", BASE + "/Calls/{sid}/Events.json", events),
)
