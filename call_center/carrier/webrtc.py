"""Real audio with a browser: one WebRTC connection that carries the voice of one leg."""

from __future__ import annotations

import asyncio
import contextlib
from fractions import Fraction

from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpparameters import RTCRtpCodecCapability
from av import AudioFrame, AudioResampler

from call_center.carrier.audio import AudioPort, beats
from call_center.carrier.endpoint import SAMPLE_RATE
from call_center.carrier.sound import FRAME_SAMPLES, Frame, samples_of

# The codec of the telephone network: every browser has it, and it costs a table look-up per sample.
_CODECS = [RTCRtpCodecCapability(mimeType="audio/PCMU", clockRate=SAMPLE_RATE, channels=1)]

_CONNECTED_WITHIN_SECONDS = 2.0


class SdpUnusable(Exception):
    """The session description of the other side cannot be worked with."""


class Peer:
    """One connection: what the browser sends is said by the port, what the port hears is sent to the browser."""

    def __init__(self, port: AudioPort) -> None:
        # No server for STUN: both sides are on one machine or in one network, and nobody outside is asked.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.on("track", self._receive)
        self._connection.on("connectionstatechange", self._settle)
        self._settled = asyncio.Event()
        self._port = port
        self._track = _HeardTrack(port)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_connected(self) -> bool:
        """Whether audio flows: from then on the connection asks the port for what it hears."""
        return self._connection.connectionState == "connected"

    async def offer(self) -> str:
        """Our session description, for a browser that is rung."""
        self._connection.addTransceiver(self._track, "sendrecv").setCodecPreferences(_CODECS)
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return self._connection.localDescription.sdp

    async def take_answer(self, sdp: str) -> None:
        """The browser's answer to our offer. Raises SdpUnusable."""
        await self._take(sdp, "answer")

    async def answer(self, sdp: str) -> str:
        """Our answer to a browser's offer. Raises SdpUnusable."""
        self._connection.addTrack(self._track)
        await self._take(sdp, "offer")
        for transceiver in self._connection.getTransceivers():
            transceiver.setCodecPreferences(_CODECS)
        try:
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except ValueError as unusable:
            raise SdpUnusable(str(unusable)) from unusable
        return self._connection.localDescription.sdp

    async def close(self) -> None:
        """Hang up the audio."""
        for task in self._tasks:
            task.cancel()
        if self._connection.connectionState == "connecting":
            # A connection closed in the moment it comes about would be kept alive for ever (aioice 0.13).
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), _CONNECTED_WITHIN_SECONDS)
        await self._connection.close()

    async def _take(self, sdp: str, kind: str) -> None:
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(sdp=sdp, type=kind))
        except Exception as unusable:  # the parser raises whatever a broken text leads it to
            raise SdpUnusable(f"{type(unusable).__name__}: {unusable}") from unusable

    def _settle(self) -> None:
        if self._connection.connectionState not in ("new", "connecting"):
            self._settled.set()

    def _receive(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            task = asyncio.create_task(self._say(track))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _say(self, track: MediaStreamTrack) -> None:
        resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE, frame_size=FRAME_SAMPLES)
        try:
            while True:
                packet = await track.recv()
                assert isinstance(packet, AudioFrame)
                for piece in resampler.resample(packet):
                    for frame in samples_of(bytes(piece.planes[0])[: 2 * FRAME_SAMPLES]):
                        self._port.said(frame)
        except MediaStreamError:
            return  # the browser closed the connection


class _HeardTrack(MediaStreamTrack):
    """What a port hears, as a stream in real time."""

    kind = "audio"

    def __init__(self, port: AudioPort) -> None:
        super().__init__()
        self._port = port
        self._beats = beats()
        self._samples = 0

    async def recv(self) -> AudioFrame:
        """The next 20 ms, when they are due."""
        if self.readyState != "live":
            raise MediaStreamError
        await anext(self._beats)
        frame = _packed(self._port.heard())
        frame.pts, self._samples = self._samples, self._samples + FRAME_SAMPLES
        return frame


def _packed(samples: Frame) -> AudioFrame:
    frame = AudioFrame(format="s16", layout="mono", samples=FRAME_SAMPLES)
    frame.planes[0].update(samples.tobytes())
    frame.sample_rate = SAMPLE_RATE
    frame.time_base = Fraction(1, SAMPLE_RATE)
    return frame
