"""Transcriptions of recordings."""

from __future__ import annotations

from typing import Any

from call_center.carrier.network import Network
from call_center.carrier.recorder import Transcription
from call_center.carrier.rest.paging import page
from call_center.carrier.rest.request import Request
from call_center.carrier.rest.shape import BASE, uri, when


def list_(request: Request) -> tuple[int, Any]:
    """All of the account, or those of one recording; newest first."""
    network, recording = request.network, request.parts.get("recording", "")
    found = (
        t for t in reversed(network.recorder.transcriptions.values()) if recording in {"", t.recording.sid}
    )
    return page(request, "transcriptions", found, lambda t: t.sid, lambda t: show(network, t))


def fetch(request: Request) -> tuple[int, Any]:
    return 200, show(request.network, find(request))


def delete(request: Request) -> tuple[int, None]:
    del request.network.recorder.transcriptions[find(request).sid]
    return 204, None


def find(request: Request) -> Transcription:
    """Raises NotFound."""
    transcription = request.network.recorder.transcriptions.get(request.part("sid"))
    if transcription is None:
        raise request.missing()
    return transcription


def show(network: Network, transcription: Transcription) -> dict[str, Any]:
    """The resource."""
    return {
        "sid": transcription.sid,
        "account_sid": network.account.sid,
        "recording_sid": transcription.recording.sid,
        "status": transcription.status,
        "transcription_text": transcription.text,
        "duration": str(transcription.recording.duration or 0),
        "type": "fast",
        "price": None,
        "price_unit": "USD",
        "date_created": when(transcription.created),
        "date_updated": when(transcription.updated),
        "api_version": "2010-04-01",
        "uri": uri(network, f"Transcriptions/{transcription.sid}"),
    }


ROUTES = (
    ("GET", BASE + "/Transcriptions.json", list_),
    ("GET", BASE + "/Transcriptions/{sid}.json", fetch),
    ("DELETE", BASE + "/Transcriptions/{sid}.json", delete),
    ("GET", BASE + "/Recordings/{recording}/Transcriptions.json", list_),
)
