"""Q-formats and number formats as values.

``Qm.n`` has m integer bits (the sign bit counted), n fraction bits and m + n bits in all.  Q1.15 is a 16-bit word
that covers -1 up to 1 - 2**-15.  The growth rules give the smallest format that holds every result of an operation.

A *number format* fixes all words of the firmware: samples, coefficients, buses and sums.  There are three of them:
`Q15`, `Q31` and `Q31X15`.
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


# What the firmware's tables can store, in every number format.
MAX_TAPS = 2048
MAX_DELAY_SAMPLES = 4095
MIN_EXPONENT = -3
MAX_EXPONENT = 15


@dataclass(frozen=True)
class NumberFormat:
    """The words of the firmware and the limits that follow from its kernels.

    Attributes
    ----------
    name : str
        As layouts, stored designs and the protocol name it.
    sample : QFormat
        Of inputs and outputs.
    coefficient : QFormat
        Of taps at exponent 0.
    headroom_bits : int
        By which a sample is shifted right before FIRs read it.
    product_shift : int
        By which the kernel shifts each product right, flooring it, before it is added.
    driver_signal_bits : int
        Word of a driver signal ahead of its limiter, 32 or 64 (``ps_wide_t`` in firmware/core/dsp/fir.h).
    exponents : (int, int)
        Least and largest exponent of a path.
    equaliser_exponents : (int, int)
        Least and largest exponent of an equaliser.
    noise_snr_db : float
        Least signal-to-noise ratio of the quantised filters on white noise at -6 dBFS.
    sum_limit : int or None
        Σ|c| of all paths of a sum must stay below; None where there is no such limit.
    run_limit : int or None
        Largest Σ|c| of taps that one 32-bit accumulator takes; None where accumulators have 64 bits.
    pairs_taps : bool
        Whether the kernel multiplies two taps at once, so that odd outputs need tables of their own.
    """

    name: str
    sample: QFormat
    coefficient: QFormat
    headroom_bits: int
    product_shift: int
    driver_signal_bits: int
    exponents: tuple[int, int]
    equaliser_exponents: tuple[int, int]
    noise_snr_db: float
    sum_limit: int | None = None
    run_limit: int | None = None
    pairs_taps: bool = False

    @staticmethod
    def named(name: str) -> NumberFormat:
        """Look a number format up by its name.

        Raises
        ------
        ValueError
            If there is none of that name.
        """
        for found in NUMBER_FORMATS:
            if found.name == name:
                return found
        raise ValueError(f"number_format = {name!r}: allowed are {', '.join(found.name for found in NUMBER_FORMATS)}")

    def __str__(self) -> str:
        return self.name

    @property
    def bus(self) -> QFormat:
        """Format of what FIRs read: a sample with headroom."""
        return QFormat(1 + self.headroom_bits, self.sample.fraction_bits - self.headroom_bits)

    @property
    def sample_dtype(self) -> np.dtype[np.signedinteger]:
        """Samples as the firmware stores them, little-endian: int16 or int32."""
        return np.dtype(f"<i{self.sample.bits // 8}")

    @property
    def tap_dtype(self) -> np.dtype[np.signedinteger]:
        """Taps: int16 or int32."""
        return np.dtype(f"i{self.coefficient.bits // 8}")

    @property
    def shapes_taps(self) -> bool:
        """Whether the error of the taps is moved out of the served band; taps of 32 bits are only rounded."""
        return self.coefficient.bits == 16

    @property
    def shares_exponent(self) -> bool:
        """Whether all paths of a group have one exponent, because they share accumulators."""
        return self.sum_limit is not None

    def exceeds_sum_limit(self, magnitude: int) -> bool:
        """Whether Σ|c| is larger than a sum admits."""
        return self.sum_limit is not None and magnitude >= self.sum_limit

    @property
    def floors_products(self) -> bool:
        """Whether each product is floored before it is added, so that only the sum of floors is exact."""
        return self.product_shift > 0

    @property
    def sum_fraction_bits(self) -> int:
        """Fraction bits of a sum at exponent 0: those of the product, less what the kernel drops."""
        return self.bus.for_product(self.coefficient).fraction_bits - self.product_shift

    @property
    def sum_shift(self) -> int:
        """Right shift from a sum at exponent 0 to a sample; negative for a left shift."""
        return self.sum_fraction_bits - self.sample.fraction_bits

    @property
    def equaliser_shift(self) -> int:
        """Right shift from an equaliser's accumulator at exponent 0 to its bus; negative for a left shift."""
        return self.sum_fraction_bits - self.bus.fraction_bits


Q15 = NumberFormat(
    name="q15",
    sample=QFormat(1, 15),
    coefficient=QFormat(1, 15),
    headroom_bits=0,
    product_shift=0,
    driver_signal_bits=32,
    exponents=(MIN_EXPONENT, MAX_EXPONENT),
    equaliser_exponents=(MIN_EXPONENT, MAX_EXPONENT),
    noise_snr_db=70.0,
    pairs_taps=True,
)
"""Samples and taps of 16 bits, products added exactly in 64 bits (SMLALD)."""

Q31 = NumberFormat(
    name="q31",
    sample=QFormat(1, 31),
    coefficient=QFormat(1, 31),
    # Samples are added and subtracted before they are filtered (firmware/core/dsp/fast_fir.h); costs -160 dBFS or less.
    headroom_bits=2,
    product_shift=0,
    driver_signal_bits=64,
    # Sums are shifted right by 29 + E, which the firmware does in 32-bit words.
    exponents=(MIN_EXPONENT, 2),
    # No right shift beyond 31.
    equaliser_exponents=(MIN_EXPONENT, 0),
    noise_snr_db=120.0,
    # Every part of a fast FIR then fits 32 bits, and every accumulator 64.
    sum_limit=2**31,
)
"""Samples and taps of 32 bits, products added exactly in 64 bits (SMLAL)."""

Q31X15 = NumberFormat(
    name="q31x15",
    sample=QFormat(1, 31),
    coefficient=QFormat(1, 15),
    # Whole paths fit a 32-bit accumulator.
    headroom_bits=4,
    # SMLAWB keeps the upper 32 of the product's 48 bits.
    product_shift=16,
    driver_signal_bits=64,
    exponents=(MIN_EXPONENT, MAX_EXPONENT),
    # No left shift.
    equaliser_exponents=(1, MAX_EXPONENT),
    noise_snr_db=70.0,
    # Each product is (x * c) >> 16, at most 2**11 * |c| and one for its floor: 2**11 * 16 * 65535 + 2048 taps < 2**31.
    run_limit=65535 << 4,
)
"""Samples of 32 bits and taps of 16 bits; the floored products are added in 32 bits (SMLAWB)."""

NUMBER_FORMATS = (Q15, Q31, Q31X15)
