"""The figures of cancellation: what they must not notice, and what they must."""

import numpy as np
import pytest
from anechoic import anechoic
from places import LAYOUTS

from designer.evaluation.cancellation import evaluate_cancellation
from designer.evaluation.plant import EvaluationPlant
from designer.filters.fitting.design import design_filters
from designer.layout.load import load_layout


@pytest.fixture(scope="module")
def front3():
    layout = anechoic(load_layout(LAYOUTS / "front3.toml"))
    return layout, design_filters(layout).impulse_responses, EvaluationPlant.for_layout(layout)


def figure(front3, responses, key="left_cancellation_gain_db"):
    """One figure by its key in scorecard.json."""
    layout, _, plant = front3
    return np.array(evaluate_cancellation(layout, responses, plant).to_json()[key])


def test_gain_and_delay_common_to_all_are_of_no_effect(front3):
    _, h, _ = front3
    moved = 0.1 * np.pad(h, ((0, 0), (0, 0), (37, 5)))
    for key in ("left_cancellation_gain_db", "right_effort_db", "left_timbre_db", "left_itd_us", "right_mean_ild_db"):
        # Figures are rounded to three decimals.
        np.testing.assert_allclose(figure(front3, moved, key), figure(front3, h, key), atol=2e-3)


def test_one_driver_alone_cancels_nothing(front3):
    _, h, _ = front3
    mono = np.zeros_like(h)
    mono[0, :2, 10] = 1.0
    # Both columns equal: what the inverse of the virtual sources makes of it is equal at both ears.
    gain = figure(front3, mono)
    assert np.abs(gain).max() < 1.0
    assert figure(front3, mono, "left_mean_ild_db") == pytest.approx(0, abs=0.1)


def test_exchanged_channels_turn_the_figures_round(front3):
    _, h, _ = front3
    assert figure(front3, h[:, [1, 0, 2]], "left_mean_ild_db") < -5
    assert figure(front3, h[:, [1, 0, 2]], "left_itd_us") < -100


def test_exchanged_drivers_and_reversed_filters_are_seen(front3):
    _, h, _ = front3
    middle = slice(10, 18)
    good = figure(front3, h)[middle]
    assert good.mean() > 12
    assert figure(front3, h[[1, 0, 2]])[middle].mean() < good.mean() - 6
    assert figure(front3, h[:, :, ::-1])[middle].mean() < good.mean() - 6


def test_figures_are_plain_numbers_over_one_row_of_bands(front3):
    layout, h, plant = front3
    figures = evaluate_cancellation(layout, h, plant).to_json()
    lengths = {len(value) for value in figures.values() if isinstance(value, list)}
    assert lengths == {plant.band_centres_hz.size}
    assert all(isinstance(v, float) and np.isfinite(v) for v in figures.values() if not isinstance(v, list))


def test_silence_is_a_number_and_a_wrong_shape_an_error(front3):
    layout, h, plant = front3
    with pytest.raises(ValueError, match="impulse_responses has shape"):
        evaluate_cancellation(layout, h[:2], plant)
    assert np.isfinite(figure(front3, h * 1e-9)).all()


def test_fresh_plant_gives_the_same(front3):
    layout, h, plant = front3
    assert evaluate_cancellation(layout, h) == evaluate_cancellation(layout, h, plant)
