"""A served application and people who open it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.browser.site import served

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture
def site(crm: Flask) -> Iterator[str]:
    """Address of the application with the cast, once on each database."""
    with served(crm) as address:
        yield address


@pytest.fixture
def sqlite_site(sqlite_crm: Flask) -> Iterator[str]:
    """Like `site`, for what does not depend on the database."""
    with served(sqlite_crm) as address:
        yield address
