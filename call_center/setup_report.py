"""What the last look at the provider's side found: plain values, so that a job can write them and a page read them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

OK, WARNING, ERROR = "ok", "warning", "error"
_RANK = {OK: 0, WARNING: 1, ERROR: 2}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `outcome` says what was found, `facts` with which figures; the page words it."""

    check: str
    state: str
    outcome: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Door:
    """One address at which the provider asks us, as it is and as it should be."""

    name: str
    found: str
    wanted: str

    @property
    def right(self) -> bool:
        return self.found == self.wanted


@dataclass(frozen=True)
class Place:
    """A number or the application, with its doors. `line`: the company number it is in the CRM, if it is one.

    `taken`: what answers instead of the doors: "" | trunk | application.
    """

    sid: str
    kind: str
    label: str
    doors: tuple[Door, ...]
    line: int | None = None
    taken: str = ""
    can_talk: bool = True

    @property
    def right(self) -> bool:
        return not self.taken and all(door.right for door in self.doors)


@dataclass(frozen=True)
class Report:
    findings: tuple[Finding, ...] = ()
    places: tuple[Place, ...] = ()

    @property
    def state(self) -> str:
        """The worst that was found."""
        states = [finding.state for finding in self.findings]
        return max(states, key=_RANK.__getitem__, default=OK)

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def load(cls, stored: dict[str, Any]) -> Report:
        """From dump()."""
        places = [
            Place(**{**place, "doors": tuple(Door(**door) for door in place["doors"])})
            for place in stored["places"]
        ]
        return cls(tuple(Finding(**finding) for finding in stored["findings"]), tuple(places))
