"""Recordings and messages: fetched into our own store, written down as text where somebody does that, and deleted on
both sides when they must go."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import current_app

from call_center import gateway, recording_download
from call_center.models.call import Call
from call_center.models.recording import Recording
from call_center.provider_error import Refused
from crm_admin import clock, files, jobs, policy, records
from crm_admin.config import Config
from crm_admin.db import database
from crm_admin.i18n import catalogue, force_locale, gettext
from crm_admin.jobs import Running, handler
from crm_admin.kinds.subject import Ref

ATTEMPTS = 15
"""With waits from 5 s that double, the last one comes about 22 hours after the first."""

NOT_YET = (404, 20404)

Transcriber = Callable[[Path, str], str]
"""(sound, language code) → what is said."""


@handler("call_center.store_recording", attempts=ATTEMPTS, backoff_s=5.0)
def store(job: Running) -> dict[str, Any]:
    """Fetch the sound. One that is not there yet is asked for again for a day, then counted as absent."""
    row = _recording(job)
    if row is None or row.state not in ("pending", "in_progress"):
        return {"stored": False}
    # Beside the store, so that what is complete is only renamed.
    folder = files.path_of("00").parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sound-", dir=folder) as scratch:
        draft = Path(scratch) / row.sid
        try:
            found = recording_download.fetch(gateway.current(), row.sid, draft)
        except Refused as error:
            if error.code in NOT_YET and job.attempt < ATTEMPTS:
                raise
            _absent(row, str(error))
            raise jobs.Refused(str(error)) from error
        digest = files.adopt(draft)
    with database.atomic():
        Recording.update(
            state="stored",
            content_type=found.content_type,
            size=found.size,
            sha256=digest,
            attempts=job.attempt,
            reason=None,
        ).where(Recording.id == row.id).execute()
        if transcriber() is not None:
            jobs.enqueue("call_center.transcribe", {"sid": row.sid}, key=f"transcribe:{row.sid}")
    return {"stored": True, "size": found.size}


@handler("call_center.transcribe", attempts=3, backoff_s=60.0)
def transcribe(job: Running) -> dict[str, int]:
    """Write down what is said, with the step that the settings name."""
    row, write = _recording(job), transcriber()
    if row is None or row.sha256 is None or write is None:
        return {"characters": 0}
    text = write(files.path_of(row.sha256), _config().company.language).strip()
    Recording.update(transcript=text[:20_000] or None).where(Recording.id == row.id).execute()
    return {"characters": len(text)}


def transcriber() -> Transcriber | None:
    """The step `call_center.transcriber` names, as `package.module:function`; None when it names none."""
    named: str = _config().section("call_center").transcriber
    if not named:
        return None
    module, _, function = named.partition(":")
    found: Transcriber = getattr(import_module(module), function)
    return found


@handler("call_center.delete_recording", attempts=12, backoff_s=5.0)
def delete_everywhere(job: Running) -> dict[str, bool]:
    """Delete the file unless another recording has the same content, and the provider's copy."""
    digest = job.payload.get("sha256")
    if digest and not Recording.select().where(Recording.sha256 == digest).exists():
        files.path_of(str(digest)).unlink(missing_ok=True)
    return {"remote": gateway.current().delete_recording(str(job.payload["sid"]))}


@handler("call_center.after_call", attempts=5)
def after_call(job: Running) -> dict[str, Any]:
    """What a finished call leaves to do: a message that was left becomes a task for whose customer it is."""
    call = Call.get_or_none(Call.id == job.payload.get("call"), Call.deleted_at.is_null())
    if call is None or call.status != "voicemail" or call.callback_task is not None:
        return {"task": None}
    with database.atomic():
        task = _call_back(call)
        Call.update(callback_task=task).where(Call.id == call.id).execute()
    return {"task": task}


def _call_back(call: Call) -> int:
    config = _config()
    with force_locale(catalogue(config.company.language)):
        subject = gettext("Call back: %(who)s", who=call.name or gettext("unknown number"))
    customer = next((key for key in ("contact", "lead", "account") if getattr(call, key) is not None), None)
    values: dict[str, Any] = {
        "subject": subject[:200],
        "priority": "high",
        "due_at": clock.now() + timedelta(hours=4),
        "owner": call.owner,
        "team": call.team,
    }
    if customer is not None:
        values["regarding"] = Ref(customer, getattr(call, customer))
    return int(records.create(policy.SYSTEM, "task", values).id)


def _absent(row: Recording, reason: str) -> None:
    Recording.update(state="absent", reason=reason[:200], attempts=Recording.attempts + 1).where(
        Recording.id == row.id
    ).execute()


def _recording(job: Running) -> Recording | None:
    return Recording.get_or_none(Recording.sid == job.payload.get("sid"))


def _config() -> Config:
    config: Config = current_app.extensions["crm"]
    return config
