"""Recordings and messages: in our own store, heard by who may see the call, gone on both sides when deleted."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from call_center import recordings
from call_center.models.call import Call
from call_center.models.recording import Recording
from crm_admin import files, jobs, policy, records, recycle_bin, registry
from crm_admin.jobs import handlers
from crm_admin.kinds.phone import Phone
from tests.call_center.provider import Provider, sid
from tests.call_center.standin import Reply, Standin, standing_in
from tests.people import Person

MAI = "+84912345678"


def sound(seconds: int = 1) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8_000)
        file.writeframes(bytes(range(256)) * (seconds * 8_000 // 256))
    return made.getvalue()


@pytest.fixture
def remote(provider: Provider) -> Iterator[Standin]:
    """The provider's API, which has a sound for every recording."""
    config = provider.app.extensions["crm"]
    with standing_in() as made:
        ours = replace(config.section("call_center"), api_base=made.url)
        provider.app.extensions["crm"] = replace(config, sections={**config.sections, "call_center": ours})
        yield made


def message(provider: Provider, **contact: Any) -> Recording:
    """A caller leaves a message; the recording as the provider told of it."""
    number = Phone(MAI, MAI, "")
    records.create(
        policy.SYSTEM, "contact", {"family_name": "Trần", "given_name": "Mai", "mobile": number, **contact}
    )
    caller, name = provider.call(MAI), sid("RE")
    caller.ask(
        f"/twilio/voice/after-message?c={caller.sid}",
        CallStatus="in-progress",
        RecordingDuration="7",
        RecordingUrl=f"https://api.twilio.com/2010-04-01/Accounts/AC/Recordings/{name}",
    )
    told = {
        "CallSid": caller.sid,
        "RecordingSid": name,
        "RecordingStatus": "completed",
        "RecordingDuration": "7",
        "RecordingSource": "RecordVerb",
    }
    assert provider.post(f"/twilio/recording?c={caller.sid}", told).status_code == 204
    caller.ended(20, 20)
    return Recording.get()


def work(app: Flask, name: str) -> Any:
    """Do the next job of that name, as a worker would."""
    row = jobs.Job.select().where(jobs.Job.name == name, jobs.Job.state == "ready").get()
    jobs.Job.update(state="done").where(jobs.Job.id == row.id).execute()
    row.attempts += 1
    found = handlers.find(name)
    assert found is not None
    with app.app_context():
        return found.run(handlers.Running(row, "token"))


def test_a_message_is_kept_heard_and_becomes_a_task(provider: Provider, remote: Standin) -> None:
    owner = Person(provider.app, "rep").id
    row = message(provider, owner=owner)
    assert (row.kind, row.state) == ("voicemail", "pending")
    remote.answer("GET", f"{row.sid}.wav", Reply(200, sound(), {"Content-Type": "audio/wav"}))
    assert work(provider.app, "call_center.store_recording")["stored"]
    row = Recording.get()
    assert (row.state, row.size) == ("stored", len(sound()))
    address = f"/call-center/recordings/{row.id}"
    rep = Person(provider.app, "rep")
    assert rep.get(address).data == sound()
    part = rep.client.get(address, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, sound()[10:20])
    assert Person(provider.app, "rep2").get(address).status_code == 404
    assert Person(provider.app, "stranger").get(address).status_code in (302, 401)
    work(provider.app, "call_center.after_call")
    task = registry.entity("task").model.get()
    assert (task.subject, task.owner, task.regarding_entity) == ("Call back: Trần Mai", owner, "contact")


def test_a_sound_that_is_not_there_yet_is_asked_for_again(provider: Provider, remote: Standin) -> None:
    message(provider)
    with pytest.raises(Exception, match="not found"):
        work(provider.app, "call_center.store_recording")
    assert Recording.get().state == "pending"
    jobs.Job.update(state="ready", attempts=recordings.ATTEMPTS - 1).execute()
    with pytest.raises(jobs.Refused):
        work(provider.app, "call_center.store_recording")
    assert Recording.get().state == "absent"


def test_what_is_deleted_goes_on_both_sides(provider: Provider, remote: Standin) -> None:
    row = message(provider)
    remote.answer("GET", f"{row.sid}.wav", Reply(200, sound(), {"Content-Type": "audio/wav"}))
    remote.answer("DELETE", f"{row.sid}.json", Reply(204, None))
    work(provider.app, "call_center.store_recording")
    kept = files.path_of(str(Recording.get().sha256))
    assert kept.is_file()
    assert Person(provider.app, "agent").post(f"/call-center/recordings/{row.id}/delete/").status_code in (
        403,
        404,
    )
    records.delete(policy.SYSTEM, Call.get())
    recycle_bin.purge(provider.now.replace(year=2030))
    assert (Recording.select().count(), kept.is_file()) == (0, True)
    work(provider.app, "call_center.delete_recording")
    assert not kept.exists()
    assert [asked.path.rpartition("/")[2] for asked in remote.asked if asked.method == "DELETE"]
