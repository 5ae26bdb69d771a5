"""A new installation can be used at once, and is never tidied behind the office's back."""

from __future__ import annotations

from crm_admin import basics, policy, records, registry
from crm_admin.config import Config
from crm_admin.entities.currency import Currency
from crm_admin.entities.pipeline import Pipeline
from crm_admin.entities.role import Role
from crm_admin.entities.stage import Stage
from crm_admin.roles import ROLES


def counts() -> dict[str, int]:
    return {
        key: registry.entity(key).model.select().count() for key in ("role", "pipeline", "stage", "currency")
    }


def test_roles_a_pipeline_and_currencies_are_there(crm: Config) -> None:
    assert {role.key for role in Role.select().where(Role.builtin == True)} == set(ROLES)  # noqa: E712
    ladder = [(row.kind, int(row.probability)) for row in Stage.select().order_by(Stage.position)]
    assert ladder == [("open", 10), ("open", 25), ("open", 50), ("open", 75), ("won", 100), ("lost", 0)]
    assert {row.code for row in Currency.select()} == set(basics.CURRENCIES)
    own = Currency.get(Currency.code == crm.company.currency)
    assert (own.decimals, own.rate) == (0, 1)


def test_doing_it_again_adds_nothing(crm: Config) -> None:
    before = counts()

    basics.ensure_basics(crm)

    assert counts() == before


def test_what_the_office_changed_or_deleted_stays_so(crm: Config) -> None:
    pipeline, baht = Pipeline.get(), Currency.get(Currency.code == "THB")
    records.update(policy.SYSTEM, pipeline, {"name": "Bán hàng"})
    records.delete(policy.SYSTEM, baht)
    records.delete(policy.SYSTEM, pipeline)

    basics.ensure_basics(crm)

    assert [row.name for row in Pipeline.select()] == ["Bán hàng"]
    assert Currency.select().where(Currency.code == "THB", Currency.deleted_at.is_null()).count() == 0
