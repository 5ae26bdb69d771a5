"""Our doors open for whom the provider's own libraries open theirs, and for nobody else."""

from __future__ import annotations

import random
from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from call_center.gateway import Gateway
from call_center.settings import Settings
from tests.peers import fuzz, vectors
from tests.peers.signer import Signer
from tests.peers.vectors import VECTORS, Vector

SEED = 3
COUNT = 500
TOKEN = "the-auth-token"
KEY = "webhooks_sharedkey_1"


def arriving(
    url: str, params: Sequence[tuple[str, str]], body: str | None, headers: dict[str, str]
) -> tuple[Request, str]:
    """The request as a server sees it, and the public address that is configured there."""
    parts = urlsplit(url)
    raw = f"{parts.path}?{parts.query}" if parts.query else parts.path
    form = body is None
    builder = EnvironBuilder(
        path=parts.path,
        query_string=parts.query,
        # A proxy in front of us: what is asked here is another host, by plain HTTP.
        base_url="http://127.0.0.1:8000/",
        method="POST",
        data=urlencode(params) if form else body,
        content_type="application/x-www-form-urlencoded; charset=UTF-8" if form else "application/json",
        headers=list(headers.items()),
        environ_overrides={"REQUEST_URI": raw, "RAW_URI": raw},
    )
    return builder.get_request(), f"{parts.scheme}://{parts.netloc}"


def opens(
    token: str, url: str, params: Sequence[tuple[str, str]], body: str | None, headers: dict[str, str]
) -> bool:
    request, public_url = arriving(url, params, body, headers)
    settings = Settings(auth_token=token, shared_keys=f"{KEY}:{token}")
    return Gateway(settings, public_url).signed(request)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_published_signatures(vector: Vector) -> None:
    headers = {"X-Twilio-Signature": vector.signature}
    if vector.algorithm != "HMAC_SHA1":
        headers["X-Twilio-Webhooks-Signature-Settings"] = f"key={KEY},algorithm={vector.algorithm}"
    assert opens(vectors.TOKEN, vector.url, vector.params, vector.body, headers) is vector.valid


@pytest.mark.parametrize(
    "vector", [vector for vector in VECTORS if vector.valid], ids=lambda vector: vector.name
)
def test_without_the_header_or_with_half_of_it_nothing_opens(vector: Vector) -> None:
    wrong = vector.signature[:-2] + ("A=" if vector.signature[-2] != "A" else "B=")
    signatures = ("", vector.signature[:-4], wrong)
    for headers in ({}, *({"X-Twilio-Signature": signature} for signature in signatures)):
        assert not opens(vectors.TOKEN, vector.url, vector.params, vector.body, headers)


def test_npm_and_our_door_judge_alike(npm: Signer) -> None:
    dice = random.Random(SEED)
    refused = 0
    for number, webhook in enumerate(fuzz.webhooks(SEED, COUNT)):
        signature = npm.sign(TOKEN, webhook.url, webhook.params)
        arrived = fuzz.tampered(webhook, dice) if number % 3 == 0 else webhook
        theirs = npm.accepts(TOKEN, signature, arrived.url, arrived.params, arrived.body)
        ours = opens(TOKEN, arrived.url, arrived.params, arrived.body, {"X-Twilio-Signature": signature})
        assert ours is theirs, (webhook, arrived)
        assert theirs is (arrived == webhook)
        refused += not theirs
    assert refused == 167
