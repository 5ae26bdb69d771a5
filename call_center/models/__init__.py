"""Everything the call center remembers: calls and their legs, what the provider said, people at the phones, numbers."""

from __future__ import annotations

from importlib import import_module

ENTITIES = ("queue", "phone_line", "opening_hours", "holiday", "calling_rule", "call", "text_message")
"""The nouns that people see, in the order in which entities are listed."""


def load() -> None:
    """Define the entities of this module; a second call changes nothing."""
    for name in ENTITIES:
        import_module(f"call_center.models.{name}")
