"""Virtual sources against the sphere's known time and level differences."""

from pathlib import Path

import numpy as np
import pytest
from anechoic import anechoic_layout
from measurements import write_sphere_head
from shipped import anechoic_design

from designer.acoustics.head import ear_pressure
from designer.design.build import build_design
from designer.errors import LayoutError
from designer.evaluation.cancellation import evaluate_cancellation
from designer.filters.stereo.virtualisation import (
    contralateral_filter,
    contralateral_shape,
    target_matrix,
    virtualisation_matrix,
)
from designer.layout.load import parse_layout

KEMAR = Path("/usr/share/libmysofa/MIT_KEMAR_normal_pinna.sofa")

A, C = 0.0875, 343.0


def test_tonal_balance_at_zero_frequency_and_for_a_source_in_front():
    frequencies = np.array([0.0, 500.0, 10000.0])
    assert contralateral_filter(frequencies, 30.0, A, C)[0] == 1
    np.testing.assert_allclose(contralateral_filter(frequencies, 0.0, A, C), 1)


def sphere_ratio(frequencies, azimuth, distance_m=20.0):
    """Contralateral over ipsilateral pressure of the rigid sphere, by default with the source far away."""
    cosines = np.cos(np.deg2rad([[90 - azimuth, 90 + azimuth]]))
    ears = ear_pressure(frequencies, np.array([distance_m]), cosines, A, C)[:, 0]
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


def meant_for(layout, path, **keys):
    wanted = layout.virtualisation.model_copy(update={"hrtf": str(path), **keys})
    return layout.model_copy(update={"virtualisation": wanted})


@pytest.mark.parametrize("azimuth", [20.0, 30.0, 60.0])
def test_a_measured_sphere_asks_for_what_the_sphere_does(azimuth, tmp_path):
    write_sphere_head(tmp_path / "sphere.sofa", 5.0)
    layout = meant_for(anechoic_layout("front3"), tmp_path / "sphere.sofa", azimuth_deg=azimuth)
    frequencies = np.linspace(500, 1500, 60)
    found = target_matrix(layout, frequencies)
    np.testing.assert_array_equal(found[:, 0, 1], found[:, 1, 0])
    np.testing.assert_array_equal(found[:, 0, 0], 1)
    omega = 2 * np.pi * frequencies
    delays = [
        -1e6 * np.sum(omega * np.unwrap(np.angle(ratio))) / np.sum(omega**2)
        for ratio in (sphere_ratio(frequencies, azimuth, 1.5), found[:, 1, 0])
    ]
    # Smoothing over a third of an octave turns the phase where the delay is not constant over it: 2 % of 500 µs.
    assert abs(delays[0] - delays[1]) < 10
    high = np.geomspace(1500, 6000, 60)
    levels = [
        np.mean(20 * np.log10(np.abs(ratio)))
        for ratio in (sphere_ratio(high, azimuth, 1.5), target_matrix(layout, high)[:, 1, 0])
    ]
    assert levels[1] == pytest.approx(levels[0], abs=0.3)


def test_nothing_is_asked_for_where_measurements_say_nothing(tmp_path):
    write_sphere_head(tmp_path / "sphere.sofa", 15.0)
    layout = meant_for(anechoic_layout("front3"), tmp_path / "sphere.sofa")
    np.testing.assert_allclose(np.abs(target_matrix(layout, np.array([0.0, 50.0, 100.0]))[:, 0, 1]), 1.0)


@pytest.mark.skipif(not KEMAR.is_file(), reason="needs Debian's libmysofa1: make setup")
def test_a_design_for_kemar_aims_at_kemars_own_differences():
    layout = meant_for(anechoic_layout("front3"), KEMAR)
    found = build_design(layout)
    figures = evaluate_cancellation(layout, found.bank.impulse_responses)
    plain = evaluate_cancellation(anechoic_layout("front3"), anechoic_design("front3").bank.impulse_responses)
    heard = evaluate_cancellation(
        layout.model_copy(update={"listener": layout.listener.model_copy(update={"hrtf": str(KEMAR)})}),
        found.bank.impulse_responses,
    )
    # What a real pair in the place of the virtual one gives to that head is what is asked for.
    assert figures.target_itd_us == pytest.approx(heard.real_pair_itd_us, abs=10)
    assert figures.target_mean_ild_db == pytest.approx(heard.real_pair_mean_ild_db, abs=0.5)
    assert figures.target_mean_ild_db != pytest.approx(plain.target_mean_ild_db, abs=0.5)
    assert abs(figures.left.mean_ild_db - figures.target_mean_ild_db) < 3


def test_the_file_lies_beside_the_layout_and_is_missed_by_name(tmp_path):
    text = (
        'name = "a"\ncabinet = { shape = "sphere", radius_m = 0.09 }\nvirtualisation = { hrtf = "mine.sofa" }\n'
        'driver = [{ name = "l", channel = 0, radius_m = 0.02, azimuth_deg = 30.0 },\n'
        '{ name = "r", channel = 1, radius_m = 0.02, azimuth_deg = -30.0 }]\n'
    )
    layout = parse_layout(text, directory=tmp_path)
    assert layout.virtualisation.hrtf == (tmp_path / "mine.sofa").as_posix()
    with pytest.raises(LayoutError, match=r"mine\.sofa': no such file"):
        target_matrix(layout, np.array([1000.0]))
