"""What numbers and applications share: where calls and messages are answered."""

from __future__ import annotations

from typing import Any

from call_center.carrier.number import VoiceSettings
from call_center.carrier.rest.request import Request

URLS = {
    "VoiceUrl": "voice_url",
    "VoiceFallbackUrl": "voice_fallback_url",
    "StatusCallback": "status_callback",
    "SmsUrl": "sms_url",
    "SmsFallbackUrl": "sms_fallback_url",
}
METHODS = {
    "VoiceMethod": "voice_method",
    "VoiceFallbackMethod": "voice_fallback_method",
    "StatusCallbackMethod": "status_callback_method",
    "SmsMethod": "sms_method",
    "SmsFallbackMethod": "sms_fallback_method",
}


def read_settings(request: Request, settings: VoiceSettings) -> None:
    """Take over what the form gives; an empty URL takes one away. Raises RestError before anything is changed."""
    urls = {attribute: request.url(name, 21502) for name, attribute in URLS.items() if request.has(name)}
    methods = {attribute: request.method(name) for name, attribute in METHODS.items() if request.has(name)}
    lookup = request.flag("VoiceCallerIdLookup", settings.voice_caller_id_lookup)
    for attribute, value in (urls | methods).items():
        setattr(settings, attribute, value)
    settings.voice_caller_id_lookup = lookup


def show_settings(settings: VoiceSettings) -> dict[str, Any]:
    """As both resources show them; null for what is not set."""
    shown: dict[str, Any] = {name: getattr(settings, name) or None for name in URLS.values()}
    shown |= {name: getattr(settings, name) for name in METHODS.values()}
    return shown | {"voice_caller_id_lookup": settings.voice_caller_id_lookup}
