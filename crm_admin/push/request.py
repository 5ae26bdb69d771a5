"""A strict reader of the one kind of HTTP request the push process answers: a small GET without a body."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

HEAD_BYTES = 8_192
MOST_HEADERS = 64
READ_BY_US = frozenset({"host", "origin", "last-event-id", "token", "after"})

_LINE = re.compile(rb"([A-Z]{3,10}) (/[!-~]*) HTTP/1\.[01]\Z")
_HEADER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*\Z")


class BadRequest(Exception):
    """The request is refused with `status`."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


@dataclass(frozen=True)
class Request:
    """Path, query values and headers (lower-case names); those that we read were given at most once."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


def parse(head: bytes) -> Request:
    """The request whose head (without the empty line) this is; raises BadRequest for anything out of the ordinary."""
    first, *lines = head.split(b"\r\n")
    line = _LINE.match(first)
    if line is None or len(lines) > MOST_HEADERS:
        raise BadRequest(400)
    if line[1] != b"GET":
        raise BadRequest(405)
    headers = _once(_header(text) for text in lines)
    if "content-length" in headers or "transfer-encoding" in headers or "host" not in headers:
        raise BadRequest(400)
    path, _, query = line[2].decode("ascii").partition("?")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=8, errors="strict")
    except ValueError:
        raise BadRequest(400) from None
    return Request(path, _once(pairs), headers)


def _header(line: bytes) -> tuple[str, str]:
    found = _HEADER.match(line)
    if found is None:
        raise BadRequest(400)
    return found[1].decode("ascii").lower(), found[2].decode("latin-1")


def _once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in pairs:
        # Browsers and proxies may repeat what does not concern us; what we read must be unmistakable.
        if name in values and name in READ_BY_US:
            raise BadRequest(400)
        values[name] = value
    return values
