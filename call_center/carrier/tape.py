"""The sound of a recording in the making, in the layout of its file."""

from __future__ import annotations

from array import array

from call_center.carrier import sound
from call_center.carrier.endpoint import SAMPLE_RATE


class SampleTape:
    """Keeps what a port writes: mixed, or of two channels the party on the first and what it heard on the second."""

    def __init__(self, channels: int) -> None:
        self.samples = bytearray()
        self.paused = False
        self._channels = channels
        self._silent = False

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / (2 * self._channels * SAMPLE_RATE)

    def hold(self, *, silent: bool) -> None:
        """Keep nothing more of what is written, or silence instead."""
        self.paused, self._silent = True, silent

    def write(self, said: bytes, heard: bytes) -> None:
        """Append samples of both sides, equally long."""
        if not self.paused:
            self.samples += self._laid_out(array("h", said), array("h", heard)).tobytes()
        elif self._silent:
            self.samples += bytes(len(said) * self._channels)

    def _laid_out(self, said: sound.Frame, heard: sound.Frame) -> sound.Frame:
        if self._channels == 1:
            return sound.mix((said, heard))
        both = array("h", bytes(4 * len(said)))
        both[0::2], both[1::2] = said, heard
        return both
