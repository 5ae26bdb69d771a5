"""What a browser sent over a WebSocket: JSON that nobody has checked."""

from __future__ import annotations

import json

_GREATEST = 1e9


def parse(text: str) -> Payload:
    """The object in a message. Raises ValueError for what is no JSON."""
    try:
        return Payload(json.loads(text))
    except RecursionError as deep:
        raise ValueError("nested too deep") from deep


class Payload:
    """A JSON object of which every part may be missing or of another type."""

    def __init__(self, values: object) -> None:
        self._values = values if isinstance(values, dict) else {}

    def text(self, name: str) -> str:
        """A string; empty when there is none."""
        value = self._values.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> float:
        """A number of ordinary size; 0 when there is none."""
        value = self._values.get(name)
        return float(value) if isinstance(value, (int, float)) and abs(value) <= _GREATEST else 0.0

    def flag(self, name: str) -> bool:
        """Whether it is true."""
        return self._values.get(name) is True

    def part(self, name: str) -> Payload:
        """What is nested under a name."""
        return Payload(self._values.get(name))
