"""Saying who a call was with: one of those it may be, somebody else, a new contact or lead, or nobody.

The call's line in the history moves along: it is written anew from the call's own links, in the same transaction.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from flask import Response, abort, jsonify, request

from call_center import call_log, matching
from call_center.models.call import CALL, Call
from call_center.views import call_card, desk_call
from call_center.views.desk import blueprint
from crm_admin import records, registry
from crm_admin.db import database
from crm_admin.entities.values import put
from crm_admin.kinds import Invalid, Reader
from crm_admin.policy import Actor
from crm_admin.records import Forbidden, NotFound, Rejected
from crm_admin.registry import Record
from crm_admin.views.seat import actor, reader

NEW = {
    "contact": ("family_name", "given_name"),
    "lead": ("family_name", "given_name", "company_name"),
}
"""What is asked of somebody new; the number is known."""


@blueprint.post("/calls/<key>/link/")
def link(key: str) -> str | tuple[Response, int]:
    """It is this contact, lead or account."""
    person, entity = actor(), request.form.get("entity", "")
    number = request.form.get("id", "")
    if entity not in matching.ENTITIES or not (number.isascii() and number.isdigit() and len(number) < 19):
        abort(400)
    call = desk_call.for_work(person, key)
    try:
        customer = records.get(person, entity, int(number))
    except NotFound:
        abort(404)
    return _linked(person, call, customer)


@blueprint.post("/calls/<key>/unlink/")
def unlink(key: str) -> str | tuple[Response, int]:
    """It is not who it seemed to be."""
    person = actor()
    return _save(
        person, desk_call.for_work(person, key), dict.fromkeys((*matching.ENTITIES, "regarding")), None
    )


@blueprint.post("/calls/<key>/create/")
def create(key: str) -> str | tuple[Response, int]:
    """Somebody new, with the number they called from; a contact joins the company the call is with."""
    person, seeing = actor(), reader()
    entity = request.form.get("entity", "")
    if entity not in NEW:
        abort(400)
    call = desk_call.for_work(person, key)
    definition = registry.entity(entity)
    number = CALL.fields["number"]
    values: dict[str, Any] = {"mobile": number.kind.read(call, number)}
    try:
        for name in NEW[entity]:
            values[name] = definition.fields[name].kind.parse(
                request.form.get(name, ""), definition.fields[name], seeing
            )
    except Invalid as error:
        return jsonify(message=str(error), errors={name: [str(error)]}), 422
    if entity == "contact" and call.account is not None and seeing.names("account", [call.account]):
        values["account"] = call.account
    if entity == "lead":
        values["lead_source"] = "phone"
    try:
        with database.atomic():
            return _linked(person, call, records.create(person, entity, values, reader=seeing))
    except Forbidden:
        abort(403)
    except Rejected as error:
        return _wrong(error)


def _linked(person: Actor, call: Call, customer: Record) -> str | tuple[Response, int]:
    entity = registry.of(customer).key
    values: dict[str, Any] = dict.fromkeys(matching.ENTITIES)
    values[entity] = customer.id
    # The company comes along as far as the person knows of it.
    company = getattr(customer, "account", None) if entity == "contact" else None
    if company is not None and reader().names("account", [company]):
        values["account"] = company
    return _save(person, call, values, "chosen")


def _save(
    person: Actor, call: Call, values: dict[str, Any], certainty: str | None
) -> str | tuple[Response, int]:
    """Write the links, and with them what the call is called and how sure that is. The card as it is now."""
    seeing: Reader = reader()
    meant = copy(call)
    for key in matching.ENTITIES:
        put(meant, key, values[key])
    internal = {"certainty": certainty, "name": call_log.called_by(meant, seeing)}
    try:
        saved = records.update(person, call, values, reader=seeing, internal=internal)
    except Rejected as error:
        return _wrong(error)
    return call_card.shown(saved)


def _wrong(error: Rejected) -> tuple[Response, int]:
    message = " ".join(text for texts in error.errors.values() for text in texts)
    return jsonify(message=message, errors=error.errors), 422
