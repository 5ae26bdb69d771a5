"""The published signatures mean to npm's twilio what the table says: who checks with the table checks with Twilio."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers import signer
from tests.peers.vectors import TOKEN, VECTORS, Vector


@pytest.fixture(scope="module")
def npm() -> Iterator[signer.Signer]:
    with signer.running() as made:
        yield made


# npm's twilio does not know shared keys yet.
@pytest.mark.parametrize("vector", [v for v in VECTORS if v.algorithm == "HMAC_SHA1"], ids=lambda v: v.name)
def test_npm_judges_as_the_table_says(npm: signer.Signer, vector: Vector) -> None:
    judged = npm.accepts(TOKEN, vector.signature, vector.url, vector.params, vector.body)
    assert judged is vector.valid
