"""Enqueue: the waiting room."""

from __future__ import annotations

import asyncio

from call_center.carrier import hearing
from call_center.carrier.endpoint import MUSIC
from call_center.carrier.leg import Document
from call_center.carrier.parameters import Fields
from call_center.carrier.run import WAIT_VERBS, Broken, HangUp, LeaveQueue, Run
from call_center.carrier.twiml import Element
from call_center.carrier.waiting_queue import Member

LONGEST_NAME = 64


async def enqueue(run: Run, element: Element) -> Document | None:
    """Wait in a queue until somebody takes the caller, it leaves, or it is sent elsewhere."""
    network, leg = run.network, run.leg
    network.pick_up(leg)
    name = element.text
    if not name or len(name) > LONGEST_NAME:
        network.alert(13233, "Enqueue: the name of the queue has 1 to 64 letters", run.base, leg.sid)
        return run.action(element, [("QueueResult", "error"), ("QueueTime", "0")])
    queue = network.open_queue(name, element.integer("maxQueueSize", 1000))
    if len(queue.members) >= queue.max_size:
        fields: Fields = [("QueueResult", "queue-full"), ("QueueSid", queue.sid), ("QueueTime", "0")]
        return run.action(element, fields)
    action, method = run.url(element.get("action")), element.method()
    member = queue.enter(leg, lambda fields: run.executor.farewell(action, method, fields))
    waiting = asyncio.get_running_loop().create_task(_wait(run, element, member))
    try:
        result = await member.done
    finally:
        waiting.cancel()
        hearing.hush(leg)
    if leg.place is member:
        leg.place = None
    if result == "hangup":
        member.farewell(member.result("hangup"))
        raise HangUp
    return run.action(element, member.result(result))


async def _wait(run: Run, element: Element, member: Member) -> None:
    """The document of the waiting room, again and again."""
    url = run.url(element.get("waitUrl"))
    if not url:
        hearing.play(run.leg, MUSIC)
        return
    clock, queue = run.network.clock, member.queue
    try:
        while member in queue.members:
            started = clock.now()
            fields = (
                ("QueueSid", queue.sid),
                ("QueuePosition", str(queue.members.index(member) + 1)),
                ("QueueTime", str(member.waited)),
                ("AvgQueueTime", str(queue.average_wait)),
                ("CurrentQueueSize", str(len(queue.members))),
                ("MaxQueueSize", str(queue.max_size)),
            )
            method = element.method("waitUrlMethod")
            await run.executor.perform(
                Document(url=url, method=method, kind="wait", parameters=fields), WAIT_VERBS
            )
            # A document that takes no time would be asked for without end.
            await clock.sleep(max(0.0, 1.0 - (clock.now() - started)))
    except LeaveQueue:
        member.finish("leave")
    except HangUp:
        member.finish("hangup")
    except Broken:
        member.finish("system-error")
