"""Recordings in the making: starts, pauses and stops them, makes the file later, and tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from call_center.carrier import hearing
from call_center.carrier.leg import Callback, Leg, RecordingOrder, rfc2822
from call_center.carrier.line import Line
from call_center.carrier.parameters import API_VERSION, Fields, call_fields
from call_center.carrier.recording import Recording
from call_center.carrier.tape import SampleTape
from call_center.carrier.webhook import Webhook

if TYPE_CHECKING:
    from call_center.carrier.conference import Conference
    from call_center.carrier.network import Network


@dataclass(eq=False)
class Transcription:
    """The text of a recording."""

    sid: str
    recording: Recording
    status: str
    text: str
    created: float
    updated: float


class Recorder:
    """All recordings of the account."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.recordings: dict[str, Recording] = {}
        self.transcriptions: dict[str, Transcription] = {}
        self._legs: dict[str, Leg] = {}
        self._conferences: dict[str, Conference] = {}

    def start(
        self, order: RecordingOrder, leg: Leg | None = None, conference: Conference | None = None
    ) -> Recording:
        """Record a leg, or a conference, from now on."""
        now = self._network.clock.now()
        recording = Recording(
            self._network.sids.new("RE"), order, now, created=now, updated=now, running_since=now,
            not_found=self._network.behaviour.recording_404,
        )  # fmt: skip
        self.recordings[recording.sid] = recording
        if leg is not None:
            recording.call_sid = leg.sid
            leg.recordings.append(recording.sid)
            self._legs[recording.sid] = leg
        if conference is not None:
            recording.conference_sid = conference.sid
            conference.recordings.append(recording.sid)
            self._conferences[recording.sid] = conference
            self.overhear(conference)
        elif leg is not None and (port := hearing.recordable(leg)) is not None:
            recording.tape = SampleTape(order.channels)
            port.record(recording.tape)
        self.tell(recording, "in-progress")
        return recording

    def overhear(self, conference: Conference) -> None:
        """Who speaks in the conference has changed: its recordings hear them, and never music on hold.

        As long as nobody real was there, a recording has no sound of its own.
        """
        speakers = [p.leg for p in conference.present if not (p.muted or p.hold or p.coaching)]
        running = [r for sid in conference.recordings if (r := self.recordings[sid]).is_running]
        if any(leg.port is not None for leg in speakers):
            for recording in running:
                recording.listen()
        for recording in running:
            if recording.listener is not None:
                recording.listener.hear([v for leg in speakers if (v := hearing.voice(leg)) is not None])

    def pause(self, recording: Recording, behaviour: Literal["skip", "silence"]) -> None:
        recording.pause(self._network.clock.now(), behaviour == "skip")
        recording.updated = self._network.clock.now()

    def resume(self, recording: Recording) -> None:
        recording.resume(self._network.clock.now())
        recording.updated = self._network.clock.now()

    def stop(self, sid: str) -> None:
        """No more; the file comes later. Nothing when it has been stopped."""
        recording = self.recordings.get(sid)
        if recording is None or not recording.is_running:
            return
        now = self._network.clock.now()
        recording.recorded = recording.seconds(now)
        recording.running_since = None
        recording.status, recording.updated = "processing", now
        self._release(recording)
        if recording.order.source == "OutboundAPI" and (leg := self._legs.get(sid)) is not None:
            leg.recorded = self.fields(recording)
        self._network.clock.call_later(
            self._network.behaviour.recording_delay, lambda: self._finish(recording)
        )

    def stop_all(self, leg: Leg) -> None:
        """The leg is over, or its Dial is."""
        for sid in leg.recordings:
            self.stop(sid)

    def close(self) -> None:
        """Listen nowhere any more."""
        for recording in self.recordings.values():
            self._release(recording)

    def url(self, recording: Recording) -> str:
        """Where the recording is, without an ending, as callbacks give it."""
        return f"{self._base()}/Recordings/{recording.sid}"

    def fields(self, recording: Recording) -> dict[str, str]:
        """What a callback or an action says of a recording whose file may not exist yet."""
        seconds = round(recording.recorded) if recording.duration is None else recording.duration
        return {
            "RecordingUrl": self.url(recording),
            "RecordingSid": recording.sid,
            "RecordingDuration": str(seconds),
        }

    def transcribe(self, recording: Recording, leg: Leg, callback: Callback | None) -> None:
        """Make a text of a recording of 2 to 120 seconds, some time later."""
        now = self._network.clock.now()
        long_enough = 2 <= (recording.duration or 0) <= 120
        transcription = Transcription(
            self._network.sids.new("TR"), recording, "completed" if long_enough else "failed",
            "This is what was said." if long_enough else "", now, now,
        )  # fmt: skip
        self.transcriptions[transcription.sid] = transcription
        if callback is None:
            return
        fields: Fields = [
            *call_fields(leg),
            ("TranscriptionSid", transcription.sid),
            ("TranscriptionText", transcription.text),
            ("TranscriptionStatus", transcription.status),
            ("TranscriptionUrl", f"{self._base()}/Transcriptions/{transcription.sid}"),
            ("TranscriptionType", "fast"),
            ("RecordingSid", recording.sid),
            ("RecordingUrl", self.url(recording)),
        ]
        hook = Webhook("transcription", callback.url, fields, callback.method, transcription.status, leg.sid)
        self._network.clock.call_later(
            self._network.behaviour.transcription_delay, lambda: self._network.courier.notify(hook, leg.line)
        )

    def tell(self, recording: Recording, event: str) -> None:
        """Report to the recording's callback, if the event is wanted."""
        callback = recording.order.callback
        if callback is None or event not in callback.events:
            return
        fields: Fields = [("AccountSid", self._network.account.sid)]
        if recording.conference_sid:
            fields.append(("ConferenceSid", recording.conference_sid))
        if recording.call_sid:
            fields.append(("CallSid", recording.call_sid))
        fields += [
            ("RecordingSid", recording.sid),
            ("RecordingUrl", self.url(recording)),
            ("RecordingStatus", event),
            ("RecordingChannels", str(recording.order.channels)),
            ("RecordingStartTime", rfc2822(recording.started)),
            ("RecordingSource", recording.order.source),
            ("RecordingTrack", recording.order.track),
            ("ErrorCode", "0"),
        ]
        if recording.duration is not None:
            fields.append(("RecordingDuration", str(recording.duration)))
        line = self._line(recording)
        hook = Webhook("recording", callback.url, fields, callback.method, event, recording.sid)
        self._network.courier.notify(hook, line)

    def _base(self) -> str:
        return f"{self._network.url}/{API_VERSION}/Accounts/{self._network.account.sid}"

    def _line(self, recording: Recording) -> Line:
        leg = self._legs.get(recording.sid) or self._network.legs.get(recording.call_sid)
        if leg is not None:
            return leg.line
        conference = self._conferences.get(recording.sid)
        return conference.line if conference is not None else Line()

    def _release(self, recording: Recording) -> None:
        """Take the tape out of the port that writes it."""
        if recording.tape is None:
            return
        recording.tape.hold(silent=False)
        leg = self._legs.get(recording.sid)
        if recording.listener is not None:
            recording.listener.close()
        elif leg is not None and (port := hearing.recordable(leg)) is not None:
            port.stop_recording(recording.tape)

    def _finish(self, recording: Recording) -> None:
        if recording.deleted:
            return
        absent = self._network.random.random() < self._network.behaviour.recording_absent
        recording.updated = self._network.clock.now()
        if absent:
            recording.status, recording.error_code = "absent", 13227
            self.tell(recording, "absent")
            return
        sound = recording.tape.seconds if recording.tape is not None and recording.tape.samples else None
        recording.duration = round(sound if sound is not None else recording.recorded)
        recording.status = "completed"
        self.tell(recording, "completed")
