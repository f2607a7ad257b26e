"""What is soldered to the pins: DACs and an ADC, with the wires that the firmware's port of a board describes.

A converter hears only what the pins carry: each of its wires must be routed by MODER and AFR to the right signal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from designer.board.virtual.peripherals.gpio import Pins
from designer.board.virtual.peripherals.spi_i2s import HALFWORDS_PER_FRAME

MUTE_PIN = "PC8"


def words_of(halfwords: bytes, channels: int = 2) -> np.ndarray:
    """Put half-words together as the wire brings them, the upper one first (RM0090 28.4.3): (n, C) int32."""
    pairs = np.frombuffer(halfwords, "<u4")
    return (pairs << 16 | pairs >> 16).view(np.int32).reshape(-1, channels)


def halfwords_of(frames: np.ndarray) -> bytes:
    """Cut frames (n, C) int32 into half-words, the upper one first."""
    words = np.ascontiguousarray(frames, dtype=np.int32).view(np.uint32)
    return (words << 16 | words >> 16).tobytes()


@dataclass
class Dac:
    """A DAC that keeps what it has played.

    Attributes
    ----------
    wires : dict
        Pin -> signal that it must carry.
    pins : Pins
    channels : int
    mute_pin : str
        The output that lets it sound while high.
    position : int
        Frames since the start that it has played.
    muted_frames : int
        Frames that the mute pin has kept silent since the last `take` or `take_raw`.
    """

    wires: dict[str, str]
    pins: Pins
    channels: int = 2
    mute_pin: str = MUTE_PIN
    position: int = 0
    muted_frames: int = 0
    # Half-words of each run, and whether the mute pin let them through.
    _runs: list[tuple[bytes, bool]] = field(default_factory=list)
    _begun: bytes = b""
    _next: int = 0
    _base: int = 0  # position at which WS began anew

    def play(self, first: int, data: bytes) -> None:
        """Take half-words from the wire; `first` counts those since WS began, 0 ends a frame that was cut short."""
        if first == 0:
            self._base, self._begun = self._next, b""
        halfwords = 2 * self.channels
        end = first + len(data) // 2
        self._next, self.position = self._base - -end // halfwords, self._base + end // halfwords
        data = self._begun + data
        frames = len(data) // (2 * halfwords)
        whole = frames * 2 * halfwords
        data, self._begun = data[:whole], data[whole:]
        if not frames:
            return
        if any(self.pins.signal(pin) != signal for pin, signal in self.wires.items()):
            data = bytes(len(data))
        is_heard = bool(self.pins.output(self.mute_pin))
        self.muted_frames += 0 if is_heard else frames
        self._runs.append((data, is_heard))

    def take(self) -> np.ndarray:
        """Give and forget what was heard: (n, C) int32, silence where a wire or the mute pin says so."""
        data = b"".join(run if is_heard else bytes(len(run)) for run, is_heard in self._runs)
        self.forget()
        return words_of(data, self.channels)

    def take_raw(self) -> np.ndarray:
        """Give and forget what came over the wires, ahead of the mute pin: (n, C) int32."""
        data = b"".join(run for run, _ in self._runs)
        self.forget()
        return words_of(data, self.channels)

    def restart(self) -> None:
        """Count frames from 0 again."""
        self.position = self._next = self._base = 0
        self._begun = b""

    def forget(self) -> None:
        """Forget what was played."""
        self._runs.clear()
        self.muted_frames = 0


@dataclass
class Adc:
    """A stereo ADC with a signal to record; zeros behind its end.

    Attributes
    ----------
    wires : dict
        Pin -> signal that it must carry.
    pins : Pins
    has_clock : callable
        Whether the master clock is there that the converter's own filters run on.
    signal : (n, 2) int32
        What it records.
    position : int
        Whole frames that it has given since the board started.
    """

    wires: dict[str, str]
    pins: Pins
    has_clock: Callable[[], bool]
    signal: np.ndarray = field(default_factory=lambda: np.zeros((0, 2), np.int32))
    origin: int = 0
    position: int = 0
    _next: int = 0
    _base: int = 0  # position at which WS began anew

    def record(self, first: int, count: int) -> bytes:
        """Give half-words of the wire from one on, counted from the start."""
        skip, last = first % HALFWORDS_PER_FRAME, first + count
        frames = self.frames(first // HALFWORDS_PER_FRAME, -(-last // HALFWORDS_PER_FRAME))
        self.position = self._base + last // HALFWORDS_PER_FRAME
        return halfwords_of(frames)[2 * skip : 2 * (skip + count)]

    def frames(self, first: int, last: int) -> np.ndarray:
        """Give the frames from one to ahead of another, counted from the start: (n, 2) int32."""
        if first == 0:
            self._base = self._next
        begin, end = self._base + first, self._base + last
        self._next = self.position = end
        frames = np.zeros((end - begin, 2), np.int32)
        works = self.has_clock() and all(self.pins.signal(pin) == signal for pin, signal in self.wires.items())
        low, high = max(begin, self.origin), min(end, self.origin + len(self.signal))
        if works and low < high:
            frames[low - begin : high - begin] = self.signal[low - self.origin : high - self.origin]
        return frames

    def restart(self) -> None:
        """Count frames from 0 again."""
        self.position = self._next = self._base = 0

    def feed(self, signal: np.ndarray, multiple: int = 1) -> int:
        """Let the ADC record (n, 2) int32 from the next frame that is a multiple since WS began; returns its number."""
        self.origin = self._base - (self._base - self._next) // multiple * multiple
        self.signal = np.ascontiguousarray(signal, dtype=np.int32)
        return self.origin

    def extend(self, signal: np.ndarray) -> None:
        """Append (n, 2) int32 to what it records, and forget what it has recorded."""
        done = min(max(0, self.position - self.origin), len(self.signal))
        self.origin += done
        self.signal = np.concatenate([self.signal[done:], np.asarray(signal, np.int32)])
