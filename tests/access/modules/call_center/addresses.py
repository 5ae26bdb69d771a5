"""The call center's addresses: one row for each and every method that it knows."""

from __future__ import annotations

from tests.access.modules.module import Row

ADDRESSES: dict[str, Row] = {}
