"""The third comparison: which figures are compared, how far they may differ, and that none is passed over."""

import json
import math
from types import SimpleNamespace

import pytest

from designer.regression.compare_acoustics import AcousticDeviation, compare_acoustics


def figures(**values):
    return SimpleNamespace(to_json=lambda: values)


def compared(board, design):
    return {d.figure: d for d in compare_acoustics(figures(**board), figures(**design))}


@pytest.mark.parametrize(("figure", "allowed"), [("gain_db", 0.2), ("itd_us", 5.0), ("azimuth_deg", 0.5)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_figure_may_differ_by_what_nobody_hears_and_no_more(figure, allowed, sign):
    near, far = sign * allowed, sign * math.nextafter(allowed, 100)
    (found,) = compared({figure: near}, {figure: 0.0}).values()
    assert found == AcousticDeviation(figure, near, 0.0, allowed)
    assert found.passed
    assert not compared({figure: far}, {figure: 0.0})[figure].passed


def test_what_counts_is_the_difference_of_both():
    assert compared({"gain_db": 10.1}, {"gain_db": 10.0})["gain_db"].passed
    assert not compared({"gain_db": 10.0}, {"gain_db": 10.3})["gain_db"].passed
    assert not compared({"gain_db": -10.0}, {"gain_db": 10.0})["gain_db"].passed


def test_below_the_floor_of_a_null_levels_may_differ():
    assert AcousticDeviation("null_db", -60.0, -40.1, 0.2).passed
    assert AcousticDeviation("null_db", -40.1, -60.0, 0.2).passed
    # The floor itself is no null, one side is not enough, and only levels have it.
    assert not AcousticDeviation("null_db", -60.0, -40.0, 0.2).passed
    assert not AcousticDeviation("null_db", -40.0, -60.0, 0.2).passed
    assert not AcousticDeviation("itd_us", -60.0, -50.0, 5.0).passed
    assert not AcousticDeviation("curve_db[3]", -60.0, -50.0, 0.2).passed


def test_every_value_of_a_tree_is_compared_under_its_path():
    tree = {
        "beam": {"null_depth_db": [1.0, 2.0], "poses": [{"itd_us": 3.0}], "bands": [4.0], "taps_db": 5},
        "target_db": 6.0,
        "common_us": 7.0,
        "effort_ratio": 8.0,
        "yaw_deg": 9.0,
    }
    found = compared(tree, tree)
    assert {name: (d.board, d.allowed) for name, d in found.items()} == {
        "beam.null_depth_db[0]": (1.0, 0.2),
        "beam.null_depth_db[1]": (2.0, 0.2),
        "beam.poses[0].itd_us": (3.0, 5.0),
        "yaw_deg": (9.0, 0.5),
    }
    assert all(d.passed for d in found.values())


def test_board_and_design_keep_their_places():
    (found,) = compared({"gain_db": 1.0}, {"gain_db": 2.0}).values()
    assert (found.board, found.design) == (1.0, 2.0)


@pytest.mark.parametrize("missing", [{}, {"gain_db": None}, {"gain_db": math.nan}])
def test_a_figure_that_one_side_lacks_does_not_pass(missing):
    for board, design in ((missing, {"gain_db": -50.0}), ({"gain_db": -50.0}, missing)):
        found = compared(board, design)["gain_db"]
        assert not found.passed
        assert {type(found.to_dict()["board"]), type(found.to_dict()["design"])} == {float, type(None)}


def test_a_curve_that_is_shorter_on_the_board_does_not_pass():
    found = compared({"gain_db": [1.0]}, {"gain_db": [1.0, 2.0]})
    assert [d.passed for d in found.values()] == [True, False]


def test_silence_is_a_level():
    silent = -math.inf
    assert compared({"null_db": silent}, {"null_db": -50.0})["null_db"].passed
    assert compared({"curve_db": [silent]}, {"curve_db": [silent]})["curve_db[0]"].passed
    lost = compared({"gain_db": silent}, {"gain_db": 3.0})["gain_db"]
    assert not lost.passed
    plain = {"figure": "gain_db", "board": None, "design": 3.0, "allowed": 0.2, "passed": False}
    assert json.loads(json.dumps(lost.to_dict(), allow_nan=False)) == plain
