"""The ensemble of head poses."""

import numpy as np
import pytest
from places import LAYOUTS

from designer.acoustics.poses import HeadPoses
from designer.layout.load import load_layout


def test_ensemble_has_the_moments_of_a_uniform_head():
    layout = load_layout(LAYOUTS / "front3.toml")
    heads, spans = HeadPoses.from_layout(layout), layout.listener
    for values, span in (
        (heads.y_m, spans.lateral_span_m),
        (heads.x_m, spans.distance_span_m),
        (heads.yaw_rad, np.deg2rad(spans.yaw_span_deg)),
    ):
        assert heads.weight @ values == pytest.approx(0, abs=1e-15)
        assert heads.weight @ values**2 == pytest.approx(span**2 / 3)
        assert np.abs(values).max() < span
    assert heads.weight.sum() == pytest.approx(1)


def test_nominal_head_is_part_of_it():
    heads = HeadPoses.from_layout(load_layout(LAYOUTS / "front3.toml"))
    nominal = heads.nominal_index
    assert abs(heads.x_m[nominal]) + abs(heads.y_m[nominal]) + abs(heads.yaw_rad[nominal]) < 1e-15


def test_spans_of_zero_leave_one_pose():
    layout = load_layout(LAYOUTS / "front3.toml")
    still = layout.listener.model_copy(update={"lateral_span_m": 0.0, "distance_span_m": 0.0, "yaw_span_deg": 0.0})
    assert HeadPoses.from_layout(layout.model_copy(update={"listener": still})).weight.tolist() == [1.0]


def test_left_ear_of_a_head_turned_left_moves_away_from_the_cabinet():
    heads = HeadPoses(np.zeros(1), np.zeros(1), np.array([np.deg2rad(30)]), np.ones(1))
    np.testing.assert_allclose(heads.ear_directions()[0, 0], [-0.5, np.sqrt(0.75), 0], atol=1e-12)
    np.testing.assert_allclose(heads.ear_directions()[0, 1], [0.5, -np.sqrt(0.75), 0], atol=1e-12)


def test_wrong_shapes_and_weights_are_refused():
    with pytest.raises(ValueError, match="shapes"):
        HeadPoses(np.zeros(2), np.zeros(2), np.zeros(1), np.ones(2) / 2)
    with pytest.raises(ValueError, match="sum is 1"):
        HeadPoses(np.zeros(2), np.zeros(2), np.zeros(2), np.ones(2))
