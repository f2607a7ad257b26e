"""What a SAI puts on its wires, bit by bit, and what a converter makes of it (RM0433 51.4.6, 51.4.7).

Words lie in slots of a frame. A converter knows no slots: it counts clocks from an edge of the frame's signal. So a
wrong offset, polarity or length gives what hardware would give, channels that are exchanged or shifted by a bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WORD_BITS = 32


@dataclass(frozen=True)
class Wire:
    """The format of one block.

    Attributes
    ----------
    frame_bits : int
        Clocks of a frame (FRL + 1).
    active_bits : int
        Clocks for which FS is active (FSALL + 1).
    is_active_high : bool
        FSPOL.
    comes_early : bool
        Whether FS becomes active one clock ahead of the first slot's first bit (FSOFF).
    starts : tuple of int
        First clock of each enabled slot, from that of the first slot on.
    slot_bits : int
    data_bits : int
        Of a word in the FIFO (DS).
    first_bit : int
        Of the word within its slot (FBOFF).
    changes_on_falling : bool
        Whether data change on SCK's falling edge (CKSTR).
    """

    frame_bits: int
    active_bits: int
    is_active_high: bool
    comes_early: bool
    starts: tuple[int, ...]
    slot_bits: int
    data_bits: int
    first_bit: int
    changes_on_falling: bool

    def edge(self, rises: bool) -> int:
        """First clock after an edge of FS, counted as in `starts`."""
        at = 0 if rises == self.is_active_high else self.active_bits
        return (at - self.comes_early) % self.frame_bits

    def _is_plain(self, starts: tuple[int, ...]) -> bool:
        """Whether words need no work: as many bits as the converter wants, at the clocks where it wants them."""
        return starts == self.starts and self.data_bits == self.slot_bits == WORD_BITS and self.first_bit == 0

    def heard(self, words: np.ndarray, starts: tuple[int, ...], width: int) -> np.ndarray:
        """Give what a converter hears.

        Parameters
        ----------
        words : (n, S) uint32
            As in the FIFO, of each enabled slot.
        starts : tuple of int
            First clock of each of its channels; C of them.
        width : int
            Bits that it takes.

        Returns
        -------
        (n, C) int32
            In the upper bits.
        """
        if self._is_plain(starts) and width == WORD_BITS:
            return np.ascontiguousarray(words).view(np.int32)
        frames = len(words)
        bits = np.zeros((frames, self.frame_bits), np.uint8)
        for n, start in enumerate(self.starts):
            value = (words[:, n].astype(np.uint64) << np.uint64(WORD_BITS - self.data_bits)).astype(">u4")
            unpacked = np.unpackbits(value.view(np.uint8).reshape(-1, 4), axis=1)[:, : self.data_bits]
            first = start + self.first_bit
            bits[:, first : first + self.data_bits] = unpacked
        stream = bits.reshape(-1)
        result = np.zeros((frames, len(starts)), np.int32)
        for n, start in enumerate(starts):
            at = (np.arange(frames)[:, None] * self.frame_bits + start + np.arange(width)) % max(1, stream.size)
            taken = np.zeros((frames, WORD_BITS), np.uint8)
            taken[:, :width] = stream[at]
            result[:, n] = np.packbits(taken, axis=1).view(">u4").reshape(-1).astype(np.uint32).view(np.int32)
        return result

    def received(self, samples: np.ndarray, starts: tuple[int, ...], width: int) -> np.ndarray:
        """Give what the block receives from a converter.

        Parameters
        ----------
        samples : (n, C) int32
            Of the converter, in the upper bits.
        starts : tuple of int
            First clock of each of its channels.
        width : int
            Bits that it sends.

        Returns
        -------
        (n, S) uint32
            Words of the FIFO.
        """
        if self._is_plain(starts) and width == WORD_BITS:
            return np.ascontiguousarray(samples, np.int32).view(np.uint32)
        frames = len(samples)
        stream = np.zeros(frames * self.frame_bits, np.uint8)
        for n, start in enumerate(starts):
            value = np.ascontiguousarray(samples[:, n]).view(np.uint32).astype(">u4")
            unpacked = np.unpackbits(value.view(np.uint8).reshape(-1, 4), axis=1)[:, :width]
            at = (np.arange(frames)[:, None] * self.frame_bits + start + np.arange(width)) % max(1, stream.size)
            stream[at] = unpacked
        bits = stream.reshape(frames, self.frame_bits)
        words = np.zeros((frames, len(self.starts)), np.uint32)
        for n, start in enumerate(self.starts):
            taken = np.zeros((frames, WORD_BITS), np.uint8)
            first = start + self.first_bit
            taken[:, WORD_BITS - self.data_bits :] = bits[:, first : first + self.data_bits]
            words[:, n] = np.packbits(taken, axis=1).view(">u4").reshape(-1).astype(np.uint32)
        return words


def i2s_starts(wire: Wire) -> tuple[int, ...]:
    """Channels of an I2S converter: left from the falling edge, right from the rising one, each one clock later."""
    return tuple((wire.edge(rises) + 1) % wire.frame_bits for rises in (False, True))


def tdm_starts(wire: Wire, channels: int, rises: bool, delay: int) -> tuple[int, ...]:
    """Channels of a TDM converter: 32 clocks each, the first one `delay` clocks after the frame's edge."""
    first = wire.edge(rises) + delay
    return tuple((first + WORD_BITS * n) % wire.frame_bits for n in range(channels))
