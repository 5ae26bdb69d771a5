"""A request to the REST API: its form and query, read with care."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from call_center.carrier.leg import Callback
from call_center.carrier.network import Network
from call_center.carrier.rest.error import NotFound, RestError

E164 = re.compile(r"^\+[1-9][0-9]{6,14}$")
SHORT = re.compile(r"^[0-9]{3,8}$")


@dataclass(frozen=True)
class Request:
    """What a handler is given. Names are those of the API (`StatusCallback`)."""

    network: Network
    path: str
    parts: dict[str, str]  # of the path: sid, call …
    query: list[tuple[str, str]]
    form: list[tuple[str, str]]

    def part(self, name: str) -> str:
        return self.parts[name]

    def missing(self) -> NotFound:
        """This path names nothing."""
        return NotFound(self.path)

    def has(self, name: str) -> bool:
        return any(key == name for key, _ in self.form)

    def text(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.form if key == name), default)

    def texts(self, name: str) -> list[str]:
        return [value for key, value in self.form if key == name]

    def asked(self, name: str) -> str:
        """A parameter of the query."""
        return next((value for key, value in self.query if key == name), "")

    def flag(self, name: str, default: bool = False) -> bool:
        """Raises RestError 20001 for what is neither true nor false."""
        value = self.text(name).lower()
        if value not in {"", "true", "false"}:
            raise RestError(20001, f"{name} must be true or false")
        return default if not value else value == "true"

    def integer(self, name: str, default: int, least: int = 0, most: int = 10**9) -> int:
        """Raises RestError 20001 for what is no number or out of range."""
        value = self.text(name)
        if not value:
            return default
        if not value.lstrip("-").isdigit() or not least <= int(value) <= most:
            raise RestError(20001, f"{name} must be a number from {least} to {most}")
        return int(value)

    def choice(self, name: str, choices: Iterable[str], default: str = "") -> str:
        """One of the words. Raises RestError 20001."""
        value = self.text(name) or default
        if value and value not in choices:
            raise RestError(20001, f"Invalid value for {name}: {value}")
        return value

    def url(self, name: str, code: int = 21205) -> str:
        """An absolute web address, or nothing. Raises RestError."""
        value = self.text(name)
        if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname):
            raise RestError(code, f"{name} is not a valid URL: {value}")
        return value

    def method(self, name: str) -> str:
        return self.choice(name, ("GET", "POST"), "POST")

    def callback(self, name: str, default: Iterable[str], code: int = 21609) -> Callback | None:
        """`<name>`, `<name>Method` and `<name>Event` (repeated; one value with spaces is one unknown event)."""
        url = self.url(name, code)
        if not url:
            return None
        events = frozenset(self.texts(f"{name}Event")) or frozenset(default)
        return Callback(url, self.method(f"{name}Method"), events)

    def moments(self, name: str, value: float | None) -> bool:
        """Whether a moment fits `<name>`, `<name><` and `<name>>` of the query (day, or day and time)."""
        for suffix in ("", "<", ">"):
            given = self.asked(name + suffix)
            if given and (value is None or not _fits(suffix, given, value, name)):
                return False
        return True


def _fits(suffix: str, given: str, value: float, name: str) -> bool:
    try:
        start = datetime.fromisoformat(given)
    except ValueError:
        raise RestError(20001, f"{name}: {given!r} is no date") from None
    start = start if start.tzinfo is not None else start.replace(tzinfo=UTC)
    end = start + (timedelta(days=1) if len(given) == 10 else timedelta(seconds=1))
    if suffix == "<":
        return value < end.timestamp()
    if suffix == ">":
        return value >= start.timestamp()
    return start.timestamp() <= value < end.timestamp()
