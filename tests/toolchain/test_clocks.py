"""The PLLs' dividers: what the port compiles is what the search finds, within the limits of the manual."""

from fractions import Fraction

import pytest

from designer.toolchain.boards import FIRMWARE_ROOT
from designer.toolchain.clocks import SAMPLE_RATES_HZ, SOURCES_HZ, best_settings, render_settings


def test_the_ports_header_is_what_the_search_finds():
    assert (FIRMWARE_ROOT / "port" / "stm32f40x" / "pll_settings.h").read_text() == render_settings()


@pytest.mark.parametrize("rate", SAMPLE_RATES_HZ)
@pytest.mark.parametrize("source", SOURCES_HZ)
def test_settings_are_allowed_and_give_the_rate(source, rate):
    best = best_settings(source, rate)
    reference = Fraction(source, best.m)
    assert 1_000_000 <= reference <= 2_000_000
    assert reference * best.n == 336_000_000
    assert 192_000_000 <= reference * best.i2s_n <= 432_000_000
    clock = reference * best.i2s_n / best.i2s_r
    assert clock <= 192_000_000
    assert 2 <= best.i2s_r <= 7
    assert 4 <= best.divider <= 511
    assert clock / (256 * best.divider) == best.rate_hz
    assert best.error_ppm == abs(best.rate_hz / rate - 1) * 10**6


@pytest.mark.parametrize("source", SOURCES_HZ)
def test_48_khz_is_exact_and_the_others_are_close(source):
    assert best_settings(source, 48000).error_ppm == 0
    assert best_settings(source, 44100).error_ppm < 63
    assert best_settings(source, 96000).error_ppm < 187
