"""Looks at everything that must fit together before a call can come: account, numbers, doors, address, clock."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from call_center.gateway import Gateway
from call_center.models import rejected_request
from call_center.models.phone_line import PhoneLine
from call_center.provider_error import ProviderError, Refused
from call_center.provider_records import RemoteApplication, RemoteNumber
from call_center.settings import RETRIES
from call_center.setup_report import ERROR, OK, WARNING, Door, Finding, Place, Report
from crm_admin import clock
from crm_admin.config import Config

SKEW_S = 5.0
"""A greater difference of the clocks spoils access tokens and the order of events."""

CERTIFICATE_DAYS = 14
PATIENCE_S = 5.0


def examine(config: Config, gateway: Gateway) -> Report:
    """Look at all of it. Changes nothing; what cannot be asked is a finding, never an exception."""
    findings: list[Finding] = []
    places: list[Place] = []
    account = credentials(gateway)
    findings += account
    if all(finding.state != ERROR for finding in account):
        findings.append(_asked("api_key", lambda: api_key(gateway)))
        findings.append(_asked("application", lambda: application(gateway, places)))
        findings += _numbers(gateway, places)
    findings.append(address(config, gateway))
    findings += signatures()
    return Report(tuple(findings), tuple(places))


def credentials(gateway: Gateway) -> list[Finding]:
    """Whether the provider knows us, whether the account is in force, and what time it is there."""
    if not gateway.settings.complete:
        return [Finding("credentials", ERROR, "missing")]
    try:
        account = gateway.account()
    except Refused as refused:
        return [Finding("credentials", ERROR, "refused", {"code": refused.code, "message": refused.message})]
    except ProviderError as error:
        return [Finding("credentials", ERROR, "unreachable", {"message": str(error)})]
    facts = {"name": account.name, "status": account.status}
    if account.status != "active":
        found = [Finding("credentials", ERROR, "not_active", facts)]
    elif account.kind == "Trial":
        found = [Finding("credentials", WARNING, "trial", facts)]
    else:
        found = [Finding("credentials", OK, "known", facts)]
    ahead = account.clock_ahead_s
    if ahead is None:
        return [*found, Finding("clock", WARNING, "unknown")]
    right = abs(ahead) <= SKEW_S
    return [
        *found,
        Finding("clock", OK if right else ERROR, "right" if right else "wrong", {"ahead_s": ahead}),
    ]


def api_key(gateway: Gateway) -> Finding:
    """Whether browser phones can be signed on. Raises ProviderError when nobody answers."""
    settings = gateway.settings
    if not (settings.api_key_sid and settings.api_key_secret):
        return Finding("api_key", ERROR, "missing")
    try:
        gateway.check_api_key()
    except Refused as refused:
        if refused.status == 401:
            return Finding("api_key", ERROR, "refused", {"code": refused.code})
        # A key may be good for tokens and yet not for reading calls.
        return Finding("api_key", WARNING, "restricted", {"code": refused.code})
    return Finding("api_key", OK, "known", {"sid": settings.api_key_sid})


def application(gateway: Gateway, places: list[Place]) -> Finding:
    """Whether calls from browser phones come to us; adds the application to `places`."""
    sid = gateway.settings.twiml_app_sid
    if not sid:
        made = gateway.application_at(doors(gateway.public_url, "outbound")["voice_url"])
        if made is not None:
            return Finding("application", ERROR, "not_set", {"sid": made.sid})
        return Finding("application", ERROR, "missing")
    try:
        found = gateway.application(sid)
    except Refused as refused:
        if refused.status == 404:
            return Finding("application", ERROR, "not_found", {"sid": sid})
        raise
    place = place_of_application(found, gateway.public_url)
    places.append(place)
    return Finding("application", OK if place.right else ERROR, "right" if place.right else "wrong_doors")


def place_of_application(found: RemoteApplication, public_url: str) -> Place:
    wanted = doors(public_url, "outbound")
    return Place(found.sid, "application", found.name or found.sid, _doors(found, wanted))


def place_of_number(found: RemoteNumber, public_url: str, lines: dict[str, int]) -> Place:
    wanted = doors(public_url, "inbound")
    if found.can_text:
        wanted["sms_url"] = f"{public_url}/twilio/sms/inbound{RETRIES}"
    return Place(
        found.sid,
        "number",
        found.number,
        _doors(found, wanted),
        line=lines.get(found.number),
        taken="trunk" if found.trunk_sid else "application" if found.voice_application_sid else "",
        can_talk=found.can_talk,
    )


def doors(public_url: str, entrance: str) -> dict[str, str]:
    """Door → where the provider should knock. `entrance`: inbound (numbers) | outbound (browser phones)."""
    voice = f"{public_url}/twilio/voice"
    return {
        "voice_url": f"{voice}/{entrance}{RETRIES}",
        "voice_fallback_url": f"{voice}/fallback{RETRIES}",
        "status_callback": f"{voice}/status{RETRIES}",
    }


def lines() -> dict[str, int]:
    """E.164 → the company number in the CRM."""
    rows = PhoneLine.select(PhoneLine.number_e164, PhoneLine.id).where(
        PhoneLine.active, PhoneLine.deleted_at.is_null(), PhoneLine.number_e164.is_null(False)
    )
    return dict(rows.tuples())


def address(config: Config, gateway: Gateway) -> Finding:
    """Whether the provider can knock at our public address: https with a certificate that the world trusts.

    A local stand-in on this machine needs neither.
    """
    parts = urlsplit(gateway.public_url)
    facts = {"url": gateway.public_url}
    if gateway.settings.api_base:
        return Finding("address", OK, "stand_in", facts)
    if parts.scheme != "https":
        return Finding("address", ERROR, "not_https", facts)
    try:
        ends = certificate_end(parts.hostname or "", parts.port or 443, parts.path)
    except ssl.SSLCertVerificationError as error:
        return Finding("address", ERROR, "bad_certificate", {**facts, "message": error.verify_message})
    except (OSError, http.client.HTTPException) as error:
        # From the inside the outside is not always to be seen.
        return Finding("address", WARNING, "not_seen", {**facts, "message": type(error).__name__})
    days = (ends - clock.now()).days
    soon = days < CERTIFICATE_DAYS
    return Finding(
        "address", WARNING if soon else OK, "ends_soon" if soon else "right", {**facts, "days": days}
    )


def certificate_end(host: str, port: int, path: str) -> datetime:
    """When the certificate at an address of ours ends (UTC), after a request there that was answered by the CRM."""
    connection = http.client.HTTPSConnection(
        host, port, timeout=PATIENCE_S, context=ssl.create_default_context()
    )
    try:
        connection.connect()
        shown: Any = connection.sock.getpeercert()
        connection.request("GET", f"{path.rstrip('/')}/healthz")
        if connection.getresponse().status != 200:
            raise http.client.HTTPException("somebody else answers there")
    finally:
        connection.close()
    ends = ssl.cert_time_to_seconds(str(shown["notAfter"]))
    return datetime.fromtimestamp(ends, UTC).replace(tzinfo=None)


def signatures() -> Iterator[Finding]:
    """Whether somebody knocks with a signature that does not fit: most often an address or token that is wrong."""
    refused = rejected_request.since(clock.ago(hours=24))
    yield Finding(
        "signatures", WARNING if refused else OK, "refused" if refused else "none", {"count": refused}
    )


def _numbers(gateway: Gateway, places: list[Place]) -> list[Finding]:
    try:
        ours = gateway.numbers()
    except ProviderError as error:
        return [_unasked("numbers", error)]
    known = lines()
    found = [place_of_number(number, gateway.public_url, known) for number in ours]
    places += found
    if not found:
        return [Finding("numbers", ERROR, "none")]
    findings = []
    wrong = [place.label for place in found if place.can_talk and not place.right]
    findings.append(
        Finding(
            "numbers",
            ERROR if wrong else OK,
            "wrong_doors" if wrong else "right",
            {"count": len(wrong or found)},
        )
    )
    strange = [place.label for place in found if place.line is None]
    lost = sorted(set(known) - {place.label for place in found})
    if strange:
        findings.append(Finding("lines", WARNING, "not_in_crm", {"numbers": strange}))
    if lost:
        findings.append(Finding("lines", WARNING, "not_at_provider", {"numbers": lost}))
    return findings


def _doors(found: RemoteNumber | RemoteApplication, wanted: dict[str, str]) -> tuple[Door, ...]:
    return tuple(Door(name, _posted(found, name), address) for name, address in wanted.items())


def _posted(found: RemoteNumber | RemoteApplication, name: str) -> str:
    """The address as found, or the application that takes its place; one that is asked by GET is not ours, whatever it
    says."""
    address: str = getattr(found, name)
    if name == "sms_url" and isinstance(found, RemoteNumber):
        method, elsewhere = found.sms_method, found.sms_application_sid
    else:
        method, elsewhere = (found.voice_method if name == "voice_url" else ""), ""
    return elsewhere or (f"GET {address}" if address and method.upper() == "GET" else address)


def _asked(check: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except ProviderError as error:
        return _unasked(check, error)


def _unasked(check: str, error: ProviderError) -> Finding:
    return Finding(check, ERROR, "unreachable", {"message": str(error)})
