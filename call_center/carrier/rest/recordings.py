"""Recordings: of the account, of a call, of a conference; and their sound."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from aiohttp import web

from call_center.carrier.leg import RecordingOrder
from call_center.carrier.network import Network
from call_center.carrier.recording import Recording, mp3
from call_center.carrier.rest.calls import find as find_call
from call_center.carrier.rest.conferences import find as find_conference
from call_center.carrier.rest.error import RestError
from call_center.carrier.rest.paging import page
from call_center.carrier.rest.request import Request
from call_center.carrier.rest.shape import BASE, subresources, uri, when

CURRENT = "Twilio.CURRENT"
RUNNING = frozenset({"in-progress", "paused"})


def create(request: Request) -> tuple[int, Any]:
    """Record a call from now on."""
    network, leg = request.network, find_call(request, "call")
    if not leg.is_answered:
        raise RestError(21220, "Requested resource is not eligible for recording")
    channels = 2 if request.choice("RecordingChannels", ("mono", "dual"), "mono") == "dual" else 1
    callback = request.callback("RecordingStatusCallback", ("completed",))
    order = RecordingOrder(
        "StartCallRecordingAPI", channels, callback, request.text("RecordingTrack") or "both"
    )
    return 201, show_of_call(network, network.recorder.start(order, leg=leg))


def update(request: Request) -> tuple[int, Any]:
    """Pause, go on, stop. `Twilio.CURRENT` is the one that runs."""
    network, recording = request.network, find(request)
    status = request.choice("Status", ("in-progress", "paused", "stopped"))
    if not status:
        raise RestError(20001, "Status is required")
    if recording.status not in RUNNING:
        raise RestError(21220, "The recording is not in progress")
    if status == "paused":
        behaviour: Literal["skip", "silence"] = (
            "skip" if request.choice("PauseBehavior", ("skip", "silence"), "silence") == "skip" else "silence"
        )
        network.recorder.pause(recording, behaviour)
    elif status == "in-progress":
        network.recorder.resume(recording)
    else:
        network.recorder.stop(recording.sid)
    shown = show_of_call(network, recording)
    return 200, shown | ({"status": "stopped"} if status == "stopped" else {})


def list_(request: Request) -> tuple[int, Any]:
    """Newest first, by CallSid, ConferenceSid, DateCreated; deleted ones only with IncludeSoftDeleted."""
    network = request.network
    deleted = request.asked("IncludeSoftDeleted").lower() == "true"
    found = (
        r
        for r in reversed(network.recorder.recordings.values())
        if request.asked("CallSid") in {"", r.call_sid}
        and request.asked("ConferenceSid") in {"", r.conference_sid}
        and (deleted or not r.deleted)
        and request.moments("DateCreated", r.created)
    )
    return _page(request, found, show)


def list_of_call(request: Request) -> tuple[int, Any]:
    leg = find_call(request, "call")
    return _page(request, _live(request, leg.recordings), show_of_call)


def list_of_conference(request: Request) -> tuple[int, Any]:
    conference = find_conference(request, "conference")
    return _page(request, _live(request, conference.recordings), show)


def fetch(request: Request) -> tuple[int, Any]:
    """JSON, or the sound with `.wav` or `.mp3`."""
    sid, _, extension = request.part("file").partition(".")
    network = request.network
    recording = network.recorder.recordings.get(sid)
    if recording is None or recording.deleted:
        raise request.missing()
    if extension == "json":
        return 200, show(network, recording)
    if extension not in {"", "wav", "mp3"}:
        raise request.missing()
    return 200, _media(request, recording, extension)


def fetch_of_call(request: Request) -> tuple[int, Any]:
    return 200, show_of_call(request.network, find(request))


def delete(request: Request) -> tuple[int, None]:
    """The sound goes, what is known of it stays."""
    sid = request.part("file").removesuffix(".json")
    recording = request.network.recorder.recordings.get(sid)
    if recording is None or recording.deleted:
        raise request.missing()
    return _delete(request.network, recording)


def delete_of_call(request: Request) -> tuple[int, None]:
    return _delete(request.network, find(request))


def find(request: Request) -> Recording:
    """A recording of the call in the path. Raises NotFound."""
    leg, sid = find_call(request, "call"), request.part("sid")
    found = _live(request, leg.recordings)
    if sid == CURRENT:
        found = [recording for recording in found if recording.status in RUNNING]
    else:
        found = [recording for recording in found if recording.sid == sid]
    if not found:
        raise request.missing()
    return found[0]


def show(network: Network, recording: Recording) -> dict[str, Any]:
    """The resource of the account."""
    deleted = {"status": "deleted"} if recording.deleted else {}
    return {
        "sid": recording.sid,
        "account_sid": network.account.sid,
        "call_sid": recording.call_sid or None,
        "conference_sid": recording.conference_sid or None,
        "status": recording.status,
        "channels": recording.order.channels,
        "source": recording.order.source,
        "duration": str(recording.duration) if recording.duration is not None else None,
        "start_time": when(recording.started),
        "date_created": when(recording.created),
        "date_updated": when(recording.updated),
        "price": None,
        "price_unit": "USD",
        "error_code": recording.error_code,
        "encryption_details": None,
        "media_url": network.recorder.url(recording),
        "api_version": "2010-04-01",
        "uri": uri(network, f"Recordings/{recording.sid}"),
        "subresource_uris": subresources(
            network, f"Recordings/{recording.sid}", ("add_on_results", "transcriptions")
        ),
        **deleted,
    }


def show_of_call(network: Network, recording: Recording) -> dict[str, Any]:
    """The resource of a call."""
    resource = show(network, recording)
    del resource["media_url"], resource["subresource_uris"]
    resource["track"] = recording.order.track
    resource["uri"] = uri(network, f"Calls/{recording.call_sid}/Recordings/{recording.sid}")
    return resource


def _media(request: Request, recording: Recording, extension: str) -> web.Response:
    if recording.not_found > 0:
        recording.not_found -= 1
        raise request.missing()
    struck = request.network.faults.pick("media", "", request.path, recording.sid)
    if recording.status != "completed" or any(fault.fault == "not-found" for fault in struck):
        raise request.missing()
    sound = recording.wav()
    if extension == "mp3":
        try:
            return web.Response(body=mp3(sound), content_type="audio/mpeg")
        except LookupError as error:
            raise RestError(20404, str(error), 404) from None
    return web.Response(body=sound, content_type="audio/x-wav")


def _delete(network: Network, recording: Recording) -> tuple[int, None]:
    if recording.status in RUNNING:
        raise RestError(20009, "The recording is in progress and cannot be deleted", 409)
    recording.deleted, recording.tape = True, None
    recording.updated = network.clock.now()
    return 204, None


def _live(request: Request, sids: list[str]) -> list[Recording]:
    recordings = request.network.recorder.recordings
    return [recordings[sid] for sid in reversed(sids) if sid in recordings and not recordings[sid].deleted]


def _page(request: Request, found: Iterable[Recording], shape: Any) -> tuple[int, Any]:
    return page(request, "recordings", found, lambda r: r.sid, lambda r: shape(request.network, r))


ROUTES = (
    ("GET", BASE + "/Recordings.json", list_),
    ("GET", BASE + "/Recordings/{file}", fetch),
    ("DELETE", BASE + "/Recordings/{file}", delete),
    ("POST", BASE + "/Calls/{call}/Recordings.json", create),
    ("GET", BASE + "/Calls/{call}/Recordings.json", list_of_call),
    ("GET", BASE + "/Calls/{call}/Recordings/{sid}.json", fetch_of_call),
    ("POST", BASE + "/Calls/{call}/Recordings/{sid}.json", update),
    ("DELETE", BASE + "/Calls/{call}/Recordings/{sid}.json", delete_of_call),
    ("GET", BASE + "/Conferences/{conference}/Recordings.json", list_of_conference),
)
