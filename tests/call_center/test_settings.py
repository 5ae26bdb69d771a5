"""Settings of the call center: an account that cannot be right is named before anything starts."""

from __future__ import annotations

from typing import Any

import pytest

from crm_admin import config
from crm_admin.config import Config, ConfigError

ACCOUNT = "AC" + "0" * 32


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("account_sid", "AC123"),
        ("account_sid", "SK" + "0" * 32),
        ("api_key_sid", ACCOUNT),
        ("api_base", "api.twilio.com"),
        ("api_base", "http://127.0.0.1:port"),
        ("public_url", "https://crm.example.com/?a=1"),
        ("public_url", "ftp://crm.example.com"),
        ("edge", "dublin.example.com/"),
        ("timeout_s", 0),
        ("token_minutes", 1),
        ("shared_keys", "no-secret"),
    ],
)
def test_what_can_never_work_is_named(key: str, value: Any) -> None:
    with pytest.raises(ConfigError) as refused:
        config.changed(Config(), {f"call_center.{key}": value})
    assert refused.value.key == f"call_center.{key}"


def test_secrets_come_from_the_environment_and_never_show() -> None:
    names = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": "hidden", "TWILIO_SHARED_KEYS": "a:1 b:2:3"}
    made = config.load(None, names, {"modules.enabled": ["call_center"]})
    settings = made.section("call_center")
    assert settings.complete
    assert settings.secrets_by_key == {"a": "1", "b": "2:3"}
    assert "hidden" not in repr(made)


def test_the_doors_are_at_the_public_address_unless_told_otherwise() -> None:
    made = config.changed(Config(), {"web.public_url": "https://crm.example.com/"})
    assert made.section("call_center").webhooks(made) == "https://crm.example.com"
    other = config.changed(made, {"call_center.public_url": "https://calls.example.com/in/"})
    assert other.section("call_center").webhooks(other) == "https://calls.example.com/in"


def test_production_refuses_half_an_account_but_does_without_one() -> None:
    def missing(environ: dict[str, str]) -> list[str]:
        return [problem.key for problem in config.unsafe(config.load(None, environ, {}))]

    assert "TWILIO_AUTH_TOKEN" in missing({"TWILIO_ACCOUNT_SID": "AC" + "0" * 32})
    assert "TWILIO_ACCOUNT_SID" in missing({"TWILIO_AUTH_TOKEN": "hidden"})
    assert not {"TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"} & set(missing({}))


@pytest.mark.parametrize(
    ("base", "refused"),
    [
        ("http://carrier.example.com", True),
        ("http://127.0.0.1:4010", False),
        ("https://carrier.example.com", False),
    ],
)
def test_production_sends_the_token_in_the_clear_to_nobody_else(base: str, refused: bool) -> None:
    made = config.load(None, {}, {"modules.enabled": ["call_center"], "call_center.api_base": base})
    assert ("call_center.api_base" in [problem.key for problem in config.unsafe(made)]) is refused
