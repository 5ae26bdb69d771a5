"""Events to browsers: rows written in the business transaction, carried by one small asyncio process.

`publish` (and the `Event` table) stand on the ORM, `serve` must not: the ORM and its drivers alone weigh more than
the whole process may. So each name loads its own file when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crm_admin.push.event import Event, publish
    from crm_admin.push.server import Alive, serve
    from crm_admin.push.source import Source
    from crm_admin.push.ticket import token

__all__ = ["Alive", "Event", "Source", "publish", "serve", "token"]

_HOMES = {
    "Alive": "server",
    "Event": "event",
    "Source": "source",
    "publish": "event",
    "serve": "server",
    "token": "ticket",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
