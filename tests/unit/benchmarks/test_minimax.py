import numpy as np
import pytest
from scipy.signal import remez

from benchmarks.minimax import BandSpec, largest_error, minimax_fir

LOWPASS = BandSpec(((0.0, 0.4), (0.5, 1.0)), (1.0, 0.0), (1.0, 10.0))


def test_it_agrees_with_another_exchange_where_float64_suffices():
    half, error = minimax_fir(LOWPASS, 18)
    other = remez(35, [0, 0.4, 0.5, 1], [1, 0], weight=[1, 10], fs=2, grid_density=256)
    # The other one searches on a grid: its error is larger by the square of a 256th of a ripple, about 1e-5.
    assert np.asarray(half, dtype=float) == pytest.approx(other[17:], abs=1e-5)
    assert largest_error(LOWPASS, other[17:]) >= error * (1 - 1e-9)


@pytest.mark.parametrize("count", [18, 40, 63])
def test_the_error_alternates_between_equal_extrema(count):
    half, error = minimax_fir(LOWPASS, count)
    grid = LOWPASS.grid(200 * count)
    ripple = grid.weighted_basis(count) @ np.asarray(half, dtype=float) - grid.desired * grid.weight
    # A dense grid misses the top of a ripple by a 1e-4th of it; float64 adds 1e-13 at these weights.
    tops = np.abs(ripple) >= error * 0.999 - 1e-12
    signs = np.sign(ripple[tops])
    assert 1 + np.count_nonzero(np.diff(signs)) >= count + 1
    assert np.abs(ripple).max() <= error * (1 + 1e-9) + 1e-12


def test_the_largest_error_is_found_between_the_points_of_any_grid():
    # One ripple: H = 1 + 2·0.1·cos ω against 1 has its largest error 0.2 at ω = 0, inside of nothing but an edge.
    spec = BandSpec(((0.0, 1.0),), (1.0,), (3.0,))
    assert largest_error(spec, np.array([1.0, 0.1])) == pytest.approx(0.6, rel=1e-15)
    # 2·0.1·cos 3ω reaches 0.2 at ω = π/3, which no grid of this construction holds.
    spec = BandSpec(((0.2, 0.5),), (0.0,), (1.0,))
    assert largest_error(spec, np.array([0.0, 0.0, 0.0, 0.1])) == pytest.approx(0.2, rel=1e-15)


def test_bands_must_rise():
    with pytest.raises(ValueError, match="rising"):
        BandSpec(((0.0, 0.5), (0.4, 1.0)), (1.0, 0.0), (1.0, 1.0))
    with pytest.raises(ValueError, match="above 0"):
        BandSpec(((0.0, 0.4),), (1.0,), (0.0,))
