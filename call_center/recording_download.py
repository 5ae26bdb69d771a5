"""A recording's sound from the provider into a file of ours."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from call_center.gateway import Gateway
from call_center.provider_error import Refused, Unreachable, of_answer, of_failure
from call_center.provider_records import Download

SOUND = {
    "audio/wav": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/mpeg": "audio/mpeg",
    "audio/mp3": "audio/mpeg",
}
REDIRECTS = 3
CHUNK = 64 * 1024
PATIENCE_S = 300.0
"""A sound that takes longer than this to come is tried again later."""

UNSUITABLE = 0
"""The code of Refused for an answer that we do not want: no sound, too large, or from a strange place."""


def fetch(gateway: Gateway, sid: str, into: Path) -> Download:
    """Write the sound of a recording to `into`; nothing is left there after an error.

    Raises Refused (404: not there yet, or no more; UNSUITABLE), Busy or Unreachable. The credentials go to the
    provider's API alone: where it sends us on, we go without.
    """
    from requests import RequestException, Session  # noqa: PLC0415 — loaded when something is sent

    settings = gateway.settings
    url = gateway.recording_url(sid)
    auth: tuple[str, str] | None = (settings.account_sid, settings.auth_token)
    secure = urlsplit(url).scheme == "https"
    deadline = time.monotonic() + PATIENCE_S
    try:
        with Session() as session:
            session.trust_env = secure
            for _ in range(REDIRECTS + 1):
                with session.get(
                    url, auth=auth, stream=True, allow_redirects=False, timeout=settings.timeout_s
                ) as answer:
                    if not answer.is_redirect:
                        return _save(answer, into, settings.recording_mb * 1024 * 1024, deadline)
                    url, auth = _onward(url, answer.headers["Location"], secure), None
            raise Refused(UNSUITABLE, "too many redirects")
    except (RequestException, ValueError) as error:
        raise of_failure("GET", error) from error


def _onward(url: str, location: str, secure: bool) -> str:
    following = urljoin(url, location)
    if urlsplit(following).scheme not in (("https",) if secure else ("http", "https")):
        raise Refused(UNSUITABLE, "a redirect to an address that is not https")
    return following


def _save(answer: Any, into: Path, most: int, deadline: float) -> Download:
    if answer.status_code != 200:
        text = next(answer.iter_content(CHUNK), b"").decode("utf-8", "replace")
        problem = of_answer("GET", answer.status_code, text, answer.headers.get("Retry-After"))
        raise problem or Unreachable(f"HTTP {answer.status_code}")
    kind = SOUND.get(answer.headers.get("Content-Type", "").partition(";")[0].strip().lower())
    if kind is None:
        raise Refused(UNSUITABLE, "what came is no sound")
    stated = answer.headers.get("Content-Length", "")
    if stated.isdigit() and int(stated) > most:
        raise Refused(UNSUITABLE, f"larger than {most // 1024 // 1024} MB")
    try:
        size = _write(answer, into, most, deadline)
        if stated.isdigit() and "Content-Encoding" not in answer.headers and size != int(stated):
            raise Unreachable("the sound was cut off")
    except Exception:
        into.unlink(missing_ok=True)
        raise
    return Download(kind, size)


def _write(answer: Any, into: Path, most: int, deadline: float) -> int:
    size = 0
    with into.open("wb") as file:
        for piece in answer.iter_content(CHUNK):
            size += len(piece)
            if size > most:
                raise Refused(UNSUITABLE, f"larger than {most // 1024 // 1024} MB")
            if time.monotonic() > deadline:
                raise Unreachable("the sound takes too long to come")
            file.write(piece)
    return size
