"""From the provider's notices to text messages: what came in becomes a record, what is told of ours moves it on.

The one place that writes text messages as the provider tells of them. Everything here may be said twice and in any
order: a message is known by its SID, and a status only ever moves up in rank.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from call_center import call_log, matching, routing, text_keywords
from call_center.models import agent, call_event, text_opt_out
from call_center.models.phone_line import PhoneLine, called, queue_of
from call_center.models.text_message import RANKS, TEXT_MESSAGE, TextMessage, failure_of
from crm_admin import clock, policy, push, records, registry
from crm_admin.db import database
from crm_admin.entities.values import put
from crm_admin.kinds import Invalid, phone
from crm_admin.records import telling

logger = logging.getLogger("crm.calls")

OPTED_OUT = 21610
"""The provider's error for a number that has written STOP to it."""

_STATUSES = {
    "accepted": "queued",
    "scheduled": "queued",
    "queued": "queued",
    "sending": "queued",
    "sent": "sent",
    "delivered": "delivered",
    "undelivered": "undelivered",
    "failed": "failed",
    "canceled": "cancelled",
    "read": "read",
}
"""The provider's word → ours. Any other says nothing that we show."""


# ── what comes in ───────────────────────────────────────────────────────────────────────────────────
def receive(facts: Mapping[str, str], country: str) -> TextMessage | None:
    """Write down a message that came in; None for one that is there already, or that has no SID.

    `country` is the company's (ISO 3166-1): for numbers that came without a country of their own.
    """
    sid = facts.get("MessageSid", "")
    if not sid:
        return None
    with database.atomic():
        call_event.hold(sid)
        if TextMessage.select(TextMessage.id).where(TextMessage.provider_sid == sid).exists():
            return None
        number = _phone(facts.get("From", ""), country)
        ours = _phone(facts.get("To", ""), country)
        line = called(ours.e164) if ours else None
        message = _write_down(facts, sid, number, line, country)
        if number is not None:
            _heed(number.e164, facts)
        _announce(message, line)
    return message


def _write_down(
    facts: Mapping[str, str], sid: str, number: phone.Phone | None, line: PhoneLine | None, country: str
) -> TextMessage:
    who = matching.caller(matching.candidates(number.e164, country)) if number else None
    queue = queue_of(line)
    internal: dict[str, Any] = {
        "direction": "inbound",
        "status": "received",
        "body": facts.get("Body", "").strip() or None,
        "number": number,
        "line": line.id if line else None,
        "certainty": who.certainty if who else None,
        "sent_at": clock.now(),
        "pictures": _pictures(facts.get("NumMedia", "")),
        "provider_sid": sid,
    }
    if who is not None:
        internal[who.entity] = who.id
        if who.entity == "contact":
            model = registry.entity("contact").model
            internal["account"] = model.select(model.account).where(model.id == who.id).scalar()
    seeing = records.reader(policy.SYSTEM, country=country)
    # Senders without a number, such as a bank's name, are called what they call themselves.
    internal["name"] = name_of(internal, seeing) or facts.get("From", "")[:60] or None
    values = {"owner": who.owner if who else None, "team": queue.team if queue else None}
    made = records.create(policy.SYSTEM, TEXT_MESSAGE.key, values, reader=seeing, internal=internal)
    assert isinstance(made, TextMessage)
    return made


def name_of(values: Mapping[str, Any], reader: Any) -> str | None:
    """What a message with these links and this number is called."""
    shown: Any = TextMessage()
    for key in (*matching.ENTITIES, "number"):
        put(shown, key, values.get(key))
    return call_log.called_by(shown, reader)  # by the rule of calls: the columns are the same


def _heed(e164: str, facts: Mapping[str, str]) -> None:
    """Whoever writes STOP gets no more messages, until they write START. The provider may have understood it first."""
    said = facts.get("OptOutType", "").lower() or text_keywords.meaning(facts.get("Body", ""))
    if said == text_keywords.STOP:
        text_opt_out.add(e164, facts.get("Body", "").strip() or said)
    elif said == text_keywords.START:
        text_opt_out.remove(e164)


def _announce(message: TextMessage, line: PhoneLine | None) -> None:
    """Tell the customer's owner and the people who answer that line. Without a word of it: the pages ask for what
    their person may see."""
    members = routing.members(queue_of(line))
    if members is None:
        members = [
            row.user for row in agent.Agent.select(agent.Agent.user).where(agent.Agent.state != "offline")
        ]
    users = {*members, *([message.owner] if message.owner is not None else [])}
    push.publish("text", {"message": message.id}, users=users, entity=TEXT_MESSAGE.key, record_id=message.id)


def _phone(address: str, country: str) -> phone.Phone | None:
    text = matching.dialable(address)
    try:
        return phone.read(text, country) if text else None
    except Invalid:
        return None


def _pictures(text: str) -> int | None:
    return (int(text) or None) if text.isascii() and text.isdigit() and len(text) < 4 else None


# ── what becomes of ours ────────────────────────────────────────────────────────────────────────────
def report(facts: Mapping[str, str]) -> bool:
    """Bring one of our messages up to date with a status notice; False when there is no such message."""
    uid, sid = facts.get("_thread", ""), facts.get("MessageSid", "")
    ours = (TextMessage.uid == uid) if uid else (TextMessage.provider_sid == sid)
    with database.atomic():
        message = TextMessage.get_or_none(ours, TextMessage.direction == "outbound")
        if message is None:
            logger.warning("a status of no message of ours", extra={"message_sid": sid})
            return False
        status = _STATUSES.get(facts.get("MessageStatus", ""))
        move(message.id, status or message.status, sid=sid, code=_code(facts.get("ErrorCode", "")))
    return True


def move(
    number: int, status: str, *, sid: str = "", code: int | None = None, failure: str | None = None
) -> None:
    """Let a message of ours have `status`, if that ranks above the one it has, and the SID if it has none.

    An error belongs to the status that it came with. A number that opted out at the provider is kept as such here.
    """
    with database.atomic():
        known = TextMessage.get_by_id(number)
        call_event.hold(known.uid)
        message = TextMessage.get_by_id(number)  # again: it may have moved before we had hold of it
        changed = bool(sid) and message.provider_sid is None
        if changed:
            put(message, "provider_sid", sid)
        if RANKS[status] > RANKS[message.status]:
            changed = True
            put(message, "status", status)
            put(message, "error_code", code)
            put(message, "failure", failure or (failure_of(code) if code is not None else None))
        if code == OPTED_OUT and message.number_e164:
            text_opt_out.add(message.number_e164, str(OPTED_OUT))
        if changed:
            message.modified_at = clock.now()
            message.save()
            telling.tell(policy.SYSTEM, TEXT_MESSAGE, message, {}, 0, new=False)


def _code(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 and int(text) else None
