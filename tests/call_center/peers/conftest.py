"""The programs by others, once for all tests that ask them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.call_center.peers import line
from tests.peers import prism, signer


@pytest.fixture(scope="session")
def npm() -> Iterator[signer.Signer]:
    """The signer of npm's twilio."""
    with signer.running() as made:
        yield made


@pytest.fixture(scope="session")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of our carrier's REST API, with Prism in front."""
    with line.carrier() as carrier, prism.proxy(carrier.url, tmp_path_factory.mktemp("prism")) as address:
        yield address
