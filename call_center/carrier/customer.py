"""A person on the carrier's page who plays customers: rings the company, and answers when it calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from call_center.carrier import message, sound
from call_center.carrier.audio import AudioPort, beats
from call_center.carrier.endpoint import RINGBACK, Endpoint, MediaPort, Prompt
from call_center.carrier.webrtc import Peer, SdpUnusable

if TYPE_CHECKING:
    from call_center.carrier.leg import Leg
    from call_center.carrier.network import Network

Send = Callable[[Mapping[str, Any]], None]


class CustomerPort(AudioPort):
    """The audio of a customer. What is played to it is told as text too."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        super().__init__()
        self._tell = tell

    def play(self, prompt: Prompt) -> None:
        """Start a prompt, and say what it is."""
        super().play(prompt)
        self._tell(RINGBACK if prompt.text == RINGBACK else prompt.kind, prompt.text)

    def hear(self, sources: Sequence[MediaPort]) -> None:
        """Hear other parties, and say whether there are any."""
        super().hear(sources)
        self._tell("people" if sources else "nobody", "")


class CustomerCall:
    """One call of a customer: with a microphone over WebRTC, else with a made-up voice."""

    def __init__(self, leg: Leg, number: str, tell: Callable[[str, str], None]) -> None:
        self.leg = leg
        self.number = number
        self.port = CustomerPort(tell)
        self.speaks = True  # with the made-up voice, as long as there is no microphone
        self._voice = sound.murmur(number)
        self._peer: Peer | None = None
        self._clock = asyncio.create_task(self._run())

    async def negotiate(self, sdp: str) -> str:
        """Connect the page's audio: its offer, our answer. Raises SdpUnusable."""
        peer = Peer(self.port)
        answer = await peer.answer(sdp)
        if self._peer is not None:
            await self._peer.close()
        self._peer = peer
        return answer

    async def close(self) -> None:
        """Hang up the audio."""
        self._clock.cancel()
        if self._peer is not None:
            await self._peer.close()

    async def _run(self) -> None:
        """Speak with the made-up voice; as long as no audio flows also hear, so that a recording goes on."""
        async for _ in beats():
            if self.speaks:
                self.port.said(next(self._voice))
            if self._peer is None or not self._peer.is_connected:
                self.port.heard()


class Customer(Endpoint):
    """One open page. It may have several calls, each of another customer."""

    def __init__(self, network: Network, send: Send) -> None:
        self._network = network
        self._send = send
        self._rung: dict[str, Leg] = {}
        self._calls: dict[str, CustomerCall] = {}
        self._numbers: frozenset[str] = frozenset()
        self._tasks: set[asyncio.Task[None]] = set()

    # What the page says.

    def answer_for(self, numbers: frozenset[str]) -> None:
        """From now on calls to these numbers ring here, and no others."""
        for number in self._numbers - numbers:
            self._network.unregister(number, self)
        for number in numbers - self._numbers:
            self._network.register(number, self)
        self._numbers = numbers

    def call(self, from_: str, to: str) -> None:
        """Ring the company. Raises LookupError when the number is not the company's."""
        leg = self._network.place_inbound(from_, to, self)
        self._begin(leg, from_)
        self._tell_call(leg, "dialing")

    def text(self, from_: str, to: str, body: str) -> None:
        """Send the company a text message. Raises LookupError when the number is not the company's."""
        message.receive(self._network, from_, to, body)

    def answer(self, sid: str) -> None:
        """Take a call of the company."""
        if leg := self._rung.pop(sid, None):
            self._begin(leg, leg.to)
            self._tell_call(leg, "talking")
            self._network.answered(leg, self)

    def reject(self, sid: str) -> None:
        """Refuse a call of the company."""
        if leg := self._rung.pop(sid, None):
            self._network.rejected(leg)
            self._tell_call(leg, "ended", "rejected")

    def hang_up(self, sid: str) -> None:
        """End a call."""
        if call := self._end(sid):
            self._network.hung_up(call.leg)
            self._tell_call(call.leg, "ended", "hung-up")

    def press(self, sid: str, digits: str) -> None:
        """Press keys."""
        if call := self._calls.get(sid):
            self._network.pressed(call.leg, "".join(key for key in digits if key in "0123456789*#"))

    def speak(self, sid: str, *, made_up: bool) -> None:
        """Speak with the made-up voice, or be silent."""
        if call := self._calls.get(sid):
            call.speaks = made_up

    def connect_audio(self, sid: str, sdp: str) -> None:
        """The page offers real audio for a call."""
        if call := self._calls.get(sid):
            self._start(self._negotiate(call, sdp))

    async def leave(self) -> None:
        """The page is closed: whatever rings or goes on ends."""
        self.answer_for(frozenset())
        self._rung.clear()
        for sid in list(self._calls):
            self.hang_up(sid)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # What the exchange says.

    def ring(self, leg: Leg) -> None:
        """The company calls one of the customers played here."""
        self._rung[leg.sid] = leg
        self._tell_call(leg, "ringing")

    def cancel(self, leg: Leg, reason: str) -> None:
        """Stop ringing."""
        if self._rung.pop(leg.sid, None):
            self._tell_call(leg, "ended", reason)

    def connected(self, leg: Leg) -> None:
        """The company's line is open: a greeting, music or an agent follows."""
        if leg.sid in self._calls:
            self._tell_call(leg, "talking")

    def ended(self, leg: Leg, reason: str) -> None:
        """The call is over."""
        if self._end(leg.sid):
            self._tell_call(leg, "ended", reason)

    def media(self, leg: Leg) -> MediaPort | None:
        """The audio of a call."""
        call = self._calls.get(leg.sid)
        return call.port if call else None

    def dtmf(self, leg: Leg, digits: str) -> None:
        """The company's side presses keys."""
        self._send({"type": "heard", "id": leg.sid, "kind": "keys", "text": digits})

    def _begin(self, leg: Leg, number: str) -> None:
        self._calls[leg.sid] = CustomerCall(
            leg,
            number,
            lambda kind, text: self._send({"type": "heard", "id": leg.sid, "kind": kind, "text": text}),
        )

    def _end(self, sid: str) -> CustomerCall | None:
        call = self._calls.pop(sid, None)
        if call is not None:
            self._start(call.close())
        return call

    async def _negotiate(self, call: CustomerCall, sdp: str) -> None:
        try:
            answer = await call.negotiate(sdp)
        except SdpUnusable:
            return  # the page keeps its picture of the call, without sound
        self._send({"type": "audio", "id": call.leg.sid, "sdp": answer})

    def _tell_call(self, leg: Leg, state: str, reason: str = "") -> None:
        call = {
            "id": leg.sid,
            "direction": "in" if leg.direction == "inbound" else "out",
            "from": leg.from_,
            "to": leg.to,
            "state": state,
            "reason": reason,
        }
        self._send({"type": "call", "call": call})

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
