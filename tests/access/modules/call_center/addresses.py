"""The call center's addresses: one row for each and every method that it knows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.access.modules.module import Row, change, see

_SIGNED = ("inbound", "after_dial", "waiting_room", "queue_left", "connect", "outbound", "accept", "accepted", "announce",
           "join", "after_message", "fallback", "status", "recording", "conference", "text_inbound", "text_status")  # fmt: skip
"""What the provider asks and tells."""

_CALL: dict[str, Any] = {"only": "call", "values": {"key": "{record}"}}

_PHONE: dict[str, Any] = {"only": "call"}
"""Who may write down what was said may sit at a phone."""

_NUMBER = "+84 24 7100 0000"

_CLOSED: dict[str, Row] = {
    # the desk
    "GET desk.desk": see("entity", only="call"),
    "GET desk.calls": see("entity", ok=302, only="call"),
    "GET desk.lists": see("entity", only="call"),
    "GET desk.status": see("entity", only="call"),
    "POST desk.sign_on": change(
        "entity", "update", 200, form={"device": "phone", "phone": _NUMBER}, **_PHONE
    ),
    "POST desk.sign_off": change("entity", "update", 200, **_PHONE),
    "POST desk.state": change("entity", "update", 200, form={"state": "away", "reason": "lunch"}, **_PHONE),
    # Nobody wraps up here, and no browser of theirs is a phone.
    "POST desk.ready": see("entity", action="update", **_PHONE),
    "POST desk.more_time": see("entity", action="update", **_PHONE),
    "POST desk.beat": see("entity", action="update", form={"tab": "tab-of-the-tests"}, **_PHONE),
    "POST desk.lost": see("entity", action="update", form={"tab": "tab-of-the-tests"}, **_PHONE),
    "POST desk.token": see("entity", action="update", ok=409, **_PHONE),
    # a call at the desk; whose conversation it was is in test_call_rules.py
    "GET desk.card": see("record", **_CALL),
    "GET desk.recordings": see("record", **_CALL),
    "POST desk.control": change(
        "record", "delete", 202, whole=True, only="call", values={"key": "{record}", "verb": "hang-up"}
    ),
    "POST desk.write_note": change("record", "update", 200, form={"note": "changed"}, **_CALL),
    "POST desk.link": change("record", "update", 200, form={"entity": "contact", "id": "{contact}"}, **_CALL),
    "POST desk.unlink": change("record", "update", 200, **_CALL),
    "POST desk.create": change(
        "record", "update", 200, form={"entity": "contact", "family_name": "New"}, **_CALL
    ),
    "POST desk.follow_up": change("record", "update", 200, **_CALL),
    # text messages
    "GET texts.write": Row("page", "entity", "create", only="text_message"),
    "POST texts.write": Row(
        "page", "entity", "create", 302, True, only="text_message", form={"to": "+842471000000", "body": "x"}
    ),
    "GET texts.toast": Row("page", "record", only="text_message"),
}
"""Behind doors that tell nobody of them who may read no calls, or no text messages."""

ADDRESSES: dict[str, Row] = {
    **{address: replace(row, door="closed") for address, row in _CLOSED.items()},
    "GET desk.static": Row("open", ok=404, values={"filename": "none.css"}),
    # recordings have the numbers of their calls here
    "GET recordings.listen": see("record", only="call"),
    "POST recordings.delete": change("record", "delete", only="call"),
    # calling
    "POST dialling.dial": change("entity", "create", 202, only="call", form={"number": _NUMBER}),
    "POST api.call_out": Row("api", "entity", "create", 202, True, only="call", form={"to": _NUMBER}),
    # the provider
    **{f"POST provider.{name}": Row("signed") for name in _SIGNED},
    # set-up
    "GET call_setup.index": Row("administrators"),
    "GET call_setup.standing": Row("administrators"),
    "POST call_setup.look": Row("administrators", ok=302, writes=True),
    "POST call_setup.application": Row("administrators", ok=302, writes=True),
    "POST call_setup.mend": Row("administrators", ok=302, writes=True, form={"place": "everything"}),
}
