"""The REST API: forms in, JSON out, in the shapes of Twilio's own specification."""

from typing import NoReturn

from aiohttp import web

from call_center.carrier.rest import (
    accounts,
    applications,
    caller_ids,
    calls,
    conferences,
    lookups,
    messages,
    numbers,
    participants,
    queues,
    recordings,
    transcriptions,
)
from call_center.carrier.rest.door import Door
from call_center.carrier.rest.request import Request

RESOURCES = (
    accounts, applications, caller_ids, calls, conferences, lookups, messages, numbers, participants, queues,
    recordings, transcriptions,
)  # fmt: skip


def routes(door: Door) -> list[web.AbstractRouteDef]:
    """All paths of the API."""
    known: list[web.AbstractRouteDef] = [
        web.route(method, path, door.open(handler))
        for resource in RESOURCES
        for method, path, handler in resource.ROUTES
    ]
    return [*known, web.route("*", "/2010-04-01/{rest:.*}", door.open(_nothing))]


def _nothing(request: Request) -> NoReturn:
    """Any other path. Raises NotFound, in the API's form."""
    raise request.missing()


__all__ = ["Door", "routes"]
