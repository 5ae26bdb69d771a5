"""Which tests watch over which of the call center's guards, cheapest first."""

from __future__ import annotations

WATCH: dict[str, tuple[str, ...]] = {}
