"""Figures over heads of other sizes, against a sphere whose ears lie elsewhere, head by head."""

import numpy as np
import pytest
from places import LAYOUTS

from designer.acoustics.head import ear_pressure
from designer.evaluation.cancellation import evaluate_cancellation
from designer.evaluation.head_spread import EAR_AZIMUTHS_DEG, RADII_M, evaluate_head_spread, head_plants
from designer.evaluation.plant import EvaluationPlant, distant_source
from designer.filters.fitting.design import design_filters
from designer.layout.load import load_layout


@pytest.fixture(scope="module")
def front3():
    layout = load_layout(LAYOUTS / "front3.toml")
    plant = EvaluationPlant.for_layout(layout)
    return layout, plant, design_filters(layout).impulse_responses, head_plants(layout, plant)


def test_every_radius_meets_every_place_of_the_ears(front3):
    layout, _, h, plants = front3
    spread = evaluate_head_spread(layout, h, plants)
    assert len(spread.heads) == len(RADII_M) * len(EAR_AZIMUTHS_DEG) == len(set(spread.heads))
    assert (RADII_M[0], RADII_M[-1], EAR_AZIMUTHS_DEG[0], EAR_AZIMUTHS_DEG[-1]) == (0.075, 0.095, 90.0, 110.0)
    # Larger heads, and ears further back, hear a larger time difference of a real pair.
    itd = np.array(spread.real_pair_itd_us).reshape(3, 3)
    assert (np.diff(itd, axis=0) > 0).all()
    assert (np.diff(itd, axis=1) > 0).all()
    # A smaller head gets less cancellation than the one of the design.
    gain = np.array(spread.left.cancellation_gain_db).reshape(3, 3)
    assert gain[0, 0] < gain[1, 0] - 1


def test_extremes_are_those_of_the_heads(front3):
    layout, _, h, plants = front3
    spread = evaluate_head_spread(layout, h, plants)
    each = np.array([evaluate_cancellation(layout, h, plant).right.cancellation_gain_db for _, plant in plants])
    np.testing.assert_allclose(spread.right.least_gain_db, each.min(axis=0), atol=1e-3)
    np.testing.assert_allclose(spread.right.most_gain_db, each.max(axis=0), atol=1e-3)
    bands = slice(10, 18)  # 1 … 5 kHz
    assert (spread.band_centres_hz[10], spread.band_centres_hz[17]) == (1000.0, 5011.872)
    np.testing.assert_allclose(spread.right.cancellation_gain_db, each[:, bands].mean(axis=1), atol=1e-3)


def test_a_measured_head_is_the_last_and_counts(front3):
    layout, plant, h, plants = front3
    measured = evaluate_cancellation(layout, h, plant)
    spread = evaluate_head_spread(layout, h, plants, measured)
    assert spread.heads[-1] == "KEMAR"
    assert spread.left.ild_db[-1] == measured.left.mean_ild_db
    assert evaluate_head_spread(layout, h, ()) is None


def test_the_head_of_the_design_has_its_figures(front3):
    layout, plant, h, plants = front3
    spread, own = evaluate_head_spread(layout, h, plants), evaluate_cancellation(layout, h, plant)
    place = spread.heads.index("sphere, radius 8.75 cm, ears at 90°")
    # Level and time differences are those of the same nominal head; the gain is a mean over fewer places.
    assert spread.left.ild_db[place] == pytest.approx(own.left.mean_ild_db, abs=1e-3)
    assert spread.right.itd_us[place] == pytest.approx(own.right.itd_us, abs=1e-3)
    assert spread.real_pair_ild_db[place] == own.real_pair_mean_ild_db


def test_a_real_pair_is_heard_with_ears_further_back():
    layout = load_layout(LAYOUTS / "front3.toml")
    f = np.array([700.0, 3000.0])
    # The angles between a source at 30° and ears at ±110°.
    cosines = np.cos(np.deg2rad([[80.0, 140.0]]))
    listener = layout.listener
    expected = ear_pressure(
        f, np.array([listener.distance_m]), cosines, listener.head_radius_m, layout.speed_of_sound_m_per_s
    )[:, 0]
    np.testing.assert_allclose(distant_source(layout, f, 30.0, 110.0), expected, rtol=1e-12)


def test_a_head_that_would_touch_the_cabinet_is_left_out():
    layout = load_layout(LAYOUTS / "pair2.toml")
    near = layout.listener.model_copy(
        update={"distance_m": 0.228, "lateral_span_m": 0.0, "distance_span_m": 0.0, "head_radius_m": 0.0875}
    )
    layout = layout.model_copy(update={"listener": near})
    plant = EvaluationPlant.for_layout(layout)
    assert not any("9.5 cm" in name for name, _ in head_plants(layout, plant))
