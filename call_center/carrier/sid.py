"""Identifiers in Twilio's form: two letters that name the kind, 32 hexadecimal digits."""

from __future__ import annotations

import random
import re

SID = re.compile(r"^[A-Z]{2}[0-9a-fA-F]{32}$")


class SidSource:
    """Makes identifiers; the same seed makes the same ones in the same order."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(f"sid-{seed}")  # noqa: S311 - identifiers of a simulator guard nothing

    def new(self, prefix: str) -> str:
        """A new identifier, as `CA0123…`."""
        return f"{prefix}{self._random.getrandbits(128):032x}"
