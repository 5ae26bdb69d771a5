"""Redirect, Reject, Hangup, Leave, Refer: verbs that only lead elsewhere."""

from __future__ import annotations

from call_center.carrier.leg import Document
from call_center.carrier.run import HangUp, LeaveQueue, Run
from call_center.carrier.twiml import Element


async def redirect(run: Run, element: Element) -> Document:
    """Go on with another document."""
    return Document(url=run.here_or(element.text), method=element.method(), kind="redirect")


async def reject(run: Run, element: Element) -> None:
    """Refuse a call that was not answered yet, at no cost; after the answer it is a hang-up."""
    run.network.end(run.leg, "busy" if element.get("reason") == "busy" else "no-answer")
    raise HangUp


async def hang_up(run: Run, element: Element) -> None:
    """End the call."""
    run.network.pick_up(run.leg)
    raise HangUp


async def leave(run: Run, element: Element) -> None:
    """Out of the queue, on with the verb after Enqueue."""
    raise LeaveQueue


async def refer(run: Run, element: Element) -> None:
    """A SIP transfer: this exchange speaks no SIP."""
    run.network.alert(13247, "Refer is only possible for SIP calls", run.base, run.leg.sid)
    raise HangUp
