"""What our carrier takes for TwiML is what the provider declares: a document it passes will pass for real."""

from __future__ import annotations

import pytest

from call_center.carrier.twiml import CHOICES, SCHEMA, parse, problems
from tests.peers import twiml_checker
from tests.peers.twiml_documents import GOOD

# The carrier ends so what <Start><Recording> began; the declarations do not know it.
UNDECLARED = {"Stop": {"Recording"}}
# Words that worked before there were others, and still do.
LEGACY = {("Dial", "record"): {"true", "false"}, ("Conference", "record"): {"true", "false"}}


def declared() -> dict[str, list[twiml_checker.Element]]:
    """Every element of voice and of messages, as each of its parents declares it."""
    found: dict[str, list[twiml_checker.Element]] = {}
    for root in ("VoiceResponse", "MessagingResponse"):
        for children in twiml_checker.declarations(root).children.values():
            for name, element in children.items():
                found.setdefault(name, []).append(element)
    return found


@pytest.mark.parametrize("twiml", GOOD)
def test_the_carrier_finds_nothing_in_what_is_documented(twiml: str) -> None:
    assert list(problems(parse(twiml))) == []


@pytest.mark.parametrize("name", sorted(set(SCHEMA) - {"Response"}))
def test_the_carrier_knows_the_attributes_that_are_declared(name: str) -> None:
    attributes, children = SCHEMA[name]
    elements = declared()[name]
    assert attributes == {one for element in elements for one in element.attributes}
    voice, messages = (
        twiml_checker.declarations(root).children for root in ("VoiceResponse", "MessagingResponse")
    )
    inside = {one for element in elements for one in (voice | messages)[element.content]}
    # What a call center has no use for (payments, video, AI) is not simulated.
    assert children - UNDECLARED.get(name, set()) <= inside


@pytest.mark.parametrize(("element", "attribute"), sorted(CHOICES))
def test_the_carrier_knows_the_values_that_are_declared(element: str, attribute: str) -> None:
    kind = declared()[element][0].attributes[attribute].removesuffix("[]")
    values = twiml_checker.declarations("VoiceResponse").enums[kind]
    assert CHOICES[element, attribute] - LEGACY.get((element, attribute), set()) == values
