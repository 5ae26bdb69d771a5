"""Gather: what the party keys or says, while or after something is said to it."""

from __future__ import annotations

import asyncio
from typing import Any

from call_center.carrier import hearing
from call_center.carrier.leg import Document
from call_center.carrier.parameters import Fields
from call_center.carrier.run import Run
from call_center.carrier.twiml import Element
from call_center.carrier.verbs.say import pause, play, say

NESTED = {"Say": say, "Play": play, "Pause": pause}


async def gather(run: Run, element: Element) -> Document | None:
    """Collect keys until there are enough, the finishing key, or silence; or a sentence."""
    run.network.pick_up(run.leg)
    run.leg.input.clear()
    kinds = element.get("input", "dtmf").split()
    prompts = asyncio.get_running_loop().create_task(_prompts(run, element))
    either: set[asyncio.Future[Any]] = {prompts, run.leg.input.next()}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        prompts.cancel()
        hearing.hush(run.leg)
    digits = await _digits(run, element, kinds)
    said = run.leg.input
    if "speech" in kinds and said.speech and not digits:
        fields: Fields = [("SpeechResult", said.speech), ("Confidence", f"{said.confidence:.2f}")]
        said.clear()
        return run.action(element, fields) or run.again(fields)
    if digits is None and not element.flag("actionOnEmptyResult"):
        return None
    fields = [("Digits", digits or "")]
    return run.action(element, fields) or run.again(fields)


async def _prompts(run: Run, element: Element) -> None:
    for child in element.children:
        verb = NESTED.get(child.name)
        if verb is not None:
            await verb(run, child)


async def _digits(run: Run, element: Element, kinds: list[str]) -> str | None:
    """The keys; None when there were none. Speech ends the wait as well."""
    timeout = 5 if element.get("timeout") == "auto" else element.integer("timeout", 5)
    wanted = element.integer("numDigits", 0)
    finish = element.get("finishOnKey", "#")
    digits = ""
    while True:
        for key in run.leg.input.take() if "dtmf" in kinds else "":
            if key in finish and finish:
                return digits
            digits += key
            if wanted and len(digits) >= wanted:
                return digits
        if "speech" in kinds and run.leg.input.speech and not digits:
            return None
        if not await run.network.clock.wait({run.leg.input.next()}, timeout):
            return digits or None
