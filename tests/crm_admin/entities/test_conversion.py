"""A lead becomes a customer, completely or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from crm_admin import conversion, history, policy, records, registry
from crm_admin.config import Config
from crm_admin.entities.role import Role
from crm_admin.kinds.place import Place
from crm_admin.policy import SYSTEM, Actor

pytestmark = pytest.mark.usefixtures("crm")


def create(entity: str, **values: Any) -> Any:
    return records.create(SYSTEM, entity, values)


def row(entity: str, number: int | None) -> Any:
    return registry.entity(entity).model.get_by_id(number)


def rows() -> dict[str, int]:
    return {
        key: registry.entity(key).model.select().count()
        for key in ("account", "contact", "opportunity", "lead")
    }


def person(role: str) -> Actor:
    found = create("user", username=role, role=Role.get(Role.key == role).id)
    return policy.actor(found, policy.version())


def a_lead(**values: Any) -> Any:
    tag = create("tag", name="Fair")
    given = {
        "family_name": "Nguyễn",
        "given_name": "An",
        "company_name": "Acme",
        "industry": "retail",
        "email": "an@acme.vn",
        "lead_source": "event",
        "tags": (tag.id,),
        "address": Place(city="Huế", country="VN"),
    }
    return create("lead", **{**given, **values})


def test_a_lead_becomes_an_account_a_contact_and_an_opportunity() -> None:
    lead = a_lead()

    made = conversion.convert(SYSTEM, lead)

    account, contact = row("account", made.account), row("contact", made.contact)
    assert (account.name, account.industry, account.address_city, account.email) == (
        "Acme",
        "retail",
        "Huế",
        None,
    )
    assert (contact.name, contact.account, contact.email) == ("Nguyễn An", account.id, "an@acme.vn")
    sale = row("opportunity", made.opportunity)
    assert (sale.name, sale.account, sale.contact, sale.lead_source) == (
        "Acme",
        account.id,
        contact.id,
        "event",
    )
    tags = registry.entity("contact").fields["tags"]
    tags.kind.load_many("contact", [contact], tags)
    assert len(contact.tags) == 1
    saved = row("lead", lead.id)
    assert (saved.status, saved.converted_account, saved.converted_contact) == (
        "converted",
        account.id,
        contact.id,
    )
    assert saved.converted_opportunity == sale.id
    assert saved.converted_at is not None


def test_the_account_tells_of_the_conversion() -> None:
    made = conversion.convert(SYSTEM, a_lead())

    assert made.account is not None
    lines, _ = history.timeline(SYSTEM, "account", made.account)
    assert ("lead", "change") in {(line.ref[0], line.kind) for line in lines}


def test_an_account_that_is_there_is_used_as_it_is() -> None:
    account = create("account", name="Acme Ltd", industry="energy")

    made = conversion.convert(SYSTEM, a_lead(), account=account.id, create_opportunity=False)

    assert (made.account, made.opportunity) == (account.id, None)
    assert (row("account", account.id).name, row("account", account.id).industry) == ("Acme Ltd", "energy")
    assert row("contact", made.contact).account == account.id


def test_a_private_person_gets_no_account_and_a_company_no_contact() -> None:
    private = conversion.convert(SYSTEM, a_lead(company_name=None))
    nameless = conversion.convert(
        SYSTEM, create("lead", company_name="Acme", email="info@acme.vn"), opportunity={"name": "Pumps"}
    )

    assert private.account is None
    assert row("opportunity", private.opportunity).name == "Nguyễn An"
    assert nameless.contact is None
    assert row("account", nameless.account).email == "info@acme.vn"
    assert row("opportunity", nameless.opportunity).name == "Pumps"


def test_a_lead_is_converted_once() -> None:
    lead = a_lead()
    conversion.convert(SYSTEM, lead)
    before = rows()

    with pytest.raises(records.Rejected):
        conversion.convert(SYSTEM, lead)

    assert rows() == before


def test_two_people_converting_at_once_make_one_customer(monkeypatch: pytest.MonkeyPatch) -> None:
    lead = a_lead()
    before = rows()
    make_contact = conversion._contact

    def while_another_saves(*args: Any) -> int:
        records.update(SYSTEM, lead, {"rating": "hot"})
        return make_contact(*args)

    monkeypatch.setattr(conversion, "_contact", while_another_saves)

    with pytest.raises(records.Stale):
        conversion.convert(SYSTEM, lead)

    assert rows() == before


def test_when_one_part_is_refused_nothing_is_written() -> None:
    lead = a_lead()
    before = rows()

    with pytest.raises(records.Rejected):
        conversion.convert(SYSTEM, lead, opportunity={"name": None})

    assert rows() == before
    assert row("lead", lead.id).converted_at is None


def test_nobody_converts_what_they_may_not_change(crm: Config) -> None:
    lead = a_lead()

    with pytest.raises(records.Forbidden):
        conversion.convert(person("viewer"), lead)
    with pytest.raises(records.NotFound):
        conversion.convert(person("field_rep"), lead)


def test_a_rep_cannot_attach_a_lead_to_an_account_of_somebody_else(crm: Config) -> None:
    rep = person("field_rep")
    lead = records.create(rep, "lead", {"family_name": "An", "company_name": "Acme"})
    foreign = create("account", name="Foreign")

    with pytest.raises(records.NotFound):
        conversion.convert(rep, lead, account=foreign.id)
    made = conversion.convert(rep, lead)

    assert row("account", made.account).owner == rep.id
    assert row("contact", made.contact).owner == rep.id


def test_the_customer_stays_with_the_owner_of_the_lead(crm: Config) -> None:
    rep, office = person("field_rep"), person("back_office")
    lead = records.create(rep, "lead", {"family_name": "An", "company_name": "Acme"})

    made = conversion.convert(office, lead)

    assert {row("account", made.account).owner, row("contact", made.contact).owner} == {rep.id}
