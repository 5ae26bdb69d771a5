"""The provider's doors for text messages: one that comes in, and what became of one of ours.

On the blueprint of the calls' doors, so verified like them. Nobody is answered from here; an error makes the provider
come again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import peewee
from flask import Response

from call_center import text_log, twiml, webhooks
from crm_admin.views.seat import config

logger = logging.getLogger("crm.calls")


@webhooks.blueprint.post("/sms/inbound")
def text_inbound() -> Response:
    """A customer writes."""
    return _taken(
        lambda facts: text_log.receive(facts, config().company.country),
        Response(twiml.nothing(), content_type="text/xml; charset=utf-8"),
    )


@webhooks.blueprint.post("/sms/status")
def text_status() -> Response:
    """A message of ours has come further, or not."""
    return _taken(text_log.report, Response(status=204))


def _taken(take: Callable[[dict[str, str]], Any], thanks: Response) -> Response:
    facts = webhooks.facts_of_request()
    try:
        take(facts)
    except (peewee.PeeweeException, *webhooks.driver_errors()):
        # The provider is asked to come again; what was written down meanwhile is known by its SID.
        logger.exception("could not write down", extra={"message_sid": facts.get("MessageSid")})
        return Response(status=503)
    return thanks
