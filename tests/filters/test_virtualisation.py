"""Virtual sources against the sphere's known time and level differences."""

import numpy as np
import pytest

from designer.acoustics.head import ear_pressure
from designer.filters.virtualisation import contralateral_filter, contralateral_shape, virtualisation_matrix

A, C = 0.0875, 343.0


def test_tonal_balance_at_zero_frequency_and_for_a_source_in_front():
    frequencies = np.array([0.0, 500.0, 10000.0])
    assert contralateral_filter(frequencies, 30.0, A, C)[0] == 1
    np.testing.assert_allclose(contralateral_filter(frequencies, 0.0, A, C), 1)


def sphere_ratio(frequencies, azimuth):
    """Contralateral over ipsilateral pressure of the rigid sphere, source far away."""
    cosines = np.cos(np.deg2rad([[90 - azimuth, 90 + azimuth]]))
    ears = ear_pressure(frequencies, np.array([20.0]), cosines, A, C)[:, 0]
    return ears[:, 1] / ears[:, 0]


@pytest.mark.parametrize("azimuth", [5.0, 15.0, 30.0, 45.0, 60.0, 75.0, 90.0])
def test_time_difference_is_the_spheres(azimuth):
    frequencies = np.linspace(500, 1500, 60)
    omega = 2 * np.pi * frequencies
    delays = [
        -1e6 * np.sum(omega * np.unwrap(np.angle(ratio))) / np.sum(omega**2)
        for ratio in (sphere_ratio(frequencies, azimuth), contralateral_filter(frequencies, azimuth, A, C))
    ]
    # What the fit states; up to 60° no more than what is just noticeable.
    assert abs(delays[0] - delays[1]) < (10 if azimuth <= 60 else 15)


@pytest.mark.parametrize("azimuth", [5.0, 15.0, 30.0, 45.0, 60.0, 75.0, 90.0])
def test_level_difference_is_the_spheres(azimuth):
    frequencies = np.geomspace(1500, 6000, 60)
    levels = [
        -20 * np.mean(np.log10(np.abs(ratio)))
        for ratio in (sphere_ratio(frequencies, azimuth), contralateral_filter(frequencies, azimuth, A, C))
    ]
    assert abs(levels[0] - levels[1]) < (0.4 if azimuth <= 60 else 1.2)


def test_filter_is_stable_and_never_amplifies_at_any_angle():
    frequencies = np.linspace(0, 24000, 500)
    for azimuth in np.arange(0.0, 90.5, 2.5):
        zero, pole, delay = contralateral_shape(azimuth)
        assert pole > 0
        assert delay >= 0
        assert abs(zero) < pole or azimuth == 0
        assert np.abs(contralateral_filter(frequencies, azimuth, A, C)).max() <= 1 + 1e-12


def test_matrix_is_symmetric_with_an_all_pass_diagonal():
    matrix = virtualisation_matrix(np.array([300.0, 3000.0]), 30.0, A, C)
    np.testing.assert_array_equal(matrix[:, 0, 0], 1)
    np.testing.assert_array_equal(matrix, matrix.transpose(0, 2, 1))
    assert np.abs(matrix[1, 1, 0]) < np.abs(matrix[0, 1, 0]) < 1
    np.testing.assert_array_equal(
        contralateral_filter(np.array([700.0]), -30.0, A, C), contralateral_filter(np.array([700.0]), 30.0, A, C)
    )


def test_beyond_the_side_is_refused():
    with pytest.raises(ValueError, match="azimuth_deg = 91: allowed is"):
        contralateral_filter(np.array([100.0]), 91.0, A, C)
