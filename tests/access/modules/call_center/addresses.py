"""The call center's addresses: one row for each and every method that it knows."""

from __future__ import annotations

from tests.access.modules.module import Row

_SIGNED = ("inbound", "after_dial", "waiting_room", "queue_left", "connect", "outbound", "accept", "accepted", "announce",
           "join", "after_message", "fallback", "status", "recording", "conference")  # fmt: skip
"""What the provider asks and tells."""

ADDRESSES: dict[str, Row] = {
    **{f"POST provider.{name}": Row("signed") for name in _SIGNED},
    "GET call_setup.index": Row("administrators"),
    "GET call_setup.standing": Row("administrators"),
    "POST call_setup.look": Row("administrators", ok=302, writes=True),
    "POST call_setup.mend": Row("administrators", ok=302, writes=True, form={"place": "everything"}),
}
