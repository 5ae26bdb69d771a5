"""The call center's entities."""

from __future__ import annotations

from tests.access.modules.module import Noun

ENTITIES: dict[str, Noun] = {}
