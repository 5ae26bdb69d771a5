"""Parties that need no person: what they do when the phone rings, by the number that is called."""

from __future__ import annotations

import fnmatch
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from call_center.carrier import sound
from call_center.carrier.audio import AbsentPort
from call_center.carrier.endpoint import MediaPort
from call_center.carrier.leg import Leg
from call_center.carrier.virtual_clock import Timer

if TYPE_CHECKING:
    from call_center.carrier.network import Network

OUTCOMES = frozenset({"answer", "busy", "no-answer", "rejected", "failed", "error"})
MACHINES = frozenset({"human", "fax", "unknown", "machine_start"})


@dataclass(frozen=True)
class Script:
    """What a party does. Times are virtual seconds; a pair is least and most, evenly distributed."""

    outcome: str = "answer"
    ring: tuple[float, float] = (3.0, 3.0)  # until it answers or refuses
    talk: tuple[float, float] = (120.0, 120.0)  # from its answer until it hangs up; (0, 0): never
    patience: float = 0.0  # a caller's: hangs up this long after it began, unless talking; 0: waits for ever
    press: tuple[tuple[float, str], ...] = ()  # (seconds after the answer, keys)
    speak: tuple[tuple[float, str, float], ...] = ()  # (seconds after the answer, text, confidence)
    answered_by: str = "human"  # for machine detection
    error: int = 21211  # of outcome `error`: the REST API refuses the number with this code

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Script:
        """From JSON: a time may be a number or a pair. Raises ValueError that names the key."""
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"script: unknown {', '.join(sorted(unknown))}")
        given: dict[str, Any] = dict(values)
        if given.get("outcome", "answer") not in OUTCOMES:
            raise ValueError(f"outcome: one of {', '.join(sorted(OUTCOMES))}")
        if given.get("answered_by", "human") not in MACHINES:
            raise ValueError(f"answered_by: one of {', '.join(sorted(MACHINES))}")
        for name in ("ring", "talk"):
            if name in given:
                given[name] = _pair(name, given[name])
        try:
            if "press" in given:
                given["press"] = tuple((float(after), str(keys)) for after, keys in given["press"])
            if "speak" in given:
                given["speak"] = tuple((float(s[0]), str(s[1]), float((*s, 0.9)[2])) for s in given["speak"])
            given |= {name: float(given[name]) for name in ("patience",) if name in given}
            given |= {name: int(given[name]) for name in ("error",) if name in given}
        except (TypeError, ValueError, IndexError) as error:
            raise ValueError(f"script: {error}") from None
        return cls(**given)


def _pair(name: str, value: Any) -> tuple[float, float]:
    try:
        least, most = value if isinstance(value, list | tuple) else (value, value)
        return float(least), float(most)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: a number of seconds, or a pair of least and most") from None


# What happens to calls that nobody made a rule for: the ends of numbers decide, so a test reads like a story.
DEFAULTS = (
    ("*55500", Script(ring=(1, 1))),
    ("*55501", Script("busy", ring=(1, 1))),
    ("*55502", Script("no-answer")),
    ("*55503", Script("failed")),
    ("*55504", Script(ring=(1, 1), answered_by="machine_start")),
    ("*55505", Script("error", error=21211)),
    ("client:*", Script("failed")),  # no browser phone registered under this name
    ("*", Script(ring=(2, 6), talk=(20, 90))),
)


@dataclass(frozen=True)
class Policy:
    """Called numbers like the pattern (`+8490*`, `client:anna`) follow one of the scripts, by their weights."""

    pattern: str
    mix: tuple[tuple[float, Script], ...]

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Policy:
        """From JSON, with `script`, or with `mix`: pairs of weight and script. Raises ValueError that names the key."""
        pattern = str(values["pattern"])
        if "mix" not in values:
            return cls(pattern, ((1.0, Script.of(values.get("script", {}))),))
        try:
            mix = tuple((float(weight), Script.of(script)) for weight, script in values["mix"])
        except TypeError:
            raise ValueError("mix: pairs of weight and script") from None
        if not mix or any(weight <= 0 or script.outcome == "error" for weight, script in mix):
            raise ValueError("mix: weights above 0, and no script with outcome error")
        return cls(pattern, mix)


class PolicyBook:
    """The rules for called numbers: the newest one that fits counts."""

    def __init__(self, chance: random.Random) -> None:
        self.rules: list[Policy] = []
        self._chance = chance

    def set(self, pattern: str, script: Script) -> None:
        """Numbers like this follow this script."""
        self.add(Policy(pattern, ((1.0, script),)))

    def add(self, policy: Policy) -> None:
        """Add a rule, in place of one with the same pattern."""
        self.remove(policy.pattern)
        self.rules.insert(0, policy)

    def remove(self, pattern: str) -> None:
        self.rules = [rule for rule in self.rules if rule.pattern != pattern]

    def given(self, number: str) -> Script | None:
        """The script of a rule somebody made."""
        rule = next((rule for rule in self.rules if fnmatch.fnmatchcase(number, rule.pattern)), None)
        if rule is None:
            return None
        if len(rule.mix) == 1:
            return rule.mix[0][1]
        return self._chance.choices([s for _, s in rule.mix], [weight for weight, _ in rule.mix])[0]

    def of(self, number: str) -> Script:
        """The script for this number."""
        given = self.given(number)
        if given is not None:
            return given
        return next(script for pattern, script in DEFAULTS if fnmatch.fnmatchcase(number, pattern))


@dataclass
class ScriptedParty:
    """An endpoint that follows a script: one object per call."""

    network: Network
    script: Script
    heard: str = ""  # keys that the other side sent
    _timers: list[Timer] = field(default_factory=list)
    made_up: AbsentPort | None = None  # its voice, since somebody real listened

    def ring(self, leg: Leg) -> None:
        script = self.script
        seconds = self._within(script.ring)
        if script.outcome == "answer":
            self._after(seconds, lambda: self._answer(leg))
        elif script.outcome in {"busy", "rejected"}:
            self._after(seconds, lambda: self.network.rejected(leg, "busy"))

    def call(self, leg: Leg) -> None:
        """As the caller: what it does from the moment it has dialled."""
        if self.script.patience:
            self._after(self.script.patience, lambda: self._lose_patience(leg))

    def cancel(self, leg: Leg, reason: str) -> None:
        self._stop()

    def connected(self, leg: Leg) -> None:
        self._act(leg)

    def ended(self, leg: Leg, reason: str) -> None:
        self._stop()
        if self.made_up is not None:
            self.made_up.close()

    def served(self, leg: Leg) -> None:
        """Somebody talks with the party now."""

    def media(self, leg: Leg) -> MediaPort | None:
        return None

    def voice(self, leg: Leg) -> MediaPort:
        """What it says, for as long as somebody real listens: talk without words, in a voice of its own."""
        if self.made_up is None:
            self.made_up = AbsentPort(sound.murmur(leg.from_ if leg.direction == "inbound" else leg.to))
        return self.made_up

    def dtmf(self, leg: Leg, digits: str) -> None:
        self.heard += digits

    def _answer(self, leg: Leg) -> None:
        self.network.answered(leg, self)
        self._act(leg)

    def _act(self, leg: Leg) -> None:
        """Keys, words and the end, counted from the answer."""
        for after, keys in self.script.press:
            for position, key in enumerate(keys):
                self._after(after + position * 0.1, lambda key=key: self.network.pressed(leg, key))
        for after, text, confidence in self.script.speak:
            self._after(after, lambda t=text, c=confidence: self.network.spoke(leg, t, c))
        if self.script.talk[1]:
            self._after(self._within(self.script.talk), lambda: self.network.hung_up(leg))

    def _lose_patience(self, leg: Leg) -> None:
        if not self.network.in_conversation(leg):
            self.network.hung_up(leg)

    def _within(self, pair: tuple[float, float]) -> float:
        return pair[0] if pair[0] == pair[1] else self.network.random.uniform(*pair)

    def _after(self, seconds: float, callback: Any) -> None:
        self._timers.append(self.network.clock.call_later(seconds, callback))

    def _stop(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
