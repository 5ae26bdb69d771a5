"""What our carrier signs, the provider's own libraries take for the provider's."""

from __future__ import annotations

import random

from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from call_center.carrier.signature import sign
from tests.peers import fuzz
from tests.peers.signer import Signer

TOKEN = "a-token-of-the-carrier"
SEED = 20261122
COUNT = 500


def test_npm_accepts_every_request_that_the_carrier_signs(npm: Signer) -> None:
    for webhook in fuzz.webhooks(SEED, COUNT):
        signature = sign(TOKEN, webhook.url, webhook.params)
        assert npm.accepts(TOKEN, signature, webhook.url, webhook.params, webhook.body), webhook


def test_npm_refuses_what_was_changed_on_the_way(npm: Signer) -> None:
    dice = random.Random(SEED)
    for webhook in fuzz.webhooks(SEED, COUNT // 5):
        other = fuzz.tampered(webhook, dice)
        signature = sign(TOKEN, webhook.url, webhook.params)
        accepted = npm.accepts(TOKEN, signature, other.url, other.params, other.body)
        assert not accepted, (webhook, other)


def test_the_library_for_python_accepts_shared_keys_of_the_carrier() -> None:
    validator = RequestValidator(TOKEN)
    for webhook in fuzz.webhooks(SEED, COUNT):
        signature = sign(TOKEN, webhook.url, webhook.params, "HMAC_SHA256")
        params = MultiDict(webhook.params)
        assert validator.validate(webhook.url, params, signature, "HMAC_SHA256"), webhook
        assert not validator.validate(webhook.url, params, signature), webhook
