"""A recording: what it says about itself, and its sound."""

from __future__ import annotations

import array
import functools
import io
import math
import wave
from dataclasses import dataclass

from call_center.carrier.audio import AbsentPort
from call_center.carrier.endpoint import SAMPLE_RATE
from call_center.carrier.leg import RecordingOrder
from call_center.carrier.tape import SampleTape


@dataclass(eq=False)
class Recording:
    """One recording. Times are seconds of the carrier's clock."""

    sid: str
    order: RecordingOrder
    started: float
    call_sid: str = ""
    conference_sid: str = ""
    status: str = "in-progress"
    created: float = 0.0
    updated: float = 0.0
    duration: int | None = None  # whole seconds, known when the file exists
    error_code: int | None = None
    deleted: bool = False
    tape: SampleTape | None = None  # the sound of a real party
    listener: AbsentPort | None = None  # hears a conference for the tape
    not_found: int = 0  # how often the media is still answered with 404
    recorded: float = 0.0  # seconds so far, up to the last pause
    running_since: float | None = None

    def seconds(self, now: float) -> float:
        """How long has been recorded, without the pauses that skip."""
        return self.recorded + (now - self.running_since if self.running_since is not None else 0.0)

    @property
    def is_running(self) -> bool:
        """Whether it has not been stopped; it may be paused."""
        return self.status in {"in-progress", "paused"}

    def listen(self) -> None:
        """Have ears of its own, in a conference."""
        if self.listener is None:
            self.tape, self.listener = SampleTape(self.order.channels), AbsentPort()
            self.listener.record(self.tape)

    def pause(self, now: float, skip: bool) -> None:
        """Nothing of what is said now is kept; `skip`: the pause leaves no gap of silence either."""
        self.recorded = self.seconds(now)
        self.running_since = None if skip else now
        self.status = "paused"
        if self.tape is not None:
            self.tape.hold(silent=not skip)

    def resume(self, now: float) -> None:
        if self.running_since is None:
            self.running_since = now
        self.status = "in-progress"
        if self.tape is not None:
            self.tape.paused = False

    def wav(self) -> bytes:
        """The file: 16 bit, 8 kHz. A virtual party has the sound of a soft, slow tone."""
        channels = self.order.channels
        samples = bytes(self.tape.samples) if self.tape is not None else b""
        if not samples:
            samples = tone(channels) * max(1, self.duration or 1)
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(channels)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(samples)
        return buffer.getvalue()


@functools.cache
def tone(channels: int) -> bytes:
    """One second that swells and fades, so that a player shows something and the ear can count."""
    values = (
        int(3000 * math.sin(math.pi * n / SAMPLE_RATE) * math.sin(2 * math.pi * 330 * n / SAMPLE_RATE))
        for n in range(SAMPLE_RATE)
        for _ in range(channels)
    )
    return array.array("h", values).tobytes()


def mp3(wav: bytes) -> bytes:
    """The same sound as MP3. Raises LookupError where the encoder is not installed."""
    try:
        import av  # noqa: PLC0415 - heavy, and comes with the optional audio of browser phones
    except ImportError:
        raise LookupError("no MP3 encoder installed") from None
    out = io.BytesIO()
    with av.open(io.BytesIO(wav), "r") as source, av.open(out, "w", format="mp3") as target:
        stream = target.add_stream("mp3", rate=SAMPLE_RATE)
        for frame in source.decode(audio=0):
            frame.pts = None
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return out.getvalue()
