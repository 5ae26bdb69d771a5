"""What can go wrong between us and the provider, told apart by what may be done next."""

from __future__ import annotations

import json

ALREADY_OVER = (20404, 21220)
"""The call ended, or the participant left, before our request came."""


class ProviderError(Exception):
    """The provider did not do what it was asked to."""


class NotConfigured(ProviderError):
    """The settings name no account: nothing was sent."""


class Refused(ProviderError):
    """The provider understood and said no; asking again is useless. `code` is its own number of the reason."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        self.code, self.message, self.status = code, message, status
        super().__init__(f"{code}: {message}")


class Busy(ProviderError):
    """Too many requests: this one was certainly not carried out, and may be sent again after `wait_s` seconds."""

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s
        super().__init__(f"too many requests, again in {wait_s:.0f} s")


class Unreachable(ProviderError):
    """No connection, or no answer to a question: nothing was changed, it may be asked again."""


class UnknownOutcome(ProviderError):
    """A command went out and no usable answer came: it may have been carried out. Look before sending it again."""


def of_answer(method: str, status: int, text: str, retry_after: str | None) -> ProviderError | None:
    """The error that an answer stands for; None for a good one."""
    body = _object(text)
    if status == 429 or (body or {}).get("code") == 20429:
        wait = float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else 1.0
        return Busy(min(max(wait, 1.0), 60.0))
    if 200 <= status < 300 and (body is not None or status == 204 or method == "DELETE"):
        return None
    if 400 <= status < 500:
        code = (body or {}).get("code")
        message = str((body or {}).get("message") or f"HTTP {status}")
        return Refused(code if isinstance(code, int) else status, message[:500], status)
    return _lost(method, f"HTTP {status}" if status >= 300 else "an answer that is no JSON")


def of_failure(method: str, error: Exception) -> ProviderError:
    """The error that a broken exchange stands for: before anything was sent, or after."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if type(cause).__name__ in _NEVER_SENT:
            return Unreachable(_told(error))
        reason = getattr(cause, "reason", None) or (cause.args[0] if cause.args else None)
        cause = reason if isinstance(reason, BaseException) else cause.__cause__ or cause.__context__
    return _lost(method, _told(error))


# By name: the libraries that raise them are loaded only when something is sent.
_NEVER_SENT = {
    "ConnectTimeout",
    "ConnectTimeoutError",
    "NewConnectionError",
    "NameResolutionError",
    "ConnectionRefusedError",
    "SSLCertVerificationError",
    "ProxyError",
}


def _lost(method: str, why: str) -> ProviderError:
    return Unreachable(why) if method == "GET" else UnknownOutcome(why)


def _told(error: Exception) -> str:
    """In a line, without the address: that may hold a number."""
    return type(error).__name__


def _object(text: str) -> dict[str, object] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
