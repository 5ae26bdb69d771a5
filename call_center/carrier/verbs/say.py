"""Say, Play, Pause: sound for one party, for as long as it lasts."""

from __future__ import annotations

import functools

from call_center.carrier import hearing, sound
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
    file = await run.network.courier.sound(url)
    if file is None:
        run.network.alert(11200, "HTTP retrieval failure", url, run.leg.sid)
        return
    seconds, samples = audio_of(file)
    await _sound(run, element, Prompt("play", seconds, url, samples=samples))


async def pause(run: Run, element: Element) -> None:
    """Wait. As the first verb it lets the phone ring on."""
    await run.network.clock.sleep(element.integer("length", 1))


async def _sound(run: Run, element: Element, prompt: Prompt) -> None:
    times = element.integer("loop", 1) or WITHOUT_END
    try:
        for _ in range(times):
            hearing.play(run.leg, prompt)
            await run.network.clock.sleep(max(prompt.seconds, 0.1 if times == WITHOUT_END else 0.0))
    finally:
        hearing.hush(run.leg)


@functools.lru_cache(maxsize=16)
def audio_of(file: Sound) -> tuple[float, bytes]:
    """How long a file lasts, and its samples. Of what nobody can decode the length is guessed."""
    try:
        samples = sound.decode(file.content)
    except sound.SoundUnreadable:
        # 128 kbit/s is what most compressed files have.
        return len(file.content) / 16000, b""
    return len(samples) / 2 / SAMPLE_RATE, samples
