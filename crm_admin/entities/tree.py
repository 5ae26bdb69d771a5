"""Records that hang below others of their own entity: a branch must not contain itself."""

from __future__ import annotations

from crm_admin.i18n import gettext
from crm_admin.registry import Record

DEEPEST = 50
"""Levels followed upward; a chain longer than this is refused like a circle."""


def check_parent(record: Record, parent: str = "parent") -> dict[str, str]:
    """What is wrong with the link `parent` of a record to its own entity: field key → reason, or empty.

    One query per level.
    """
    column = getattr(type(record), parent)
    above = getattr(record, parent)
    for _ in range(DEEPEST):
        if above is None:
            return {}
        if above == record.id:
            return {parent: gettext("A record cannot stand below itself.")}
        row = type(record).select(column).where(type(record).id == above).tuples().first()
        above = row[0] if row else None
    return {parent: gettext("This is nested too deeply.")}
