"""Life: customers who ring the company now and then, while nobody plays them on the page."""

from __future__ import annotations

from collections.abc import Sequence

from call_center.carrier.network import Network
from call_center.carrier.page import Person
from call_center.carrier.script import Script, ScriptedParty
from call_center.carrier.virtual_clock import Timer

FIRST_AFTER_S = 90.0
SCRIPT = Script(talk=(40.0, 150.0), patience=75.0)
"""They talk a while when they are answered, and lose patience when they are not."""


class Life:
    """So many calls an hour, by chance (Poisson), from `people` in turn of chance."""

    def __init__(self, network: Network, people: Sequence[Person], per_hour: float) -> None:
        self._network = network
        self._people = people
        self._per_second = per_hour / 3600
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begin; the first call comes after a minute and a half, when somebody has had time to look around."""
        if self._people and self._per_second > 0:
            self._timer = self._network.clock.call_later(FIRST_AFTER_S, self._ring)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _ring(self) -> None:
        network = self._network
        person = network.random.choice(self._people)
        company = next(iter(network.account.numbers.values())).phone_number
        network.place_inbound(person.number, company, ScriptedParty(network, SCRIPT))
        self._timer = network.clock.call_later(network.random.expovariate(self._per_second), self._ring)
