"""What an account owns: phone numbers, TwiML applications, verified caller ids."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class VoiceSettings:
    """Where calls and messages are answered. Empty: nowhere."""

    voice_url: str = ""
    voice_method: str = "POST"
    voice_fallback_url: str = ""
    voice_fallback_method: str = "POST"
    status_callback: str = ""
    status_callback_method: str = "POST"
    sms_url: str = ""
    sms_method: str = "POST"
    sms_fallback_url: str = ""
    sms_fallback_method: str = "POST"
    voice_caller_id_lookup: bool = False


@dataclass
class Number(VoiceSettings):
    """A phone number the account owns."""

    sid: str = ""
    phone_number: str = ""  # E.164
    friendly_name: str = ""
    voice_application_sid: str = ""
    sms_application_sid: str = ""
    created: float = 0.0
    updated: float = 0.0


@dataclass
class Application(VoiceSettings):
    """A TwiML application: what answers the calls of browser phones."""

    sid: str = ""
    friendly_name: str = ""
    message_status_callback: str = ""
    sms_status_callback: str = ""
    public_application_connect_enabled: bool = False
    created: float = 0.0
    updated: float = 0.0


@dataclass
class CallerId:
    """A number of somebody else that the account may show, once verified."""

    sid: str
    phone_number: str
    friendly_name: str
    created: float
    updated: float
