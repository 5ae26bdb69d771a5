"""The call center's guards that are no question to the judge: file, function, text that stands there once, text
without it."""

from __future__ import annotations

GUARDS: tuple[tuple[str, str, str, str], ...] = (
    (
        "call_center/views/setup_page.py",
        "for_administrators",
        "if not actor().is_administrator:",
        "if False:",
    ),
)
