"""Handing text messages over to the provider, one job each."""

from __future__ import annotations

from typing import Any

from flask import current_app

from call_center import gateway, permission_to_text, text_log
from call_center.models.phone_line import PhoneLine
from call_center.models.text_message import TextMessage, failure_of
from call_center.provider_error import ProviderError, Refused
from call_center.texting import SEND
from call_center.twiml import Doors
from crm_admin import clock, jobs
from crm_admin.config import Config
from crm_admin.jobs import Running, handler

ATTEMPTS = 8
"""With waits from 2 s that double, the last one comes about four minutes after the first."""


@handler(SEND, attempts=ATTEMPTS, backoff_s=2.0)
def send(job: Running) -> dict[str, Any]:
    """Send a message that was asked for; once, however often this is tried.

    After an unknown outcome the provider is asked for the message before another is sent. A status notice may be
    quicker than the answer to us: then there is nothing left to do.
    """
    message = TextMessage.get_or_none(
        TextMessage.id == job.payload.get("message"), TextMessage.deleted_at.is_null()
    )
    if message is None:
        raise jobs.Refused("the message is gone")
    if message.status != "requested":
        return {"sid": message.provider_sid}
    line = PhoneLine.get_or_none(PhoneLine.id == message.line)
    if line is None:
        text_log.move(message.id, "failed", failure="refused")
        raise jobs.Refused("the company number is gone")
    before = message.attempted_at
    if before is None:
        _judge(message)
        TextMessage.update(attempted_at=clock.now()).where(TextMessage.id == message.id).execute()
    provider = gateway.current()
    try:
        sid = provider.create_message(
            to=message.number_e164,
            sender=line.number_e164,
            body=message.body,
            status_callback=Doors(provider.public_url, message.uid)("sms/status"),
            attempted_at=before,
            known=_known(message),
        )
    except Refused as error:
        text_log.move(message.id, "failed", code=error.code, failure=failure_of(error.code))
        raise jobs.Refused(str(error)) from error
    except ProviderError:
        if job.attempt >= ATTEMPTS:
            text_log.move(message.id, "failed", failure="unknown")
        raise
    text_log.move(message.id, "queued", sid=sid)
    return {"sid": sid}


def _judge(message: TextMessage) -> None:
    """Ask again whether it may be sent: a worker that stood still overnight must not write at three in the morning."""
    config: Config = current_app.extensions["crm"]
    refused = permission_to_text.refusal(
        message.number_e164, company_zone=config.company.timezone, language=config.company.language
    )
    if refused is not None:
        text_log.move(message.id, "failed", failure=refused.rule)
        raise jobs.Refused(refused.text)


def _known(message: TextMessage) -> list[str]:
    """The provider's ids of other messages to the same number: none of them is this one."""
    rows = (
        TextMessage.select(TextMessage.provider_sid)
        .where(
            TextMessage.number_e164 == message.number_e164,
            TextMessage.provider_sid.is_null(False),
            TextMessage.id != message.id,
        )
        .order_by(TextMessage.id.desc())
        .limit(200)
    )
    return [row.provider_sid for row in rows]
