"""Queues and their members."""

from __future__ import annotations

from typing import Any

from call_center.carrier.leg import Document
from call_center.carrier.network import Network
from call_center.carrier.rest.error import RestError
from call_center.carrier.rest.paging import page
from call_center.carrier.rest.request import Request
from call_center.carrier.rest.shape import BASE, subresources, uri, when
from call_center.carrier.waiting_queue import Member, WaitingQueue

LARGEST = 5000


def create(request: Request) -> tuple[int, Any]:
    network, name = request.network, request.text("FriendlyName")
    if not name:
        raise RestError(20001, "FriendlyName is required")
    if network.queue(name) is not None:
        raise RestError(22003, f"A queue named {name} exists")
    return 201, show(network, network.open_queue(name, request.integer("MaxSize", 1000, 1, LARGEST)))


def list_(request: Request) -> tuple[int, Any]:
    network = request.network
    return page(
        request, "queues", reversed(network.queues.values()), lambda q: q.sid, lambda q: show(network, q)
    )


def fetch(request: Request) -> tuple[int, Any]:
    return 200, show(request.network, find(request))


def update(request: Request) -> tuple[int, Any]:
    queue = find(request)
    queue.max_size = request.integer("MaxSize", queue.max_size, 1, LARGEST)
    queue.friendly_name = request.text("FriendlyName") or queue.friendly_name
    queue.updated = request.network.clock.now()
    return 200, show(request.network, queue)


def delete(request: Request) -> tuple[int, None]:
    queue = find(request)
    if queue.members:
        raise RestError(22001, "The queue is not empty", 409)
    del request.network.queues[queue.sid]
    return 204, None


def list_members(request: Request) -> tuple[int, Any]:
    """In the order of their arrival."""
    network, queue = request.network, find(request, "queue")
    return page(
        request, "queue_members", queue.members, lambda m: m.leg.sid, lambda m: show_member(network, m)
    )


def fetch_member(request: Request) -> tuple[int, Any]:
    return 200, show_member(request.network, find_member(request))


def take_member(request: Request) -> tuple[int, Any]:
    """Fetch a caller (`Front`, or by its call) out of the queue, to the document of `Url`."""
    member = find_member(request)
    url = request.url("Url")
    if not url:
        raise RestError(21205, "Url parameter is required.")
    shown = show_member(request.network, member)
    request.network.redirect(member.leg, Document(url=url, method=request.method("Method")))
    return 200, shown | {"position": 0}


def find(request: Request, part: str = "sid") -> WaitingQueue:
    """The queue the path names. Raises NotFound."""
    queue = request.network.queues.get(request.part(part))
    if queue is None:
        raise request.missing()
    return queue


def find_member(request: Request) -> Member:
    """Raises NotFound, also for `Front` of an empty queue."""
    member = find(request, "queue").find(request.part("sid"))
    if member is None:
        raise request.missing()
    return member


def show(network: Network, queue: WaitingQueue) -> dict[str, Any]:
    """The resource."""
    return {
        "sid": queue.sid,
        "account_sid": network.account.sid,
        "friendly_name": queue.friendly_name,
        "current_size": len(queue.members),
        "average_wait_time": queue.average_wait,
        "max_size": queue.max_size,
        "date_created": when(queue.created),
        "date_updated": when(queue.updated),
        "uri": uri(network, f"Queues/{queue.sid}"),
        "subresource_uris": subresources(network, f"Queues/{queue.sid}", ("members",)),
    }


def show_member(network: Network, member: Member) -> dict[str, Any]:
    """The resource."""
    queue = member.queue
    return {
        "call_sid": member.leg.sid,
        "date_enqueued": when(member.entered),
        "position": queue.members.index(member) + 1,
        "wait_time": member.waited,
        "queue_sid": queue.sid,
        "uri": uri(network, f"Queues/{queue.sid}/Members/{member.leg.sid}"),
    }


ROUTES = (
    ("POST", BASE + "/Queues.json", create),
    ("GET", BASE + "/Queues.json", list_),
    ("GET", BASE + "/Queues/{sid}.json", fetch),
    ("POST", BASE + "/Queues/{sid}.json", update),
    ("DELETE", BASE + "/Queues/{sid}.json", delete),
    ("GET", BASE + "/Queues/{queue}/Members.json", list_members),
    ("GET", BASE + "/Queues/{queue}/Members/{sid}.json", fetch_member),
    ("POST", BASE + "/Queues/{queue}/Members/{sid}.json", take_member),
)
