"""The one account of a carrier: its secrets, its numbers and how it behaves."""

from __future__ import annotations

from dataclasses import dataclass, field

from call_center.carrier.number import Application, CallerId, Number

DEFAULT_ACCOUNT = "AC" + "5" * 32
DEFAULT_TOKEN = "simulated-auth-token"  # noqa: S105 - guards a simulator on loopback
DEFAULT_KEY = "SK" + "5" * 32
DEFAULT_SECRET = "simulated-key-secret-of-32-letters"  # noqa: S105
DEFAULT_APPLICATION = "AP" + "5" * 32


@dataclass
class Behaviour:
    """What can be turned while the carrier runs (`POST /_sim/behaviour`). Times are virtual seconds."""

    calls_per_second: float = 0.0  # of calls created by REST; 0: no limit (a new account of Twilio's has 1)
    setup_seconds: float = 0.0  # from dialling to ringing, of scripted parties
    recording_delay: float = 1.0  # from the end of a recording to its file
    recording_absent: float = 0.0  # share of recordings that come to nothing
    recording_404: int = 0  # how often a new recording is not found at first
    transcription_delay: float = 2.0
    message_delay: float = 1.0  # between two states of a message
    signature: str = "HMAC_SHA1"  # or HMAC_SHA256, with the settings header
    shared_key: str = "default"  # the id that the settings header names
    shared_secret: str = ""  # what it signs with; empty: the auth token
    ordered: bool = True  # requests of one family of calls wait for each other (at most `patience`)
    patience: float = 1.0  # seconds of the wall
    callback_timeout: float = 15.0  # seconds of the wall: read time-out where no override says otherwise


@dataclass
class Account:
    """Who may use the REST API, and what it owns."""

    sid: str = DEFAULT_ACCOUNT
    token: str = DEFAULT_TOKEN
    application: str = DEFAULT_APPLICATION  # answers the calls of browser phones
    keys: dict[str, str] = field(default_factory=lambda: {DEFAULT_KEY: DEFAULT_SECRET})
    numbers: dict[str, Number] = field(default_factory=dict)  # by sid
    applications: dict[str, Application] = field(default_factory=dict)
    caller_ids: dict[str, CallerId] = field(default_factory=dict)
    behaviour: Behaviour = field(default_factory=Behaviour)

    def allows(self, user: str, password: str) -> bool:
        """Whether these are the account's sid and token, or one of its API keys."""
        return (user == self.sid and password == self.token) or (
            user in self.keys and self.keys[user] == password
        )

    def number(self, phone_number: str) -> Number | None:
        """The owned number written like this."""
        return next((n for n in self.numbers.values() if n.phone_number == phone_number), None)

    def may_show(self, caller_id: str) -> bool:
        """Whether a call may go out under this caller id: an owned number or a verified one."""
        return self.number(caller_id) is not None or any(
            c.phone_number == caller_id for c in self.caller_ids.values()
        )
