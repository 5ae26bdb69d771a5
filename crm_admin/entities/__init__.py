"""Built-in entities, one noun per file. Importing this package makes all of them known to the registry."""

from __future__ import annotations

from importlib import import_module

ORDER = (
    "account",
    "contact",
    "account_contact",
    "lead",
    "opportunity",
    "case",
    "task",
    "meeting",
    "note",
    "attachment",
    "product",
    "tag",
    "user",
    "team",
    "role",
    "territory",
    "pipeline",
    "stage",
    "currency",
)
"""The order in which entities are listed wherever all of them are shown."""


def load() -> None:
    """Define every built-in entity; a second call changes nothing."""
    for name in ORDER:
        import_module(f"crm_admin.entities.{name}")


# Here too, so that their order never hangs on which one somebody imports first.
load()
