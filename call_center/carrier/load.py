"""Load: calls that arrive by chance, at a rate that may change through the day."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from call_center.carrier.leg import Leg
from call_center.carrier.network import Network
from call_center.carrier.script import Script, ScriptedParty
from call_center.carrier.virtual_clock import Timer


@dataclass(frozen=True)
class Scenario:
    """What kind of calls, how many, how long. Times are virtual seconds."""

    rate: float = 1.0  # arrivals a second (Poisson), where no curve says otherwise
    seconds: float = 60.0  # how long calls arrive
    calls: int = 0  # at most so many; 0: no limit
    regular: bool = False  # evenly spaced instead of by chance
    curve: tuple[tuple[float, float], ...] = ()  # (from this second on, arrivals a second), ascending
    from_prefix: str = "+8490"
    callers: int = 5000  # different numbers that call
    to: str = ""  # the company's number; empty: the first one
    talk: str = "lognormal"  # or exponential, fixed: how the talk of one who is served is distributed
    talk_mean: float = 120.0
    talk_sigma: float = 0.6  # of the log-normal
    patience: str = "exponential"  # or fixed, none
    patience_mean: float = 90.0
    script: Script = field(default_factory=lambda: Script(talk=(0, 0)))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Scenario:
        """From JSON; `curve` as pairs or as CSV text `second,rate`. Raises ValueError that names the key."""
        plain = cls()
        known = {item.name: getattr(plain, item.name) for item in fields(cls)}
        given: dict[str, Any] = {}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"load: unknown {name}")
            if name == "curve":
                given[name] = _curve(value)
            elif name == "script":
                given[name] = Script.of({"talk": 0, **value})
            else:
                given[name] = type(known[name])(value)
        for name, choices in {"talk": _TALKS, "patience": _PATIENCES}.items():
            if given.get(name, known[name]) not in choices:
                raise ValueError(f"{name}: one of {', '.join(choices)}")
        return cls(**given)

    def rate_at(self, second: float) -> float:
        """Arrivals a second at this time of the scenario."""
        rates = [rate for start, rate in self.curve if start <= second]
        return rates[-1] if rates else self.rate


_TALKS = ("lognormal", "exponential", "fixed")
_PATIENCES = ("exponential", "fixed", "none")


def _curve(value: Any) -> tuple[tuple[float, float], ...]:
    rows = csv.reader(io.StringIO(value)) if isinstance(value, str) else value
    try:
        return tuple(sorted((float(start), float(rate)) for start, rate in rows))
    except (TypeError, ValueError):
        raise ValueError("curve: pairs of second and rate") from None


class Load:
    """One scenario under way."""

    def __init__(self, network: Network, scenario: Scenario) -> None:
        self._network = network
        self.scenario = scenario
        self._start = network.clock.now()
        self._timer: Timer | None = None
        self.placed = 0
        self.running = False
        self._served = 0
        self._talk = 0.0
        self._wait = 0.0
        self._ended: Counter[str] = Counter()

    def start(self) -> None:
        self._start = self._network.clock.now()
        self.running = True
        self._next()

    def stop(self) -> None:
        """No more arrivals."""
        self.running = False
        if self._timer is not None:
            self._timer.cancel()

    def report(self) -> dict[str, Any]:
        """How it went so far."""
        ended = sum(self._ended.values())
        return {
            "running": self.running,
            "placed": self.placed,
            "live": self.placed - ended,
            "ended": dict(self._ended),
            "served": self._served,
            "abandoned": ended - self._served,
            "mean_wait_of_served": round(self._wait / self._served, 2) if self._served else None,
            "mean_talk": round(self._talk / self._served, 2) if self._served else None,
        }

    def _next(self) -> None:
        scenario, clock = self.scenario, self._network.clock
        second = clock.now() - self._start
        rate = scenario.rate_at(second)
        if rate > 0:
            gap = 1 / rate if scenario.regular else self._network.random.expovariate(rate)
        else:
            gap = next((start - second for start, _ in scenario.curve if start > second), scenario.seconds)
        over = second + gap > scenario.seconds or (scenario.calls and self.placed >= scenario.calls)
        if over:
            self.running = False
            return
        self._timer = clock.call_later(gap, self._arrive if rate > 0 else self._next)

    def _arrive(self) -> None:
        network, scenario = self._network, self.scenario
        number = f"{scenario.from_prefix}{network.random.randrange(scenario.callers):07d}"
        to = scenario.to or next(iter(network.account.numbers.values())).phone_number
        caller = Caller(network, scenario.script, self)
        network.place_inbound(number, to, caller)
        self.placed += 1
        if self.running:
            self._next()

    def draw_talk(self) -> float:
        """Seconds that a served caller talks."""
        scenario, random = self.scenario, self._network.random
        if scenario.talk == "fixed":
            return scenario.talk_mean
        if scenario.talk == "exponential":
            return random.expovariate(1 / scenario.talk_mean)
        mu = math.log(scenario.talk_mean) - scenario.talk_sigma**2 / 2
        return random.lognormvariate(mu, scenario.talk_sigma)

    def draw_patience(self) -> float | None:
        """Seconds until a caller who is not served gives up; None: never."""
        scenario = self.scenario
        if scenario.patience == "none":
            return None
        if scenario.patience == "fixed":
            return scenario.patience_mean
        return self._network.random.expovariate(1 / scenario.patience_mean)

    def ended(self, leg: Leg, served: float | None) -> None:
        """A call of this load is over; `served`: when its talk began."""
        self._ended[leg.status] += 1
        if served is not None and leg.ended is not None:
            self._served += 1
            self._talk += leg.ended - served
            self._wait += served - leg.created


class Caller(ScriptedParty):
    """Waits with limited patience; from the moment it is served it talks for a time of its own."""

    def __init__(self, network: Network, script: Script, load: Load) -> None:
        super().__init__(network, script)
        self._load = load
        self._served: float | None = None

    def call(self, leg: Leg) -> None:
        """Begin to wait."""
        patience = self._load.draw_patience()
        if patience is not None:
            self._after(patience, lambda: self._lose_patience(leg))

    def served(self, leg: Leg) -> None:
        """Somebody talks with the caller: the rest of the call is its talk."""
        if self._served is None:
            self._served = self.network.clock.now()
            self._after(self._load.draw_talk(), lambda: self.network.hung_up(leg))

    def ended(self, leg: Leg, reason: str) -> None:
        super().ended(leg, reason)
        self._load.ended(leg, self._served)
