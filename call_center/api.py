"""`POST /api/v1/calls`: a program asks for a call, which the person of its token makes."""

from __future__ import annotations

from typing import Any

from flask import Response, url_for

from call_center import calling_out
from call_center.calling_out import Wish
from call_center.models.call import CALL
from crm_admin import policy, records
from crm_admin.api import arguments, body, item, openapi
from crm_admin.api.caller import actor, config, reader
from crm_admin.api.door import blueprint
from crm_admin.i18n import gettext
from crm_admin.policy import Actor

KNOWN = ("to", "contact", "lead", "account", "from_queue")


@blueprint.post("/calls")
def call_out() -> Response:
    """202 with the call: the agent's phone rings, or dials, next. Raises what `calling_out.request` does."""
    calling_out.permit(actor())
    arguments.expect(())
    raw = body.read_object()
    unknown = {
        key: [gettext("There is no such field, or it cannot be set.")] for key in raw if key not in KNOWN
    }
    if unknown:
        raise records.Rejected(unknown)
    if not isinstance(raw.get("to"), str):
        raise records.Rejected({"to": [gettext("This field is required.")]})
    customers = [(key, _id(raw, key)) for key in ("contact", "lead", "account") if raw.get(key) is not None]
    if len(customers) > 1:
        raise records.Rejected({customers[1][0]: [gettext("Name one customer.")]})
    queue = _id(raw, "from_queue") if raw.get("from_queue") is not None else None
    if queue is not None:
        records.get(actor(), "queue", queue)
    wish = Wish(raw["to"], customers[0] if customers else None, queue)
    made = calling_out.request(actor(), wish, reader(), config())
    answer = item.answer(item.item(CALL, made), 202)
    answer.headers["Location"] = url_for("api.get_record", key="call", number=made.id)
    return answer


def describe(caller: Actor) -> tuple[dict[str, Any], dict[str, Any]]:
    """The operation and its schema, for those who may call."""
    if policy.level(caller, "create", "call").rank == 0 or policy.level(caller, "read", "call").rank == 0:
        return {}, {}
    number = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
    wanted = {
        "type": "object",
        "properties": {
            "to": {"type": "string", "minLength": 3, "maxLength": 60},
            **dict.fromkeys(("contact", "lead", "account", "from_queue"), number),
        },
        "required": ["to"],
        "additionalProperties": False,
    }
    location = {"Location": {"required": True, "schema": {"type": "string"}}}
    done = openapi.operation(
        "call_out",
        "call",
        {"202": openapi.json_answer("call", location)},
        (400, 401, 403, 404, 413, 415, 422, 503),
        requestBody=openapi.json_body("calls.new"),
    )
    return {"/calls": {"post": done}}, {"calls.new": wanted}


openapi.also(describe)


def _id(raw: dict[str, object], key: str) -> int:
    value = raw[key]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise records.Rejected({key: [gettext("Give the number of a record.")]})
    return value
