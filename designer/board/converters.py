"""Audio through the converters of a virtual board: samples for its ADC, and what its DACs get.

Time stands still between two calls, so that a signal can come in pieces of any size without a gap.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from designer.board.open import VirtualBoard
from designer.board.virtual_process import VirtualProcess
from designer.errors import HilError
from designer.fixedpoint.number_format import NumberFormat

# The board fades in when it is switched on, and its buffers are full of silence before that.
_SETTLE_S = 0.05
_WORD_BITS = 32


class Converters:
    """The ADC and the DACs of a virtual board that plays.

    Parameters
    ----------
    process : VirtualProcess
        Held, see `VirtualBoard.held`.
    number_format : NumberFormat
        The image's: its samples lie in the upper bits of the converters' words of 32 bits.
    block_samples, drivers : int
        Of the image.
    channels : int
        Of the board's DACs.

    Attributes
    ----------
    skip_frames : int
        Frames of silence ahead of the first one that belongs to the signal: two blocks, and the way to a hop's begin.
        Known from the first sample on.
    muted_frames : int
        Frames that the mute pin kept silent.
    """

    def __init__(
        self, process: VirtualProcess, number_format: NumberFormat, block_samples: int, drivers: int, channels: int
    ) -> None:
        if drivers > channels:
            raise HilError(
                f"{drivers} drivers: the board's converters have {channels} channels, so it plays nothing by "
                f"itself: take a layout of up to {channels} drivers, or virtual:stm32h743, which has eight"
            )
        self._channels = channels
        self._process = process
        self._shift = _WORD_BITS - number_format.sample.bits
        self._drivers = drivers
        self.block_samples = block_samples
        self.muted_frames = 0
        self.origin = self.skip_frames = 0
        self._has_begun = False

    def _begin(self) -> None:
        """Begin with the first sample, so that no time passes in between."""
        if not self._has_begun:
            begun, _ = self._process.ask("begin")
            self.origin = int(begun["origin"])
            self.skip_frames = self.origin - int(begun["first"]) + 2 * self.block_samples
            self._has_begun = True

    def _words(self, samples: np.ndarray) -> bytes:
        return (np.asarray(samples, np.int64) << self._shift).astype("<i4").tobytes()

    def record(self, samples: np.ndarray) -> None:
        """Append raw samples (n, 2) to what the ADC will record; no time passes."""
        self._begin()
        self._process.ask("record", self._words(samples))

    def play(self, samples: np.ndarray) -> np.ndarray:
        """Append raw samples (n, 2), and run until the ADC has recorded all whole halves of its buffer.

        Returns
        -------
        (m, D) int64
            Raw driver samples that have come over the DACs' wires since the last call, muted or not.

        Raises
        ------
        HilError
            If the audio clock stands, a sample has bits below the image's samples, or an idle channel is not silent.
        """
        self._begin()
        fields, data = self._process.ask("play", self._words(samples))
        self.muted_frames += int(fields["muted_frames"])
        words = np.frombuffer(data, "<i4").reshape(-1, self._channels).astype(np.int64)
        if words[:, self._drivers :].any() or (words & ((1 << self._shift) - 1)).any():
            raise HilError("the DACs got samples in channels without a driver, or below the last bit")
        return words[:, : self._drivers] >> self._shift

    def position(self) -> int:
        """Frames of the signal that the ADC has recorded; it does so in runs of half a buffer."""
        return int(self._process.ask("state")[0]["frame"]) - self.origin

    def races(self) -> int:
        """Halves of a buffer that were written while a DAC read them."""
        return int(self._process.ask("state")[0]["races"])

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self._process.ask("run", seconds=seconds)


@contextmanager
def playing(board: VirtualBoard) -> Iterator[Converters]:
    """Hold a board's time and give its converters; the board begins to play anew, with filters and upmix at rest.

    Raises
    ------
    HilError
        If it does not play, or has more drivers than converters.
    """
    with board.held() as process:
        info, channels = board.info, board.target.audio_channels
        converters = Converters(process, info.number_format, info.block_samples, info.drivers, channels)
        board.start()
        board.play()
        state = board.health()["player"]
        if state != "PLAYING":
            raise HilError(f"the board does not play: {state}")
        converters.run(_SETTLE_S)
        yield converters
