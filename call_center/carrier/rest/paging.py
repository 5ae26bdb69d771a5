"""Lists, a page at a time, newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import urlencode

from call_center.carrier.rest.error import RestError
from call_center.carrier.rest.request import Request

Item = TypeVar("Item")
LARGEST = 1000


def page(
    request: Request, key: str, items: Iterable[Item], sid: Callable[[Item], str], show: Callable[[Item], Any]
) -> tuple[int, dict[str, Any]]:
    """One page. The token of the next one is the last sid shown, so that new items do not shift it."""
    size, number = _number(request, "PageSize", 50), _number(request, "Page", 0)
    size = max(1, min(size, LARGEST))
    everything = list(items)
    token = request.asked("PageToken").removeprefix("PA")
    start = next((n + 1 for n, item in enumerate(everything) if sid(item) == token), number * size)
    shown = everything[start : start + size]
    more = len(everything) > start + size

    def uri(number: int, token: str = "") -> str:
        kept = [
            (name, value) for name, value in request.query if name not in {"Page", "PageSize", "PageToken"}
        ]
        query = [*kept, ("PageSize", str(size)), ("Page", str(number))] + (
            [("PageToken", token)] if token else []
        )
        return f"{request.path}?{urlencode(query)}"

    return 200, {
        "first_page_uri": uri(0),
        "next_page_uri": uri(number + 1, f"PA{sid(shown[-1])}") if more and shown else None,
        "previous_page_uri": uri(number - 1) if number else None,
        "uri": uri(number),
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + max(0, len(shown) - 1),
        key: [show(item) for item in shown],
    }


def _number(request: Request, name: str, default: int) -> int:
    given = request.asked(name)
    if given and not given.isdigit():
        raise RestError(20001, f"{name} must be a number")
    return int(given) if given else default
