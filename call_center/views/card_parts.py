"""What other modules have to show on the card of a call: the next visit, a delivery on its way."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from call_center.models.call import Call
from crm_admin.kinds import Reader
from crm_admin.policy import Actor
from crm_admin.registry import Record

Part = Callable[[Actor, Call, Record, Reader], Markup | None]

_parts: list[Part] = []


def offer(give: Part) -> None:
    """Have `give(actor, call, customer, reader)` add to the card of every call whose customer is known.

    It runs while the phone rings: one query, no waiting. None shows nothing.
    """
    if give not in _parts:
        _parts.append(give)


def of(actor: Actor, call: Call, customer: Record, reader: Reader) -> list[Markup]:
    """What there is to show, in the order in which it was offered."""
    made = (give(actor, call, customer, reader) for give in _parts)
    return [part for part in made if part]
