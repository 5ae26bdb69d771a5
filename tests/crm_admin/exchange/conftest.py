"""Two of the cast as the judge sees them, without a browser."""

from __future__ import annotations

import pytest
from flask import Flask

from crm_admin import policy
from crm_admin.policy import Actor
from tests.crm_admin.exchange.office import actor_of


@pytest.fixture(autouse=True)
def forget_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights are kept per version of the rules; every test has a company of its own, with its own versions."""
    monkeypatch.setattr(policy, "_version", None)


@pytest.fixture
def office(crm: Flask) -> Actor:
    """Back office: may import and export all customers."""
    return actor_of("office")


@pytest.fixture
def rep(crm: Flask) -> Actor:
    """A field rep: sees only their own, imports and exports nothing."""
    return actor_of("rep")
