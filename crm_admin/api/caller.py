"""The program of this request: what it may do, and how values are read and written for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from flask import current_app, g

from crm_admin import policy, records, registry
from crm_admin.config import Config
from crm_admin.kinds import Reader
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef, Record


def actor() -> Actor:
    """Who acts: the owner of the token, within the token's scopes."""
    return cast(Actor, g.actor)


def config() -> Config:
    return cast(Config, current_app.extensions["crm"])


def reader(country: str | None = None) -> Reader:
    """The Reader of this request: labels in the language of the token's owner, times in UTC.

    `country` is the record's own; names of linked records are fetched once per request.
    """
    if "reader" not in g:
        company = config().company
        g.reader = records.reader(
            actor(), language=g.language, country=company.country, currency=company.currency
        )
    found: Reader = g.reader
    if country and country != found.country:
        return Reader(**{**vars(found), "country": country})
    return found


def entity(key: str) -> EntityDef:
    """The entity of that key. Raises records.NotFound for one that the caller may not read, or that is not there."""
    definition = registry.find(key)
    if definition is None or policy.level(actor(), "read", key).rank == 0:
        raise records.NotFound(key)
    return definition


def country_of(definition: EntityDef, raw: Mapping[str, Any], record: Record | None = None) -> str | None:
    """The country that phone numbers beside this address are dialled from: the one sent, else the record's."""
    key = definition.country_field
    if key is None:
        return None
    sent = raw.get(key)
    code = sent.get("country") if isinstance(sent, dict) else None
    if isinstance(code, str) and len(code) == 2 and code.isascii() and code.isalpha():
        return code.upper()
    return getattr(record, f"{key}_country", None) if record is not None else None
