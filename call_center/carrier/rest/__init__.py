"""The REST API: forms in, JSON out, in the shapes of Twilio's own specification."""

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

RESOURCES = (
    accounts, applications, caller_ids, calls, conferences, lookups, messages, numbers, participants, queues,
    recordings, transcriptions,
)  # fmt: skip


def routes(door: Door) -> list[web.AbstractRouteDef]:
    """All paths of the API."""
    return [
        web.route(method, path, door.open(handler))
        for resource in RESOURCES
        for method, path, handler in resource.ROUTES
    ]


__all__ = ["Door", "routes"]
