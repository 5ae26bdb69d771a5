"""Converting a lead: it becomes an account, a contact and an opportunity, all of them or none."""

from __future__ import annotations

from dataclasses import dataclass

from crm_admin import clock, policy, records, registry
from crm_admin.db import database
from crm_admin.entities.lead import CONVERTED, Lead
from crm_admin.i18n import gettext
from crm_admin.kinds import Reader
from crm_admin.policy import Actor
from crm_admin.records import Values
from crm_admin.registry import Record

# They say something about the person, so the company gets them only when there is no person.
_PERSONAL = frozenset({"email", "do_not_call", "description"})


@dataclass(frozen=True)
class Conversion:
    """What a lead has become; None where nothing was wanted or there was nothing to make it of."""

    lead: Record
    account: int | None
    contact: int | None
    opportunity: int | None


def convert(
    actor: Actor,
    lead: Record,
    *,
    account: int | None = None,
    contact: int | None = None,
    create_opportunity: bool = True,
    opportunity: Values | None = None,
    reader: Reader | None = None,
) -> Conversion:
    """Convert a lead in one transaction.

    An existing `account` or `contact` is used as it is, else one is made where the lead names a company or a person.
    `opportunity` are values for the new opportunity. Fields of the same key and kind carry over, custom ones too, as
    far as `actor` may read and write them; the new records belong to the lead's owner and team.
    Raises records.NotFound, Forbidden, Rejected, or Stale when somebody converts the same lead at this moment.
    """
    seeing = reader or records.reader(actor)
    with database.atomic():
        current = records.get(actor, "lead", lead.id, "update")
        if current.converted_at is not None:
            raise records.Rejected({"": [gettext("This lead is converted already.")]})
        has_person = contact is not None or bool(
            current.family_name or current.given_name or current.middle_name
        )
        account = _account(actor, current, account, seeing, alone=not has_person)
        if has_person:
            contact = _contact(actor, current, contact, account, seeing)
        sale = (
            _opportunity(actor, current, account, contact, opportunity or {}, seeing)
            if create_opportunity
            else None
        )
        became: Values = {
            "status": CONVERTED,
            "converted_at": clock.now(),
            "converted_account": account,
            "converted_contact": contact,
            "converted_opportunity": sale,
        }
        saved = records.update(
            actor, current, {}, expected_version=current.row_version, reader=seeing, internal=became
        )
    return Conversion(saved, account, contact, sale)


def company_of(actor: Actor, lead: Record) -> str:
    """The company that a lead names, as far as `actor` may read it; "" for none."""
    return (lead.company_name or "") if "company_name" in policy.fields(actor, "lead") else ""


def _account(actor: Actor, lead: Lead, chosen: int | None, reader: Reader, *, alone: bool) -> int | None:
    if chosen is not None:
        return int(records.get(actor, "account", chosen).id)
    company = company_of(actor, lead)
    if not company:
        return None
    values = _carried(actor, lead, "account", without=frozenset() if alone else _PERSONAL)
    return _create(actor, "account", {**values, "name": company}, lead, reader)


def _contact(actor: Actor, lead: Lead, chosen: int | None, account: int | None, reader: Reader) -> int:
    if chosen is not None:
        return int(records.get(actor, "contact", chosen).id)
    return _create(actor, "contact", {**_carried(actor, lead, "contact"), "account": account}, lead, reader)


def _opportunity(
    actor: Actor, lead: Lead, account: int | None, contact: int | None, values: Values, reader: Reader
) -> int:
    given = {
        **_carried(actor, lead, "opportunity", without=_PERSONAL),
        "name": company_of(actor, lead) or lead.name,
        **values,
        "account": account,
        "contact": contact,
    }
    return _create(actor, "opportunity", given, lead, reader)


def _create(actor: Actor, entity: str, values: Values, lead: Lead, reader: Reader) -> int:
    belongs = {"owner": lead.owner, "team": lead.team}
    return int(records.create(actor, entity, values, reader=reader, internal=belongs).id)


def _carried(actor: Actor, lead: Lead, entity: str, without: frozenset[str] = frozenset()) -> Values:
    """The lead's values for the fields that `entity` has too."""
    definition = registry.entity("lead")
    readable = policy.fields(actor, "lead")
    values: Values = {}
    for key in policy.fields(actor, entity, "write") & readable - without - {"owner", "team"}:
        field = definition.fields[key]
        if field.kind is not registry.entity(entity).fields[key].kind:
            continue
        field.kind.load_many("lead", [lead], field)
        value = field.kind.read(lead, field)
        if not field.kind.is_empty(value):
            values[key] = value
    return values
