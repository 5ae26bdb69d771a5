"""Participants of a conference."""

from __future__ import annotations

from typing import Any

from call_center.carrier.conference import Conference, Participant, Settings
from call_center.carrier.leg import RecordingOrder
from call_center.carrier.network import Network
from call_center.carrier.rest.calls import order_call
from call_center.carrier.rest.conferences import find as find_conference
from call_center.carrier.rest.error import RestError
from call_center.carrier.rest.paging import page
from call_center.carrier.rest.request import Request
from call_center.carrier.rest.shape import BASE, uri, when


def create(request: Request) -> tuple[int, Any]:
    """Call somebody into the conference, which is made when the path gives a name that none has."""
    network, name = request.network, request.part("conference")
    if name.startswith("CF") and len(name) == 34 and name not in network.conferences:
        raise request.missing()
    known = network.conference(name)
    settings = _settings(request)
    if known is not None and settings.label and known.find(settings.label) is not None:
        raise RestError(16025, f"Participant label {settings.label} is not unique")
    leg = order_call(request)
    leg.callback = request.callback("StatusCallback", ("completed",))
    conference = network.open_conference(name, request.text("Region") or "us1")
    participant = conference.expect(leg, settings)
    network.place_participant(leg, participant)
    return 201, show(network, participant)


def list_(request: Request) -> tuple[int, Any]:
    """Those who are there or still ring, by Muted, Hold, Coaching."""
    network, conference = request.network, find_conference(request, "conference")

    def fits(participant: Participant) -> bool:
        facts = {"Muted": participant.muted, "Hold": participant.hold, "Coaching": participant.coaching}
        return all(request.asked(name) in {"", "true" if value else "false"} for name, value in facts.items())

    found = [p for p in reversed(conference.participants.values()) if fits(p)]
    return page(request, "participants", found, lambda p: p.leg.sid, lambda p: show(network, p))


def fetch(request: Request) -> tuple[int, Any]:
    return 200, show(request.network, find(request)[1])


def update(request: Request) -> tuple[int, Any]:
    """Mute, hold, coach, announce."""
    conference, participant = find(request)
    if not participant.joined:
        raise RestError(20001, "The participant has not joined yet")
    changes = _changes(request, conference)
    if request.has("Muted"):
        conference.set_mute(participant, request.flag("Muted"))
    if request.has("Hold"):
        url, method = request.url("HoldUrl"), request.method("HoldMethod")
        conference.set_hold(participant, request.flag("Hold"), url, method)
    if url := request.url("AnnounceUrl"):
        conference.announce(url, request.method("AnnounceMethod"), participant)
    if changes:
        conference.modify(participant, **changes)
    return 200, show(request.network, participant)


def delete(request: Request) -> tuple[int, None]:
    """Kick the participant: its call goes on with what follows its Dial, if anything."""
    conference, participant = find(request)
    if participant.joined:
        conference.remove(participant, "participant_updated_via_api", kicked=True)
    else:
        request.network.end(participant.leg, "canceled")
    return 204, None


def find(request: Request) -> tuple[Conference, Participant]:
    """By call sid or label. Raises NotFound."""
    conference = find_conference(request, "conference")
    participant = conference.find(request.part("sid"))
    if participant is None:
        raise request.missing()
    return conference, participant


def show(network: Network, participant: Participant) -> dict[str, Any]:
    """The resource."""
    conference = participant.conference
    return {
        "account_sid": network.account.sid,
        "call_sid": participant.leg.sid,
        "label": participant.label or None,
        "conference_sid": conference.sid,
        "date_created": when(participant.created),
        "date_updated": when(participant.updated),
        "end_conference_on_exit": participant.end_on_exit,
        "muted": participant.muted,
        "hold": participant.hold,
        "status": participant.status,
        "start_conference_on_enter": participant.settings.start_on_enter,
        "coaching": participant.coaching,
        "call_sid_to_coach": participant.call_to_coach or None,
        "queue_time": str(participant.leg.queue_time),
        "api_version": "2010-04-01",
        "uri": uri(network, f"Conferences/{conference.sid}/Participants/{participant.leg.sid}"),
    }


def _changes(request: Request, conference: Conference) -> dict[str, object]:
    changes: dict[str, object] = {}
    if request.has("Coaching"):
        changes["coaching"] = request.flag("Coaching")
    if sid := request.text("CallSidToCoach"):
        if sid not in conference.participants:
            raise RestError(16027, f"Call {sid} to coach is not in the conference")
        changes["call_to_coach"] = sid
    if request.has("EndConferenceOnExit"):
        changes["end_on_exit"] = request.flag("EndConferenceOnExit")
    return changes


def _settings(request: Request) -> Settings:
    record = None
    if request.text("ConferenceRecord") in {"true", "record-from-start"}:
        record = RecordingOrder(
            "Conference", callback=request.callback("ConferenceRecordingStatusCallback", ("completed",))
        )
    return Settings(
        label=request.text("Label"),
        muted=request.flag("Muted"),
        start_on_enter=request.flag("StartConferenceOnEnter", True),
        end_on_exit=request.flag("EndConferenceOnExit"),
        coaching=request.flag("Coaching"),
        call_to_coach=request.text("CallSidToCoach"),
        max_participants=request.integer("MaxParticipants", 250, 2, 250),
        wait_url=request.url("WaitUrl") if request.has("WaitUrl") else None,
        wait_method=request.method("WaitMethod"),
        callback=request.callback("ConferenceStatusCallback", ("start", "end")),
        record=record,
    )


ROUTES = (
    ("POST", BASE + "/Conferences/{conference}/Participants.json", create),
    ("GET", BASE + "/Conferences/{conference}/Participants.json", list_),
    ("GET", BASE + "/Conferences/{conference}/Participants/{sid}.json", fetch),
    ("POST", BASE + "/Conferences/{conference}/Participants/{sid}.json", update),
    ("DELETE", BASE + "/Conferences/{conference}/Participants/{sid}.json", delete),
)
