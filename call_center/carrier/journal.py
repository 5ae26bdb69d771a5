"""Everything the carrier sent and received, in order, for people who look for a mistake and tests that count."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Entry:
    """One request, one attempt; or something that went wrong in a document (`direction` alert)."""

    direction: str  # sent, received, alert
    kind: (
        str  # voice, status, action, wait, conference, recording, amd, transcription, message, rest, twiml …
    )
    at: float = 0.0  # virtual seconds since 1970
    number: int = 0
    event: str = ""  # completed, participant-join …
    method: str = ""
    url: str = ""
    call: str = ""  # sid of the call, conference, recording or message it is about
    params: list[tuple[str, str]] = field(default_factory=list)
    signature: str = ""
    token: str = ""  # I-Twilio-Idempotency-Token
    attempt: int = 1
    status: int = 0  # of the answer; 0: none
    error: str = ""  # 11200 …, with what happened
    latency_ms: float = 0.0
    body: str = ""  # of the answer
    faults: list[str] = field(default_factory=list)  # which were done to it

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Journal:
    """The last `limit` entries; older ones are forgotten, their number is not."""

    def __init__(self, limit: int = 100_000) -> None:
        self._entries: deque[Entry] = deque(maxlen=limit)
        self._numbers = itertools.count(1)

    def add(self, entry: Entry) -> Entry:
        entry.number = next(self._numbers)
        self._entries.append(entry)
        return entry

    def clear(self) -> None:
        self._entries.clear()

    def find(self, since: int = 0, **wanted: str) -> Iterator[Entry]:
        """Entries after number `since` whose fields equal all that is wanted (a url: is contained)."""
        for entry in self._entries:
            if entry.number > since and all(_fits(entry, name, value) for name, value in wanted.items()):
                yield entry

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def _fits(entry: Entry, name: str, value: str) -> bool:
    if name == "url":
        return value in entry.url
    return str(getattr(entry, name)) == value
