"""Marks records that have stood still for longer than they should, in lists and on boards."""

from __future__ import annotations

from collections.abc import Mapping

from flask import render_template
from markupsafe import Markup

from crm_admin import policy
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef, Record


def marks(actor: Actor, definition: EntityDef, records: list[Record]) -> Mapping[int, Markup]:
    """Id → mark, of the records that `actor` may know to be stale; at most one query."""
    model = definition.model
    told_by = model.stale_by
    if not told_by or not all(keys <= policy.fields(actor, entity) for entity, keys in told_by.items()):
        return {}
    found = model.stale_days(records)
    return {number: Markup(render_template("admin/stale.html", days=days)) for number, days in found.items()}  # noqa: S704 — a template of ours
