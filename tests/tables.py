"""All tables of the product, as the code declares them."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import call_center.models
import crm_admin
from crm_admin import entities
from crm_admin.db import Table
from crm_admin.registry import Record


def all_tables() -> list[type[Table]]:
    """Every table class of the core and its modules, once, but the migration runner's own."""
    entities.load()
    call_center.models.load()
    places = ((crm_admin, "crm_admin."), (call_center.models, "call_center.models."))
    for module in (m for package, prefix in places for m in pkgutil.walk_packages(package.__path__, prefix)):
        if ".migrations.0" not in module.name and module.name not in ("crm_admin.app", "crm_admin.__main__"):
            import_module(module.name)
    found: dict[type[Table], None] = {}
    waiting: list[type[Table]] = list(Table.__subclasses__())
    while waiting:
        table = waiting.pop()
        waiting += table.__subclasses__()
        if (
            table is not Record
            and table._meta.table_name != "sys_migration"
            and table.__module__.startswith(("crm_", "call_center."))
        ):
            found[table] = None
    return sorted(found, key=lambda t: t._meta.table_name)
