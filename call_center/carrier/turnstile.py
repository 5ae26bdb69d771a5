"""Calls per second: calls of the REST API wait for their turn, as those of a real account do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from call_center.carrier.leg import Leg

if TYPE_CHECKING:
    from call_center.carrier.network import Network


class Turnstile:
    """Lets `behaviour.calls_per_second` through; 0: everybody at once."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._free = 0.0  # when the next one may pass

    def admit(self, leg: Leg) -> None:
        """Dial the leg as soon as it is its turn; `leg.queue_time` says how long it waits."""
        clock, rate = self._network.clock, self._network.behaviour.calls_per_second
        now = clock.now()
        turn = max(now, self._free) if rate else now
        self._free = turn + (1 / rate if rate else 0.0)
        leg.queue_time = round((turn - now) * 1000)
        if turn > now:
            clock.call_later(turn - now, lambda: self._network.dial(leg))
        else:
            clock.soon(lambda: self._network.dial(leg))
