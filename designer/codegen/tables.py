"""Lay out coefficients as the FIR kernels read them.

A kernel runs whole iterations of its loop and reads 16-bit samples in pairs.  So a table starts at the first sample of
a pair, and zeros fill it up.  A q15 output of odd index sees every pair one sample later.  Its coefficients are in a
second table, one tap later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from designer.fixedpoint.accumulator_runs import AccumulatorRun, accumulator_runs
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath

# Zeros fill each table up to a multiple of this: whole iterations of every kernel (firmware/core/dsp/fir_kernels.h,
# PS_FIR_FILL).
FILL = 24

# Past samples that an image keeps beyond the need of its own tables.  Tables that come over the line later may have
# longer delays or filters.
HISTORY_ROOM_SAMPLES = 128
# Likewise, room for more FIRs.  The index of an FIR has 8 bits in the firmware.
_FIRS_ROOM_FACTOR = 2
_FIRS_MAX = 255


@dataclass(frozen=True)
class FirTable:
    """One FIR as the firmware runs it: a whole path or equaliser, or a run of its taps.

    Attributes
    ----------
    symbol : str
        Name in C.
    sum_index : int
        Index of the sum that it adds to.  Equalisers have sums too, after those of the drivers.
    bus : int
    bus_name, sum_name : str
    start : int
        Index in the bus of the sample by which the first coefficient is multiplied for the first output of a block.
    shift : int
        Left shift of the FIR to the scale of its sum.
    exponent : int
        Of the coefficients.
    taps : int
        Number of coefficients without the zeros that fill up the table.
    length : int
        Number of coefficients for the firmware.  It includes zeros that complete pairs, but not those after the last
        pair.
    even : tuple of int
        Time-reversed coefficients, filled up.
    odd : tuple of int
        The same one tap later, for q15; else empty.
    """

    symbol: str
    sum_index: int
    bus: int
    bus_name: str
    sum_name: str
    start: int
    shift: int
    exponent: int
    taps: int
    length: int
    even: tuple[int, ...]
    odd: tuple[int, ...]


@dataclass(frozen=True)
class Tables:
    """Every FIR of a bank, ordered by sum, and the history that the longest needs.  Equalisers come last.

    Attributes
    ----------
    firs : tuple of FirTable
    history_samples : int
        Even, so that pairs of samples are aligned in every block of even size.
    """

    firs: tuple[FirTable, ...]
    history_samples: int

    @property
    def firs_room(self) -> int:
        """Number of FIRs for which the firmware has entries."""
        return max(min(_FIRS_ROOM_FACTOR * len(self.firs) + 1, _FIRS_MAX), len(self.firs))


def lay_out(bank: FixedPointBank) -> Tables:
    """Cut, reverse, align and fill every path and equaliser of a bank."""
    look_back = max(bank.bus_history_samples, bank.equalised_history_samples)
    history = look_back + look_back % 2 + HISTORY_ROOM_SAMPLES
    firs = []
    for k, (g, _) in enumerate(bank.structure.sums):
        for b, path in enumerate(bank.paths[k]):
            shift = bank.group_exponent(g) - path.exponent
            firs += _firs(bank, path, history, f"taps_s{k}_b{b}", (k, b, bank.sum_names[k], shift))
    for n, b in enumerate(equalised_buses(bank)):
        equaliser, k = bank.equalisers[b], len(bank.sum_names) + n
        assert equaliser is not None
        firs += _firs(bank, equaliser, history, f"taps_e{b}", (k, b, f"equalised {bank.bus_names[b]}", 0))
    return Tables(tuple(firs), history)


def equalised_buses(bank: FixedPointBank) -> tuple[int, ...]:
    """Return the indices of the buses with an equaliser."""
    return tuple(b for b, equaliser in enumerate(bank.equalisers) if equaliser is not None)


def equalised_mask(bank: FixedPointBank) -> int:
    """Return a bit for each bus with an equaliser, the first bus lowest: PS_EQUALISED in the firmware."""
    return sum(1 << b for b in equalised_buses(bank))


def _firs(
    bank: FixedPointBank, path: FixedPointPath, history: int, symbol: str, place: tuple[int, int, str, int]
) -> list[FirTable]:
    """Cut one path into accumulator runs; ``place`` is index of the sum, bus, name of the sum, and shift."""
    firs = []
    k, b, sum_name, shift = place
    for n, run in enumerate(accumulator_runs(path.coefficients, bank.number_format)):
        start, length, even, odd = _table(bank, path, run, history)
        names = (bank.bus_names[b], sum_name)
        counts = (path.exponent, run.taps, length)
        firs.append(FirTable(f"{symbol}_{n}", k, b, *names, start, shift, *counts, even, odd))
    return firs


def _table(
    bank: FixedPointBank, path: FixedPointPath, run: AccumulatorRun, history: int
) -> tuple[int, int, tuple[int, ...], tuple[int, ...]]:
    """Start in the bus, length, and coefficients of even and odd outputs."""
    stop = run.first + run.taps
    start = history - path.delay - (stop - 1)
    paired = bank.number_format.pairs_taps
    fill = start % 2 if paired else 0
    # The last tap of an odd output is one sample later.
    length = fill + run.taps + paired
    length += length % 2 if paired else 0
    even = np.zeros(-(-length // FILL) * FILL, dtype=np.int64)
    even[fill : fill + run.taps] = path.coefficients[run.first : stop][::-1]
    odd = tuple(np.roll(even, 1).tolist()) if paired else ()
    return start - fill, length, tuple(even.tolist()), odd
