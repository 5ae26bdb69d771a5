"""Writing to a customer: from a record's page. One way, whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from call_center import calling_out, permission_to_text, text_log
from call_center.models.phone_line import PhoneLine, for_outbound
from call_center.models.text_message import MOST_CHARS, TEXT_MESSAGE, TextMessage
from crm_admin import clock, jobs, policy, records
from crm_admin.config import Config
from crm_admin.db import database
from crm_admin.i18n import gettext, ngettext
from crm_admin.kinds import Invalid, Reader, phone
from crm_admin.policy import Actor

SEND = "call_center.send_text"


@dataclass(frozen=True)
class Wish:
    """What is to be written to whom: a number as typed, and the customer it was taken from, as (entity, id)."""

    to: str
    body: str
    customer: tuple[str, int] | None = None


def request(actor: Actor, wish: Wish, reader: Reader, config: Config) -> TextMessage:
    """Have a text message sent to a customer; a job hands it over to the provider.

    Raises records.Forbidden, NotFound for a customer out of reach, and Rejected with the reason, by field, when it may
    not be sent.
    """
    if actor.id is None or not policy.can(actor, "create", TEXT_MESSAGE.key):
        raise records.Forbidden("create")
    if wish.customer is not None:
        records.get(actor, *wish.customer)
    errors: dict[str, list[str]] = {}
    number = body = None
    try:
        number = _number(wish.to, reader, config)
    except Invalid as error:
        errors["to"] = [str(error)]
    try:
        body = _body(wish.body, reader)
    except Invalid as error:
        errors["body"] = [str(error)]
    if number is None or body is None:
        raise records.Rejected(errors)
    line = line_for(number.e164)
    if line is None:
        raise records.Rejected({"": [gettext("The company has no number to write from yet.")]})
    who = calling_out.customer_of(actor, wish.customer, number, reader)
    certainty = "exact" if who else None
    internal: dict[str, Any] = {
        **who,
        "direction": "outbound",
        "status": "requested",
        "body": body,
        "number": number,
        "certainty": "chosen" if wish.customer else certainty,
        "agent": actor.id,
        "line": line.id,
        "sent_at": clock.now(),
    }
    internal["name"] = text_log.name_of(internal, records.reader(policy.SYSTEM, country=reader.country))
    with database.atomic():
        made = records.create(actor, TEXT_MESSAGE.key, {}, reader=reader, internal=internal)
        assert isinstance(made, TextMessage)
        jobs.enqueue(SEND, {"message": made.id}, actor_id=actor.id, key=f"{SEND}:{made.id}", priority=5)
    return made


def line_for(e164: str) -> PhoneLine | None:
    """The company number to write from: the one that this number was last in conversation with, else the usual."""
    last = (
        TextMessage.select(TextMessage.line)
        .where(TextMessage.number_e164 == e164, TextMessage.line.is_null(False))
        .order_by(TextMessage.sent_at.desc())
        .limit(1)
    )
    return (
        PhoneLine.select()
        .where(PhoneLine.id.in_(last), PhoneLine.active, PhoneLine.deleted_at.is_null())
        .first()
    ) or for_outbound()


def _number(text: str, reader: Reader, config: Config) -> phone.Phone:
    """Raises Invalid for what is no number, or one that may not be written to now."""
    number = phone.read(text, reader.country)
    refused = permission_to_text.refusal(
        number.e164, company_zone=config.company.timezone, language=reader.language
    )
    if refused is not None:
        raise Invalid(refused.text)
    return number


def _body(text: str, reader: Reader) -> str:
    """Raises Invalid for nothing, and for more than the provider takes."""
    field = TEXT_MESSAGE.fields["body"]
    body = field.kind.parse(text, field, reader)
    if not body:
        raise Invalid(gettext("Write something."))
    if len(body) > MOST_CHARS:
        excess = len(body) - MOST_CHARS
        raise Invalid(
            ngettext(
                "This is %(num)s character too long for text messages.",
                "This is %(num)s characters too long for text messages.",
                excess,
            )
        )
    return str(body)
