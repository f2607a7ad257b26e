"""The listening zone: its width by hand, and that of a single real loudspeaker."""

import numpy as np
import pytest

from designer.evaluation.listener.heads import SPHERE
from designer.evaluation.listener.systems import real_pair
from designer.evaluation.listener.zone import heard_in_zone, listening_zone, zone_places, zone_width_m


def test_width_is_interpolated_around_the_middle():
    y = np.linspace(-0.5, 0.5, 11)
    # Reaches 1 at ±0.25 m.
    assert zone_width_m(y, np.abs(y) / 0.25) == pytest.approx(0.5, abs=0.002)
    assert zone_width_m(y, np.full(11, 0.5)) == pytest.approx(1.0)
    assert zone_width_m(y, np.full(11, 1.5)) == 0.0


def test_what_is_beyond_a_gap_does_not_count():
    y = np.linspace(-0.5, 0.5, 11)
    excess = np.where(np.abs(np.abs(y) - 0.2) < 0.05, 3.0, 0.0)
    assert zone_width_m(y, excess) < 0.3


def test_places_hold_the_nominal_one_and_turns_of_the_head():
    places = zone_places(SPHERE)
    nominal = (places.x_m == 0) & (np.abs(places.y_m) < 1e-12) & (places.yaw_rad == 0)
    assert nominal.sum() == 1
    assert np.abs(places.y_m).max() == pytest.approx(0.5)
    assert np.rad2deg(np.abs(places.yaw_rad)).max() == pytest.approx(20.0)


def test_a_real_pair_keeps_its_sides_everywhere_and_its_middle_in_the_middle():
    pair = real_pair(2.0)
    zone = listening_zone(pair, heard_in_zone(pair.loudspeakers, None, SPHERE), 2.0)
    y, turned = np.array(zone.to_the_left_m), np.array(zone.turned_deg)
    row = (np.array(zone.towards_m) == 0) & (turned == 0)
    # Each loudspeaker alone is a real source: its azimuth as seen from the place.
    wanted = np.rad2deg(np.arctan2(1.0 - y[row], 2 * np.cos(np.pi / 6)))
    np.testing.assert_allclose(np.array(zone.left_deg)[row], wanted, atol=3)
    # Nearer to one of them, the middle is heard there (precedence), so the zone is narrow: 1° for each 2 cm or so.
    centre = np.array(zone.centre_deg)[row]
    assert centre[0] < centre[y[row].size // 2] < centre[-1]
    assert 0 < zone.width_m < 0.3
    # What is turned is the head, not the sound.
    np.testing.assert_allclose(np.array(zone.left_deg)[turned != 0], 30.0, atol=4)
