"""Conferences."""

from __future__ import annotations

from typing import Any

from call_center.carrier.conference import Conference
from call_center.carrier.network import Network
from call_center.carrier.rest.paging import page
from call_center.carrier.rest.request import Request
from call_center.carrier.rest.shape import BASE, subresources, uri, when


def list_(request: Request) -> tuple[int, Any]:
    """Newest first, by FriendlyName, Status, DateCreated, DateUpdated."""
    network, name, status = request.network, request.asked("FriendlyName"), request.asked("Status")
    found = (
        conference
        for conference in reversed(network.conferences.values())
        if name in {"", conference.friendly_name}
        and status in {"", conference.status}
        and request.moments("DateCreated", conference.created)
        and request.moments("DateUpdated", conference.updated)
    )
    return page(request, "conferences", found, lambda c: c.sid, lambda c: show(network, c))


def fetch(request: Request) -> tuple[int, Any]:
    return 200, show(request.network, find(request))


def update(request: Request) -> tuple[int, Any]:
    """End it, or announce something to all."""
    conference = find(request)
    status = request.choice("Status", ("completed",))
    if url := request.url("AnnounceUrl"):
        conference.announce(url, request.method("AnnounceMethod"), None)
    if status:
        conference.end("conference-ended-via-api")
    return 200, show(request.network, conference)


def find(request: Request, part: str = "sid") -> Conference:
    """The conference the path names. Raises NotFound."""
    conference = request.network.conferences.get(request.part(part))
    if conference is None:
        raise request.missing()
    return conference


def show(network: Network, conference: Conference) -> dict[str, Any]:
    """The resource; why it ended is only there once it has."""
    ended = {
        "reason_conference_ended": conference.reason,
        "call_sid_ending_conference": conference.ended_by or None,
    }
    return {
        "sid": conference.sid,
        "account_sid": network.account.sid,
        "friendly_name": conference.friendly_name,
        "status": conference.status,
        "region": conference.region,
        "date_created": when(conference.created),
        "date_updated": when(conference.updated),
        "api_version": "2010-04-01",
        "uri": uri(network, f"Conferences/{conference.sid}"),
        "subresource_uris": subresources(
            network, f"Conferences/{conference.sid}", ("participants", "recordings")
        ),
        **(ended if conference.is_over else {}),
    }


ROUTES = (
    ("GET", BASE + "/Conferences.json", list_),
    ("GET", BASE + "/Conferences/{sid}.json", fetch),
    ("POST", BASE + "/Conferences/{sid}.json", update),
)
