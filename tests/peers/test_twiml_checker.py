"""The TwiML checker finds what a carrier would trip over, and nothing in what the provider documents."""

from __future__ import annotations

import re

import pytest

from tests.peers import node, twiml_checker
from tests.peers.twiml_documents import BAD, GOOD


@pytest.mark.parametrize("twiml", GOOD)
def test_what_is_documented_has_no_fault(twiml: str) -> None:
    assert twiml_checker.check(twiml) == []


@pytest.mark.parametrize(("twiml", "fault"), BAD)
def test_each_fault_is_found_and_named(twiml: str, fault: str) -> None:
    faults = twiml_checker.check(twiml)
    assert len(faults) == 1
    assert faults[0].startswith(fault)


def test_all_faults_are_found_at_once() -> None:
    twiml = '<Response><Dial foo="1" record="on"><Nummer/></Dial><Hangup>now</Hangup></Response>'
    assert len(twiml_checker.check(twiml)) == 4


def test_messages_have_declarations_of_their_own() -> None:
    twiml = '<Response><Message to="+84901234567"><Body>Đã nhận</Body><Media>https://a/b.png</Media></Message></Response>'
    assert twiml_checker.check(twiml, "MessagingResponse") == []
    assert twiml_checker.check(twiml) == ["Response/Message: no such element"]


@pytest.mark.parametrize("root", ["VoiceResponse", "MessagingResponse"])
def test_no_declared_element_is_overlooked(root: twiml_checker.Root) -> None:
    written = node.installed(f"twilio/lib/twiml/{root}.js").read_text("utf-8")
    assert twiml_checker.declarations(root).names == set(re.findall(r'\.ele\("([\w-]+)"', written))
