"""Callers meet agents: what stands in the database becomes the situation a decision needs, and a decision is carried
out: an agent is claimed, a waiting caller fetched, people become free again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers

from call_center import dispatch
from call_center.conversation import Conversation, Leg, was_answered
from call_center.dispatch import Phone, Service, Situation
from call_center.models import agent, call_event
from call_center.models.agent import Agent
from call_center.models.call import Call
from call_center.models.calling_rule import of_country
from call_center.models.opening_hours import is_open
from call_center.models.queue import by_id
from crm_admin import clock, jobs, push, registry
from crm_admin.compiled import CompiledQuery, slot
from crm_admin.config import Config
from crm_admin.db import joined
from crm_admin.kinds.links import RecordLink

WAITING = ("waiting",)

GIVEN_UP_S = 3
"""A ring that ended so much before its time was ended by the caller."""


def service_of(queue: Any, number: str, config: Config) -> Service:
    """How callers of a queue (None: of a company without any) are served; `number` (E.164) is the customer's."""
    rule = of_country(country_of(number) or config.company.country)
    plain = Service(language=config.company.language)
    if queue is None:
        return plain
    return Service(
        ring_s=queue.ring_s,
        max_wait_s=queue.max_wait_s,
        voicemail=bool(queue.voicemail),
        language=queue.language or config.company.language,
        greeting=queue.greeting or "",
        voicemail_greeting=queue.voicemail_greeting or "",
        recording=dispatch.recording(queue.recording or "never", rule.recording if rule else None),
        announcement=(rule.announcement if rule else "") or "",
    )


def country_of(e164: str) -> str:
    """The country of a number (ISO 3166-1), "" when it has none."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(e164, None)) or ""
    except phonenumbers.NumberParseException:
        return ""


def queue_of(call: Call) -> Any:
    return by_id(call.queue) if call.queue is not None else None


def situation(call: Call, state: Conversation, config: Config, *, greeted: bool) -> Situation:
    """Where a caller stands now."""
    queue = queue_of(call)
    now = clock.now()
    local = now.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(config.company.timezone))
    began = call.started_at or now
    staff = members(queue)
    return Situation(
        service=service_of(queue, call.number_e164 or "", config),
        is_open=queue is None or is_open(queue, local),
        free=[Phone(a.user, (a.phone or "") if a.device == "phone" else "") for a in agent.reachable(staff)],
        nearest=_nearest(call) if queue is None or queue.prefer_owner else (),
        refused=frozenset(declined(state)),
        staffed=agent.at_work(staff),
        waited_s=(now - began).total_seconds(),
        greeted=greeted,
    )


def declined(state: Conversation) -> set[int]:
    """Who was rung for this call and pressed it away or let it ring."""
    return {
        leg.user
        for leg in state.legs.values()
        if leg.user is not None and leg.is_over and leg.status != "canceled" and not was_answered(leg)
    }


def claim(ring: dispatch.Ring, call: Call) -> Phone | None:
    """Take the first of the phones that is still free; None when others were quicker everywhere.

    The person hears of it at once: the card is on the screen while the phone begins to ring.
    """
    for phone in ring.phones:
        if agent.claim(phone.user, call.id):
            offer(phone.user, call)
            return phone
    return None


def offer(user: int, call: Call) -> None:
    """Tell a person's desk that a call comes to them."""
    push.publish("offer", {"call": call.id, "uid": call.uid}, users=[user], entity="call", record_id=call.id)


def members(queue: Any) -> list[int] | None:
    """The people who answer a queue; None: everybody at a phone."""
    if queue is None or queue.team is None:
        return None
    rows = RecordLink.select(RecordLink.record_id).where(
        RecordLink.entity == "user", RecordLink.field == "teams", RecordLink.target_id == queue.team
    )
    return [row.record_id for row in rows]


def _nearest(call: Call) -> tuple[int, ...]:
    """The customer's owner, then whoever talked with them last."""
    found: list[int] = []
    for key in ("contact", "lead", "account"):
        number = getattr(call, key)
        if number is not None:
            model = registry.entity(key).model
            owner = model.select(model.owner).where(model.id == number).scalar()
            last = (
                Call.select(Call.agent)
                .where(getattr(Call, key) == number, Call.agent.is_null(False), Call.id != call.id)
                .order_by(Call.started_at.desc())
                .limit(1)
                .scalar()
            )
            found += [user for user in (owner, last) if user is not None]
            break
    return tuple(dict.fromkeys(found))


# ── after a notice ──────────────────────────────────────────────────────────────────────────────────
def follow(call: Call, state: Conversation) -> None:
    """Bring the agents of a call to where their legs are: on the call, wrapping up, free again."""
    for row in [row for row in agent.of_call(call.id) if row.state in ("ringing", "on_call")]:
        legs = [leg for leg in state.legs.values() if leg.user == row.user]
        # Whoever calls out is busy as soon as their own phone is up; a telephone may be a mailbox until a key says no.
        up = call.direction == "outbound" or any(
            leg.answered_at is not None and (row.device != "phone" or leg.asked) for leg in legs
        )
        if up and not state.is_over and any(not leg.is_over for leg in legs):
            if row.state != "on_call":
                agent.become(row.user, "on_call", call=call.id)
        elif state.is_over or (legs and all(leg.is_over for leg in legs)):
            _release(row, call, legs)


def _release(row: Agent, call: Call, legs: list[Any]) -> None:
    out = call.direction == "outbound" and row.state == "on_call"
    talked = out or any(was_answered(leg) for leg in legs)
    last = max(legs, key=lambda leg: (leg.started_at is not None, leg.started_at, leg.sid), default=None)
    if talked:
        queue = queue_of(call)
        if queue is None or queue.wrap_up_s:
            agent.become(row.user, "wrap_up", call=call.id)
        else:
            free(row.user)
    elif last is not None and _let_ring(last, call):
        agent.become(row.user, "not_responding", "did not answer")
    else:
        free(row.user, again=True)


def _let_ring(leg: Leg, call: Call) -> bool:
    """Whether the person is to blame: their phone rang to the end, or could not be reached.

    A leg that ended earlier without an answer was given up by the caller, whatever the provider calls that.
    """
    if leg.status == "completed":
        return True  # a mailbox picked it up
    if leg.status != "no-answer" or leg.started_at is None or leg.ended_at is None:
        return leg.status == "failed"
    queue = queue_of(call)
    ring_s = queue.ring_s if queue is not None else Service.ring_s
    return bool((leg.ended_at - leg.started_at).total_seconds() >= ring_s - GIVEN_UP_S)


def free(user: int, *, again: bool = False) -> None:
    """Somebody has done with a call: what they wished to be then, else available; whoever waits is fetched.

    `again`: they were not needed after all, and keep their place in the line of the idle.
    """
    row = agent.of(user)
    if row is None:
        return
    since = row.since
    agent.become(user, row.next or "available", "" if row.next is None else "as wished")
    if again and row.next is None:
        Agent.update(since=since).where(Agent.user == user).execute()
    fetch_waiting([user])


def fetch_waiting(users: Iterable[int]) -> None:
    """Give the longest waiting callers to people who have just become free, as far as their queues are theirs."""
    for user in users:
        with joined():
            for call in _waiting():
                queue = queue_of(call)
                mine = members(queue)
                if (mine is None or user in mine) and _take(user, call):
                    break


_longest_waiting = CompiledQuery(
    Call,
    lambda: (
        Call.select()
        .where(Call.status.in_(WAITING), Call.started_at > slot("since"), Call.deleted_at.is_null())
        .order_by(Call.started_at, Call.id)
        .limit(50)
    ),
)


def _waiting() -> list[Call]:
    return _longest_waiting(since=clock.ago(hours=4))


def _take(user: int, call: Call) -> bool:
    """Claim the agent for a caller nobody else was claimed for, and have the caller fetched."""
    if agent.of_call(call.id) or not agent.claim(user, call.id):
        return False
    offer(user, call)
    jobs.enqueue("call_center.fetch", {"call": call.id}, key=f"call_center.fetch:{call.id}", priority=10)
    return True


def claimed(call: Call) -> Phone | None:
    """The phone that a waiting caller was already promised, None when there is no such."""
    row = next((row for row in agent.of_call(call.id) if row.state == "ringing"), None)
    return Phone(row.user, (row.phone or "") if row.device == "phone" else "") if row else None


def place_in_line(call: Call) -> int:
    """How many wait in the same queue for as long or longer, this caller among them."""
    ahead = Call.select().where(
        Call.status.in_(WAITING), Call.queue == call.queue, Call.started_at <= call.started_at
    )
    return max(1, int(ahead.count()))


def greeted(thread: str, before: datetime) -> bool:
    """Whether the caller has heard the greeting: an earlier answer to them was given."""
    return (
        call_event.CallEvent.select()
        .where(
            call_event.CallEvent.thread == thread,
            call_event.CallEvent.answer.is_null(False),
            call_event.CallEvent.received_at < before,
        )
        .exists()
    )
