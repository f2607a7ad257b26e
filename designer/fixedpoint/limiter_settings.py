"""The limiters' settings as integers.

Gains are Q8.24: 2**24 is a gain of 1.  Between two gains lies a straight line, at 2**28.  The magnitude of x is x, or
−x − 1 for negative x, so that both ends of full scale have the same magnitude.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from designer.dsp.limiter import HOP_SAMPLES, RELEASE_BEYOND, VOLUME_STEP, LimiterSettings
from designer.fixedpoint.number_format import NumberFormat

GAIN_BITS = 24
GAIN_ONE = 1 << GAIN_BITS
RAMP_BITS = GAIN_BITS + HOP_SAMPLES.bit_length() - 1
RELEASE_BITS = 31
RELEASE_GOAL = GAIN_ONE + round(GAIN_ONE * RELEASE_BEYOND)
VOLUME_STEP_RAW = round(GAIN_ONE * VOLUME_STEP)
MAX_HOPS = 30


@dataclass(frozen=True)
class FixedLimiter:
    """Limits and times as the firmware stores them.

    Attributes
    ----------
    limits : tuple of D int
        Largest magnitude of each driver, raw; empty means full scale for all.
    hops : int
        Hops over which a gain is averaged, 1 to 30.
    release : int
        Share of the remaining way that a gain returns in each hop, Q0.31.
    linked : bool
        Whether all drivers share one gain.

    Raises
    ------
    ValueError
        If a value lies outside its range.
    """

    limits: tuple[int, ...] = ()
    hops: int = 4
    release: int = (1 << RELEASE_BITS) // 300
    linked: bool = True

    def __post_init__(self) -> None:
        for name, value, least, most in (
            ("limit", min(self.limits, default=1), 1, (1 << 31) - 1),
            ("limit", max(self.limits, default=1), 1, (1 << 31) - 1),
            ("hops", self.hops, 1, MAX_HOPS),
            ("release", self.release, 1 << 15, (1 << RELEASE_BITS) - 1),
        ):
            if not least <= value <= most:
                raise ValueError(f"limiter: {name} = {value}: allowed {least} to {most}")

    @property
    def delay_samples(self) -> int:
        """Delay from input to output."""
        return (self.hops + 1) * HOP_SAMPLES

    @property
    def groups(self) -> int:
        """Number of gains: one if the limiters are linked, else one for each driver."""
        return 1 if self.linked else len(self.limits)

    def as_float(self, number_format: NumberFormat) -> LimiterSettings:
        """Return the same settings for the float64 limiter."""
        lsb = number_format.sample.lsb
        release = math.ldexp(self.release, -RELEASE_BITS)
        return LimiterSettings(tuple(limit * lsb for limit in self.limits), self.hops, release, self.linked)


def fixed_limiter(settings: LimiterSettings, number_format: NumberFormat) -> FixedLimiter:
    """Convert float settings; limits are rounded down, so that the most negative sample keeps them as well."""
    word = number_format.sample
    limits = tuple(max(math.floor(math.ldexp(limit, word.fraction_bits)) - 1, 1) for limit in settings.limits)
    release = min(max(round(math.ldexp(settings.release, RELEASE_BITS)), 1 << 15), (1 << RELEASE_BITS) - 1)
    return FixedLimiter(limits, settings.hops, release, settings.linked)


def to_db(gain: int) -> float:
    """Level of a gain; −inf for a gain of 0."""
    return 20 * math.log10(gain / GAIN_ONE) if gain else -math.inf
