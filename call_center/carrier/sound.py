"""Sound made here, out of nothing: speech-like talk, tones of a telephone network, music on hold; files as WAV.

A source is an iterator of frames: 20 ms of samples each, at the rate and width of `endpoint.SAMPLE_RATE`.
No words can be made out of the talk; it has the length, the melody and the pauses of speech, so that a person hears
at once that somebody speaks, and a test can tell sound from silence.
"""

from __future__ import annotations

import io
import math
import wave
from array import array
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, count, cycle, repeat
from random import Random
from typing import TypeAlias

from call_center.carrier.endpoint import SAMPLE_RATE

FRAME_SECONDS = 0.02
FRAME_SAMPLES = round(SAMPLE_RATE * FRAME_SECONDS)

Frame: TypeAlias = "array[int]"
"""Signed 16-bit samples, `array("h")`."""

LOUDEST = 32767
_CHARACTERS_PER_SECOND = 14.0
"""The pace of `<Say>`: telephony engines speak about fourteen characters a second."""

# First and second formant in Hz (Peterson and Barney, 1952, men, rounded).
_FORMANTS = {
    "a": (730, 1090),
    "e": (530, 1840),
    "i": (270, 2290),
    "o": (570, 840),
    "u": (300, 870),
}
_VOWELS = tuple(_FORMANTS)
_SYLLABLES = ("xin", "chao", "toi", "goi", "ve", "don", "hang", "hom", "qua", "da", "vang", "nha", "may")

# Viet Nam and most of the world: 425 Hz; one second of ringing in five, a busy tone twice a second.
_NETWORK_HZ = 425


class SoundUnreadable(Exception):
    """The bytes are no audio that can be decoded."""


def silence() -> Frame:
    """One frame of nothing."""
    return array("h", bytes(2 * FRAME_SAMPLES))


def mix(frames: Iterable[Frame]) -> Frame:
    """The sum of frames, clipped at the loudest sample. No frame at all is silence."""
    given = list(frames)
    if not given:
        return silence()
    if len(given) == 1:
        return given[0]
    return array("h", (max(-LOUDEST, min(LOUDEST, sum(samples))) for samples in zip(*given, strict=True)))


def loudness(samples: bytes) -> float:
    """Root mean square of the samples, from 0 (silence) to 1 (the loudest square wave)."""
    values = array("h", samples)
    if not values:
        return 0.0
    return math.sqrt(math.fsum(value * value for value in values) / len(values)) / LOUDEST


def speech(text: str) -> Iterator[Frame]:
    """Talk as long as the text takes to say."""
    return _framed(chain.from_iterable(_utterance(text, pitch_hz=120)))


def murmur(seed: str) -> Iterator[Frame]:
    """Somebody who talks without end, in sentences with pauses; the seed is the voice."""
    random = Random(seed)  # noqa: S311 - a voice, not a secret
    pitch_hz = random.uniform(95, 220)
    sentences = (" ".join(random.choices(_SYLLABLES, k=random.randint(4, 9))) + ".      " for _ in count())
    return _framed(chain.from_iterable(chain.from_iterable(_utterance(each, pitch_hz) for each in sentences)))


def ringback() -> Iterator[Frame]:
    """What a caller hears while the other side rings, without end."""
    return cycle(_beeps(on_seconds=1, off_seconds=4, hertz=_NETWORK_HZ))


def beep() -> Iterator[Frame]:
    """The tone after which a message is recorded: half a second."""
    return iter(_beeps(on_seconds=0.5, off_seconds=0, hertz=1000))


def hold_music() -> Iterator[Frame]:
    """A quiet tune, without end."""
    return cycle(_tune())


def samples_of(sound: bytes) -> Iterator[Frame]:
    """Frames of raw samples; the last one is filled up with silence."""
    size = 2 * FRAME_SAMPLES
    for start in range(0, len(sound), size):
        yield array("h", sound[start : start + size].ljust(size, b"\0"))


def decode(file: bytes) -> bytes:
    """Raw samples of an audio file (WAV, MP3, Ogg …). Raises SoundUnreadable."""
    import av  # noqa: PLC0415 - takes longer to load than the whole carrier, and few files are played

    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    samples = bytearray()
    try:
        with av.open(io.BytesIO(file), mode="r") as container:
            for frame in chain(container.decode(audio=0), [None]):
                for piece in resampler.resample(frame):
                    samples += bytes(piece.planes[0])[: 2 * piece.samples]
    except (av.FFmpegError, IndexError, ValueError) as unreadable:
        raise SoundUnreadable(str(unreadable)) from unreadable
    return bytes(samples)


def wav(samples: bytes, channels: int = 1) -> bytes:
    """A WAV file of raw samples; of two channels they alternate."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        writer.writeframes(samples)
    return file.getvalue()


def _framed(samples: Iterable[int]) -> Iterator[Frame]:
    frame = array("h")
    for sample in samples:
        frame.append(sample)
        if len(frame) == FRAME_SAMPLES:
            yield frame
            frame = array("h")
    if frame:
        frame.extend([0] * (FRAME_SAMPLES - len(frame)))
        yield frame


def _utterance(text: str, pitch_hz: float) -> Iterator[Iterator[int]]:
    """The sounds of a text, letter by letter, the melody falling towards the end of it."""
    length = round(SAMPLE_RATE / _CHARACTERS_PER_SECOND)
    for place, letter in enumerate(text.lower()):
        fall = 1.15 - 0.3 * place / max(len(text), 1)
        if not letter.isalnum():
            yield repeat(0, length)
        elif letter.isascii() and letter not in _FORMANTS:
            yield _sound(_FORMANTS[_VOWELS[ord(letter) % 5]], pitch_hz * fall, length, level=500)
        else:
            vowel = letter if letter in _FORMANTS else _VOWELS[ord(letter) % 5]
            yield _sound(_FORMANTS[vowel], pitch_hz * fall, length, level=1600)


def _sound(formants: tuple[int, int], pitch_hz: float, length: int, level: float) -> Iterator[int]:
    """A voiced sound: pulses of the vocal cords through one resonator per formant (Klatt, 1980)."""
    (gain, first, second), (gain2, first2, second2) = (_resonator(hertz) for hertz in formants)
    period = SAMPLE_RATE / pitch_hz
    due = old = older = old2 = older2 = 0.0
    for place in range(length):
        pulse = 0.0
        if place >= due:
            pulse, due = 12.0, due + period
        older, old = old, gain * pulse + first * old + second * older
        older2, old2 = old2, gain2 * pulse + first2 * old2 + second2 * older2
        swell = min(1.0, place / 80, (length - place) / 80)
        yield max(-LOUDEST, min(LOUDEST, round(level * swell * (old + 0.6 * old2))))


def _resonator(hertz: float, bandwidth_hz: float = 90) -> tuple[float, float, float]:
    """Coefficients of a two-pole resonator whose gain is 1 at 0 Hz."""
    second = -math.exp(-2 * math.pi * bandwidth_hz / SAMPLE_RATE)
    first = 2 * math.exp(-math.pi * bandwidth_hz / SAMPLE_RATE) * math.cos(2 * math.pi * hertz / SAMPLE_RATE)
    return 1 - first - second, first, second


@lru_cache
def _beeps(on_seconds: float, off_seconds: float, hertz: float) -> tuple[Frame, ...]:
    on = (
        round(6000 * math.sin(2 * math.pi * hertz * place / SAMPLE_RATE))
        for place in range(round(on_seconds * SAMPLE_RATE))
    )
    return tuple(_framed(chain(on, repeat(0, round(off_seconds * SAMPLE_RATE)))))


@lru_cache
def _tune() -> tuple[Frame, ...]:
    """Four broken chords, each note fading: eight seconds that join to themselves."""
    chords = ((262, 330, 392, 523), (220, 262, 330, 440), (175, 220, 262, 349), (196, 247, 294, 392))
    notes = [hertz for chord in chords for hertz in (*chord, *chord[::-1])]
    length = round(SAMPLE_RATE * 0.25)
    return tuple(
        _framed(
            round(2500 * math.exp(-3 * place / length) * math.sin(2 * math.pi * hertz * place / SAMPLE_RATE))
            for hertz in notes
            for place in range(length)
        )
    )
