import numpy as np
import pytest

from benchmarks.integer_minimax import quantise_minimax
from benchmarks.minimax import BandSpec, largest_error, minimax_fir

BANDSTOP = BandSpec(((0.0, 0.24), (0.4, 0.68), (0.84, 1.0)), (1.0, 0.0, 1.0), (1.0, 10.0, 1.0))


def rounded_error(half, scale):
    return largest_error(BANDSTOP, np.floor(np.asarray(half * scale, dtype=float) + 0.5) / scale)


def test_the_published_filter_of_125_taps_and_22_bits():
    # Brisebarre, Filip & Hanrot 2018, D125/22: 4.14e-8 in float, 3.17e-5 rounded, 1.86e-6 after LLL.
    half, least = minimax_fir(BANDSTOP, 63)
    assert least == pytest.approx(4.14e-8, abs=5e-11)
    assert rounded_error(half, 2.0**21) == pytest.approx(3.17e-5, abs=1e-7)
    found = quantise_minimax(BANDSTOP, half, 2.0**21, rounds=2)
    assert found.dtype == np.int64
    assert largest_error(BANDSTOP, found / 2.0**21) < 1.86e-6


@pytest.mark.parametrize("count", [18, 23])
def test_short_filters_gain_and_every_run_gives_the_same_taps(count):
    half, _ = minimax_fir(BANDSTOP, count)
    found = quantise_minimax(BANDSTOP, half, 256.0, rounds=2)
    assert np.array_equal(found, quantise_minimax(BANDSTOP, half, 256.0, rounds=2))
    # Measured 11.4 and 12.4 dB.
    assert 20 * np.log10(rounded_error(half, 256.0) / largest_error(BANDSTOP, found / 256.0)) > 10


def test_it_never_loses_to_rounding():
    half = np.array([64.0, 32.0, 8.0]) / 128
    spec = BandSpec(((0.0, 0.2), (0.6, 1.0)), (1.0, 0.0), (1.0, 1.0))
    found = quantise_minimax(spec, half, 128.0)
    assert largest_error(spec, found / 128.0) <= largest_error(spec, half)
