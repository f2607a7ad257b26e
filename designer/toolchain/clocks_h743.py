"""Dividers of the STM32H743's PLLs: 400 or 480 MHz for the core, and the audio clock with the smallest error.

PLL1 feeds the core, PLL2 the converters; each has a divider M of its own ahead of it.  Sources: RM0433 8.3.3 and 8.7
(PLLs) and 51.4.8 (clock generator of the SAI).  With the master clock on, fs = kernel clock / (256 MCKDIV).  The limits
are those of the data sheet DS12110, "PLL characteristics".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

SAMPLE_RATES_HZ = (44_100, 48_000, 96_000)
# Crystals, and the internal oscillator.
SOURCES_HZ = (8_000_000, 16_000_000, 25_000_000, 64_000_000)
# The VCO runs at twice the core's frequency: for silicon before revision V, and from then on.
CORE_VCO_HZ = (800_000_000, 960_000_000)
_MASTER_CLOCKS = 256
_WIDE_INPUT_HZ = (2_000_000, 16_000_000)
_MEDIUM_INPUT_HZ = (1_000_000, 2_000_000)
_WIDE_VCO_HZ = (192_000_000, 836_000_000)
_MEDIUM_VCO_HZ = (150_000_000, 420_000_000)
_KERNEL_CLOCK_MAX_HZ = 133_000_000
_FRACTIONS = 8192
# An odd division above 1 makes a master clock whose halves differ by more than converters allow.
_MCKDIV = (1, *range(2, 63, 2))


@dataclass(frozen=True)
class CorePll:
    """Settings of PLL1.

    Attributes
    ----------
    m : int
        Divider ahead of the PLL.
    n : tuple of int
        Multiplier for each of `CORE_VCO_HZ`.
    input_range : int
        Field PLL1RGE.
    """

    m: int
    n: tuple[int, int]
    input_range: int


@dataclass(frozen=True, order=True)
class AudioPll:
    """One way to make a sample rate with PLL2.  Settings are ordered by preference, the best first.

    Attributes
    ----------
    error_ppm : Fraction
        Magnitude of the deviation from the wanted rate.
    fraction : int
        Multiplier's fraction, in 1/8192.  A PLL without one has less jitter.
    input_period : Fraction
        Seconds.  Of two settings with equal error, the one with the faster input has less jitter.
    mckdiv : int
        Divider of the SAI.
    m, n, p : int
        Dividers and multiplier of the PLL.
    medium : bool
        Whether the VCO is the medium one, which an input below 2 MHz asks for.
    rate_hz : Fraction
        The sample rate that results.
    """

    error_ppm: Fraction
    fraction: int
    input_period: Fraction
    mckdiv: int
    m: int
    n: int
    p: int
    medium: bool
    rate_hz: Fraction

    @property
    def input_range(self) -> int:
        """Field PLL2RGE."""
        return input_range(1 / self.input_period)


def input_range(reference_hz: Fraction) -> int:
    """Field PLLxRGE for a PLL's input: 0 from 1 MHz on, 1 from 2, 2 from 4, and 3 from 8 to 16 (RM0433 8.7.12)."""
    return sum(reference_hz >= limit for limit in (2_000_000, 4_000_000, 8_000_000))


def core_settings(source_hz: int) -> CorePll:
    """Find the smallest M with which both of `CORE_VCO_HZ` are multiples of the input.

    Raises
    ------
    ValueError
        If there is none.
    """
    for m in range(1, 64):
        reference = Fraction(source_hz, m)
        multipliers = [vco / reference for vco in CORE_VCO_HZ]
        if _WIDE_INPUT_HZ[0] <= reference <= _WIDE_INPUT_HZ[1] and all(n.denominator == 1 for n in multipliers):
            slow, fast = (int(n) for n in multipliers)
            return CorePll(m, (slow, fast), input_range(reference))
    raise ValueError(f"no divider makes {CORE_VCO_HZ} Hz of {source_hz} Hz")


def audio_settings(source_hz: int, sample_rate_hz: int) -> AudioPll:
    """Search all dividers for the smallest error.

    Parameters
    ----------
    source_hz : int
        Oscillator ahead of M.
    sample_rate_hz : int
    """
    found = []
    for m in range(1, 64):
        reference = Fraction(source_hz, m)
        medium = reference < _WIDE_INPUT_HZ[0]
        low, high = _MEDIUM_INPUT_HZ if medium else _WIDE_INPUT_HZ
        if not low <= reference <= high:
            continue
        for mckdiv in _MCKDIV:
            kernel = _MASTER_CLOCKS * mckdiv * sample_rate_hz
            if kernel <= _KERNEL_CLOCK_MAX_HZ:
                found += _with_post_dividers(sample_rate_hz, reference, m, medium, mckdiv)
    return min(found)


def _with_post_dividers(rate_hz: int, reference: Fraction, m: int, medium: bool, mckdiv: int) -> list[AudioPll]:
    low, high = _MEDIUM_VCO_HZ if medium else _WIDE_VCO_HZ
    kernel = _MASTER_CLOCKS * mckdiv * rate_hz
    found = []
    for p in range(max(1, -(-low // kernel)), min(128, high // kernel) + 1):
        steps = round(Fraction(kernel * p) / reference * _FRACTIONS)
        n, fraction = divmod(steps, _FRACTIONS)
        if not 4 <= n <= 511:
            continue
        rate = reference * steps / _FRACTIONS / p / (_MASTER_CLOCKS * mckdiv)
        error = abs(rate / rate_hz - 1) * 10**6
        found.append(AudioPll(error, fraction, 1 / reference, mckdiv, m, n, p, medium, rate))
    return found


def render_settings() -> str:
    """Write the settings of every source and rate as the port's header ``pll_settings.h``."""
    lines = [
        "/*",
        " * Written by designer/toolchain/clocks_h743.py, which searches all dividers for the smallest error of the",
        " * sample rate; a test compares. PLL1: source / M1 * N1 = 800 or 960 MHz. PLL2: source / M2 *",
        " * (N2 + FRACTION2 / 8192) / P2 / (256 * MCKDIV).",
        " */",
        "#ifndef PS_STM32H743_PLL_SETTINGS_H",
        "#define PS_STM32H743_PLL_SETTINGS_H",
        "",
        '#include "design.h"',
        "",
        "/* clang-format off */",
    ]
    for rate in SAMPLE_RATES_HZ:
        lines += ["", f"#if PS_SAMPLE_RATE_HZ == {rate}"]
        for source in SOURCES_HZ:
            core, audio = core_settings(source), audio_settings(source, rate)
            lines += [
                "",
                f"/* {source // 10**6} MHz: {float(audio.rate_hz):.4f} Hz, "
                f"{float((audio.rate_hz / rate - 1) * 10**6):+.4f} ppm */",
                f"#define PLL_{source // 10**6}_MHZ {{.m1 = {core.m}, .n1 = {{{core.n[0]}, {core.n[1]}}}, "
                f".range1 = {core.input_range}, \\",
                f"    .m2 = {audio.m}, .n2 = {audio.n}, .fraction2 = {audio.fraction}, .p2 = {audio.p}, "
                f".range2 = {audio.input_range}, .medium2 = {int(audio.medium)}, .mckdiv = {audio.mckdiv}}}",
            ]
        lines += ["", "#endif"]
    return "\n".join([*lines, "", "/* clang-format on */", "", "#endif", ""])
