"""What a party keys and says, kept until a verb asks for it."""

from __future__ import annotations

import asyncio


class Input:
    """Keys and sentences of one leg. Only one verb listens at a time; what nobody asks for is forgotten."""

    __slots__ = ("_waiter", "confidence", "keys", "speech")

    def __init__(self) -> None:
        self.keys = ""
        self.speech = ""
        self.confidence = 0.0
        self._waiter: asyncio.Future[object] | None = None

    def clear(self) -> None:
        """Forget what came before now."""
        self.keys = ""
        self.speech = ""

    def press(self, digits: str) -> None:
        self.keys += digits
        self._wake()

    def say(self, text: str, confidence: float) -> None:
        self.speech = f"{self.speech} {text}".strip()
        self.confidence = confidence
        self._wake()

    def take(self) -> str:
        """All keys pressed so far, once."""
        keys, self.keys = self.keys, ""
        return keys

    def next(self) -> asyncio.Future[object]:
        """Done with the next key or sentence."""
        if self._waiter is None or self._waiter.done():
            self._waiter = asyncio.get_running_loop().create_future()
        return self._waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
