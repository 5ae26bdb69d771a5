"""Settings of the call center: the account at the carrier, and where its doors are."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from crm_admin.config import Config, ConfigError

ENVIRONMENT = {
    "TWILIO_ACCOUNT_SID": "account_sid",
    "TWILIO_AUTH_TOKEN": "auth_token",
    "TWILIO_API_KEY_SID": "api_key_sid",
    "TWILIO_API_KEY_SECRET": "api_key_secret",
    "TWILIO_TWIML_APP_SID": "twiml_app_sid",
    "TWILIO_SHARED_KEYS": "shared_keys",
    "TWILIO_API_BASE": "api_base",
    "TWILIO_SIGNALLING": "signalling",
    "TWILIO_EDGE": "edge",
    "TWILIO_REGION": "region",
}

RETRIES = "#rc=3&rp=4xx,5xx,ct,rt"
"""Behind an address that we give the provider: an answer that is lost or bad is asked for again, three times."""

_SIDS = {"account_sid": "AC", "api_key_sid": "SK", "twiml_app_sid": "AP"}


@dataclass(frozen=True)
class Settings:
    """The section [call_center]."""

    account_sid: str = ""
    api_key_sid: str = ""
    twiml_app_sid: str = ""
    api_base: str = ""
    signalling: str = ""
    edge: str = ""
    region: str = ""
    timeout_s: int = 10
    token_minutes: int = 60
    recording_mb: int = 200
    public_url: str = ""
    transcriber: str = ""
    auth_token: str = field(default="", repr=False)
    api_key_secret: str = field(default="", repr=False)
    shared_keys: str = field(default="", repr=False)

    @property
    def complete(self) -> bool:
        """Whether the account can be spoken to and its webhooks can be verified."""
        return bool(self.account_sid and self.auth_token)

    @property
    def has_browser_phone(self) -> bool:
        """Whether access tokens for browser phones can be issued."""
        return bool(self.account_sid and self.api_key_sid and self.api_key_secret and self.twiml_app_sid)

    @property
    def secrets_by_key(self) -> dict[str, str]:
        """Id of a shared signing key → its secret, from `ID:SECRET` pairs between blanks."""
        pairs = (pair.partition(":") for pair in self.shared_keys.split())
        return {key: secret for key, _colon, secret in pairs}

    def webhooks(self, config: Config) -> str:
        """The address under which the carrier reaches us, without a trailing slash."""
        return self.public_url.rstrip("/") or config.public_url

    def validate(self) -> None:
        """Raise ConfigError for a value that can never work."""
        for name, prefix in _SIDS.items():
            value = getattr(self, name)
            if value and not re.fullmatch(prefix + "[0-9a-fA-F]{32}", value):
                raise ConfigError(
                    f"call_center.{name}", "is no such identifier", f"{prefix} and 32 digits from 0-9 a-f"
                )
        for name in ("api_base", "public_url"):
            _web_address(name, getattr(self, name))
        for name in ("edge", "region"):
            # Both become part of a host name.
            if not re.fullmatch("[a-z0-9-]*", getattr(self, name)):
                raise ConfigError(f"call_center.{name}", "is no such name", "for example dublin or ie1")
        if not 1 <= self.timeout_s <= 60:
            raise ConfigError("call_center.timeout_s", "is out of bounds", "1 to 60 seconds")
        if not 5 <= self.token_minutes <= 24 * 60:
            raise ConfigError("call_center.token_minutes", "is out of bounds", "5 minutes to 24 hours")
        if self.transcriber and not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", self.transcriber):
            raise ConfigError("call_center.transcriber", "names no function", "package.module:function")
        if any(not key or not secret for key, secret in self.secrets_by_key.items()):
            raise ConfigError(
                "call_center.shared_keys", "is no list of keys", "ID:SECRET, several with blanks between"
            )

    def unsafe(self, config: Config) -> list[ConfigError]:
        """What a production start refuses: half an account, or a secret sent in the clear.

        None at all is fine: a company may keep its records before it has a telephone account.
        """
        pair = (("TWILIO_ACCOUNT_SID", "account_sid"), ("TWILIO_AUTH_TOKEN", "auth_token"))
        found = [
            ConfigError(
                name,
                "is missing beside the rest of the account",
                "the carrier's console shows it; docs/twilio.md",
            )
            for name, key in pair
            if not getattr(self, key) and any(getattr(self, other) for _name, other in pair)
        ]
        base = urlsplit(self.api_base)
        if base.scheme == "http" and not _is_loopback(base.hostname or ""):
            found.append(
                ConfigError(
                    "call_center.api_base", "would send the auth token in the clear", "use https or loopback"
                )
            )
        return found


def _web_address(name: str, text: str) -> None:
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if text and (not good or parts.query or parts.fragment or parts.username):
        raise ConfigError(f"call_center.{name}", "is no web address", "such as https://crm.example.com")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
