"""What stands in the world of the access tests beside the call center's records: people at phones, and recordings."""

from __future__ import annotations

from typing import Any

from call_center.models.agent import Agent
from call_center.models.recording import Recording
from crm_admin import clock

AT_PHONES = ("admin", "supervisor", "agent", "office", "rep")


def furnish(world: Any) -> None:
    """Everybody who may has a telephone, and is away from it; every call has a recording with the call's own number."""
    for person in AT_PHONES:
        Agent.insert(
            user=world.users[person], state="away", since=clock.now(), device="phone", phone="+84912000111"
        ).execute()
    for station, number in world.ids["call"].items():
        if station != "missing":
            Recording.insert(
                id=number,
                call=number,
                sid=f"RE{number:032x}",
                leg_sid=f"CA{number:032x}",
                kind="call",
                state="stored",
                content_type="audio/wav",
                sha256=world.file,
            ).execute()
