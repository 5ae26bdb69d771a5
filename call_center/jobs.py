"""What has to be asked of the provider, and what is looked after from time to time. Webhooks and pages write these
jobs in their own transaction; nobody waits for the provider."""

from __future__ import annotations

from datetime import timedelta

from call_center import call_log, gateway, routing
from call_center.models import agent
from call_center.models.agent import Agent
from call_center.models.call import Call
from call_center.models.call_leg import CallLeg
from call_center.models.phone_line import for_outbound
from call_center.models.queue import Queue
from call_center.models.recording import Recording
from call_center.provider_error import Refused
from call_center.twiml import Doors
from crm_admin import clock, jobs
from crm_admin.db import database
from crm_admin.jobs import Running, handler

MEETING_TRIES = 20
MEETING_EVERY_S = 0.3
DIALLED_WITHIN_S = 120
STALE_RING_S = 90

URGENT = 10
"""Priority of what somebody on the telephone waits for."""


# ── callers who wait ────────────────────────────────────────────────────────────────────────────────
@handler("call_center.fetch", attempts=3, backoff_s=1.0)
def fetch(job: Running) -> dict[str, bool]:
    """Take a waiting caller out of the waiting room, to the agent who was claimed for them."""
    call = _call(job)
    if routing.claimed(call) is None or not call.provider_sid:
        return {"fetched": False}
    return {"fetched": _gate().redirect_call(call.provider_sid, _doors(call)("voice/connect"))}


# ── calling out ─────────────────────────────────────────────────────────────────────────────────────
@handler("call_center.dial", attempts=3, backoff_s=2.0)
def dial(job: Running) -> dict[str, str]:
    """Ring the agent's telephone for a call that was asked for; the customer is rung when it is up.

    Tried again after an unknown outcome it looks for the call first: nobody is rung twice for one call.
    """
    call = _call(job)
    row = agent.of(call.agent) if call.agent is not None else None
    line = for_outbound()
    if call.status != "requested" or row is None or not row.phone or line is None:
        _give_up(call)
        raise jobs.Refused("the call is not to be made any more")
    before = call.dialled_at
    Call.update(dialled_at=before or clock.now()).where(Call.id == call.id).execute()
    doors = _doors(call)
    # Other calls to the same telephone are not this one, however lately they were made.
    known = [
        leg.sid
        for leg in CallLeg.select(CallLeg.sid)
        .where(CallLeg.user == row.user)
        .order_by(CallLeg.id.desc())
        .limit(50)
    ]
    try:
        sid = _gate().create_call(
            to=row.phone,
            caller=line.number_e164,
            url=doors("voice/outbound", row.user),
            status_callback=doors("voice/status", row.user),
            attempted_at=before,
            known=known,
        )
    except Refused as error:
        _give_up(call)
        raise jobs.Refused(str(error)) from error
    return {"sid": sid}


def _give_up(call: Call) -> None:
    """A call that was asked for and is not made: it says so, and the agent is free."""
    with database.atomic():
        call_log.cancel(call)
        for row in Agent.select().where(Agent.call == call.id):
            routing.free(row.user)


# ── in a call ───────────────────────────────────────────────────────────────────────────────────────
@handler("call_center.hold", attempts=2, backoff_s=1.0)
def hold(job: Running) -> dict[str, bool]:
    """Let the customer wait with music. The first time, both are taken into a conference of their own."""
    return _meet(job, on=True)


@handler("call_center.resume", attempts=2, backoff_s=1.0)
def resume(job: Running) -> dict[str, bool]:
    """Talk to the customer again."""
    return _meet(job, on=False)


def _meet(job: Running, *, on: bool) -> dict[str, bool]:
    call = _call(job)
    customer, agents = _legs(call)
    if customer is None or agents is None:
        return {"done": False}
    gate = _gate()
    if call.room is None:
        if not on:
            return {"done": False}
        Call.update(room=call.uid).where(Call.id == call.id).execute()
        # The agent's leg goes first; the customer's, left alone, asks what follows and is sent after it.
        mover = agents if call.direction == "inbound" else customer
        sid = mover.sid
        user = agents.user if mover is agents else None
        if not gate.redirect_call(sid, _doors(call)("voice/join", user)):
            return {"done": False}
    room = gate.conference_named(call.room or call.uid)
    present = {p.call_sid for p in gate.participants(room)} if room else set()
    if room is None or customer.sid not in present:
        tries = int(job.payload.get("tries", 0)) + 1
        if tries > MEETING_TRIES:
            raise jobs.Refused("the customer did not come into the conference")
        later = clock.now() + timedelta(seconds=MEETING_EVERY_S)
        jobs.enqueue(job.name, {**job.payload, "tries": tries}, run_at=later, priority=URGENT)
        return {"done": False}
    music = f"{gate.public_url}/call-center/static/sounds/waiting.wav"
    done = gate.hold(room, customer.sid, on, music)
    with database.atomic():
        Call.update(held=on and done).where(Call.id == call.id).execute()
        call_log.announce(Call.get_by_id(call.id))
    return {"done": done}


def _legs(call: Call) -> tuple[CallLeg | None, CallLeg | None]:
    """The customer's leg and that of the agent they talk to; None for one that is not up."""
    up = list(
        CallLeg.select()
        .where(CallLeg.call == call.id, CallLeg.status.not_in(("completed", "busy", "no-answer", "failed")))
        .where(CallLeg.status != "canceled")
        .order_by(CallLeg.id.desc())
    )
    customer = next((leg for leg in up if leg.role == "customer"), None)
    return customer, next((leg for leg in up if leg.role == "agent"), None)


@handler("call_center.hang_up", attempts=3, backoff_s=1.0)
def hang_up(job: Running) -> dict[str, bool]:
    """End the call on every leg."""
    call = _call(job)
    return {"done": bool(call.provider_sid) and _gate().end_call(call.provider_sid)}


@handler("call_center.recording_pause", attempts=2, backoff_s=1.0)
def pause(job: Running) -> dict[str, bool]:
    """Record silence, while the customer says what must not be kept."""
    return _recording(job, pause=True)


@handler("call_center.recording_resume", attempts=2, backoff_s=1.0)
def record_on(job: Running) -> dict[str, bool]:
    """Record again."""
    return _recording(job, pause=False)


def _recording(job: Running, *, pause: bool) -> dict[str, bool]:
    call = _call(job)
    running = list(Recording.select().where(Recording.call == call.id, Recording.state == "in_progress"))
    gate, done = _gate(), False
    for row in running:
        act = gate.pause_recording if pause else gate.resume_recording
        done = act(row.leg_sid, row.sid) or done
    with database.atomic():
        Call.update(recording_paused=pause and done).where(Call.id == call.id).execute()
        call_log.announce(Call.get_by_id(call.id))
    return {"done": done}


# ── looking after ───────────────────────────────────────────────────────────────────────────────────
@handler("call_center.look_after")
def look_after(job: Running) -> dict[str, int]:
    """Free people whose time to wrap up is over, whose browser is gone, or whose call never came."""
    done = {"wrapped_up": 0, "gone": 0, "stuck": 0, "cancelled": 0}
    for row in list(Agent.select().where(Agent.state.in_(("available", "ringing", "wrap_up")))):
        call = Call.get_or_none(Call.id == row.call) if row.call is not None else None
        queue = routing.queue_of(call) if call is not None else None
        if row.state == "wrap_up" and clock.ago(seconds=_wrap_up_s(queue)) > row.since:
            routing.free(row.user)
            done["wrapped_up"] += 1
        elif row.state == "available" and row.device == "browser" and not _is_alive(row):
            agent.become(row.user, "not_responding", "the browser is gone")
            done["gone"] += 1
        elif row.state == "ringing" and (call is None or not call.is_live or _is_stuck(row)):
            routing.free(row.user)
            done["stuck"] += 1
    never = Call.select().where(
        Call.status == "requested", Call.created_at < clock.ago(seconds=DIALLED_WITHIN_S)
    )
    for call in list(never.limit(100)):
        _give_up(call)
        done["cancelled"] += 1
    return done


def _wrap_up_s(queue: Queue | None) -> int:
    return int(queue.wrap_up_s) if queue is not None else 60


def _is_alive(row: Agent) -> bool:
    return row.seen_at is not None and row.seen_at > clock.ago(seconds=agent.HEARTBEAT_S)


def _is_stuck(row: Agent) -> bool:
    return bool(row.since < clock.ago(seconds=STALE_RING_S))


# ── parts ───────────────────────────────────────────────────────────────────────────────────────────
def _call(job: Running) -> Call:
    """The call of a job. Raises Refused when it is gone."""
    call = Call.get_or_none(Call.id == job.payload.get("call"), Call.deleted_at.is_null())
    if call is None:
        raise jobs.Refused("the call is gone")
    return call


def _gate() -> gateway.Gateway:
    return gateway.current()


def _doors(call: Call) -> Doors:
    return Doors(_gate().public_url, call.thread or call.uid)


jobs.every("call_center.look_after", seconds=15)
