"""A text message and its way: queued, sending, sent, delivered, each told in an order of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from call_center.carrier.leg import Callback
from call_center.carrier.line import Line
from call_center.carrier.parameters import API_VERSION, Fields
from call_center.carrier.twiml import Element, TwimlError, parse
from call_center.carrier.webhook import Webhook

if TYPE_CHECKING:
    from call_center.carrier.network import Network

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)


ERRORS = {"undelivered": 30003, "failed": 30008}


def segments(body: str) -> int:
    """How many SMS a text takes: 160 letters, or 153 each; outside GSM 7 bit 70, or 67 each (UTF-16 units)."""
    if all(letter in GSM for letter in body):
        length = sum(2 if letter in "^{}\\[~]|€" else 1 for letter in body)
        single, part = 160, 153
    else:
        length, single, part = len(body.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= single else -(-length // part)


@dataclass(eq=False)
class Message:
    """One message. Times are seconds since 1970."""

    sid: str
    direction: str  # inbound, outbound-api, outbound-reply
    from_: str
    to: str
    body: str
    status: str
    created: float
    updated: float
    callback: Callback | None = None
    media: tuple[str, ...] = ()
    sent: float | None = None
    error_code: int | None = None
    messaging_service_sid: str = ""
    line: Line = field(default_factory=Line)

    def fields(self, account_sid: str) -> Fields:
        """What a request about the message says of it."""
        fields = [
            ("AccountSid", account_sid),
            ("ApiVersion", API_VERSION),
            ("From", self.from_),
            ("MessageSid", self.sid),
            ("SmsSid", self.sid),
            ("To", self.to),
        ]
        return fields + (
            [("MessagingServiceSid", self.messaging_service_sid)] if self.messaging_service_sid else []
        )

    def inbound_fields(self, account_sid: str) -> Fields:
        """What the application is told of a message that came in."""
        media = [(f"MediaUrl{n}", url) for n, url in enumerate(self.media)]
        return [
            *self.fields(account_sid),
            ("SmsMessageSid", self.sid),
            ("SmsStatus", "received"),
            ("Body", self.body),
            ("NumMedia", str(len(self.media))),
            ("NumSegments", str(segments(self.body))),
            *media,
        ]


def forward(network: Network, message: Message, outcome: str) -> None:
    """Send an outgoing message on its way; `outcome`: delivered, undelivered or failed."""
    stages = {"failed": ["failed"]}.get(outcome, ["sending", "sent", outcome])
    delay = network.behaviour.message_delay

    def step(position: int) -> None:
        if message.status == "canceled":
            return
        move(network, message, stages[position], ERRORS.get(stages[position]))
        if position + 1 < len(stages):
            # The last state often comes in the same second as the one before.
            network.clock.call_later(network.random.uniform(0, delay), lambda: step(position + 1))

    network.clock.call_later(delay, lambda: step(0))


def move(network: Network, message: Message, status: str, error_code: int | None) -> None:
    """The message is in another state, and the application is told."""
    message.status, message.updated, message.error_code = status, network.clock.now(), error_code
    if status == "sent":
        message.sent = message.updated
    if status == "delivered" and network.on_message is not None:
        network.on_message(message.from_, message.to, message.body, message.updated)
    _tell(network, message)


def receive(network: Network, from_: str, to: str, body: str, media: tuple[str, ...] = ()) -> Message:
    """A message comes in: the number's SMS URL is told, and its answer may hold a reply.

    Raises LookupError when the number is not owned.
    """
    number = network.account.number(to)
    if number is None:
        raise LookupError(f"{to} is not a number of this account")
    now = network.clock.now()
    sid = network.sids.new("MM" if media else "SM")
    message = Message(sid, "inbound", from_, to, body, "received", now, now, media=media)
    network.messages[sid] = message
    if network.on_message is not None:
        network.on_message(from_, to, body, now)
    settings = network.account.applications.get(number.sms_application_sid) or number
    if settings.sms_url:
        fields = message.inbound_fields(network.account.sid)
        hook = Webhook("sms", settings.sms_url, fields, settings.sms_method, "received", sid)
        network.courier.spawn(
            _ask(network, message, hook, settings.sms_fallback_url, settings.sms_fallback_method)
        )
    return message


async def _ask(
    network: Network, message: Message, hook: Webhook, fallback_url: str, fallback_method: str
) -> None:
    answer = await network.courier.ask(hook, message.line)
    if not answer.ok and fallback_url:
        fields = [*hook.params, ("ErrorCode", str(answer.code)), ("ErrorUrl", hook.url.partition("#")[0])]
        fallback = Webhook("fallback", fallback_url, fields, fallback_method, "received", message.sid)
        answer = await network.courier.ask(fallback, message.line)
    if not answer.ok:
        network.alert(answer.code, "HTTP retrieval failure", hook.url, message.sid)
        return
    try:
        verbs = parse(answer.body, answer.content_type)
    except TwimlError as error:
        network.alert(error.code, str(error), hook.url, message.sid)
        return
    for verb in verbs:
        if verb.name in {"Message", "Sms"}:
            _reply(network, message, verb, answer.url)


def _reply(network: Network, message: Message, verb: Element, base: str) -> None:
    now = network.clock.now()
    body = "".join(child.text for child in verb.children if child.name == "Body") or verb.text
    url = verb.get("statusCallback")
    reply = Message(
        network.sids.new("SM"), "outbound-reply", verb.get("from", message.to), verb.get("to", message.from_), body,
        "queued", now, now, callback=Callback(urljoin(base, url)) if url else None,
    )  # fmt: skip
    network.messages[reply.sid] = reply
    forward(network, reply, "delivered")


def _tell(network: Network, message: Message) -> None:
    if message.callback is None:
        return
    fields = message.fields(network.account.sid)
    fields += [("MessageStatus", message.status), ("SmsStatus", message.status)]
    if message.error_code is not None:
        fields.append(("ErrorCode", str(message.error_code)))
    hook = Webhook(
        "message", message.callback.url, fields, message.callback.method, message.status, message.sid
    )
    network.courier.notify(hook, message.line)
