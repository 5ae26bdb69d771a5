"""Say, Play, Pause: sound for one party, for as long as it lasts."""

from __future__ import annotations

import io
import wave

from call_center.carrier.endpoint import SAMPLE_RATE, Prompt
from call_center.carrier.run import Run
from call_center.carrier.twiml import Element
from call_center.carrier.webhook import Sound

LETTERS_PER_SECOND = 14.0
KEY_SECONDS = 0.2
WITHOUT_END = 1000  # loop="0"


async def say(run: Run, element: Element) -> None:
    """Speak a text."""
    run.network.pick_up(run.leg)
    seconds = len(element.text) / LETTERS_PER_SECOND
    prompt = Prompt("say", seconds, element.text, element.get("language", "en-US"))
    await _sound(run, element, prompt)


async def play(run: Run, element: Element) -> None:
    """Play a file, or keys (`digits`)."""
    run.network.pick_up(run.leg)
    if digits := element.get("digits"):
        if run.leg.endpoint is not None:
            run.leg.endpoint.dtmf(run.leg, digits)
        await run.network.clock.sleep(len(digits) * KEY_SECONDS)
        return
    url = run.url(element.text)
    sound = await run.network.courier.sound(url)
    if sound is None:
        run.network.alert(11200, "HTTP retrieval failure", url, run.leg.sid)
        return
    seconds, samples = audio_of(sound)
    await _sound(run, element, Prompt("play", seconds, url, samples=samples))


async def pause(run: Run, element: Element) -> None:
    """Wait. As the first verb it lets the phone ring on."""
    await run.network.clock.sleep(element.integer("length", 1))


async def _sound(run: Run, element: Element, prompt: Prompt) -> None:
    times = element.integer("loop", 1) or WITHOUT_END
    try:
        for _ in range(times):
            run.network.prompt(run.leg, prompt)
            await run.network.clock.sleep(max(prompt.seconds, 0.1 if times == WITHOUT_END else 0.0))
    finally:
        run.network.hush(run.leg)


def audio_of(sound: Sound) -> tuple[float, bytes]:
    """How long a file lasts, and its samples if it is a WAV in the exchange's own format."""
    try:
        with wave.open(io.BytesIO(sound.content), "rb") as file:
            seconds = file.getnframes() / (file.getframerate() or 1)
            plain = (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (SAMPLE_RATE, 2, 1)
            return seconds, file.readframes(file.getnframes()) if plain else b""
    except (wave.Error, EOFError):
        # Compressed sound: 128 kbit/s is what most files have.
        return len(sound.content) / 16000, b""
