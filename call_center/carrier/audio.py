"""The audio of a leg: what its party says goes to those who listen, what it hears is mixed from those it listens to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import chain, islice

from call_center.carrier import sound
from call_center.carrier.endpoint import RINGBACK, MediaPort, Prompt, Tape
from call_center.carrier.sound import FRAME_SECONDS, Frame

_CUSHION = 2  # frames that must lie ready before one is taken, against the jitter of the network
_LATEST = 8  # frames kept; who falls behind hears the newest


class Link:
    """The way of one party's voice to one listener."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque(maxlen=_LATEST)
        self._flowing = False

    def put(self, frame: Frame) -> None:
        """Add what was said."""
        self._frames.append(frame)
        self._flowing = self._flowing or len(self._frames) >= _CUSHION

    def take(self) -> Frame | None:
        """The oldest frame not yet heard; None while nothing is ready."""
        if not self._flowing:
            return None
        frame = self._frames.popleft()
        self._flowing = bool(self._frames)
        return frame


class AudioPort(MediaPort):
    """A party with sound. Its driver calls `said` with every frame from the party and `heard` once in 20 ms."""

    def __init__(self) -> None:
        self._listeners: dict[AudioPort, Link] = {}
        self._sources: dict[AudioPort, Link] = {}
        self._prompt: Iterator[Frame] | None = None
        self._tapes: dict[Tape, Link] = {}
        self.frames_said = 0

    def hear(self, sources: Sequence[MediaPort]) -> None:
        """From now on hear these parties and no others."""
        wanted = {source for source in sources if isinstance(source, AudioPort)}
        for source in self._sources.keys() - wanted:
            del self._sources[source]
            source._unlisten(self)
        for source in wanted - self._sources.keys():
            self._sources[source] = source._listen(self)

    def play(self, prompt: Prompt) -> None:
        """Start a prompt, in place of one that still plays."""
        self._prompt = _source_of(prompt)

    def hush(self) -> None:
        """End the prompt that plays, if any."""
        self._prompt = None

    def record(self, tape: Tape) -> None:
        """Write all that is said and heard from now on."""
        self._tapes[tape] = Link()

    def stop_recording(self, tape: Tape) -> None:
        """Write no more to this tape."""
        self._tapes.pop(tape, None)

    def said(self, frame: Frame) -> None:
        """The party said this."""
        self.frames_said += 1
        for link in chain(self._listeners.values(), self._tapes.values()):
            link.put(frame)

    def heard(self) -> Frame:
        """What the party hears in the next 20 ms; the recording goes on by the same step."""
        pieces = [frame for frame in (link.take() for link in self._sources.values()) if frame is not None]
        if self._prompt is not None:
            frame = next(self._prompt, None)
            if frame is None:
                self._prompt = None
            else:
                pieces.append(frame)
        heard = sound.mix(pieces)
        for tape, link in self._tapes.items():
            said = link.take() or sound.silence()
            tape.write(said.tobytes(), heard.tobytes())
        return heard

    def _listen(self, listener: AudioPort) -> Link:
        return self._listeners.setdefault(listener, Link())

    def _unlisten(self, listener: AudioPort) -> None:
        self._listeners.pop(listener, None)


class AbsentPort(AudioPort):
    """A party that is not there. It may talk by itself; what it hears goes nowhere but to the recording."""

    def __init__(self, voice: Iterator[Frame] | None = None) -> None:
        super().__init__()
        self._voice = voice or iter(())
        self._clock = asyncio.create_task(self._live())

    def close(self) -> None:
        """Be gone for good."""
        self.hear(())
        self._clock.cancel()

    async def _live(self) -> None:
        async for _ in beats():
            if (frame := next(self._voice, None)) is not None:
                self.said(frame)
            self.heard()


async def beats() -> AsyncIterator[None]:
    """One beat in 20 ms; late beats follow at once, unless more than a second was slept through."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        yield None
        due += FRAME_SECONDS
        now = loop.time()
        if now - due > 1:
            due = now
        await asyncio.sleep(max(0.0, due - now))


def _source_of(prompt: Prompt) -> Iterator[Frame]:
    """The sound of a prompt, for as long as it lasts."""
    return islice(_endless(prompt), round(prompt.seconds / FRAME_SECONDS))


def _endless(prompt: Prompt) -> Iterator[Frame]:
    if prompt.samples:
        return sound.samples_of(prompt.samples)
    if prompt.kind == "say":
        return sound.speech(prompt.text)
    if prompt.kind == "tone":
        return sound.ringback() if prompt.text == RINGBACK else sound.beep()
    return sound.hold_music()
