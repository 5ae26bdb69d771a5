"""Translations and templates for the kinds, without the rest of the application."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel

import crm_admin


@pytest.fixture(autouse=True)
def request_context() -> Iterator[None]:
    """A request to the bare templates, so that messages are translated and controls can be drawn."""
    app = Flask(__name__, template_folder=str(Path(crm_admin.__file__).parent.parent / "templates"))
    Babel(app)
    with app.test_request_context():
        yield
