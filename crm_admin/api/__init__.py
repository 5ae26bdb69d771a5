"""/api/v1: every entity for programs, from the one definition. `blueprint` is all that the application needs."""

from __future__ import annotations

from crm_admin.api import bulk, collection, entities, finding, openapi, record  # noqa: F401 — each adds its routes
from crm_admin.api.door import blueprint

__all__ = ["blueprint"]
