"""Bounds of volume and limiters, over all inputs.

Why no sample exceeds its limit L.  Let P be the largest magnitude of a hop (−x − 1 for negative x), and P > L.  The
target of the hop is t = ⌊L·2²⁴ / (P + 1)⌋.  Each gain is the least of `hops` + 1 targets.  The mean at the end of a hop
is taken over such gains.  Each of them, and so the floor of the mean, is at most the targets of the hops before and
after that end.  On the line between two ends the gain is at most the larger of both.  A sample x of this hop is
multiplied by c ≤ 16·t, so

    −L·2²⁸ ≤ −(P + 1)·16·t ≤ x·c ≤ P·16·t < L·2²⁸,   and after (· + 2²⁷) >> 28:   −L ≤ y ≤ L.

Where P ≤ L and the gain is 1, y is x, from −L − 1 to L.  The product therefore needs no more bits than for x = L,
however large x is.
"""

from __future__ import annotations

from collections.abc import Iterator

from designer.dsp.limiter import HOP_SAMPLES
from designer.fixedpoint.limiter_settings import GAIN_BITS, GAIN_ONE, MAX_HOPS, RAMP_BITS, RELEASE_GOAL, FixedLimiter
from designer.fixedpoint.number_format import QFormat
from designer.fixedpoint.proof.bound import Bound


def volume_bounds(word: QFormat) -> Iterator[Bound]:
    """Bound what the volume does to samples within the word."""
    half = 1 << (RAMP_BITS - 1)
    yield Bound(
        "volume",
        "product",
        (word.smallest << RAMP_BITS) + half,
        (word.largest << RAMP_BITS) + half,
        1 << 63,
    )
    yield _line("volume")


def limiter_bounds(settings: FixedLimiter, names: tuple[str, ...]) -> Iterator[Bound]:
    """Bound every intermediate of the limiters, for driver signals of any size."""
    half = 1 << (RAMP_BITS - 1)
    for name, limit in zip(names, settings.limits, strict=True):
        where = f"driver '{name}'"
        yield Bound("limiter", f"{where}: target's dividend", 0, limit << GAIN_BITS, 1 << 63)
        product = (limit + 1) << RAMP_BITS
        yield Bound("limiter", f"{where}: product", half - product, half + product, 1 << 63)
        yield Bound("limiter", f"{where}: output", -limit - 1, limit, limit + 1)
    yield Bound("limiter", "sum of gains", 0, settings.hops * GAIN_ONE, MAX_HOPS * GAIN_ONE + 1)
    yield Bound("limiter", "release", 0, RELEASE_GOAL * settings.release, 1 << 63)
    yield _line("limiter")


def _line(stage: str) -> Bound:
    # Before both terms are added: one of them may be as low as this.
    return Bound(stage, "gain on a line", -GAIN_ONE * (HOP_SAMPLES - 1), GAIN_ONE * HOP_SAMPLES, 1 << 31)
