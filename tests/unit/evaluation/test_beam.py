"""The figures of the beam against cases with known answers."""

import numpy as np
import pytest
from anechoic import anechoic
from places import LAYOUTS

from designer.acoustics.model import circle_points_m, field_plant
from designer.evaluation.beam import evaluate_beam
from designer.evaluation.plant import EvaluationPlant
from designer.filters.fitting.design import design_filters
from designer.layout.load import load_layout, parse_layout


@pytest.fixture(scope="module")
def bar6():
    layout = anechoic(load_layout(LAYOUTS / "bar6.toml"))
    return layout, EvaluationPlant.for_layout(layout)


def test_one_small_piston_is_flat_all_around_at_low_frequency(bar6):
    layout, plant = bar6
    h = np.zeros((6, 3, 32))
    h[2, 2, 5] = 1.0
    figures = evaluate_beam(layout, h, plant)
    # The inner driver sits 4.5 cm off the centre of a 2 m circle: 0.2 dB of distance.
    assert np.abs(figures.response_90_deg_db[:8]).max() < 0.3
    # One driver alone: 0 dB, less 0.04 m² in distance.
    assert np.abs(figures.white_noise_gain_db[:8]).max() < 0.3


def test_opposed_pair_has_its_null_on_axis_and_not_at_the_sides(bar6):
    layout, plant = bar6
    h = np.zeros((6, 3, 32))
    h[2, 2, 5], h[3, 2, 5] = 1.0, -1.0
    assert min(evaluate_beam(layout, h, plant).response_90_deg_db) > 40


def test_driver_on_the_left_is_louder_on_the_left():
    layout = anechoic(load_layout(LAYOUTS / "front3.toml"))
    h = np.zeros((3, 3, 32))
    h[1, 2, 5] = 1.0
    figures = evaluate_beam(layout, h)
    left, right = np.array(figures.response_45_deg_db), np.array(figures.response_minus_45_deg_db)
    assert (left - right)[10:20].min() > 3


def test_delayed_centre_shows_in_the_arrival():
    layout = anechoic(load_layout(LAYOUTS / "front3.toml"))
    h = design_filters(layout).impulse_responses
    late = h.copy()
    late[:, 2] = np.roll(h[:, 2], 2, axis=1)
    assert evaluate_beam(layout, h).arrival_spread_samples < 0.1
    assert evaluate_beam(layout, late).arrival_spread_samples == pytest.approx(2, abs=0.1)


def elsewhere(lines):
    return anechoic(parse_layout((LAYOUTS / "cross4.toml").read_text() + "\n[beamformer]\n" + lines))


def test_nulls_are_looked_at_where_they_are_asked_for():
    layout = elsewhere("null_azimuths_deg = [-62.0, 62.0]\nlobe_half_width_deg = 32.0")
    figures = evaluate_beam(layout, design_filters(layout).impulse_responses)
    # 20 dB are asked for, and the layout can (its trade names no band); at ±90° this beam is louder than on axis.
    assert min(figures.null_depth_db[6:16]) > 20
    assert max(figures.response_90_deg_db[11:16]) > 0
    # A null that is not asked for is no null: the figure goes back to the sides.
    open_sided = elsewhere("null_azimuths_deg = []")
    figures = evaluate_beam(open_sided, design_filters(open_sided).impulse_responses)
    louder = np.maximum(figures.response_90_deg_db, figures.response_minus_90_deg_db)
    np.testing.assert_allclose(figures.null_depth_db, -louder, atol=2e-3)


def test_edge_of_the_lobe_is_looked_at_wherever_it_lies():
    # Level falls steadily towards the side of a large cabinet's front driver: the ripple is that at the lobe's edge.
    layout = elsewhere("lobe_half_width_deg = 52.0")
    h = np.zeros((4, 3, 32))
    h[layout.driver_names.index("front"), 2, 5] = 1.0
    figures = evaluate_beam(layout, h)
    band = figures.band_centres_hz.index(3981.072)
    assert figures.lobe_ripple_db[band] > -figures.response_45_deg_db[band] + 0.3


def test_levels_over_azimuth_are_compared_with_those_asked_for():
    layout = elsewhere("null_levels_db = [-12.0, -12.0]")
    h = design_filters(layout).impulse_responses
    figures = evaluate_beam(layout, h)
    assert figures.worst_null_level_error_db < 2
    sides = np.stack([figures.response_90_deg_db, figures.response_minus_90_deg_db])
    np.testing.assert_allclose(figures.null_level_error_db, np.abs(sides + 12).max(axis=0), atol=2e-3)
    assert evaluate_beam(elsewhere("null_depth_db = 20.0"), h).null_level_error_db is None


def test_ripple_between_15_degrees_is_seen(bar6):
    layout, plant = bar6
    # All six drivers in phase at 3 kHz: side lobes of an array of 0.5 m, c/(f·d) = 13° apart.
    h = np.zeros((6, 3, 32))
    h[:, 2, 5] = 1.0
    got = evaluate_beam(layout, h, plant)
    azimuths = np.linspace(-45.0, 45.0, 91)
    band = slice(12 * 15, 12 * 16)
    field = field_plant(layout, plant.frequencies_hz[band], circle_points_m(layout, azimuths)).transfer
    power = np.abs(field.sum(axis=2)) ** 2
    level = 10 * np.log10(np.mean(power / power[:, 45:46], axis=0))
    assert got.band_centres_hz[15] == pytest.approx(3162.3, abs=0.1)
    assert got.lobe_ripple_db[15] == pytest.approx(np.ptp(level), abs=1.5)
