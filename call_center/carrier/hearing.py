"""What a party hears: those it is joined with, or a prompt. A scripted party speaks when somebody real listens."""

from __future__ import annotations

from call_center.carrier.endpoint import MediaPort, Prompt
from call_center.carrier.leg import Leg
from call_center.carrier.script import ScriptedParty


def join(leg: Leg, others: list[Leg]) -> None:
    """From now on the party of the leg hears these parties."""
    real = [other.port for other in others if other.port is not None]
    if (port := leg.port) is not None:
        voices = [voice(other) for other in others if other.port is None]
        port.hush()
        port.hear([*real, *(each for each in voices if each is not None)])
    elif (own := voice(leg) if real else recordable(leg)) is not None:
        own.hear(real)


def voice(leg: Leg) -> MediaPort | None:
    """The audio of a party; of a scripted one a made-up voice, which somebody real hears or records."""
    if leg.port is None and leg.is_answered and isinstance(leg.endpoint, ScriptedParty):
        return leg.endpoint.voice(leg)
    return leg.port


def recordable(leg: Leg) -> MediaPort | None:
    """The audio of a party that has sound: a real one, or a scripted one that talks with somebody real."""
    return leg.endpoint.made_up if isinstance(leg.endpoint, ScriptedParty) else leg.port


def play(leg: Leg, prompt: Prompt) -> None:
    """Play something to the party, if it has ears."""
    if (port := leg.port) is not None:
        port.play(prompt)


def hush(leg: Leg) -> None:
    """End what is played to the party."""
    if (port := leg.port) is not None:
        port.hush()
