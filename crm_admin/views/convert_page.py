"""Converting a lead: what it becomes, and into whom it goes where the customer is known already."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from crm_admin import policy, records, registry, search
from crm_admin.conversion import company_of, convert
from crm_admin.i18n import gettext
from crm_admin.policy import Actor
from crm_admin.records import Forbidden, NotFound, Rejected, Stale
from crm_admin.registry import Record
from crm_admin.views import record_page
from crm_admin.views.list_page import Action
from crm_admin.views.seat import actor, country_of, reader

blueprint = Blueprint("conversion", __name__, url_prefix="/leads")


@blueprint.route("/<int:id>/convert", methods=("GET", "POST"))
def convert_lead(id: int) -> str | Response | tuple[str, int]:
    """GET: what will be made, and customers of the same name or number. POST: convert."""
    lead = _lead(id)
    problem = ""
    if request.method == "POST":
        try:
            return _convert(lead)
        except Rejected as error:
            problem = " ".join(text for texts in error.errors.values() for text in texts)
        except Stale:
            problem = gettext("Somebody changed this lead meanwhile. Look at it again, then convert.")
        except (NotFound, Forbidden):
            problem = gettext("You may not use or create one of these records.")
    definition, company = registry.entity("lead"), company_of(actor(), lead)
    seeing = reader(country_of(definition, lead))
    page = render_template(
        "admin/convert.html",
        lead=lead,
        name=definition.name_of(lead),
        company=company,
        accounts=_known("account", company),
        contacts=_known("contact", lead.name if lead.family_name or lead.given_name else ""),
        problem=problem,
        reader=seeing,
    )
    return (page, 422) if problem else page


def _convert(lead: Record) -> Response:
    made = convert(
        actor(),
        lead,
        account=_chosen("account"),
        contact=_chosen("contact"),
        create_opportunity="opportunity" in request.form,
        reader=reader(country_of(registry.entity("lead"), lead)),
    )
    where = (("opportunity", made.opportunity), ("contact", made.contact), ("account", made.account))
    entity, number = next((key, n) for key, n in where if n is not None)
    flash(gettext("The lead is converted."), "success")
    return redirect(f"/admin/{entity}/{number}/")


def _lead(id: int) -> Record:
    try:
        return records.get(actor(), "lead", id, "update")
    except NotFound:
        abort(404)
    except Forbidden:
        abort(403)


def _chosen(entity: str) -> int | None:
    text = request.form.get(entity, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _known(entity: str, name: str | None) -> list[search.Hit]:
    definition = registry.entity(entity)
    if not name or policy.level(actor(), "read", entity).rank == 0:
        return []
    return search.within(actor(), definition, name, reader(), 5)


def _offer(person: Actor, lead: Record) -> list[Action]:
    open_lead = lead.converted_at is None and policy.can(person, "update", "lead", lead)
    if not open_lead or not policy.can(person, "create", "contact"):
        return []
    return [Action(gettext("Convert"), "transform", f"/leads/{lead.id}/convert", key="v")]


def _became(person: Actor, lead: Record, seeing: object) -> Markup | None:
    """On a converted lead: the way to what it has become."""
    if lead.converted_at is None:
        return None
    links = [
        (registry.entity(entity), getattr(lead, f"converted_{entity}"))
        for entity in ("account", "contact", "opportunity")
    ]
    shown = [(definition, number) for definition, number in links if number]
    names = records.Names(person)
    found = [(d, n, names(d.key, [n]).get(n)) for d, n in shown]
    return Markup(render_template("admin/converted_card.html", links=[x for x in found if x[2]]))  # noqa: S704 — ours


record_page.offer("lead", _offer)
record_page.add_card("lead", _became)
