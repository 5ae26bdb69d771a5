"""The database is away: callers still hear something sensible, and what is only told is asked for again."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

import peewee
import pytest

from call_center.models.call_event import CallEvent
from crm_admin import db
from tests.call_center.provider import Provider, sid

CALL = {"From": "+84912345678", "To": "+842873001234", "Direction": "inbound"}


@pytest.fixture
def away(sqlite_provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """No connection can be opened, as when the server is gone or the disk is full."""

    def refuse(*args: object, **options: object) -> None:
        raise peewee.OperationalError("the database is away")

    engine = db.database.obj
    engine.close()
    monkeypatch.setattr(engine, "connect", refuse)
    yield sqlite_provider
    monkeypatch.undo()
    engine.connect(reuse_if_open=True)


@pytest.mark.parametrize(
    ("door", "verbs"),
    [
        ("inbound", ["Say", "Record", "Hangup"]),
        ("fallback", ["Say", "Record", "Hangup"]),
        ("connect", ["Say", "Record", "Hangup"]),
        ("queue-left", ["Say", "Record", "Hangup"]),
        ("wait", ["Pause"]),
        ("after-dial", ["Hangup"]),
        ("outbound", ["Hangup"]),
    ],
)
def test_callers_hear_something_sensible(away: Provider, door: str, verbs: list[str]) -> None:
    answer = away.post(f"/twilio/voice/{door}", {**CALL, "CallSid": sid(), "CallStatus": "ringing"})
    assert answer.status_code == 200
    assert [verb.tag for verb in ElementTree.fromstring(answer.text)] == verbs


def test_what_is_only_told_is_asked_for_again(away: Provider) -> None:
    for door in ("voice/status", "recording", "conference"):
        assert away.post(f"/twilio/{door}", {**CALL, "CallSid": sid()}).status_code == 503
    unsigned = away.client.post("/twilio/voice/inbound", data=CALL)
    assert unsigned.status_code == 403


def test_the_fallback_takes_a_message_and_the_call_is_found_by_it(sqlite_provider: Provider) -> None:
    call = sid()
    form = {**CALL, "CallSid": call, "CallStatus": "ringing", "ErrorCode": "11200", "ErrorUrl": "https://x/"}
    answer = sqlite_provider.post("/twilio/voice/fallback", form)
    record = ElementTree.fromstring(answer.text).find("Record")
    assert record is not None
    assert f"c={call}" in record.attrib["action"]
    assert CallEvent.get().thread == call
