"""Which tests watch over which of the call center's guards, cheapest first."""

from __future__ import annotations

WATCH: dict[str, tuple[str, ...]] = {
    "call_center/views/setup_page.py:": ("cells call_setup.",),
    "call_center/views/text_page.py:": ("cells texts.", "offers viewer", "canary rep /call-center/texts/"),
    "call_center/texting.py:": ("cells texts.",),
    "call_center/matching.py:": ("change a_caller_is_known_to_who_may_see_them",),
}
