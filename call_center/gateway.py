"""The provider's side of every call: what we ask of it, and whether what comes from it is genuine.

The only file that knows the provider's library. The library is loaded when it is first needed: pages, jobs and doors
that do without must not pay for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from flask import current_app
from werkzeug.wrappers import Request

from call_center.models.agent import identity_of
from call_center.provider_connection import Connection
from call_center.provider_error import ALREADY_OVER, NotConfigured, ProviderError, Refused, UnknownOutcome
from call_center.provider_records import (
    AccessToken,
    RemoteAccount,
    RemoteApplication,
    RemoteCall,
    RemoteMessage,
    RemoteNumber,
    RemoteParticipant,
    RemoteRecording,
)
from call_center.settings import Settings
from crm_admin import clock
from crm_admin.config import Config

API = "https://api.twilio.com"
FORM = "application/x-www-form-urlencoded"
PAGE = 200

LOOK_BACK = timedelta(seconds=10)
"""How far the provider's clock may be behind ours when a call is looked for that we may have made."""


def current() -> Gateway:
    """The gateway of the running application."""
    return of(current_app.extensions["crm"])


@lru_cache(maxsize=8)
def of(config: Config) -> Gateway:
    """The gateway of an installation; one for all its threads."""
    settings: Settings = config.section("call_center")
    return Gateway(settings, settings.webhooks(config))


class Gateway:
    """One account at the provider. Every verb raises ProviderError; none waits longer than `timeout_s`."""

    def __init__(self, settings: Settings, public_url: str) -> None:
        self.settings = settings
        self.public_url = public_url.rstrip("/")
        self.connection = Connection(settings.api_base, settings.timeout_s)

    # ── what comes from the provider ────────────────────────────────────────────────────────────────
    def signed(self, request: Request) -> bool:
        """Whether a request to one of our doors was signed by the provider. Never raises.

        What is signed is the address as the provider knows it: our public address and the path as it came, whatever
        a proxy made of the rest. Only a form is signed with its fields; any other body needs a hash in the query.
        """
        signature = request.headers.get("X-Twilio-Signature", "")
        named = request.headers.get("X-Twilio-Webhooks-Signature-Settings", "")
        secret = self._secret(named)
        if not signature or not secret:
            return False
        url = self.public_url + _raw_target(request)
        if request.mimetype == FORM:
            return signature_fits(secret, url, request.form, signature, named)
        body = request.get_data(cache=True)
        return _body_fits(request, body) and signature_fits(secret, url, {}, signature, named)

    def is_ours(self, account_sid: str | None) -> bool:
        """Whether a webhook that was signed speaks of our account: a shared key may sign for others too."""
        ours = self.settings.account_sid
        return bool(ours) and account_sid == ours

    def _secret(self, named: str) -> str:
        """What a request was signed with; "" when it names a key that we do not have."""
        parts = dict(_pair(part) for part in named.split(","))
        key = parts.get("key", "")
        return self.settings.secrets_by_key.get(key, "") if key else self.settings.auth_token

    # ── browser phones ──────────────────────────────────────────────────────────────────────────────
    def access_token(self, user_id: int) -> AccessToken:
        """What the browser phone of a person signs on with. Raises NotConfigured without a key to sign it."""
        from twilio.jwt.access_token import AccessToken as Jwt  # noqa: PLC0415 — see the top
        from twilio.jwt.access_token.grants import VoiceGrant  # noqa: PLC0415 — see the top

        settings = self.settings
        if not settings.has_browser_phone:
            raise NotConfigured("browser phones need an API key with its secret, and a TwiML application")
        identity, seconds = identity_of(user_id), settings.token_minutes * 60
        grant = VoiceGrant(outgoing_application_sid=settings.twiml_app_sid, incoming_allow=True)
        token = Jwt(
            settings.account_sid,
            settings.api_key_sid,
            settings.api_key_secret,
            grants=[grant],
            identity=identity,
            ttl=seconds,
            region=settings.region or None,
        )
        return AccessToken(token.to_jwt(), identity, seconds)

    # ── calls ───────────────────────────────────────────────────────────────────────────────────────
    def create_call(
        self,
        *,
        to: str,
        caller: str,
        url: str,
        status_callback: str,
        ring_s: int = 40,
        attempted_at: datetime | None = None,
        known: Collection[str] = (),
    ) -> str:
        """Let the provider ring `to` from our number `caller` and ask `url` what to do; the leg's SID.

        There is no key that makes two requests one call. So after an UnknownOutcome, pass the moment of that attempt
        (`attempted_at`, UTC) and the SIDs of calls that are `known`: the call is looked for before another is made.
        """
        if attempted_at is not None:
            found = self.find_created(to=to, caller=caller, since=attempted_at, known=known)
            if found is not None:
                return found.sid
        with self._asking():
            made = self._client.calls.create(
                to=to,
                from_=caller,
                url=url,
                method="POST",
                status_callback=status_callback,
                status_callback_method="POST",
                status_callback_event=["initiated", "ringing", "answered", "completed"],
                timeout=ring_s,
            )
            return _sid(made.sid)

    def find_created(
        self, *, to: str, caller: str, since: datetime, known: Collection[str] = ()
    ) -> RemoteCall | None:
        """A call from `caller` to `to` that was made through the API at or after `since` (UTC) and is not `known`."""
        with self._asking():
            rows = self._client.calls.list(to=to, from_=caller, limit=PAGE, page_size=PAGE)
            found = [_call(row) for row in rows]
        # Not by the moment it began: a call that still waits in the provider's queue has none.
        made = [
            call
            for call in found
            if call.direction == "outbound-api"
            and call.sid not in known
            and call.created_at is not None
            and call.created_at >= since - LOOK_BACK
        ]
        return min(made, key=lambda call: (call.created_at, call.sid), default=None)

    def redirect_call(self, sid: str, url: str) -> bool:
        """Let a leg go on with what `url` answers; False when it is over."""
        return self._unless_over(lambda: self._client.calls(sid).update(url=url, method="POST"))

    def end_call(self, sid: str) -> bool:
        """Hang a leg up, ringing or talking; False when it was over."""
        return self._unless_over(lambda: self._client.calls(sid).update(status="completed"))

    def fetch_call(self, sid: str) -> RemoteCall:
        """A leg as the provider has it. Raises Refused (20404) for one it does not know."""
        with self._asking():
            return _call(self._client.calls(sid).fetch())

    def calls_since(self, moment: datetime, *, most: int = 50_000) -> Iterator[RemoteCall]:
        """Legs that began at or after `moment` (UTC), newest first; the provider may add those of the whole day."""
        after = moment.replace(tzinfo=UTC)
        with self._asking():
            for row in self._client.calls.stream(start_time_after=after, limit=most, page_size=PAGE):
                yield _call(row)

    # ── text messages ───────────────────────────────────────────────────────────────────────────────
    def create_message(
        self,
        *,
        to: str,
        sender: str,
        body: str,
        status_callback: str,
        attempted_at: datetime | None = None,
        known: Collection[str] = (),
    ) -> str:
        """Let the provider send `body` from our number `sender` to `to`; the message's SID.

        As with calls there is no key that makes two requests one message: after an UnknownOutcome pass `attempted_at`
        (UTC) and the SIDs that are `known`, and the message is looked for before another is sent.
        """
        if attempted_at is not None:
            found = self.find_message(to=to, sender=sender, body=body, since=attempted_at, known=known)
            if found is not None:
                return found.sid
        with self._asking():
            made = self._client.messages.create(
                to=to, from_=sender, body=body, status_callback=status_callback
            )
            return _sid(made.sid)

    def find_message(
        self, *, to: str, sender: str, body: str, since: datetime, known: Collection[str] = ()
    ) -> RemoteMessage | None:
        """The first message with this text that was sent through the API at or after `since` and is not `known`."""
        with self._asking():
            rows = self._client.messages.list(to=to, from_=sender, limit=PAGE, page_size=PAGE)
            found = [_message(row) for row in rows]
        # The provider may fold blanks and line ends.
        made = [
            message
            for message in found
            if message.direction == "outbound-api"
            and message.sid not in known
            and message.body.split() == body.split()
            and message.created_at is not None
            and message.created_at >= since - LOOK_BACK
        ]
        return min(made, key=lambda message: (message.created_at, message.sid), default=None)

    # ── conferences ─────────────────────────────────────────────────────────────────────────────────
    def conference_named(self, name: str) -> str | None:
        """The SID of the conference that is going on under a name; None when there is none."""
        with self._asking():
            rows = self._client.conferences.list(friendly_name=name, status="in-progress", limit=1)
            return _sid(rows[0].sid) if rows else None

    def participants(self, conference_sid: str) -> list[RemoteParticipant]:
        """Who is in a conference now."""
        with self._asking():
            rows = self._client.conferences(conference_sid).participants.list(limit=50)
            return [
                RemoteParticipant(row.call_sid, row.label or "", bool(row.muted), bool(row.hold))
                for row in rows
            ]

    def add_participant(
        self,
        conference: str,
        *,
        to: str,
        caller: str,
        status_callback: str,
        ring_s: int = 40,
        ends_conference: bool = False,
    ) -> str:
        """Ring somebody into a conference (its SID or name); the SID of the new leg."""
        with self._asking():
            made = self._client.conferences(conference).participants.create(
                from_=caller,
                to=to,
                timeout=ring_s,
                beep="false",
                end_conference_on_exit=ends_conference,
                status_callback=status_callback,
                status_callback_method="POST",
                status_callback_event=["initiated", "ringing", "answered", "completed"],
            )
            return _sid(made.call_sid)

    def hold(self, conference_sid: str, call_sid: str, on: bool, music_url: str = "") -> bool:
        """Put a participant on hold, with what `music_url` plays, or take them back; False when they have gone."""
        music = {"hold_url": music_url, "hold_method": "POST"} if on and music_url else {}
        return self._unless_over(lambda: self._participant(conference_sid, call_sid).update(hold=on, **music))

    def mute(self, conference_sid: str, call_sid: str, on: bool) -> bool:
        """Let the others not hear a participant, or hear them again; False when they have gone."""
        return self._unless_over(lambda: self._participant(conference_sid, call_sid).update(muted=on))

    def remove_participant(self, conference_sid: str, call_sid: str) -> bool:
        """Send a participant out; their leg ends. False when they had gone."""
        return self._unless_over(lambda: self._participant(conference_sid, call_sid).delete())

    def end_conference(self, conference_sid: str) -> bool:
        """End a conference and every leg in it; False when it was over."""
        return self._unless_over(lambda: self._client.conferences(conference_sid).update(status="completed"))

    # ── recordings ──────────────────────────────────────────────────────────────────────────────────
    def start_recording(self, call_sid: str, status_callback: str) -> str:
        """Record a leg from now, each side on a channel of its own; the recording's SID."""
        with self._asking():
            made = self._client.calls(call_sid).recordings.create(
                recording_channels="dual",
                recording_status_callback=status_callback,
                recording_status_callback_method="POST",
                recording_status_callback_event=["in-progress", "completed", "absent"],
            )
            return _sid(made.sid)

    def pause_recording(self, call_sid: str, sid: str) -> bool:
        """Record silence until resumed, so that times still fit; False when the leg is over."""
        return self._set_recording(call_sid, sid, "paused", pause_behavior="silence")

    def resume_recording(self, call_sid: str, sid: str) -> bool:
        return self._set_recording(call_sid, sid, "in-progress")

    def stop_recording(self, call_sid: str, sid: str) -> bool:
        return self._set_recording(call_sid, sid, "stopped")

    def recordings_of(self, call_sid: str) -> list[RemoteRecording]:
        """What the provider keeps of a leg."""
        with self._asking():
            return [_recording(row) for row in self._client.recordings.list(call_sid=call_sid, limit=50)]

    def recordings_since(self, moment: datetime, *, most: int = 50_000) -> Iterator[RemoteRecording]:
        """Recordings that were made at or after `moment` (UTC), newest first."""
        after = moment.replace(tzinfo=UTC)
        with self._asking():
            for row in self._client.recordings.stream(date_created_after=after, limit=most, page_size=PAGE):
                yield _recording(row)

    def delete_recording(self, sid: str) -> bool:
        """Let the provider delete the sound; False when it has none (any more)."""
        return self._unless_over(lambda: self._client.recordings(sid).delete())

    def recording_url(self, sid: str) -> str:
        """Where a recording's sound is: made from the account and the SID, never taken from a webhook."""
        account = self._account()
        url = f"{API}/2010-04-01/Accounts/{account}/Recordings/{quote(sid, safe='')}.wav"
        return self.connection.address(self._client.get_hostname(url))

    # ── what is set up at the provider ──────────────────────────────────────────────────────────────
    def account(self) -> RemoteAccount:
        """The account, and how far the provider's clock is ahead of ours. Raises Refused for wrong credentials."""
        with self._asking():
            url = f"{API}/2010-04-01/Accounts/{self._account()}.json"
            asked = clock.now()
            answer = self._client.request("GET", url)
            facts = json.loads(answer.text)
            return RemoteAccount(
                str(facts.get("friendly_name") or ""),
                str(facts.get("status") or ""),
                str(facts.get("type") or ""),
                _ahead(answer.headers.get("Date"), asked, clock.now()),
            )

    def check_api_key(self) -> None:
        """Use the key that signs access tokens once. Raises Refused when the provider does not take it."""
        settings = self.settings
        with self._asking():
            self._client.request(
                "GET",
                f"{API}/2010-04-01/Accounts/{self._account()}/Calls.json",
                params={"PageSize": 1},
                auth=(settings.api_key_sid, settings.api_key_secret),
            )

    def numbers(self) -> list[RemoteNumber]:
        """Our numbers, each with its doors."""
        with self._asking():
            return [_number(row) for row in self._client.incoming_phone_numbers.list(page_size=PAGE)]

    def update_number(
        self, sid: str, *, voice_url: str, voice_fallback_url: str, status_callback: str, sms_url: str = ""
    ) -> None:
        """Let the calls of a number come through these doors, and its text messages where it takes any; an
        application or trunk it was given to loses it."""
        texts = {"sms_url": sms_url, "sms_method": "POST", "sms_application_sid": ""} if sms_url else {}
        with self._asking():
            self._client.incoming_phone_numbers(sid).update(
                **texts,
                voice_url=voice_url,
                voice_method="POST",
                voice_fallback_url=voice_fallback_url,
                voice_fallback_method="POST",
                status_callback=status_callback,
                status_callback_method="POST",
                voice_application_sid="",
                trunk_sid="",
            )

    def application_at(self, voice_url: str) -> RemoteApplication | None:
        """The application whose calls come through this door, the oldest of several; None when there is none."""
        with self._asking():
            found = [_application(row) for row in self._client.applications.list(limit=PAGE, page_size=PAGE)]
        return next((one for one in reversed(found) if one.voice_url == voice_url), None)

    def create_application(
        self, name: str, *, voice_url: str, voice_fallback_url: str, status_callback: str
    ) -> str:
        """Make an application for browser phones, with these doors; its SID. After an UnknownOutcome look with
        application_at() before making another."""
        with self._asking():
            made = self._client.applications.create(
                friendly_name=name,
                voice_url=voice_url,
                voice_method="POST",
                voice_fallback_url=voice_fallback_url,
                voice_fallback_method="POST",
                status_callback=status_callback,
                status_callback_method="POST",
            )
            return _sid(made.sid)

    def application(self, sid: str) -> RemoteApplication:
        """An application with its doors. Raises Refused (20404) when there is none."""
        with self._asking():
            return _application(self._client.applications(sid).fetch())

    def update_application(
        self, sid: str, *, voice_url: str, voice_fallback_url: str, status_callback: str
    ) -> None:
        """Let calls from browser phones come through these doors."""
        with self._asking():
            self._client.applications(sid).update(
                voice_url=voice_url,
                voice_method="POST",
                voice_fallback_url=voice_fallback_url,
                voice_fallback_method="POST",
                status_callback=status_callback,
                status_callback_method="POST",
            )

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────
    @cached_property
    def _client(self) -> Any:
        from twilio.rest import Client  # noqa: PLC0415 — see the top

        return Client(
            self._account(),
            self.settings.auth_token,
            region=self.settings.region or None,
            edge=self.settings.edge or None,
            http_client=self.connection,
        )

    def _account(self) -> str:
        if not self.settings.complete:
            raise NotConfigured("TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are not set")
        return self.settings.account_sid

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Nothing but ProviderError leaves. The connection has told apart what was answered; what the library itself
        makes of a good answer that it cannot read is an unknown outcome."""
        try:
            yield
        except ProviderError:
            raise
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise UnknownOutcome(f"an answer that cannot be read: {type(error).__name__}") from error
        except Exception as error:
            if type(error).__module__.startswith("twilio."):
                raise UnknownOutcome(f"an answer that cannot be read: {type(error).__name__}") from error
            raise

    def _unless_over(self, change: Any) -> bool:
        """Carry out what needs a leg that lives; False when it does not."""
        try:
            with self._asking():
                change()
        except Refused as refused:
            if refused.code in ALREADY_OVER or refused.status == 404:
                return False
            raise
        return True

    def _participant(self, conference_sid: str, call_sid: str) -> Any:
        return self._client.conferences(conference_sid).participants(call_sid)

    def _set_recording(self, call_sid: str, sid: str, status: str, **more: str) -> bool:
        recording = self._client.calls(call_sid).recordings(sid)
        return self._unless_over(lambda: recording.update(status=status, **more))


def signature_fits(secret: str, url: str, fields: Mapping[str, Any], signature: str, named: str = "") -> bool:
    """Whether `signature` is that of a request to `url` with these form fields.

    `named` is the header that names key and algorithm; without it the algorithm is HMAC-SHA1.
    """
    from twilio.request_validator import (  # noqa: PLC0415 — see the top
        RequestValidator,
        get_signature_algorithm,
    )

    try:
        return bool(RequestValidator(secret).validate(url, fields, signature, get_signature_algorithm(named)))
    except ValueError:  # an address that is none
        return False


def _body_fits(request: Request, body: bytes) -> bool:
    """Whether a body that is no form is the one whose hash was signed with the address."""
    claimed = parse_qs(request.query_string.decode("latin-1")).get("bodySHA256")
    return hashlib.sha256(body).hexdigest() == claimed[0].lower() if claimed else not body


def _raw_target(request: Request) -> str:
    """Path and query as they came, before anything was decoded."""
    raw: str = request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI") or ""
    if raw.startswith("/"):
        return raw
    if "://" in raw:  # a proxy may send the whole address
        parts = urlsplit(raw)
        return parts.path + (f"?{parts.query}" if parts.query else "")
    query = request.query_string.decode("latin-1")
    return quote(request.root_path + request.path) + (f"?{query}" if query else "")


def _pair(part: str) -> tuple[str, str]:
    name, _separator, value = part.partition("=")
    return name.strip(), value.strip()


def _ahead(date: str | None, asked: datetime, answered: datetime) -> float | None:
    """The provider's clock against the middle of the exchange, in seconds; its clock shows whole ones."""
    try:
        theirs = parsedate_to_datetime(date or "").astimezone(UTC).replace(tzinfo=None)
    except ValueError:
        return None
    return round((theirs - (asked + (answered - asked) / 2)).total_seconds() + 0.5, 1)


# ── the provider's rows as values ───────────────────────────────────────────────────────────────────
def _sid(text: Any) -> str:
    if not isinstance(text, str) or not text:
        raise ValueError("an answer without a SID")
    return text


def _moment(value: Any) -> datetime | None:
    """UTC, naive; the library gives None for what it cannot read."""
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else None


def _whole(value: Any) -> int | None:
    text = str(value) if value is not None else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def _call(row: Any) -> RemoteCall:
    return RemoteCall(
        sid=_sid(row.sid),
        parent_sid=row.parent_call_sid or "",
        direction=str(row.direction or ""),
        caller=str(row._from or ""),
        callee=str(row.to or ""),
        status=str(row.status or ""),
        created_at=_moment(row.date_created),
        started_at=_moment(row.start_time),
        ended_at=_moment(row.end_time),
        duration_s=_whole(row.duration),
        answered_by=str(row.answered_by or ""),
    )


def _message(row: Any) -> RemoteMessage:
    return RemoteMessage(
        sid=_sid(row.sid),
        direction=str(row.direction or ""),
        body=str(row.body or ""),
        created_at=_moment(row.date_created),
    )


def _recording(row: Any) -> RemoteRecording:
    return RemoteRecording(
        sid=_sid(row.sid),
        call_sid=str(row.call_sid or ""),
        conference_sid=str(row.conference_sid or ""),
        status=str(row.status or ""),
        source=str(row.source or ""),
        channels=_whole(row.channels),
        duration_s=_whole(row.duration),
        started_at=_moment(row.start_time) or _moment(row.date_created),
    )


def _number(row: Any) -> RemoteNumber:
    can = row.capabilities if isinstance(row.capabilities, dict) else {}
    return RemoteNumber(
        sid=_sid(row.sid),
        number=str(row.phone_number or ""),
        name=str(row.friendly_name or ""),
        voice_url=str(row.voice_url or ""),
        voice_method=str(row.voice_method or ""),
        voice_fallback_url=str(row.voice_fallback_url or ""),
        status_callback=str(row.status_callback or ""),
        voice_application_sid=str(row.voice_application_sid or ""),
        trunk_sid=str(row.trunk_sid or ""),
        can_talk=bool(can.get("voice", True)),
        sms_url=str(row.sms_url or ""),
        sms_method=str(row.sms_method or ""),
        sms_application_sid=str(row.sms_application_sid or ""),
        can_text=bool(can.get("sms", False)),
    )


def _application(row: Any) -> RemoteApplication:
    return RemoteApplication(
        sid=_sid(row.sid),
        name=str(row.friendly_name or ""),
        voice_url=str(row.voice_url or ""),
        voice_method=str(row.voice_method or ""),
        voice_fallback_url=str(row.voice_fallback_url or ""),
        status_callback=str(row.status_callback or ""),
    )
