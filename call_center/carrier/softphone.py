"""A browser phone: one tab with the Voice SDK, at the end of a WebSocket."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from call_center.carrier.access_token import INVALID, AccessToken
from call_center.carrier.audio import AudioPort
from call_center.carrier.endpoint import RINGING, Endpoint, MediaPort
from call_center.carrier.webrtc import Peer, SdpUnusable

if TYPE_CHECKING:
    from call_center.carrier.leg import Leg
    from call_center.carrier.network import Network

# What the SDK makes of the end of a call that was never answered (SIP 486, 480, 404).
_ENDINGS = {
    "busy": (31486, "Busy here"),
    "no-answer": (31480, "Temporarily unavailable"),
    "failed": (31404, "Not found"),
}
_DECLINED = 31002
_BAD_SDP = 31400
_KEYS = frozenset("0123456789*#")

Send = Callable[[str, Mapping[str, Any]], None]
"""Sends a message: its type and payload."""


class PhoneCall:
    """One call on one phone. After the socket broke, `reconnect` lets another socket take it over."""

    def __init__(self, phone: Softphone, leg: Leg, port: AudioPort, peer: Peer, *, rung: bool) -> None:
        self.phone = phone
        self.leg = leg
        self.port = port
        self.peer = peer
        self.rung = rung  # and not yet taken
        self.answered = False
        self.over = False
        self.reconnect = secrets.token_urlsafe(18)

    def send(self, kind: str, **payload: Any) -> None:
        """A message about this call, to the socket that has it now."""
        self.phone.send(kind, {"callsid": self.leg.sid, **payload})


class Softphone(Endpoint):
    """A phone that showed a good token. It may be rung while it is registered."""

    def __init__(self, network: Network, token: AccessToken, send: Send) -> None:
        self._network = network
        self.send = send
        self.token = token
        self.calls: dict[str, PhoneCall] = {}
        self._registered = False
        self._unplaced: dict[str, Peer] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # What the browser says.

    def register(self, *, available: bool) -> None:
        """Take calls from now on, or no more."""
        if available and not self.token.may_receive:
            self.send("error", {"error": {"code": INVALID, "message": "The token allows no incoming calls"}})
            available = False
        if available and not self._registered:
            self._network.register(self.token.identity, self)
        if not available and self._registered:
            self._network.unregister(self.token.identity, self)
        self._registered = available
        self.send("ready" if available else "offline", {})

    def leave(self) -> None:
        """The socket is gone: no more ringing. Calls that ring fall silent, calls that are up go on for a while."""
        if self._registered:
            self._network.unregister(self.token.identity, self)
            self._registered = False
        for call in list(self.calls.values()):
            if call.rung:
                self._forget(call)

    def place(self, temporary_sid: str, sdp: str, form: str) -> None:
        """The browser calls: `form` is what the page gives the application, encoded as a query string."""
        self._start(self._place(temporary_sid, sdp, form))

    def answer(self, sid: str, sdp: str) -> None:
        """The browser answers a call."""
        if call := self.calls.get(sid):
            self._start(self._answer(call, sdp))

    def reject(self, sid: str) -> None:
        """The person does not want this call."""
        if call := self.calls.get(sid):
            self._forget(call)
            self._network.rejected(call.leg)

    def hang_up(self, sid: str) -> None:
        """The person ends a call, perhaps before the exchange knew of it."""
        if peer := self._unplaced.pop(sid, None):
            self._start(peer.close())
        if call := self.calls.get(sid):
            self._forget(call)
            self._network.hung_up(call.leg)

    def press(self, sid: str, keys: str) -> None:
        """The person presses keys."""
        digits = "".join(key for key in keys if key in _KEYS)
        if digits and (call := self.calls.get(sid)):
            self._network.pressed(call.leg, digits)

    def restart_audio(self, sid: str, sdp: str) -> None:
        """The way of the audio broke, and the browser offers another."""
        if call := self.calls.get(sid):
            self._start(self._restart_audio(call, sdp))

    def take_over(self, call: PhoneCall) -> None:
        """A call whose socket broke goes on here."""
        call.phone = self
        self.calls[call.leg.sid] = call
        call.send("answer", reconnect=call.reconnect)

    # What the exchange says.

    def ring(self, leg: Leg) -> None:
        """A call for this phone."""
        self._start(self._ring(leg))

    def cancel(self, leg: Leg, reason: str) -> None:
        """Stop ringing."""
        if call := self.calls.get(leg.sid):
            call.send("cancel")
            self._forget(call)

    def connected(self, leg: Leg) -> None:
        """The call that was placed here is answered."""
        if call := self.calls.get(leg.sid):
            call.answered = True
            call.port.hush()
            call.send("answer", reconnect=call.reconnect)

    def ended(self, leg: Leg, reason: str) -> None:
        """The call is over."""
        call = self.calls.pop(leg.sid, None)
        if call and not call.over:
            ending = None if call.answered else _ENDINGS.get(reason)
            error = {"error": {"code": ending[0], "message": ending[1]}} if ending else {}
            call.send("hangup", **error)
            self._forget(call)

    def media(self, leg: Leg) -> MediaPort | None:
        """The audio of a call."""
        call = self.calls.get(leg.sid)
        return call.port if call else None

    def dtmf(self, leg: Leg, digits: str) -> None:
        """Keys of the other side are tones in its audio; the SDK has no message for them."""

    async def close(self) -> None:
        """End the audio of all calls, and wait for what is under way."""
        for call in list(self.calls.values()):
            self._forget(call)
        await self.finish()

    async def finish(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ring(self, leg: Leg) -> None:
        port = AudioPort()
        call = self.calls[leg.sid] = PhoneCall(self, leg, port, Peer(port), rung=True)
        offer = await call.peer.offer()
        if not call.over:
            call.send("invite", sdp=offer, parameters=_parameters(leg), reconnect=call.reconnect)

    async def _answer(self, call: PhoneCall, sdp: str) -> None:
        try:
            await call.peer.take_answer(sdp)
        except SdpUnusable as unusable:
            call.send("hangup", error={"code": _BAD_SDP, "message": str(unusable)})
            self._forget(call)
            self._network.rejected(call.leg, "failed")
            return
        if not call.over:
            call.rung, call.answered = False, True
            self._network.answered(call.leg, self)

    async def _place(self, temporary_sid: str, sdp: str, form: str) -> None:
        port = AudioPort()
        peer = self._unplaced[temporary_sid] = Peer(port)
        try:
            answer = await peer.answer(sdp)
            if self._unplaced.pop(temporary_sid, None) is None:
                return  # hung up in the meantime
            leg = self._place_leg(dict(parse_qsl(form, keep_blank_values=True)))
        except (SdpUnusable, LookupError) as refused:
            self._unplaced.pop(temporary_sid, None)
            code = _BAD_SDP if isinstance(refused, SdpUnusable) else _DECLINED
            self.send("hangup", {"callsid": temporary_sid, "error": {"code": code, "message": str(refused)}})
            await peer.close()
            return
        call = self.calls[leg.sid] = PhoneCall(self, leg, port, peer, rung=False)
        # The description goes along at once: the ringing tone is heard before the answer.
        port.play(RINGING)
        call.send("ringing", sdp=answer)

    def _place_leg(self, parameters: dict[str, str]) -> Leg:
        if self.token.application_sid is None:
            raise LookupError("The token allows no outgoing calls")
        return self._network.place_from_client(
            self.token.identity, parameters, self, self.token.application_sid
        )

    async def _restart_audio(self, call: PhoneCall, sdp: str) -> None:
        old, call.peer = call.peer, Peer(call.port)
        await old.close()
        try:
            call.send("answer", sdp=await call.peer.answer(sdp), reconnect=call.reconnect)
        except SdpUnusable as unusable:
            call.send("hangup", error={"code": _BAD_SDP, "message": str(unusable)})
            self._forget(call)
            self._network.hung_up(call.leg)

    def _forget(self, call: PhoneCall) -> None:
        call.over = True
        self.calls.pop(call.leg.sid, None)
        call.phone.calls.pop(call.leg.sid, None)
        self._start(call.peer.close())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _parameters(leg: Leg) -> dict[str, str]:
    return {
        "CallSid": leg.sid,
        "AccountSid": leg.account_sid,
        "ApiVersion": "2010-04-01",
        "From": leg.from_,
        "To": leg.to,
        "Params": urlencode(leg.parameters),
        **({"StirStatus": leg.extra["StirVerstat"]} if "StirVerstat" in leg.extra else {}),
    }
