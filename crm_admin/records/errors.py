"""Why a record is not found, or a change is not made."""

from __future__ import annotations

from crm_admin.registry import Record


class Rejected(ValueError):
    """The values cannot be saved. `errors`: field key ("" for the whole) → what is wrong with it."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{key}: {' '.join(texts)}" for key, texts in errors.items()))


class Stale(Exception):
    """Somebody saved the record meanwhile; `current` is what they saved."""

    def __init__(self, current: Record) -> None:
        self.current = current
        super().__init__("stale")


class NotFound(LookupError):
    """No such record, or none that the actor may reach: the two look alike."""


class Forbidden(PermissionError):
    """The actor may see the record, or the entity, but not do this."""
