"""Message and Sms: a text message from within a call."""

from __future__ import annotations

from call_center.carrier.leg import Callback, Document
from call_center.carrier.message import Message, forward
from call_center.carrier.run import Run
from call_center.carrier.twiml import Element


async def send_message(run: Run, element: Element) -> Document | None:
    """Send a text to the caller, or to whom the document says."""
    network, leg = run.network, run.leg
    now = network.clock.now()
    body = "".join(child.text for child in element.children if child.name == "Body") or element.text
    url = element.get("statusCallback")
    message = Message(
        network.sids.new("SM"), "outbound-call", element.get("from", leg.to), element.get("to", leg.from_), body,
        "queued", now, now, callback=Callback(run.url(url)) if url else None,
    )  # fmt: skip
    network.messages[message.sid] = message
    forward(network, message, "delivered")
    return run.action(element, [("MessageSid", message.sid), ("MessageStatus", message.status)])
