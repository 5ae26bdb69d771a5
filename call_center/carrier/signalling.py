"""The door of browser phones: `/signal`, the WebSocket of Twilio's Voice SDK (protocol 1.6, SDK 2.18).

Messages are JSON, `{"type", "payload", "version"}`; a single newline is a heartbeat, to be answered by another. The
phone shows its token first (`listen`) and then registers, is rung, calls. A phone whose socket breaks in a call comes
back on another socket with the call's reconnect token.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import WSMessage, WSMsgType, web

from call_center.carrier import access_token
from call_center.carrier.access_token import EXPIRED, TokenRefused
from call_center.carrier.payload import Payload, parse
from call_center.carrier.softphone import PhoneCall, Softphone

if TYPE_CHECKING:
    from call_center.carrier.account import Account
    from call_center.carrier.network import Network

_HEARTBEAT_SECONDS = 5.0
_SILENT_SECONDS = 15.0
"""Both sides take a socket for dead after so long without a message: a tab that sleeps answers no heartbeat."""
_TOKEN_WITHIN_SECONDS = 15.0
_LARGEST_MESSAGE = 128 * 1024
_GRACE_SECONDS = 5.0
"""A call outlives its socket for so long, or for as long as the phone asked for (at most 30 s)."""
_LONGEST_GRACE_SECONDS = 30.0


class Gateway:
    """All sockets of browser phones."""

    def __init__(self, network: Network, account: Account) -> None:
        self.network = network
        self.account = account
        self.sockets: set[Socket] = set()
        self._farewells: set[asyncio.Task[None]] = set()

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """`GET /signal`: one phone, until it goes."""
        response = web.WebSocketResponse(max_msg_size=_LARGEST_MESSAGE)
        await response.prepare(request)
        socket = Socket(self, request, response)
        self.sockets.add(socket)
        try:
            await socket.serve()
        finally:
            farewell = asyncio.create_task(self._bid_farewell(socket))
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)
        return response

    def find_call(self, reconnect: str) -> PhoneCall | None:
        """The call that this reconnect token belongs to, if it still goes on."""
        calls = (call for socket in self.sockets if socket.phone for call in socket.phone.calls.values())
        return next((call for call in calls if call.reconnect == reconnect and not call.over), None)

    def expire(self, identity: str = "") -> int:
        """Let the tokens of an identity (empty: of everybody) expire now; how many phones that struck."""
        struck = [socket for socket in self.sockets if socket.is_of(identity)]
        for socket in struck:
            socket.expire()
        return len(struck)

    def disconnect(self, identity: str = "") -> int:
        """Break the sockets of an identity (empty: of everybody), as a network does; how many those were."""
        struck = [socket for socket in self.sockets if socket.is_of(identity)]
        for socket in struck:
            socket.abort()
        return len(struck)

    async def close(self) -> None:
        """End every call and socket."""
        for farewell in self._farewells:
            farewell.cancel()
        await asyncio.gather(*(socket.close() for socket in self.sockets))

    async def _bid_farewell(self, socket: Socket) -> None:
        """Keep a broken socket in mind until its calls are over or taken over by another."""
        await socket.outlive()
        self.sockets.discard(socket)


class Socket:
    """One WebSocket: at most one phone. It stays known until the calls of its phone are over or taken over."""

    def __init__(self, gateway: Gateway, request: web.Request, response: web.WebSocketResponse) -> None:
        self._gateway = gateway
        self._request = request
        self._response = response
        self._grace_seconds = _GRACE_SECONDS
        self._outgoing: asyncio.Queue[str | None] = asyncio.Queue()
        self._timer: asyncio.TimerHandle | None = None
        self._last_heard = asyncio.get_running_loop().time()
        self.phone: Softphone | None = None

    def is_of(self, identity: str) -> bool:
        """Whether a phone of this identity (empty: any) listens here."""
        return self.phone is not None and identity in ("", self.phone.token.identity)

    async def serve(self) -> None:
        """Read until the socket closes."""
        writers = [asyncio.create_task(self._write()), asyncio.create_task(self._beat())]
        self._expire_in(_TOKEN_WITHIN_SECONDS, self._turn_away)
        try:
            async for message in self._response:
                self._receive(message)
        finally:
            self._stop_timer()
            for writer in writers:
                writer.cancel()
            if self.phone is not None:
                self.phone.leave()

    async def outlive(self) -> None:
        """Wait for the phone to come back on another socket; what it does not take over is hung up."""
        if (phone := self.phone) is None:
            return
        if phone.calls:
            await asyncio.sleep(self._grace_seconds)
        for call in list(phone.calls.values()):
            if call.phone is phone:
                phone.hang_up(call.leg.sid)
        await phone.finish()

    def send(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Send a message; to a closed socket it is lost, as on any network."""
        self._outgoing.put_nowait(json.dumps({"type": kind, "payload": payload, "version": "1.6"}))

    def expire(self) -> None:
        """The token is too old: no more ringing here until a new one is shown. Calls go on."""
        assert self.phone is not None
        self._stop_timer()
        self.send("error", {"error": {"code": EXPIRED, "message": "Cannot register. Token is expired"}})
        self.phone.register(available=False)

    def abort(self) -> None:
        """Break off without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def close(self) -> None:
        """End the calls, then the socket."""
        if self.phone is not None:
            await self.phone.close()
        await self._response.close()

    def _receive(self, message: WSMessage) -> None:
        self._last_heard = asyncio.get_running_loop().time()
        if message.type is not WSMsgType.TEXT or message.data == "\n":
            return
        try:
            envelope = parse(message.data)
        except ValueError:
            return  # nothing that the SDK sends
        kind, payload = envelope.text("type"), envelope.part("payload")
        if kind == "listen":
            self._listen(payload)
        elif self.phone is None:
            self._refuse(access_token.INVALID, "No token was shown")
        elif handler := _HANDLERS.get(kind):
            handler(self, self.phone, payload)

    def _listen(self, payload: Payload) -> None:
        account = self._gateway.account
        try:
            token = access_token.read(payload.text("token"), account.sid, account.keys)
        except TokenRefused as refused:
            self._refuse(refused.code, str(refused))
            return
        if self.phone is None or self.phone.token.identity != token.identity:
            self.phone = Softphone(self._gateway.network, token, self.send)
        self.phone.token = token
        self._grace_seconds = min(
            max(_GRACE_SECONDS, payload.number("reconnectTimeout")), _LONGEST_GRACE_SECONDS
        )
        left = token.expires_at - time.time()
        self._expire_in(left, self.expire)
        self.send(
            "connected",
            {
                "region": "us1",
                "edge": "ashburn",
                "home": "us1",
                "token": {"identity": token.identity, "ttl": int(left)},
            },
        )

    def _refuse(self, code: int, reason: str) -> None:
        """A phone with a bad token is sent away; one that was let in before loses its place but not its calls."""
        self.send("error", {"error": {"code": code, "message": reason}})
        if self.phone is None:
            self.send("close", {})
            self._outgoing.put_nowait(None)
        else:
            self.phone.register(available=False)

    def _turn_away(self) -> None:
        self._refuse(access_token.INVALID, "No token was shown in time")

    def _invite(self, phone: Softphone, payload: Payload) -> None:
        if token := payload.text("reconnect"):
            self._reconnect(phone, payload.text("callsid"), token)
        else:
            phone.place(payload.text("callsid"), payload.text("sdp"), payload.part("twilio").text("params"))

    def _reconnect(self, phone: Softphone, sid: str, token: str) -> None:
        call = self._gateway.find_call(token)
        if call is None or call.phone.token.identity != phone.token.identity:
            phone.send("hangup", {"callsid": sid})
        else:
            phone.take_over(call)

    async def _write(self) -> None:
        """Send one message after the other; None closes the socket."""
        while (text := await self._outgoing.get()) is not None:
            try:
                await self._response.send_str(text)
            except ConnectionError:
                return  # the reader finds out by itself
        await self._response.close()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_HEARTBEAT_SECONDS)
            if asyncio.get_running_loop().time() - self._last_heard > _SILENT_SECONDS:
                self.abort()
                return
            self._outgoing.put_nowait("\n")

    def _expire_in(self, seconds: float, then: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


_HANDLERS: Mapping[str, Callable[[Socket, Softphone, Payload], None]] = {
    "register": lambda socket, phone, payload: phone.register(available=payload.part("media").flag("audio")),
    "invite": Socket._invite,
    "answer": lambda socket, phone, payload: phone.answer(payload.text("callsid"), payload.text("sdp")),
    "reinvite": lambda socket, phone, payload: phone.restart_audio(
        payload.text("callsid"), payload.text("sdp")
    ),
    "reject": lambda socket, phone, payload: phone.reject(payload.text("callsid")),
    "hangup": lambda socket, phone, payload: phone.hang_up(payload.text("callsid")),
    "dtmf": lambda socket, phone, payload: phone.press(payload.text("callsid"), payload.text("dtmf")),
}
