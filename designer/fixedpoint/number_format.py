"""Q-formats as values with growth rules.

``Qm.n`` has m integer bits (the sign bit counted), n fraction bits and m + n bits in all: Q1.15 is a 16-bit word
that covers -1 up to 1 - 2**-15.  The growth rules give the smallest format that holds every result of an operation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class QFormat:
    """A two's-complement fixed-point format.

    Attributes
    ----------
    integer_bits : int
        Bits ahead of the point, the sign bit among them; at least 1.
    fraction_bits : int
        Bits behind the point; at least 0.
    """

    integer_bits: int
    fraction_bits: int

    def __post_init__(self) -> None:
        if self.integer_bits < 1 or self.fraction_bits < 0:
            raise ValueError(
                f"Q{self.integer_bits}.{self.fraction_bits}: needs at least 1 integer bit and 0 fraction bits"
            )

    def __str__(self) -> str:
        return f"Q{self.integer_bits}.{self.fraction_bits}"

    @property
    def bits(self) -> int:
        """Word length."""
        return self.integer_bits + self.fraction_bits

    @property
    def largest(self) -> int:
        """Largest raw integer."""
        return int((1 << (self.bits - 1)) - 1)

    @property
    def smallest(self) -> int:
        """Smallest raw integer."""
        return int(-(1 << (self.bits - 1)))

    @property
    def lsb(self) -> float:
        """Value of one least significant bit."""
        return float(2.0**-self.fraction_bits)

    def for_product(self, other: QFormat) -> QFormat:
        """Smallest format for every product: Q1.15 x Q1.15 is Q2.30."""
        return QFormat(self.integer_bits + other.integer_bits, self.fraction_bits + other.fraction_bits)

    def for_sum(self, terms: int) -> QFormat:
        """Smallest format for every sum of ``terms`` values: 4 terms of Q1.15 need Q3.15."""
        if terms < 1:
            raise ValueError(f"terms = {terms}: allowed from 1")
        return QFormat(self.integer_bits + (terms - 1).bit_length(), self.fraction_bits)

    def holds(self, raw: int) -> bool:
        """Whether the raw integer lies within the word."""
        return self.smallest <= raw <= self.largest

    def quantise(self, values: np.ndarray) -> np.ndarray:
        """Round to the nearest raw integer, halves upward, saturating.

        Parameters
        ----------
        values : ndarray of float64
            Real values, full scale 1.

        Returns
        -------
        ndarray of int64
            Raw integers, same shape.
        """
        raw = np.floor(np.ldexp(np.asarray(values, dtype=np.float64), self.fraction_bits) + 0.5)
        return np.clip(raw, self.smallest, self.largest).astype(np.int64)

    def to_float(self, raw: np.ndarray) -> np.ndarray:
        """Real values of raw integers, float64, same shape."""
        return np.ldexp(np.asarray(raw, dtype=np.float64), -self.fraction_bits)


# q31x15: samples of q31 on coefficients of q15.
SAMPLE_FORMATS = {"q15": QFormat(1, 15), "q31": QFormat(1, 31), "q31x15": QFormat(1, 31)}
# What FIRs read: bits of headroom let 32-bit accumulators take whole paths (q31x15) and samples be added and
# subtracted before they are filtered (q31: firmware/core/dsp/fast_fir.h), at -160 dBFS or less.
BUS_HEADROOM_BITS = {"q15": 0, "q31": 2, "q31x15": 4}
BUS_FORMATS = {
    name: QFormat(1 + bits, SAMPLE_FORMATS[name].fraction_bits - bits) for name, bits in BUS_HEADROOM_BITS.items()
}
COEFFICIENT_FORMATS = {"q15": QFormat(1, 15), "q31": QFormat(1, 31), "q31x15": QFormat(1, 15)}
