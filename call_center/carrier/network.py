"""The exchange: places calls, rings parties, joins and parts them. Every change of a call's state happens here."""

from __future__ import annotations

from collections.abc import Mapping

from call_center.carrier.endpoint import Cause, Endpoint
from call_center.carrier.leg import Leg


class Network:
    """All calls of one account. One event loop, so a verb that does not await is atomic."""

    def __init__(self) -> None:
        self.legs: dict[str, Leg] = {}
        self.clients: dict[str, list[Endpoint]] = {}

    # What browser phones and pages call.

    def register(self, identity: str, endpoint: Endpoint) -> None:
        """Ring this endpoint for calls to `client:<identity>`; several may stand behind one identity."""
        self.clients.setdefault(identity, []).append(endpoint)

    def unregister(self, identity: str, endpoint: Endpoint) -> None:
        """Ring it no longer. A call it has goes on."""
        endpoints = self.clients.get(identity, [])
        if endpoint in endpoints:
            endpoints.remove(endpoint)
        if not endpoints:
            self.clients.pop(identity, None)

    def place_from_client(
        self, identity: str, parameters: Mapping[str, str], endpoint: Endpoint, application_sid: str
    ) -> Leg:
        """A browser phone calls: its TwiML application is asked, `parameters` become form fields.

        `endpoint.connected(leg)` follows when the application answers, `endpoint.ended(leg, …)` at the end.
        Raises LookupError for an unknown application.
        """
        raise NotImplementedError

    def place_inbound(self, from_: str, to: str, endpoint: Endpoint, **extra: str) -> Leg:
        """A customer rings one of the company's numbers. Raises LookupError when the number is not owned."""
        raise NotImplementedError

    # What endpoints report.

    def answered(self, leg: Leg, endpoint: Endpoint | None = None) -> None:
        """The rung party answers; `endpoint` says which, where several ring: the others are cancelled."""
        raise NotImplementedError

    def rejected(self, leg: Leg, cause: Cause = "busy") -> None:
        """The rung party refuses; with several devices of one identity the refusal counts for all."""
        raise NotImplementedError

    def hung_up(self, leg: Leg) -> None:
        """The party hangs up, before or after the answer."""
        raise NotImplementedError

    def pressed(self, leg: Leg, digits: str) -> None:
        """The party presses keys: `0`-`9`, `*`, `#`."""
        raise NotImplementedError
