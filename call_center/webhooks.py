"""The provider's doors: a request is verified, written down, applied and answered, in one transaction and without
asking anybody outside. What a caller hears next comes from our own data alone.

When that cannot be done, because the database is away, the caller still hears something sensible: a safe document
that needs no data. Everything that was not signed by the provider for our account is refused before it is read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

import peewee
from flask import Blueprint, Response, current_app, request

from call_center import call_log, dispatch, gateway, routing, twiml
from call_center.call_log import Noted
from call_center.dispatch import Goodbye, Message, Ring, Service, Situation, Wait
from call_center.models import agent, call_event, rejected_request
from call_center.models.call import Call
from call_center.models.phone_line import PhoneLine, for_outbound
from call_center.twiml import Doors
from crm_admin import auth, db
from crm_admin.config import Config
from crm_admin.db import database

logger = logging.getLogger("crm.calls")

blueprint = auth.exempt(Blueprint("provider", __name__, url_prefix="/twilio"))

MOST_FIELDS = 200
MOST_CHARS = 8_000

Answer = Callable[[Noted, dict[str, str]], str]


@blueprint.before_request
def admit() -> Response | None:
    """Only the provider itself, and only for our account."""
    gate = gateway.current()
    if not gate.signed(request):
        return _refuse("wrong signature" if request.headers.get("X-Twilio-Signature") else "no signature")
    # Of the body alone: an address may say what it likes.
    if not gate.is_ours(request.form.get("AccountSid")):
        return _refuse("foreign account")
    if len(request.form) > MOST_FIELDS:
        return _refuse("malformed")
    return None


# ── doors that answer with a document ───────────────────────────────────────────────────────────────
@blueprint.post("/voice/inbound")
def inbound() -> Response:
    """A customer calls."""
    return _spoken("voice", _answer_caller, safe=_safe_message)


@blueprint.post("/voice/after-dial")
def after_dial() -> Response:
    """Somebody was rung, or talked to: what follows for the one who is left on the line."""
    return _spoken("dial", _answer_after_dial, safe=lambda facts: twiml.hang_up())


@blueprint.post("/voice/wait")
def waiting_room() -> Response:
    """A waiting caller asks what to hear next."""
    return _spoken("wait", _answer_waiting, safe=lambda facts: twiml.silence(dispatch.PIECE_S))


@blueprint.post("/voice/queue-left")
def queue_left() -> Response:
    """A caller left the waiting room: to an agent, by giving up, or because it was time."""
    return _spoken("queue", _answer_queue_left, safe=_safe_message)


@blueprint.post("/voice/connect")
def connect() -> Response:
    """A waiting caller was fetched for an agent who has become free."""
    return _spoken("connect", _answer_connect, safe=_safe_message)


@blueprint.post("/voice/outbound")
def outbound() -> Response:
    """An agent's phone is up and wants the customer of a call that was asked for."""
    return _spoken("outbound", _answer_outbound, safe=lambda facts: twiml.hang_up())


@blueprint.post("/voice/accept")
def accept() -> Response:
    """An agent's telephone was picked up: a person, or a mailbox?"""
    return _spoken("accept", _answer_accept, safe=lambda facts: twiml.hang_up())


@blueprint.post("/voice/accepted")
def accepted() -> Response:
    """A key was pressed on an agent's telephone: 1 goes on to the caller, who hears the agent at once."""
    return _spoken("accepted", _answer_accepted, safe=lambda facts: twiml.hang_up())


@blueprint.post("/voice/announce")
def announce() -> Response:
    """A customer whom we called has answered: what they must hear before they are put through."""
    return _spoken("announce", _answer_announce, safe=lambda facts: twiml.nothing())


@blueprint.post("/voice/join")
def join() -> Response:
    """A leg comes into the conference of its call."""
    return _spoken("join", _answer_join, safe=lambda facts: twiml.hang_up())


@blueprint.post("/voice/after-message")
def after_message() -> Response:
    """A caller has left a message, or hung up over it."""
    return _spoken("voicemail", _answer_after_message, safe=lambda facts: twiml.hang_up())


@blueprint.post("/voice/fallback")
def fallback() -> Response:
    """The provider could not get an answer elsewhere: a message is taken, and the reason is written down."""
    facts = facts_of_request()
    logger.error(
        "the provider fell back",
        extra={
            "call_sid": facts.get("CallSid"),
            "code": facts.get("ErrorCode"),
            "url": facts.get("ErrorUrl"),
        },
    )
    return _spoken("voice", lambda noted, said: _safe_message(said), safe=_safe_message)


# ── doors that are only told ────────────────────────────────────────────────────────────────────────
@blueprint.post("/voice/status")
def status() -> Response:
    """A leg has changed."""
    return _told("status")


@blueprint.post("/recording")
def recording() -> Response:
    """A recording begins, is there, or will never be."""
    return _told("recording")


@blueprint.post("/conference")
def conference() -> Response:
    """Somebody came into a conference, left it, or was put on hold."""
    return _told("conference")


# ── the way of a request ────────────────────────────────────────────────────────────────────────────
def _spoken(kind: str, answer: Answer, *, safe: Callable[[dict[str, str]], str]) -> Response:
    """Write the event down and answer with the document that follows; a repetition gets the same one."""
    facts = facts_of_request()
    try:
        with db.connection(), database.atomic():
            noted = _note(kind, facts)
            text = noted.event.answer
            if text is None:
                text = answer(noted, facts)
                type(noted.event).update(answer=text).where(type(noted.event).id == noted.event.id).execute()
    except (peewee.PeeweeException, *driver_errors()):
        logger.exception("answered without data", extra={"door": kind, "call_sid": facts.get("CallSid")})
        text = safe(facts)
    return Response(text, content_type="text/xml; charset=utf-8")


def _told(kind: str) -> Response:
    facts = facts_of_request()
    try:
        with db.connection():
            _note(kind, facts)
    except (peewee.PeeweeException, *driver_errors()):
        # The provider is asked to come again: it does for what is not an answer to a caller.
        logger.exception("could not write down", extra={"door": kind, "call_sid": facts.get("CallSid")})
        return Response(status=503)
    return Response(status=204)


def _note(kind: str, facts: dict[str, str]) -> Noted:
    with db.joined():
        noted = call_log.note(
            kind,
            facts,
            thread=thread_of(facts),
            country=_config().company.country,
            delivery=request.headers.get("I-Twilio-Idempotency-Token"),
        )
        if noted.call is not None and noted.is_new:
            routing.follow(noted.call, noted.state)
    return noted


def thread_of(facts: Mapping[str, str]) -> str:
    """What all events of one call have in common: what our own address says, else the root leg's SID."""
    return facts.get("_thread") or facts.get("ParentCallSid") or facts.get("CallSid", "")


def facts_of_request() -> dict[str, str]:
    """The parameters of the request, and what our own address said: `_thread`, `_agent`. Bounded, text only."""
    facts = {
        name[:100]: _text(value, MOST_CHARS)
        for name, value in request.form.items()
        if not name.startswith("_")
    }
    for ours, name in (("c", "_thread"), ("a", "_agent")):
        if request.args.get(ours):
            facts[name] = _text(request.args[ours], 64)
    if request.endpoint == "provider.outbound":
        # What the browser phone said, or the call for which we rang the agent's telephone.
        facts["_request"] = (facts.get("_thread") or facts.get("call", ""))[:64]
    return facts


def _text(value: str, most: int) -> str:
    """At most so many characters, none of which a database cannot keep."""
    return value.replace("\x00", "")[:most]


def _refuse(reason: str) -> Response:
    try:
        with db.connection():
            rejected_request.note(request.path, request.remote_addr, reason)
    except (peewee.PeeweeException, *driver_errors()):
        logger.warning("refused a request", extra={"reason": reason, "path": request.path})
    return Response("Forbidden", status=403, content_type="text/plain; charset=utf-8")


# ── answers ─────────────────────────────────────────────────────────────────────────────────────────
def _answer_caller(noted: Noted, facts: dict[str, str]) -> str:
    return _next(noted, greeted=False)


def _answer_after_dial(noted: Noted, facts: dict[str, str]) -> str:
    call = noted.call
    if call is None:
        return twiml.hang_up()
    if call.room and not call_event.was_told_before(noted.event):
        # The other side was taken into a conference: this one follows. The second time the conference has ended.
        return twiml.join(call.room, _doors(call), base=_base())
    over = facts.get("CallStatus") in ("completed", "canceled")
    if call.direction == "outbound" or over or _talked(noted, facts):
        return twiml.hang_up()
    return _next(noted, greeted=True)


def _talked(noted: Noted, facts: Mapping[str, str]) -> bool:
    """Whether the one who dialled in has spoken with somebody, by whichever notice came first."""
    if noted.state.answered_at is not None:
        return True
    leg = noted.state.legs.get(facts.get("DialCallSid", ""))
    asked = leg is not None and leg.asked
    return facts.get("DialCallStatus") in ("completed", "answered") and not asked


def _answer_waiting(noted: Noted, facts: dict[str, str]) -> str:
    call = noted.call
    if call is None:
        return twiml.leave()
    if routing.claimed(call) is not None:
        return twiml.leave()
    decision = dispatch.next_for(_situation(noted, greeted=True))
    if isinstance(decision, Wait):
        return twiml.waiting(decision, _base(), routing.place_in_line(call))
    return twiml.leave()


def _answer_queue_left(noted: Noted, facts: dict[str, str]) -> str:
    if facts.get("QueueResult") in ("hangup", "redirected"):
        return twiml.hang_up()
    return _answer_connect(noted, facts)


def _answer_connect(noted: Noted, facts: dict[str, str]) -> str:
    call = noted.call
    promised = routing.claimed(call) if call is not None else None
    if call is None or promised is None:
        return _next(noted, greeted=True)
    ring = Ring((promised,), _service(call), greeted=True)
    return twiml.ring(ring, promised, _doors(call), uid=call.uid, caller=_shown(call))


def _answer_outbound(noted: Noted, facts: dict[str, str]) -> str:
    call, user = noted.call, _asker(facts)
    if call is None or user is None or call.direction != "outbound" or call.agent != user:
        return twiml.reject() if facts.get("CallStatus") == "ringing" else twiml.hang_up()
    number = call.number_e164 or ""
    if not number or not call.is_live:
        return twiml.hang_up()
    line = for_outbound()
    extension = f"w{call.number_ext}" if call.number_ext else ""
    return twiml.dial_customer(
        _service(call),
        _doors(call),
        number=number,
        caller=line.number_e164 if line else "",
        digits=extension,
        user=user,
    )


def _answer_accept(noted: Noted, facts: dict[str, str]) -> str:
    user = agent.user_of(f"agent_{facts.get('_agent', '')}")
    if noted.call is None or user is None:
        return twiml.hang_up()
    return twiml.accept(_service(noted.call), _doors(noted.call), user)


def _answer_accepted(noted: Noted, facts: dict[str, str]) -> str:
    return twiml.nothing() if facts.get("Digits") == "1" else twiml.hang_up()


def _answer_announce(noted: Noted, facts: dict[str, str]) -> str:
    return twiml.announce(_service(noted.call)) if noted.call is not None else twiml.nothing()


def _answer_join(noted: Noted, facts: dict[str, str]) -> str:
    call = noted.call
    if call is None or not call.room:
        return twiml.hang_up()
    return twiml.join(call.room, _doors(call), base=_base())


def _answer_after_message(noted: Noted, facts: dict[str, str]) -> str:
    if noted.call is None or facts.get("Digits") == "hangup":
        return twiml.hang_up()
    return twiml.goodbye(Goodbye(_service(noted.call), "after_message"))


def _next(noted: Noted, *, greeted: bool) -> str:
    """Ring, wait, take a message or say goodbye; an agent who was taken meanwhile is passed over."""
    call = noted.call
    if call is None:
        return _safe_message({"CallSid": noted.event.call_sid})
    situation = _situation(noted, greeted=greeted)
    decision = dispatch.next_for(situation)
    if isinstance(decision, Ring):
        phone = routing.claim(decision, call)
        if phone is not None:
            return twiml.ring(decision, phone, _doors(call), uid=call.uid, caller=_shown(call))
        decision = dispatch.next_for(_without_free(situation))
    if isinstance(decision, Wait):
        return twiml.wait(decision, _doors(call))
    if isinstance(decision, Message):
        return twiml.message(decision, _doors(call))
    assert isinstance(decision, Goodbye)
    return twiml.goodbye(decision)


def _without_free(situation: Situation) -> Situation:
    return replace(situation, free=())


def _situation(noted: Noted, *, greeted: bool) -> Situation:
    assert noted.call is not None
    return routing.situation(noted.call, noted.state, _config(), greeted=greeted)


def _service(call: Call) -> Service:
    return routing.service_of(routing.queue_of(call), call.number_e164 or "", _config())


def _shown(call: Call) -> str:
    """The number an agent's telephone shows: one of ours, for the carrier lets nobody show another's."""
    line = PhoneLine.get_or_none(PhoneLine.id == call.line) if call.line is not None else for_outbound()
    return line.number_e164 if line is not None else ""


def _asker(facts: Mapping[str, str]) -> int | None:
    """The agent whose phone asks: who their browser signed on as, or whom we rang."""
    caller = facts.get("From", "")
    if caller.startswith("client:"):
        return agent.user_of(caller)
    return agent.user_of(f"agent_{facts['_agent']}") if facts.get("_agent") else None


def _safe_message(facts: Mapping[str, str]) -> str:
    """A message is taken without a look at the database; the recording finds its call by the SID."""
    service = Service(language=_config().company.language)
    return twiml.message(Message(service, "nobody"), Doors(_base(), facts.get("CallSid", "")))


def _doors(call: Call) -> Doors:
    return Doors(_base(), call.thread or call.uid)


def _base() -> str:
    return gateway.current().public_url


def _config() -> Config:
    config: Config = current_app.extensions["crm"]
    return config


def driver_errors() -> tuple[type[Exception], ...]:
    """What a database that is away raises besides its driver's own errors."""
    return (OSError, TimeoutError)
