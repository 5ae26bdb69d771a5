"""Writing to a customer from their record, and the word to the screen when somebody has written to us."""

from __future__ import annotations

from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
)
from werkzeug.wrappers import Response as Answer

from call_center import matching, permission_to_text, texting
from call_center.models.text_message import MOST_CHARS, TEXT_MESSAGE
from call_center.texting import Wish
from crm_admin import policy, records, registry
from crm_admin.i18n import gettext, lazy_gettext, lazy_pgettext
from crm_admin.kinds import Invalid, phone
from crm_admin.policy import Actor
from crm_admin.records import Forbidden, NotFound, Rejected
from crm_admin.registry import Record
from crm_admin.views import record_page, shell, timeline
from crm_admin.views.list_page import Action
from crm_admin.views.seat import actor, config, country_of, reader
from crm_admin.views.shell import Script

blueprint = Blueprint("texts", __name__, url_prefix="/call-center/texts")

PREVIEW_CHARS = 90


@blueprint.before_request
def for_people_who_may() -> None:
    """Who may see no text messages is told of none."""
    if policy.level(actor(), "read", TEXT_MESSAGE.key).rank == 0:
        abort(404)


@blueprint.route("/new/", methods=("GET", "POST"))
def write() -> str | Answer | tuple[str, int]:
    """GET: the form, to a customer (`customer`, as `contact:7`) or to nobody yet. POST: send it."""
    if not may_write(actor()):
        abort(403)
    customer = _customer(request.values.get("customer", ""))
    if request.method != "POST":
        numbers = _numbers(customer) if customer else []
        asked, field = _read(request.args.get("to", "")[:60]), TEXT_MESSAGE.fields["number"]
        to = field.kind.format(asked, field, reader()) if asked else (numbers[0] if numbers else "")
        return _page(customer, to, "", {"to": [why]} if (why := _why_not(to)) else {})
    wish = Wish(
        request.form.get("to", "")[:60],
        request.form.get("body", ""),
        (registry.of(customer).key, customer.id) if customer else None,
    )
    try:
        made = texting.request(actor(), wish, reader(), config())
    except Rejected as error:
        return _page(customer, wish.to, wish.body, error.errors), 422
    except Forbidden:
        abort(403)
    flash(gettext("The text message is on its way."), "success")
    about = registry.of(customer).key if customer else TEXT_MESSAGE.key
    return redirect(f"/admin/{about}/{customer.id if customer else made.id}/")


@blueprint.get("/<int:id>/toast/")
def toast(id: int) -> Response:
    """Who has written, and how it begins: as much as this person may read of it."""
    try:
        message = records.get(actor(), TEXT_MESSAGE.key, id)
    except NotFound:
        abort(404)
    readable = policy.fields(actor(), TEXT_MESSAGE.key)
    body = (message.body or "") if "body" in readable else ""
    return jsonify(
        name=(message.name or "") if "name" in readable else "",
        text=body if len(body) <= PREVIEW_CHARS else body[:PREVIEW_CHARS].rstrip() + "…",
        url=f"/admin/{TEXT_MESSAGE.key}/{message.id}/",
    )


def may_write(person: Actor) -> bool:
    """Whether somebody may write to customers."""
    return policy.level(person, "create", TEXT_MESSAGE.key).rank > 0


def _page(customer: Record | None, to: str, body: str, errors: dict[str, list[str]]) -> str:
    definition = registry.of(customer) if customer is not None else None
    return render_template(
        "call_center/text.html",
        customer=customer,
        definition=definition,
        name=definition.name_of(customer) if definition else "",
        numbers=_numbers(customer) if customer else [],
        to=to,
        body=body,
        most=MOST_CHARS,
        errors=errors,
    )


def _customer(text: str) -> Record | None:
    """The record that `contact:7` names; None for no name. 404 for one that is out of reach."""
    entity, _, number = text.partition(":")
    if not text:
        return None
    if entity not in matching.ENTITIES or not (number.isascii() and number.isdigit() and len(number) < 19):
        abort(404)
    try:
        return records.get(actor(), entity, int(number))
    except NotFound:
        abort(404)


def _numbers(customer: Record) -> list[str]:
    """The numbers of a customer that this person may read, mobile phones first."""
    definition = registry.of(customer)
    readable = policy.fields(actor(), definition.key)
    seeing = reader(country_of(definition, customer))
    keys = [key for key, field in definition.fields.items() if field.kind.name == "phone" and key in readable]
    found = []
    for key in sorted(keys, key=lambda key: key != "mobile"):
        field = definition.fields[key]
        value = field.kind.read(customer, field)
        if value is not None:
            found.append(field.kind.format(value, field, seeing))
    return list(dict.fromkeys(found))


def _read(to: str) -> phone.Phone | None:
    """The number that stands in the address of the form; None for none, or for what can be read as none."""
    try:
        return phone.read(to, reader().country) if to else None
    except Invalid:
        return None


def _why_not(to: str) -> str:
    """Why a number may not be written to now: said before somebody has typed their message."""
    number = _read(to)
    if number is None:
        return ""
    zone, language = config().company.timezone, reader().language
    refused = permission_to_text.refusal(number.e164, company_zone=zone, language=language)
    return refused.text if refused else ""


def _offer(person: Actor, customer: Record) -> list[Action]:
    definition = registry.of(customer)
    if not may_write(person) or getattr(customer, "converted_at", None) is not None or not _numbers(customer):
        return []
    return [
        Action(
            gettext("Text message"),
            "message",
            f"/call-center/texts/new/?customer={definition.key}:{customer.id}",
        )
    ]


def _reply(person: Actor, message: Any) -> list[Action]:
    if not may_write(person) or not message.number_e164:
        return []
    customer = ""
    for key in matching.ENTITIES:
        about = getattr(message, key)
        if about is not None and not customer and about in reader().names(key, [about]):
            customer = f"&customer={key}:{about}"
    number = f"%2B{message.number_e164.removeprefix('+')}"
    return [Action(gettext("Answer"), "message", f"/call-center/texts/new/?to={number}{customer}")]


def install(app: Flask) -> None:
    """Put the page, what leads to it, and the line in the history in place."""
    app.register_blueprint(blueprint)
    for entity in matching.ENTITIES:
        record_page.offer(entity, _offer)
    record_page.offer(TEXT_MESSAGE.key, _reply)
    timeline.LINE_LOOKS[TEXT_MESSAGE.key] = ("message", "info")
    timeline.KIND_LABELS[TEXT_MESSAGE.key] = lazy_gettext("Text messages")
    shell.run(
        Script(
            "texts",
            lambda: str(current_app.jinja_env.globals["call_asset"]("js/text_message.js")),  # type: ignore[operator]
            lambda person: policy.level(person, "read", TEXT_MESSAGE.key).rank > 0,
            {
                "text_came": lazy_gettext("Text message from {name}"),
                "text_open": lazy_pgettext("command", "Open"),
                "text_length": lazy_gettext("{left} characters left"),
                "text_parts": lazy_gettext("{left} characters left, goes as {parts} messages"),
            },
        )
    )
