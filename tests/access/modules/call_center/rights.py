"""What each role may do with the call center's entities, where that is not the line of their group in the core's table."""

from __future__ import annotations

from tests.access.modules.module import Levels

RIGHTS: dict[str, dict[str, Levels]] = {}
