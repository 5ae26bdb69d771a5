"""What may go wrong on the way, on purpose: rules that pick requests, by a seed, and say what is done to them."""

from __future__ import annotations

import fnmatch
import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Done to requests that the carrier sends …
SENDING = frozenset(
    {
        "duplicate",  # copies, gap, same_token
        "reorder",  # window (later requests that go first), hold (longest wait)
        "completed-first",  # hold
        "delay",  # seconds, or mu and sigma of a log-normal
        "drop",
        "silence",  # this one and all later ones of the call
        "signature",  # how: wrong-token, stale-key, other-url, tampered, missing, sha256-without-header
        "parameters",  # add, rename, remove
        "clock-skew",  # seconds added to Timestamp
        "foreign-account",
        "replay",  # after: seconds; the same bytes, signature and token once more
        "unreachable",  # as if no connection came about: retried by the overrides
        "slow-reader",  # seconds between the head of the answer and its body
        "reset",  # the connection is cut when the head of the answer has come
        "ignore-answer",
    }
)
# … and to those it receives.
ANSWERING = frozenset(
    {
        "status",  # code (429, 500, 503 …), retry_after
        "html",  # code: an error page of a proxy in between
        "hang",  # seconds, when: before or after the effect
        "cut",  # the connection is cut; when: before or after the effect
        "not-found",  # of a recording's media (kind media)
    }
)


@dataclass
class Fault:
    """One rule. It strikes when the request fits, then by `nth` if given, else by `probability`."""

    name: str
    fault: str
    kind: str = "*"  # of the journal's kinds; patterns with * and ?
    event: str = "*"
    url: str = "*"
    call: str = "*"
    probability: float = 1.0
    nth: frozenset[int] = frozenset()  # counted from 1 among the requests that fit
    times: int = 0  # strikes at most so often; 0: without limit
    options: Mapping[str, Any] = field(default_factory=dict)
    fitted: int = 0
    struck: int = 0

    def fits(self, kind: str, event: str, url: str, call: str) -> bool:
        return all(
            pattern == "*" or fnmatch.fnmatchcase(value, pattern)
            for pattern, value in ((self.kind, kind), (self.event, event), (self.url, url), (self.call, call))
        )

    def number(self, option: str, default: float) -> float:
        return float(self.options.get(option, default))


class FaultBook:
    """The rules in force. The same seed and the same requests give the same faults."""

    def __init__(self, seed: int | str) -> None:
        self.random = random.Random(f"fault-{seed}")  # noqa: S311 - chance of a simulator
        self.rules: list[Fault] = []
        self._names = itertools.count(1)
        self._silent: set[str] = set()

    def add(self, rule: Mapping[str, Any]) -> Fault:
        """A rule from JSON: `{"fault": "duplicate", "kind": "status", "probability": 0.1, "copies": 2}`.

        Raises ValueError with the reason for what is no rule.
        """
        known = {"name", "fault", "kind", "event", "url", "call", "probability", "nth", "times"}
        what = rule.get("fault")
        if what not in SENDING | ANSWERING:
            raise ValueError(f"fault: unknown {what!r}")
        nth = rule.get("nth", [])
        try:
            fault = Fault(
                name=str(rule.get("name", f"{what}-{next(self._names)}")),
                fault=str(what),
                kind=str(rule.get("kind", "*")),
                event=str(rule.get("event", "*")),
                url=str(rule.get("url", "*")),
                call=str(rule.get("call", "*")),
                probability=float(rule.get("probability", 1.0)),
                nth=frozenset(int(n) for n in (nth if isinstance(nth, list) else [nth])),
                times=int(rule.get("times", 0)),
                options={key: value for key, value in rule.items() if key not in known},
            )
        except (TypeError, ValueError) as error:
            raise ValueError(f"{what}: {error}") from None
        self.rules.append(fault)
        return fault

    def remove(self, name: str) -> bool:
        """Drop a rule; False when there was none of that name."""
        before = len(self.rules)
        self.rules = [rule for rule in self.rules if rule.name != name]
        return len(self.rules) < before

    def clear(self) -> None:
        self.rules.clear()
        self._silent.clear()

    def pick(self, kind: str, event: str, url: str, call: str) -> list[Fault]:
        """The faults that strike this request."""
        if not self.rules and not self._silent:
            return []
        struck = [rule for rule in self.rules if rule.fits(kind, event, url, call) and self._strikes(rule)]
        if any(rule.fault == "silence" for rule in struck):
            self._silent.add(call)
        elif call in self._silent and kind in {"status", "conference", "recording", "amd", "transcription"}:
            struck.append(Fault("silenced", "drop"))
        return struck

    def delay(self, fault: Fault) -> float:
        """Seconds of a `delay`: fixed, or log-normal."""
        if "mu" in fault.options:
            return self.random.lognormvariate(fault.number("mu", 0.0), fault.number("sigma", 1.0))
        return fault.number("seconds", 1.0)

    def _strikes(self, rule: Fault) -> bool:
        rule.fitted += 1
        if rule.times and rule.struck >= rule.times:
            return False
        if rule.nth:
            strikes = rule.fitted in rule.nth
        else:
            strikes = rule.probability >= 1.0 or self.random.random() < rule.probability
        rule.struck += strikes
        return strikes
