"""Dial Queue: the first caller of a queue."""

from __future__ import annotations

from call_center.carrier.leg import Document
from call_center.carrier.meeting import Meeting
from call_center.carrier.run import Run
from call_center.carrier.twiml import Element
from call_center.carrier.waiting_queue import Member, WaitingQueue


async def dial_queue(run: Run, dial: Element, noun: Element) -> Document | None:
    """Wait for the first in the queue, at most Dial's timeout, and talk with it."""
    network, leg = run.network, run.leg
    network.pick_up(leg)
    queue = network.queue(noun.text)
    if queue is None:
        network.alert(13234, f"Dial Queue: no queue {noun.text}", run.base, leg.sid)
        return run.action(dial, [("DialCallStatus", "failed"), ("QueueResult", "queue-not-found")])
    member = await _first(run, queue, dial.integer("timeout", 30))
    if member is None:
        return run.action(dial, [("DialCallStatus", "no-answer"), ("QueueSid", queue.sid)])
    queue.take(member, leg)
    action, method = run.url(dial.get("action")), dial.method()
    meeting = Meeting(network, leg, lambda fields: run.executor.farewell(action, method, fields), member)
    leg.place = meeting
    if await _prepare(run, noun, member):
        meeting.begin()
        await meeting.over
    leg.place = None
    return run.action(dial, meeting.result())


async def _first(run: Run, queue: WaitingQueue, timeout: float) -> Member | None:
    clock = run.network.clock
    expiry = clock.now() + timeout
    while not queue.members:
        if not await clock.wait({queue.next_arrival()}, expiry - clock.now()):
            return None
    return queue.members[0]


async def _prepare(run: Run, noun: Element, member: Member) -> bool:
    """What the caller hears before it is joined."""
    url = noun.get("url")
    if not url:
        return not member.leg.is_over
    fields = (
        ("QueueSid", member.queue.sid),
        ("QueueTime", str(member.waited)),
        ("DequeingCallSid", run.leg.sid),
    )
    document = Document(url=run.url(url), method=noun.method(), kind="whisper", parameters=fields)
    return await run.executor.of(member.leg).whisper(document)
