"""Moved heads: what the table and the map say, and that they agree with the evaluation at the nominal place."""

import numpy as np
import pytest
from anechoic import anechoic
from places import LAYOUTS

from designer.evaluation.movement import (
    SHIFTS_M,
    evaluate_head_shift,
    evaluate_sweet_spot,
    mapped_heads,
    shifted_heads,
)
from designer.filters.fitting.design import design_filters
from designer.layout.load import load_layout


@pytest.fixture(scope="module")
def bar6():
    layout = anechoic(load_layout(LAYOUTS / "bar6.toml"))
    h = design_filters(layout).impulse_responses
    return h, evaluate_head_shift(h, shifted_heads(layout)), evaluate_sweet_spot(h, mapped_heads(layout))


def test_shift_to_the_left_costs_the_left_channel(bar6):
    _, table, _ = bar6
    assert table.shift_m == SHIFTS_M
    left = table.left.cancellation_gain_db
    assert left[0] > left[1] > left[2] > left[3]
    assert left[0] == pytest.approx(table.right.cancellation_gain_db[0], abs=0.01)
    assert left[0] > 12


def test_map_is_best_on_the_axis_and_mirror_symmetric(bar6):
    _, table, sweet = bar6
    gain = np.array(sweet.cancellation_gain_db)
    assert gain.shape == (len(sweet.towards_cabinet_m), len(sweet.to_the_left_m)) == (7, 11)
    assert (gain.argmax(axis=1) == 5).all()
    # Rounded to three decimals; symmetric to the rounding of the plant.
    np.testing.assert_allclose(gain, gain[:, ::-1], atol=0.01)
    left, right = np.array(sweet.left_itd_us), np.array(sweet.right_itd_us)
    np.testing.assert_allclose(left, right[:, ::-1], atol=1)
    assert gain[3, 5] == pytest.approx(table.left.cancellation_gain_db[0], abs=0.01)
    assert 0.05 < sweet.width_above_6_db_m < 0.3


def test_plain_stereo_has_no_sweet_spot():
    layout = anechoic(load_layout(LAYOUTS / "pair2.toml"))
    h = np.zeros((2, 3, 8))
    h[0, 0, 0] = h[1, 1, 0] = h[:, 2, 0] = 1.0
    assert evaluate_sweet_spot(h, mapped_heads(layout)).width_above_6_db_m == 0
