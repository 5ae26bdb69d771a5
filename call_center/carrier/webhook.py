"""Requests to the customer's application: signed, in order, tried again, written down."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from http.cookies import SimpleCookie
from typing import Any, TypeVar
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from call_center.carrier.account import Account
from call_center.carrier.fault import Fault, FaultBook
from call_center.carrier.journal import Entry, Journal
from call_center.carrier.leg import rfc2822
from call_center.carrier.line import Line, Turn
from call_center.carrier.override import Override
from call_center.carrier.parameters import Fields
from call_center.carrier.signature import sign
from call_center.carrier.virtual_clock import VirtualClock

T = TypeVar("T")
USER_AGENT = "TwilioProxy/1.1"
LARGEST = 64 * 1024  # bytes of a document
KEPT_SOUNDS = 50
FOREIGN_ACCOUNT = "AC" + "f" * 32


@dataclass
class Webhook:
    """One thing to tell or to ask. `call`: the sid of the call, conference, recording or message it is about."""

    kind: str
    url: str
    params: Fields
    method: str = "POST"
    event: str = ""
    call: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    log: list[dict[str, object]] | None = None  # where the request is kept for Calls/{sid}/Events


@dataclass(frozen=True)
class Answer:
    """What came back. `failure` (ct, rt, 4xx, 5xx, cut) and `code` (11200 …) are empty when all went well."""

    status: int = 0
    body: str = ""
    content_type: str = ""
    failure: str = ""
    code: int = 0
    url: str = ""

    @property
    def ok(self) -> bool:
        return not self.failure


@dataclass(frozen=True)
class Sound:
    """A file of audio."""

    content: bytes
    content_type: str


class Courier:
    """Brings requests to the application over one keep-alive session."""

    def __init__(
        self, account: Account, clock: VirtualClock, journal: Journal, faults: FaultBook, seed: int | str
    ) -> None:
        self._account = account
        self._clock = clock
        self._journal = journal
        self._faults = faults
        self._random = random.Random(f"token-{seed}")  # noqa: S311 - tokens of a simulator
        self._session: aiohttp.ClientSession | None = None
        self._sounds: dict[str, Sound] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def abandon(self) -> None:
        """Give up everything that is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """The same, and close the connections."""
        await self.abandon()
        if self._session is not None:
            await self._session.close()

    def notify(self, hook: Webhook, line: Line, then: Callable[[Answer], None] | None = None) -> None:
        """Send it in its turn; the answer counts for nothing but a retry, or goes to `then`."""
        turn = line.turn()

        async def deliver() -> None:
            answer = await self._deliver(hook, line, turn)
            if then is not None:
                then(answer)

        self.spawn(deliver())

    async def ask(self, hook: Webhook, line: Line) -> Answer:
        """Send it in its turn and wait for the answer.

        Who stops to wait, because the call is over or elsewhere, leaves the request on its way: it is not cut off.
        """
        return await asyncio.shield(self.spawn(self._deliver(hook, line, line.turn())))

    async def sound(self, url: str) -> Sound | None:
        """A file to be played; None when it cannot be had. It is fetched once and kept."""
        if url not in self._sounds:
            try:
                with self._clock.busy():
                    async with self._open().get(url, timeout=aiohttp.ClientTimeout(total=10)) as response:
                        if response.status >= 400:
                            return None
                        self._sounds[url] = Sound(await response.read(), response.content_type)
            except (aiohttp.ClientError, TimeoutError, ValueError, OSError):
                return None
            while len(self._sounds) > KEPT_SOUNDS:
                del self._sounds[next(iter(self._sounds))]
        return self._sounds[url]

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a coroutine beside everything else, until `close`."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _deliver(self, hook: Webhook, line: Line, turn: Turn) -> Answer:
        faults = self._faults.pick(hook.kind, hook.event, hook.url, hook.call)
        try:
            with self._clock.busy():
                if self._account.behaviour.ordered:
                    await turn.come(self._account.behaviour.patience)
            if faults:
                return await self._disturbed(hook, line, turn, faults)
            return await self._attempts(hook, self._token(), faults)
        finally:
            turn.done()
            if hook.event == "completed":
                line.tell_completed()

    async def _disturbed(self, hook: Webhook, line: Line, turn: Turn, faults: list[Fault]) -> Answer:
        """The same with what the faults do before, to, and after it."""
        by_name = {fault.fault: fault for fault in faults}
        token = self._token()
        if "drop" in by_name or "silence" in by_name:
            self._note_dropped(hook, token, faults)
            return Answer(failure="ct", code=11205)
        if "delay" in by_name:
            turn.done()
            await self._clock.sleep(self._faults.delay(by_name["delay"]))
        if "reorder" in by_name:
            fault = by_name["reorder"]
            later = line.after(turn.number + int(fault.number("window", 1)))
            turn.done()
            await self._clock.wait({later}, fault.number("hold", 5.0))
        if "completed-first" in by_name and hook.event != "completed":
            turn.done()
            hold = by_name["completed-first"].number("hold", 5.0)
            await self._clock.wait({asyncio.shield(line.after_completed())}, hold)
        hook = self._changed(hook, by_name)
        if "duplicate" in by_name:
            self._repeat(hook, token, by_name["duplicate"], faults)
        if "replay" in by_name:
            self.spawn(self._again(hook, token, by_name["replay"].number("after", 600.0), faults))
        answer = await self._attempts(hook, token, faults)
        return Answer(failure="rt", code=11200) if "ignore-answer" in by_name else answer

    def _changed(self, hook: Webhook, by_name: dict[str, Fault]) -> Webhook:
        """The request with other fields."""
        params = list(hook.params)
        if fault := by_name.get("parameters"):
            gone, renamed = fault.options.get("remove", []), fault.options.get("rename", {})
            params = [(renamed.get(name, name), value) for name, value in params if name not in gone]
            added = {str(name): str(value) for name, value in fault.options.get("add", {}).items()}
            params = [(name, value) for name, value in params if name not in added] + list(added.items())
        if "foreign-account" in by_name:
            params = [(n, FOREIGN_ACCOUNT if n == "AccountSid" else v) for n, v in params]
        if fault := by_name.get("clock-skew"):
            skewed = rfc2822(self._clock.now() + fault.number("seconds", 3600.0))
            params = [(n, skewed if n == "Timestamp" else v) for n, v in params]
        return replace(hook, params=params)

    def _repeat(self, hook: Webhook, token: str, fault: Fault, faults: list[Fault]) -> None:
        same = bool(fault.options.get("same_token", True))
        gap = fault.number("gap", 0.05)
        for copy in range(int(fault.number("copies", 1))):
            self.spawn(self._again(hook, token if same else self._token(), gap * (copy + 1), faults))

    async def _again(self, hook: Webhook, token: str, seconds: float, faults: list[Fault]) -> None:
        await self._clock.sleep(seconds)
        await self._attempts(hook, token, faults)

    def _note_dropped(self, hook: Webhook, token: str, faults: list[Fault]) -> None:
        self._journal.add(
            Entry(
                "dropped", hook.kind, self._clock.now(), event=hook.event, method=hook.method, url=hook.url,
                call=hook.call, params=hook.params, token=token, faults=[fault.name for fault in faults],
            )
        )  # fmt: skip

    def _token(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    async def _attempts(self, hook: Webhook, token: str, faults: list[Fault]) -> Answer:
        """Once, and again as the overrides allow, within their total time."""
        override = Override.of(hook.url)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + override.total_ms / 1000
        with self._clock.busy():
            for attempt in range(1, override.retries + 2):
                left = deadline - loop.time()
                if left <= 0 and attempt > 1:
                    break
                answer = await self._once(hook, token, attempt, override, max(left, 0.1), faults)
                if answer.failure not in override.reasons:
                    break
        return answer

    async def _once(
        self, hook: Webhook, token: str, attempt: int, override: Override, left: float, faults: list[Fault]
    ) -> Answer:
        url, body = hook.url.partition("#")[0], b""
        if hook.method == "GET":
            if hook.params:
                url += ("&" if "?" in url else "?") + urlencode(hook.params)
        else:
            body = urlencode(hook.params).encode("ascii")
        headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "I-Twilio-Idempotency-Token": token}
        headers |= self._signature(url, [] if hook.method == "GET" else hook.params, faults)
        if hook.method != "GET":
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        if hook.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in hook.cookies.items())
        entry = self._journal.add(
            Entry(
                "sent", hook.kind, self._clock.now(), event=hook.event, method=hook.method, url=url, call=hook.call,
                params=hook.params, signature=headers.get("X-Twilio-Signature", ""), token=token, attempt=attempt,
                faults=[fault.name for fault in faults],
            )
        )  # fmt: skip
        start = time.perf_counter()
        if any(fault.fault == "unreachable" for fault in faults):
            answer = Answer(failure="ct", code=11205, url=url)
        else:
            answer = await self._request(hook, url, body, headers, override, left, faults)
        entry.latency_ms = round((time.perf_counter() - start) * 1000, 2)
        entry.status, entry.error = answer.status, str(answer.code or "")
        entry.body = answer.body[:2000]
        if hook.log is not None:
            hook.log.append(_logged(hook, url, answer))
        return answer

    def _signature(self, url: str, params: Fields, faults: list[Fault]) -> dict[str, str]:
        behaviour = self._account.behaviour
        how = next((str(f.options.get("how", "wrong-token")) for f in faults if f.fault == "signature"), "")
        token, algorithm = self._account.token, behaviour.signature
        if how == "missing":
            return {}
        if how in {"wrong-token", "stale-key"}:
            token = f"{how}-{token}"
        elif how == "other-url":
            url = url.replace("://", "://elsewhere.", 1)
        elif how == "tampered":
            params = [*params, ("Tampered", "1")]
        elif how == "sha256-without-header":
            return {"X-Twilio-Signature": sign(token, url, params, "HMAC_SHA256")}
        if algorithm != "HMAC_SHA1" and not how:
            token = behaviour.shared_secret or token
        headers = {"X-Twilio-Signature": sign(token, url, params, algorithm)}
        if algorithm != "HMAC_SHA1":
            headers["X-Twilio-Webhooks-Signature-Settings"] = (
                f"key={behaviour.shared_key},algorithm={algorithm}"
            )
        return headers

    async def _request(
        self,
        hook: Webhook,
        url: str,
        body: bytes,
        headers: dict[str, str],
        override: Override,
        left: float,
        faults: list[Fault],
    ) -> Answer:
        read = min(override.read_ms / 1000, self._account.behaviour.callback_timeout)
        timeout = aiohttp.ClientTimeout(total=left, sock_connect=override.connect_ms / 1000, sock_read=read)
        try:
            async with self._open().request(
                hook.method, URL(url, encoded=True), data=body or None, headers=headers, timeout=timeout
            ) as response:
                hook.cookies.update(_cookies(response.cookies))
                if (cut := await self._interrupted(response, faults)) is not None:
                    return cut
                content = await response.read()
                return _answer(response, content, url)
        except aiohttp.TooManyRedirects:
            return Answer(failure="11215", code=11215, url=url)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            code = 11220 if isinstance(error, aiohttp.ClientSSLError) else 11205
            return Answer(failure="ct", code=code, url=url)
        except (TimeoutError, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            # The application took the request and said nothing: it is slow, or it died meanwhile.
            return Answer(failure="rt", code=11200, url=url)
        except aiohttp.ClientPayloadError:
            return Answer(failure="cut", code=11200, url=url)
        except (aiohttp.ClientError, ValueError, OSError):
            return Answer(failure="11206", code=11206, url=url)

    async def _interrupted(self, response: aiohttp.ClientResponse, faults: list[Fault]) -> Answer | None:
        for fault in faults:
            if fault.fault == "reset":
                response.close()
                return Answer(response.status, failure="cut", code=11200)
            if fault.fault == "slow-reader":
                await asyncio.sleep(fault.number("seconds", 1.0))
        return None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
                cookie_jar=aiohttp.DummyCookieJar(),
                max_line_size=32768,
                max_field_size=32768,
            )
        return self._session


def _answer(response: aiohttp.ClientResponse, content: bytes, url: str) -> Answer:
    status, content_type = response.status, response.content_type or ""
    final = str(response.url) if response.history else url
    if status >= 400:
        return Answer(status, "", content_type, "5xx" if status >= 500 else "4xx", 11200, final)
    if len(content) > LARGEST:
        return Answer(status, "", content_type, "11750", 11750, final)
    return Answer(status, content.decode("utf-8", "replace"), content_type, url=final)


def _cookies(cookies: SimpleCookie) -> dict[str, str]:
    return {name: morsel.value for name, morsel in cookies.items()}


def _logged(hook: Webhook, url: str, answer: Answer) -> dict[str, object]:
    return {
        "request": {"url": url, "method": hook.method, "parameters": dict(hook.params)},
        "response": {"response_code": answer.status, "response_body": answer.body[:2000]},
    }
