"""The programs by others, once for all tests that ask them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers import signer


@pytest.fixture(scope="session")
def npm() -> Iterator[signer.Signer]:
    """The signer of npm's twilio."""
    with signer.running() as made:
        yield made
