"""What the provider keeps about our account, as values: none of its library's classes leave the gateway."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class RemoteCall:
    """A leg as the provider keeps it. Times are UTC; `duration_s` is there once it is over."""

    sid: str
    parent_sid: str
    direction: str
    caller: str
    callee: str
    status: str
    created_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: int | None
    answered_by: str = ""


@dataclass(frozen=True)
class RemoteRecording:
    """A recording as the provider keeps it."""

    sid: str
    call_sid: str
    conference_sid: str
    status: str
    source: str
    channels: int | None
    duration_s: int | None
    started_at: datetime | None


@dataclass(frozen=True)
class RemoteMessage:
    """A text message as the provider keeps it. `created_at` is UTC."""

    sid: str
    direction: str
    body: str
    created_at: datetime | None


@dataclass(frozen=True)
class RemoteParticipant:
    """One leg in a conference."""

    call_sid: str
    label: str
    muted: bool
    held: bool


@dataclass(frozen=True)
class RemoteNumber:
    """A number of ours and the doors that its calls come through."""

    sid: str
    number: str
    name: str
    voice_url: str
    voice_method: str
    voice_fallback_url: str
    status_callback: str
    voice_application_sid: str
    trunk_sid: str
    can_talk: bool
    sms_url: str = ""
    sms_method: str = ""
    sms_application_sid: str = ""
    can_text: bool = False


@dataclass(frozen=True)
class RemoteApplication:
    """An application: the doors that calls from browser phones come through."""

    sid: str
    name: str
    voice_url: str
    voice_method: str
    voice_fallback_url: str
    status_callback: str


@dataclass(frozen=True)
class RemoteAccount:
    """The account itself. `clock_ahead_s`: how far the provider's clock is ahead of ours, in seconds."""

    name: str
    status: str
    kind: str
    clock_ahead_s: float | None


@dataclass(frozen=True)
class AccessToken:
    """What a browser phone signs on with, and for how many seconds."""

    text: str
    identity: str
    expires_in_s: int


@dataclass(frozen=True)
class Download:
    """A file that was fetched."""

    content_type: str
    size: int
