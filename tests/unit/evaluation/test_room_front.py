"""Width, depth, zone and loudness along the knob: coarse designs against whole ones, and the advice."""

from dataclasses import replace

import numpy as np
import pytest

from designer.design.build import build_design
from designer.evaluation.listener.direction import azimuth_deg, image
from designer.evaluation.listener.heads import SPHERE
from designer.evaluation.listener.loudness import k_weighting
from designer.evaluation.room import RoomPlant
from designer.evaluation.room_front import KNOB, advice, evaluate_room_front, k_power, steady_width_m, widest_near
from designer.filters.stereo_downmix import downmix_bank
from designer.fixedpoint.dequantised import dequantised_impulse_responses
from designer.layout.shipped import find_layout


def front_of(name, width):
    layout = find_layout(name)
    layout = layout.model_copy(update={"crosstalk": layout.crosstalk.model_copy(update={"width": width})})
    design = build_design(layout)
    tables = dequantised_impulse_responses(design.fixed)
    delay = design.bank.modelling_delay_samples
    return evaluate_room_front(layout, tables, delay, downmix_bank(layout), RoomPlant(layout))


@pytest.fixture(scope="module")
def middle():
    return front_of("front3", 0.5)


def test_a_point_of_the_knob_is_what_its_design_becomes(middle):
    point = middle.points[KNOB.index(0.5)]
    # The error budget of the filters allows 1 dB and some degrees of phase in each band.
    assert middle.chosen.azimuth_deg == pytest.approx(point.azimuth_deg, abs=1.5)
    assert middle.chosen.depth_db == pytest.approx(point.depth_db, abs=1.0)
    assert middle.chosen.loudness_db == pytest.approx(point.loudness_db, abs=1.0)
    assert middle.chosen.zone_m == pytest.approx(point.zone_m, abs=0.05)


def test_the_knob_trades_depth_for_width(middle):
    azimuths = [point.azimuth_deg for point in middle.points]
    depths = [point.depth_db for point in middle.points]
    assert azimuths[0] == pytest.approx(0.0, abs=1.0)
    assert azimuths[0] < azimuths[1] < azimuths[2] < azimuths[3]
    assert (np.diff(depths) < 0).all()
    assert middle.plain.loudness_db == 0.0
    # What the design without a room has: as wide as a real pair, and 10 dB below plain mixing.
    assert middle.anechoic.azimuth_deg == pytest.approx(30.0, abs=4.0)
    assert middle.anechoic.depth_db == pytest.approx(middle.plain.depth_db - 9.8, abs=1.0)


def test_advice_says_what_to_change(middle):
    wide = replace(middle, chosen=middle.anechoic)
    first, second = advice(wide)
    assert first.startswith("In this room, left and right are heard at ±3")
    assert second.startswith("For a nearer sound, set crosstalk.width = 0.")
    assert "louder" in second
    near = replace(middle, chosen=middle.points[1])
    assert advice(near)[1].startswith("For a wider sound, leave out crosstalk.width")
    low = replace(middle.points[0], depth_db=middle.plain.depth_db - 5.0)
    none = replace(wide, points=(low,) * len(KNOB))
    assert advice(none)[1].startswith("No setting of crosstalk.width")


def test_widest_near_point_lies_between_those_that_are_known(middle):
    width, point = widest_near(middle)
    assert middle.plain.depth_db - 4.0 <= point.depth_db < middle.plain.depth_db - 3.0
    index = int(4 * width)
    assert middle.points[index].azimuth_deg <= point.azimuth_deg <= middle.points[index + 1].azimuth_deg


def test_azimuth_is_that_of_the_whole_image():
    random = np.random.default_rng(4)
    common = random.normal(size=6000)
    ears = np.stack([common, np.roll(common, 6) * 0.7])
    assert azimuth_deg(ears, SPHERE) == pytest.approx(image(ears, SPHERE).azimuth_deg, abs=1e-9)
    with pytest.raises(ValueError, match="silent"):
        azimuth_deg(np.zeros((2, 100)), SPHERE)


def test_k_power_is_the_filters_own_response():
    from_table = k_power(np.array([1000.0]))
    sections = k_weighting(48000)
    turn = np.exp(-2j * np.pi * 1000.0 / 48000 * np.arange(3))
    expected = np.prod([abs((s[:3] @ turn) / (s[3:] @ turn)) ** 2 for s in sections])
    assert from_table[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("heard_deg", "width_m"),
    [([0.0, 0.0, 0.0], 0.6), ([20.0, 0.0, 20.0], 0.3), ([20.0, 0.0, 5.0], 0.45), ([80.0, 0.0, 80.0], 0.075)],
)
def test_zone_is_where_the_source_moves_by_at_most_10_degrees(heard_deg, width_m):
    found = steady_width_m(np.array([-0.3, 0.0, 0.3]), np.array(heard_deg))
    # Steps of 1 mm on both sides.
    assert found == pytest.approx(width_m, abs=0.002)
