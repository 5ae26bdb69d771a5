"""One exchange with the provider: always with a time-out, every failure told apart, never a number in the log."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from call_center.provider_error import of_answer, of_failure

CONNECT_S = 4
REPEATABLE = ("GET", "DELETE")


@dataclass(frozen=True)
class Answer:
    """What came back, in the form that the provider's library reads."""

    status_code: int
    text: str
    headers: Any

    @property
    def content(self) -> str:
        """The text under the name by which the library asks for it after a deletion."""
        return self.text


class Connection:
    """The provider's library sends through this. `base` replaces the provider's address by a local stand-in's."""

    is_async = False

    def __init__(self, base: str, timeout_s: int) -> None:
        self._base = base.rstrip("/")
        self._timeout = (min(CONNECT_S, timeout_s), timeout_s)

    def request(
        self,
        method: str,
        url: str,
        params: Any = None,
        data: Any = None,
        headers: Any = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Answer:
        """Send and read one answer. Raises ProviderError for everything but a good one.

        What cannot be carried out twice is sent once; the rest again after a broken connection.
        """
        from requests import RequestException  # noqa: PLC0415 — loaded when something is sent

        try:
            answer = self._session.request(
                method,
                self.address(url),
                params=params,
                data=data,
                headers=headers,
                auth=auth,
                timeout=self._timeout,
                allow_redirects=False,
            )
            text = answer.text
        except (RequestException, ValueError) as error:
            raise of_failure(method, error) from error
        problem = of_answer(method, answer.status_code, text, answer.headers.get("Retry-After"))
        if problem is not None:
            raise problem
        return Answer(answer.status_code, text, answer.headers)

    def address(self, url: str) -> str:
        """Where a request to `url` really goes."""
        if not self._base:
            return url
        parts = urlsplit(url)
        return self._base + parts.path + (f"?{parts.query}" if parts.query else "")

    @cached_property
    def _session(self) -> Any:
        from requests import Session  # noqa: PLC0415 — as above
        from requests.adapters import HTTPAdapter, Retry  # type: ignore[attr-defined]  # noqa: PLC0415 — as above

        session = Session()
        # Answers are ours to judge: left alone, it would wait for as long as a 429 asks.
        retry = Retry(
            connect=1,
            read=1,
            status=0,
            redirect=0,
            other=0,
            allowed_methods=REPEATABLE,
            respect_retry_after_header=False,
        )
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry, pool_maxsize=20))
        # A proxy of the machine is for the world outside, not for a stand-in on it.
        session.trust_env = not _is_here(self._base)
        return session


def _is_here(base: str) -> bool:
    host = urlsplit(base).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
