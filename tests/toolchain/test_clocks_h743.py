"""The STM32H743's PLLs: what the port compiles is what the search finds, within the limits of manual and data sheet."""

from fractions import Fraction

import pytest

from designer.toolchain.boards import FIRMWARE_ROOT
from designer.toolchain.clocks_h743 import (
    SAMPLE_RATES_HZ,
    SOURCES_HZ,
    audio_settings,
    core_settings,
    input_range,
    render_settings,
)


def test_the_ports_header_is_what_the_search_finds():
    assert (FIRMWARE_ROOT / "port" / "stm32h743" / "pll_settings.h").read_text() == render_settings()


@pytest.mark.parametrize("source", SOURCES_HZ)
def test_the_core_runs_at_400_and_480_mhz(source):
    pll = core_settings(source)
    reference = Fraction(source, pll.m)
    assert 2_000_000 <= reference <= 16_000_000
    assert [reference * n / 2 for n in pll.n] == [400_000_000, 480_000_000]
    assert all(4 <= n <= 512 for n in pll.n)


@pytest.mark.parametrize("rate", SAMPLE_RATES_HZ)
@pytest.mark.parametrize("source", SOURCES_HZ)
def test_settings_are_allowed_and_give_the_rate(source, rate):
    best = audio_settings(source, rate)
    reference = Fraction(source, best.m)
    vco = reference * (best.n + Fraction(best.fraction, 8192))
    if best.medium:
        assert 1_000_000 <= reference < 2_000_000
        assert 150_000_000 <= vco <= 420_000_000
    else:
        assert 2_000_000 <= reference <= 16_000_000
        assert 192_000_000 <= vco <= 836_000_000
    kernel = vco / best.p
    assert kernel <= 133_000_000
    assert 1 <= best.p <= 128
    assert best.mckdiv == 1 or (best.mckdiv % 2 == 0 and best.mckdiv < 64)
    assert kernel / (256 * best.mckdiv) == best.rate_hz
    assert best.error_ppm == abs(best.rate_hz / rate - 1) * 10**6


@pytest.mark.parametrize("source", SOURCES_HZ)
def test_every_rate_is_closer_than_a_hundredth_of_a_ppm(source):
    for rate in SAMPLE_RATES_HZ:
        assert audio_settings(source, rate).error_ppm < 0.01


def test_48_khz_from_the_st_links_8_mhz_is_exact_without_a_fraction():
    best = audio_settings(8_000_000, 48_000)
    assert (best.error_ppm, best.fraction) == (0, 0)


@pytest.mark.parametrize(("mhz", "field"), [(1, 0), (2, 1), (Fraction(39, 10), 1), (4, 2), (8, 3), (16, 3)])
def test_the_input_range_is_the_manuals(mhz, field):
    assert input_range(Fraction(mhz) * 10**6) == field


def test_a_source_without_a_divider_is_refused():
    with pytest.raises(ValueError, match="no divider makes"):
        core_settings(11_289_600)
