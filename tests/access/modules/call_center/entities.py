"""The call center's entities."""

from __future__ import annotations

from tests.access.modules.module import Noun

_HOURS = {"queue": "{queue}", "weekday": "1", "opens": "08:00", "closes": "12:00"}

ENTITIES: dict[str, Noun] = {
    "queue": Noun("setup", "shared"),
    "phone_line": Noun("setup", "shared", new={"name": "New", "number": "+84 24 7100 0000"}),
    "opening_hours": Noun("setup", "shared", title="opens", changed="07:00", new=_HOURS, placed=_HOURS),
    "holiday": Noun("setup", "shared", new={"name": "New", "day": "2026-09-02"}, placed={"day": "2026-09-02"}),
    "calling_rule": Noun("setup", "shared", title="announcement", new={"country": "CH"},
                         placed={"country": {"shared": "VN", "binned": "CN"}}),
    "call": Noun("activity", "owned", creatable=False, title="note", placed={"account": "{account}"},
                 internal={"status": "talking"}),
    "text_message": Noun("activity", "owned", creatable=False, title="handled", changed=True,
                         placed={"account": "{account}"}),
}  # fmt: skip
