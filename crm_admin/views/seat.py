"""Who sits before the screen of this request, and through which glasses values are read for them."""

from __future__ import annotations

from typing import Any, cast

from flask import current_app, g

from crm_admin import records
from crm_admin.config import Config
from crm_admin.kinds import Reader
from crm_admin.policy import Actor


def actor() -> Actor:
    """The signed-in actor; the guard in `auth` has made sure there is one."""
    return cast(Actor, g.actor)


def config() -> Config:
    return cast(Config, current_app.extensions["crm"])


def reader(country: str | None = None) -> Reader:
    """The Reader of this request; names of linked records are fetched once. `country` is a record's own."""
    if "reader" not in g:
        company = config().company
        g.reader = records.reader(
            actor(),
            language=g.language,
            timezone=g.timezone,
            country=company.country,
            currency=company.currency,
        )
    found: Reader = g.reader
    if country and country != found.country:
        return Reader(**{**vars(found), "country": country})
    return found


def country_of(definition: Any, record: Any) -> str | None:
    """The country a record stands in, by its place field."""
    key = definition.country_field
    return getattr(record, f"{key}_country", None) if key and record is not None else None
