"""A conference: who is in it, who hears whom, and what is told about it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from call_center.carrier import hearing
from call_center.carrier.endpoint import MUSIC
from call_center.carrier.leg import Callback, Leg, RecordingOrder, rfc2822
from call_center.carrier.line import Line
from call_center.carrier.webhook import Webhook

if TYPE_CHECKING:
    from call_center.carrier.network import Network

# The word of an attribute or of the REST API → the events it stands for.
EVENTS = {
    "start": {"conference-start"},
    "end": {"conference-end"},
    "join": {"participant-join"},
    "leave": {"participant-leave"},
    "mute": {"participant-mute", "participant-unmute"},
    "hold": {"participant-hold", "participant-unhold"},
    "modify": {"participant-modify"},
    "speaker": {"participant-speech-start", "participant-speech-stop"},
    "announcement": {"announcement-end", "announcement-fail"},
}

Left = Literal[
    "participant_hung_up",
    "participant_updated_via_api",
    "moderator_ended_conference",
    "conference_ended_via_api",
]


@dataclass
class Settings:
    """How a participant enters; callback, record and wait count from the first one only."""

    label: str = ""
    muted: bool = False
    start_on_enter: bool = True
    end_on_exit: bool = False
    coaching: bool = False
    call_to_coach: str = ""
    max_participants: int = 250
    wait_url: str | None = None  # None: music; empty: silence
    wait_method: str = "POST"
    callback: Callback | None = None  # events are words: start, end, join …
    record: RecordingOrder | None = None


@dataclass(eq=False)
class Participant:
    """One leg in a conference; the place of the leg while it is there."""

    conference: Conference
    leg: Leg
    settings: Settings
    created: float
    updated: float
    label: str = ""
    muted: bool = False
    hold: bool = False
    hold_url: str = ""
    hold_method: str = "POST"
    coaching: bool = False
    call_to_coach: str = ""
    end_on_exit: bool = False
    joined: bool = False
    left: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    farewell: Callable[[], None] | None = None  # reports to the action URL of <Dial> when the leg hangs up
    entertainment: asyncio.Task[None] | None = None  # runs the document of a wait, hold or announce URL

    @property
    def in_conversation(self) -> bool:
        return self.joined and self.conference.started and not self.hold and len(self.conference.present) > 1

    @property
    def status(self) -> str:
        """As the REST API names it."""
        leg = self.leg
        if leg.is_over:
            return "complete" if leg.answered is not None else "failed"
        if self.joined:
            return "connected"
        return "ringing" if leg.status == "ringing" else "queued" if not leg.dialed else "connecting"

    def leave(self, leg: Leg, reason: Literal["hangup", "redirect"]) -> None:
        """The leg hung up, or was redirected."""
        self.conference.remove(
            self, "participant_hung_up" if reason == "hangup" else "participant_updated_via_api"
        )
        if reason == "hangup" and self.farewell is not None:
            self.farewell()

    def pressed(self, leg: Leg, digits: str) -> None:
        """Keys are for whoever listens, and nobody does."""


class Conference:
    """Starts with the second participant, if one of them may start it; ends with the last one."""

    def __init__(self, network: Network, sid: str, friendly_name: str, region: str) -> None:
        self.network = network
        self.sid = sid
        self.friendly_name = friendly_name
        self.region = region
        self.created = self.updated = network.clock.now()
        self.line = Line()
        self.participants: dict[str, Participant] = {}  # by call sid; also those who still ring
        self.settings: Settings | None = None  # of the first participant
        self.started = False
        self.is_over = False
        self.reason = ""  # why it ended
        self.ended_by = ""  # whose leaving ended it
        self.recordings: list[str] = []
        self._sequence = 0
        self._recorded = False

    @property
    def status(self) -> str:
        return "completed" if self.is_over else "in-progress" if self.started else "init"

    @property
    def present(self) -> list[Participant]:
        return [p for p in self.participants.values() if p.joined]

    def find(self, sid_or_label: str) -> Participant | None:
        """The participant with that call sid or label, who is here or still rings."""
        found = self.participants.get(sid_or_label)
        return found or next((p for p in self.participants.values() if p.label == sid_or_label), None)

    def expect(self, leg: Leg, settings: Settings) -> Participant:
        """A leg that will join when it is answered."""
        now = self.network.clock.now()
        participant = Participant(
            self, leg, settings, now, now, settings.label, settings.muted,
            coaching=settings.coaching, call_to_coach=settings.call_to_coach, end_on_exit=settings.end_on_exit,
        )  # fmt: skip
        self.participants[leg.sid] = participant
        return participant

    def join(self, participant: Participant) -> None:
        """The leg is in: the first one's settings are the conference's, the second may start it."""
        if self.settings is None:
            self.settings = participant.settings
        participant.joined = True
        participant.leg.place = participant
        self._touch(participant)
        self.tell("participant-join", participant)
        if (
            not self.started
            and len(self.present) > 1
            and any(p.settings.start_on_enter for p in self.present)
        ):
            self._start()
        self._entertain()
        self.mix()
        if self.started:
            self.network.serve(*(p.leg for p in self.present))

    def remove(self, participant: Participant, reason: Left, kicked: bool = False) -> None:
        """The leg is out; it may end the conference for all."""
        self.participants.pop(participant.leg.sid, None)
        if participant.entertainment is not None:
            participant.entertainment.cancel()
        if not participant.joined:
            return
        participant.joined = False
        self._touch(participant)
        self.tell("participant-leave", participant, ReasonParticipantLeft=reason)
        if participant.leg.place is participant:
            participant.leg.place = None
        if not participant.left.done():
            participant.left.set_result(None)
        if self.is_over:
            return
        how = "kicked" if kicked else "left"
        if participant.end_on_exit:
            self.end(f"participant-with-end-conference-on-exit-{how}", participant)
        elif not self.present:
            self.end(f"last-participant-{how}", participant)
        else:
            self._entertain()
            self.mix()

    def end(self, reason: str, by: Participant | None = None) -> None:
        """Over, for everybody: `conference-ended-via-api`, or what `remove` says."""
        if self.is_over:
            return
        self.is_over, self.reason = True, reason
        self.ended_by = by.leg.sid if by is not None else ""
        left: Left = (
            "conference_ended_via_api" if reason.endswith("via-api") else "moderator_ended_conference"
        )
        for participant in list(self.participants.values()):
            self.remove(participant, left)
            if not participant.leg.is_over and not participant.left.done():
                self.network.end(participant.leg, "canceled")  # it still rang
        self.updated = self.network.clock.now()
        for sid in self.recordings:
            self.network.recorder.stop(sid)
        self.tell("conference-end", by, ReasonConferenceEnded=reason, CallSidEndingConference=self.ended_by)

    def set_mute(self, participant: Participant, muted: bool) -> None:
        if participant.muted != muted:
            participant.muted = muted
            self._touch(participant)
            self.tell("participant-mute" if muted else "participant-unmute", participant)
            self.mix()

    def set_hold(self, participant: Participant, hold: bool, url: str = "", method: str = "POST") -> None:
        """Hold: the party hears music (or what the URL says) and nobody hears the party."""
        participant.hold_url, participant.hold_method = url, method
        if participant.hold != hold:
            participant.hold = hold
            self._touch(participant)
            self.tell("participant-hold" if hold else "participant-unhold", participant)
            self.mix()
            self._entertain()

    def modify(self, participant: Participant, **changes: object) -> None:
        """Coaching, whom, and whether the conference ends with this one."""
        for name, value in changes.items():
            setattr(participant, name, value)
        self._touch(participant)
        self.tell("participant-modify", participant)
        self.mix()

    def announce(self, url: str, method: str, to: Participant | None) -> None:
        """Play a document to one participant, or to all."""
        for participant in [to] if to is not None else self.present:
            work = self._document(participant, url, method, "announce", once=True)
            if work is not None:
                self.network.courier.spawn(work)

    def mix(self) -> None:
        """Who hears whom: nobody hears the muted and those on hold; a coach is heard by the coached one alone."""
        for listener in self.present:
            heard = (
                []
                if listener.hold or not self.started
                else [p for p in self.present if self._hears(listener, p)]
            )
            if heard or listener.entertainment is None:
                hearing.join(listener.leg, [p.leg for p in heard])
        self.network.recorder.overhear(self)

    def tell(self, event: str, participant: Participant | None = None, **extra: str) -> None:
        """Report to the callback of the first participant."""
        number, callback = self._sequence, self.settings.callback if self.settings else None
        self._sequence += 1
        if callback is None or not any(event in EVENTS.get(word, ()) for word in callback.events):
            return
        fields = [
            ("AccountSid", self.network.account.sid),
            ("ConferenceSid", self.sid),
            ("FriendlyName", self.friendly_name),
            ("StatusCallbackEvent", event),
            ("SequenceNumber", str(number)),
            ("Timestamp", rfc2822(self.network.clock.now())),
        ]
        if participant is not None and event != "conference-end":
            fields += [
                ("CallSid", participant.leg.sid),
                ("Muted", _word(participant.muted)),
                ("Hold", _word(participant.hold)),
                ("Coaching", _word(participant.coaching)),
                ("EndConferenceOnExit", _word(participant.end_on_exit)),
                ("StartConferenceOnEnter", _word(participant.settings.start_on_enter)),
            ]
            fields += [("CallSidToCoach", participant.call_to_coach)] if participant.call_to_coach else []
            fields += [("ParticipantLabel", participant.label)] if participant.label else []
            if event == "participant-leave":
                fields.append(("ParticipantCallStatus", participant.leg.status))
        fields += [(name, value) for name, value in extra.items() if value]
        self.network.courier.notify(
            Webhook("conference", callback.url, fields, callback.method, event, self.sid), self.line
        )

    def _start(self) -> None:
        self.started = True
        self.updated = self.network.clock.now()
        self.tell("conference-start", self.present[-1])
        assert self.settings is not None
        if self.settings.record is not None and not self._recorded:
            self._recorded = True
            self.network.recorder.start(self.settings.record, conference=self)

    def _entertain(self) -> None:
        """Music, or the document of the wait or hold URL, for those who wait; none for those who talk."""
        for participant in self.present:
            waits = participant.hold or not self.started
            if not waits and participant.entertainment is not None:
                participant.entertainment.cancel()
                participant.entertainment = None
                hearing.hush(participant.leg)
            elif waits and participant.entertainment is None:
                url = participant.hold_url if participant.hold else participant.settings.wait_url
                method = participant.hold_method if participant.hold else participant.settings.wait_method
                if url:
                    self._wait(participant, url, method)
                elif url is None or participant.hold:
                    hearing.play(participant.leg, MUSIC)

    def _wait(self, participant: Participant, url: str, method: str) -> None:
        """The document of a wait or hold URL, again and again."""
        work = self._document(participant, url, method, "wait", once=False)
        if work is not None:
            participant.entertainment = asyncio.get_running_loop().create_task(work)

    def _document(
        self, participant: Participant, url: str, method: str, kind: str, once: bool
    ) -> Coroutine[Any, Any, None] | None:
        executor = participant.leg.executor
        fields = (("ConferenceSid", self.sid), ("FriendlyName", self.friendly_name))
        return executor.entertain(url, method, kind, fields, once) if executor is not None else None

    def _touch(self, participant: Participant) -> None:
        self.updated = participant.updated = self.network.clock.now()

    @staticmethod
    def _hears(listener: Participant, speaker: Participant) -> bool:
        if speaker is listener or speaker.muted or speaker.hold:
            return False
        return not speaker.coaching or speaker.call_to_coach == listener.leg.sid


def _word(value: bool) -> str:
    return "true" if value else "false"
