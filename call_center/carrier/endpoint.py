"""What stands at the end of a line: a scripted customer, a browser phone, a person on the carrier's page.

The exchange (`network.Network`) calls an endpoint; an endpoint reports back by `network.answered(leg)`,
`network.rejected(leg, cause)`, `network.hung_up(leg)` and `network.pressed(leg, digits)`. All of it happens on the one
event loop of the carrier, so nothing here may block and nothing needs a lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from call_center.carrier.leg import Leg

SAMPLE_RATE = 8000  # samples a second of every piece of audio: 16 bit, mono, signed, little endian

ANYBODY = "+"
"""Registered under this, an endpoint is rung for every number that nobody else answers."""

# Why a party does not take a call, in the words of the call's status.
Cause = Literal["busy", "rejected", "no-answer", "failed"]


@dataclass(frozen=True)
class Prompt:
    """A sound the carrier plays into one leg: a spoken text, a file of audio, a tone or music on hold."""

    kind: Literal["say", "play", "tone", "music"]
    seconds: float  # how long it lasts
    text: str = ""  # what is said; the URL of what is played
    language: str = "en-US"
    samples: bytes = b""  # of a played file; empty: the port makes its own sound


RINGBACK = "ringback"
"""Text of the tone that a caller hears while the other side rings; any other tone is a beep."""

RINGING = Prompt("tone", 600.0, RINGBACK)
MUSIC = Prompt("music", 3600.0)


class Tape(Protocol):
    """Where the sound of a leg is written while it is recorded."""

    def write(self, said: bytes, heard: bytes) -> None:
        """Append samples (`SAMPLE_RATE`, 16 bit mono), equally long: what the party said, and what it heard."""


class MediaPort(Protocol):
    """The audio of one leg. A leg without a port is virtual: its talk has a length and no sound."""

    def hear(self, sources: Sequence[MediaPort]) -> None:
        """From now on this party hears the mix of these parties, and no others; empty: silence.

        The exchange calls this for every change of a bridge or conference: mute, hold and coaching are only a
        matter of who hears whom.
        """

    def play(self, prompt: Prompt) -> None:
        """Start a prompt for this party alone, in place of one that still plays."""

    def hush(self) -> None:
        """End the prompt that plays, if any."""

    def record(self, tape: Tape) -> None:
        """Write all that is said and heard to the tape from now on, too."""

    def stop_recording(self, tape: Tape) -> None:
        """Write no more to this tape."""


class Endpoint(Protocol):
    """A party that can be rung, or that placed the call itself."""

    def ring(self, leg: Leg) -> None:
        """A call for you: `leg.from_`, `leg.to`, `leg.parameters` (custom parameters of `<Client>`)."""

    def cancel(self, leg: Leg, reason: str) -> None:
        """Stop ringing: the caller gave up, the time is over, or another device of yours took the call."""

    def connected(self, leg: Leg) -> None:
        """The call that this endpoint placed was answered by the exchange."""

    def ended(self, leg: Leg, reason: str) -> None:
        """An answered or placed call is over; `reason` is its last status (completed, busy, failed …)."""

    def media(self, leg: Leg) -> MediaPort | None:
        """The audio of this leg, from the answer on; None for a virtual party."""

    def dtmf(self, leg: Leg, digits: str) -> None:
        """The other side, or `sendDigits`, sends keys into this leg."""
