"""Dividers of the STM32F405's two PLLs: 168 MHz for the core, and the audio clock with the smallest error.

Both PLLs share the divider M ahead of them.  Sources: RM0090 7.2.3 and 7.3.2 (main PLL), 7.3.23 (PLLI2S) and 28.4.4
(clock generator).  With the master clock on and channels of 32 bits, fs = I2SxCLK / (256 (2 I2SDIV + ODD)).  The limits
are those of the data sheet DS8626, "PLL characteristics".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

SAMPLE_RATES_HZ = (44_100, 48_000, 96_000)
SOURCES_HZ = (8_000_000, 12_000_000, 16_000_000)
CORE_HZ = 168_000_000
_MAIN_VCO_HZ = 2 * CORE_HZ
_INPUT_HZ = (1_000_000, 2_000_000)
_I2S_VCO_HZ = (192_000_000, 432_000_000)
_I2S_CLOCK_MAX_HZ = 192_000_000
_MASTER_CLOCKS = 256


@dataclass(frozen=True, order=True)
class PllSettings:
    """One way to make a sample rate.  Settings are ordered by preference, the best first.

    Attributes
    ----------
    error_ppm : Fraction
        Magnitude of the deviation from the wanted rate.
    input_period : Fraction
        Seconds.  Of two settings with equal error, the one with the faster input has less jitter.
    m, n, i2s_n, i2s_r : int
        Dividers and multipliers of the PLLs.
    divider : int
        2 I2SDIV + ODD.
    rate_hz : Fraction
        The sample rate that results.
    """

    error_ppm: Fraction
    input_period: Fraction
    m: int
    n: int
    i2s_n: int
    i2s_r: int
    divider: int
    rate_hz: Fraction


def best_settings(source_hz: int, sample_rate_hz: int) -> PllSettings:
    """Search all dividers for the smallest error.

    Parameters
    ----------
    source_hz : int
        Oscillator ahead of M.
    sample_rate_hz : int
    """
    found = []
    for m in range(2, 64):
        reference = Fraction(source_hz, m)
        n = _MAIN_VCO_HZ / reference
        if not (_INPUT_HZ[0] <= reference <= _INPUT_HZ[1] and n.denominator == 1 and 50 <= n <= 432):
            continue
        for i2s_n in range(50, 433):
            if _I2S_VCO_HZ[0] <= reference * i2s_n <= _I2S_VCO_HZ[1]:
                found += [
                    _settings(sample_rate_hz, reference, m, int(n), i2s_n, i2s_r)
                    for i2s_r in range(2, 8)
                    if reference * i2s_n / i2s_r <= _I2S_CLOCK_MAX_HZ
                ]
    return min(found)


def _settings(sample_rate_hz: int, reference: Fraction, m: int, n: int, i2s_n: int, i2s_r: int) -> PllSettings:
    clock = reference * i2s_n / i2s_r
    # RM0090 28.4.4: I2SDIV is at least 2
    divider = max(4, round(clock / (_MASTER_CLOCKS * sample_rate_hz)))
    rate = clock / (_MASTER_CLOCKS * divider)
    return PllSettings(abs(rate / sample_rate_hz - 1) * 10**6, 1 / reference, m, n, i2s_n, i2s_r, divider, rate)


def render_settings() -> str:
    """Write the best settings of every source and rate as the port's header ``pll_settings.h``."""
    lines = [
        "/*",
        " * Written by designer/toolchain/clocks.py, which searches all dividers for the smallest error of the sample",
        " * rate; a test compares. Main PLL: source / M * N = 336 MHz. Audio: source / M * I2S_N / I2S_R / (256 *",
        " * DIVIDER).",
        " */",
        "#ifndef PS_STM32F405_PLL_SETTINGS_H",
        "#define PS_STM32F405_PLL_SETTINGS_H",
        "",
        '#include "design.h"',
        "",
        "/* clang-format off */",
    ]
    for rate in SAMPLE_RATES_HZ:
        lines += ["", f"#if PS_SAMPLE_RATE_HZ == {rate}"]
        for source in SOURCES_HZ:
            best = best_settings(source, rate)
            lines += [
                "",
                f"/* {source // 10**6} MHz: {float(best.rate_hz):.3f} Hz, "
                f"{float((best.rate_hz / rate - 1) * 10**6):+.2f} ppm */",
                f"#define PLL_{source // 10**6}_MHZ {{.m = {best.m}, .n = {best.n}, "
                f".i2s_n = {best.i2s_n}, .i2s_r = {best.i2s_r}, .divider = {best.divider}}}",
            ]
        lines += ["", "#endif"]
    return "\n".join([*lines, "", "/* clang-format on */", "", "#endif", ""])
