"""Make the sounds of the call center: call_center/static/sounds/<key>.wav, one per sound of the Voice SDK, and what
callers hear while they wait (`waiting`).

The SDK would fetch its own from another host. These are sums of sines, the same bytes on every run.
"""

import math
import wave
from array import array
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "call_center" / "static" / "sounds"
RATE = 8000  # samples a second, 16 bit mono: the band of a telephone

Wave = Callable[[float], float]
"""Loudness from -1 to 1 at a time in seconds."""

# ITU-T Q.23: one tone of the row and one of the column.
ROWS = (697, 770, 852, 941)
COLUMNS = (1209, 1336, 1477)
KEYS = ("123", "456", "789", "s0h")


def dtmf(row: int, column: int) -> Wave:
    """The two tones of a key."""
    return lambda at: 0.25 * (math.sin(math.tau * row * at) + math.sin(math.tau * column * at))


def bell(*notes: tuple[float, float]) -> Wave:
    """Notes (start in seconds, Hz) that are struck and fade, with one overtone."""

    def sound(at: float) -> float:
        struck = ((at - start, hertz) for start, hertz in notes if at >= start)
        return sum(
            0.3
            * math.exp(-7 * since)
            * (math.sin(math.tau * hz * since) + 0.3 * math.sin(2 * math.tau * hz * since))
            for since, hz in struck
        )

    return sound


def write(name: str, seconds: float, sound: Wave) -> None:
    """Write a file; the first and last 5 ms swell and fade, so that nothing clicks."""
    samples = array("h")
    for place in range(round(seconds * RATE)):
        at = place / RATE
        edge = min(1.0, at / 0.005, (seconds - at) / 0.005)
        samples.append(round(32767 * max(-1.0, min(1.0, edge * sound(at)))))
    with wave.open(str(FOLDER / f"{name}.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


def main() -> None:
    """Write all sixteen."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for row, keys in zip(ROWS, KEYS, strict=True):
        for column, key in zip(COLUMNS, keys, strict=True):
            write(f"dtmf{key}", 0.12, dtmf(row, column))
    # Two strokes of three rising notes, then quiet: the SDK plays it over and over while the phone rings.
    strokes = (0.0, 0.55)
    ring = [
        (stroke + step * 0.09, hertz) for stroke in strokes for step, hertz in enumerate((784, 988, 1175))
    ]
    write("incoming", 2.4, bell(*ring))
    write("outgoing", 0.35, bell((0.0, 659), (0.12, 880)))
    write("disconnect", 0.4, bell((0.0, 587), (0.14, 392)))
    # Four quiet broken chords (G, E minor, C, D), a note every half second: ten seconds that can begin anew.
    chords = ((392, 494, 587, 494), (330, 392, 494, 392), (262, 330, 392, 330), (294, 370, 440, 370))
    notes = [note for chord in chords for note in (*chord, chord[0])]
    write("waiting", 10.0, bell(*((place * 0.5, hertz) for place, hertz in enumerate(notes))))


if __name__ == "__main__":
    main()
