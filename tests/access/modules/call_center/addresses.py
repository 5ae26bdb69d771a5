"""The call center's addresses: one row for each and every method that it knows."""

from __future__ import annotations

from tests.access.modules.module import Row

_SIGNED = ("inbound", "after_dial", "waiting_room", "queue_left", "connect", "outbound", "accept", "accepted", "announce",
           "join", "after_message", "fallback", "status", "recording", "conference", "text_inbound", "text_status")  # fmt: skip
"""What the provider asks and tells."""

ADDRESSES: dict[str, Row] = {
    **{f"POST provider.{name}": Row("signed") for name in _SIGNED},
    "GET texts.write": Row("page", "entity", "create", only="text_message"),
    "POST texts.write": Row(
        "page", "entity", "create", 302, True, only="text_message", form={"to": "+842471000000", "body": "x"}
    ),
    "GET texts.toast": Row("page", "record", only="text_message"),
    "GET call_setup.index": Row("administrators"),
    "GET call_setup.standing": Row("administrators"),
    "POST call_setup.look": Row("administrators", ok=302, writes=True),
    "POST call_setup.mend": Row("administrators", ok=302, writes=True, form={"place": "everything"}),
}
