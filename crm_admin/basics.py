"""The rows that an installation cannot do without: roles, a pipeline with its stages, currencies."""

from __future__ import annotations

from babel.numbers import get_currency_name, get_currency_symbol
from peewee import Value

from crm_admin import policy, records, registry
from crm_admin.config import Config
from crm_admin.db import database
from crm_admin.i18n import babel_locale, catalogue, force_locale, lazy_gettext
from crm_admin.kinds import Reader
from crm_admin.records import Values
from crm_admin.roles import ROLES

CURRENCIES = ("VND", "USD", "EUR", "CNY", "JPY", "GBP", "SGD", "THB")

# Name, kind, probability in per cent, days until an opportunity in it counts as stale.
STAGES = (
    (lazy_gettext("Qualification"), "open", 10, 14),
    (lazy_gettext("Needs analysis"), "open", 25, 14),
    (lazy_gettext("Proposal"), "open", 50, 21),
    (lazy_gettext("Negotiation"), "open", 75, 21),
    (lazy_gettext("Won"), "won", 100, None),
    (lazy_gettext("Lost"), "lost", 0, None),
)


def ensure_basics(config: Config) -> None:
    """Add what is missing; what is there, changed by the office or deleted, stays as it is.

    Names are in the company's language inside an application context, else in English.
    """
    company = config.company
    reader = Reader(company.language, company.timezone, company.country, company.currency)
    with database.atomic(), force_locale(catalogue(company.language)):
        _ensure_roles(reader)
        _ensure_pipeline(reader)
        _ensure_currencies(company.currency, company.language, reader)


def _ensure_roles(reader: Reader) -> None:
    for role in ROLES.values():
        if not _has("role", "key", role.key):
            _create("role", {"key": role.key, "name": str(role.label)}, reader, {"builtin": True})


def _ensure_pipeline(reader: Reader) -> None:
    model = registry.entity("pipeline").model
    if model.select(Value(1)).tuples().first():
        return
    pipeline = _create("pipeline", {"name": str(lazy_gettext("Sales")), "is_default": True}, reader)
    for position, (name, kind, probability, days) in enumerate(STAGES, start=1):
        values = {
            "name": str(name),
            "pipeline": pipeline,
            "position": position * 10,
            "kind": kind,
            "probability": probability,
            "rotten_after_days": days,
        }
        _create("stage", values, reader)


def _ensure_currencies(own: str, language: str, reader: Reader) -> None:
    locale = babel_locale(language)
    for code in dict.fromkeys((own, *CURRENCIES)):
        if _has("currency", "code", code):
            continue
        values = {
            "code": code,
            "name": get_currency_name(code, locale=locale),
            "symbol": get_currency_symbol(code, locale=locale),
            # Rates of the others change daily: the office enters them.
            "rate": 1 if code == own else None,
        }
        _create("currency", values, reader)


def _has(entity: str, column: str, value: str) -> bool:
    model = registry.entity(entity).model
    return model.select(Value(1)).where(getattr(model, column) == value).tuples().first() is not None


def _create(entity: str, values: Values, reader: Reader, internal: Values | None = None) -> int:
    fields = registry.entity(entity).fields
    parsed = {key: fields[key].kind.parse(raw, fields[key], reader) for key, raw in values.items()}
    return int(records.create(policy.SYSTEM, entity, parsed, reader=reader, internal=internal).id)
