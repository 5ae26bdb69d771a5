"""Calling a customer: from any number on any page, from a desk, by a program. One way, whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from call_center import call_log, matching, permission_to_call
from call_center.models import agent
from call_center.models.agent import Agent
from call_center.models.call import Call
from call_center.models.phone_line import for_outbound
from crm_admin import clock, jobs, policy, push, records
from crm_admin.config import Config
from crm_admin.db import database
from crm_admin.entities.values import put
from crm_admin.i18n import gettext
from crm_admin.kinds import Invalid, Reader, phone
from crm_admin.policy import Actor

BUSY = ("ringing", "on_call")


@dataclass(frozen=True)
class Wish:
    """Who is to be called: a number as typed, and the customer it was taken from, as (entity, id)."""

    to: str
    customer: tuple[str, int] | None = None
    queue: int | None = None


def permit(actor: Actor) -> int:
    """The user who may make calls. Raises records.Forbidden for who may not, NotFound for who may see none either."""
    if actor.id is None or policy.level(actor, "read", "call").rank == 0:
        raise records.NotFound("call")
    if not policy.can(actor, "create", "call"):
        raise records.Forbidden("create")
    return actor.id


def request(actor: Actor, wish: Wish, reader: Reader, config: Config) -> Call:
    """Ask for a call to a customer: the agent's phone first, then the customer's.

    The agent's browser phone, or their telephone, is told in the same transaction. Raises what `permit` does, NotFound
    for a customer out of reach, and Rejected with the reason when the call may not be made.
    """
    user = permit(actor)
    number = _number(wish.to, reader)
    if wish.customer is not None:
        records.get(actor, *wish.customer)
    refused = permission_to_call.refusal(
        number.e164, company_zone=config.company.timezone, language=reader.language
    )
    if refused is not None:
        raise records.Rejected({"to": [refused.text]})
    line = for_outbound()
    if line is None:
        raise records.Rejected({"": [gettext("The company has no number to call from yet.")]})
    with database.atomic():
        row = _at_a_phone(user)
        call = _begin(actor, wish, number, reader, line.id)
        _claim(row, call)
    return call


def _number(text: str, reader: Reader) -> phone.Phone:
    try:
        return phone.read(text, reader.country)
    except Invalid as error:
        raise records.Rejected({"to": [str(error)]}) from None


def _at_a_phone(user: int) -> Agent:
    row = agent.of(user)
    if row is None or row.state == "offline" or (row.device == "browser" and not _open(row)):
        raise records.Rejected({"": [gettext("Sign on at the agent desk first: your phone is off.")]})
    if row.state in BUSY:
        raise records.Rejected({"": [gettext("You are in a call already.")]})
    return row


def _open(row: Agent) -> bool:
    return row.seen_at is not None and row.seen_at > clock.ago(seconds=agent.HEARTBEAT_S)


def _begin(actor: Actor, wish: Wish, number: phone.Phone, reader: Reader, line: int) -> Call:
    who = customer_of(actor, wish.customer, number, reader)
    sure = "exact" if who else None
    internal: dict[str, Any] = {
        **who,
        "direction": "outbound",
        "status": "requested",
        "number": number,
        "certainty": "chosen" if wish.customer else sure,
        "agent": actor.id,
        "queue": wish.queue,
        "line": line,
        "started_at": clock.now(),
        "caller_check": "unknown",
    }
    shown = Call()
    for key in ("contact", "lead", "account", "number"):
        put(shown, key, internal.get(key))
    internal["name"] = call_log.called_by(shown, records.reader(policy.SYSTEM, country=reader.country))
    call = records.create(actor, "call", {}, reader=reader, internal=internal)
    assert isinstance(call, Call)
    return call


def customer_of(
    actor: Actor, chosen: tuple[str, int] | None, number: phone.Phone, reader: Reader
) -> dict[str, int | None]:
    """The customer of a conversation, as its links: the one it was asked for, else the only one with this number."""
    if chosen is None:
        found = matching.caller(matching.candidates(number.e164, reader.country, actor=actor))
        chosen = found.subject if found else None
    if chosen is None or chosen[0] not in matching.ENTITIES:
        return {}
    record = records.get(actor, *chosen)
    account = getattr(record, "account", None) if chosen[0] == "contact" else None
    return {"account": account, chosen[0]: chosen[1]}


def _claim(row: Agent, call: Call) -> None:
    """Reserve the agent, and let their phone begin: the browser is told, a telephone is rung by a job."""
    now = clock.now()
    taken = (
        Agent.update(state="ringing", since=now, reason="", call=call.id)
        .where(Agent.id == row.id, Agent.state == row.state, Agent.state.not_in(BUSY))
        .execute()
    )
    if not taken:
        raise records.Rejected({"": [gettext("You are in a call already.")]})
    agent.AgentState.insert(user=row.user, state="ringing", reason="", call=call.id, at=now).execute()
    if row.device == "phone":
        Call.update(thread=call.uid).where(Call.id == call.id).execute()
        jobs.enqueue("call_center.dial", {"call": call.id}, key=f"call_center.dial:{call.id}", priority=10)
    else:
        push.publish(
            "dial", {"call": call.id, "uid": call.uid}, users=[row.user], entity="call", record_id=call.id
        )
