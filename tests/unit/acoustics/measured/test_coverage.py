"""What is interpolated, extrapolated or taken from the model, per driver and band."""

import numpy as np
import pytest
from measurements import grid
from true_drivers import LAYOUT, measured_layout

from designer.acoustics.inputs import check_inputs
from designer.acoustics.measured.coverage import coverage, is_between
from designer.acoustics.model import measured_drivers
from designer.errors import LayoutError
from designer.evaluation.measured import measured_figures

BANDS = 10 ** (np.arange(20, 43) / 10)


def directions(azimuths, elevation=0.0):
    azimuths, elevation = np.deg2rad(azimuths), np.deg2rad(elevation)
    plane = np.stack([np.cos(azimuths), np.sin(azimuths)], axis=1) * np.cos(elevation)
    return np.column_stack([plane, np.full(len(azimuths), np.sin(elevation))])


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (directions([0.0, 10.0]), [True, True]),
        (directions([5.0, 55.0]), [True, True]),
        (directions([65.0, -65.0]), [False, False]),
        (directions([5.0], 4.0), [False]),
        (directions([180.0]), [False]),
    ],
    ids=["measured", "between", "beyond", "above", "opposite"],
)
def test_a_direction_is_between_others_if_they_surround_it(asked, expected):
    measured = directions(np.arange(-60.0, 61.0, 10.0))
    gaps = np.rad2deg(np.arccos(np.clip((asked @ measured.T).max(axis=1), -1, 1)))
    assert is_between(measured, asked, gaps).tolist() == expected


def test_a_whole_grid_is_interpolated_in_its_band(tmp_path):
    found = measured_figures(measured_layout(tmp_path), BANDS)
    assert [each.driver for each in found] == [driver.name for driver in LAYOUT.drivers]
    for each in found:
        heard = np.array(each.band_centres_hz) < 10000
        assert np.all(np.array(each.ears.interpolated)[heard] == 100)
        assert np.all(np.array(each.around.interpolated)[heard] == 100)


def test_parts_of_a_front_grid_are_told(tmp_path):
    angles = grid(10.0, lambda p: p[0] <= 60 or p[0] >= 300)
    layout = measured_layout(tmp_path, angles_deg=angles, keys={"complete": True, "from_hz": 500.0})
    each = measured_figures(layout, BANDS)[1]
    low, high = BANDS < 240, (BANDS > 510) & (BANDS < 10000)
    for part in (each.ears, each.around):
        total = np.sum([part.interpolated, part.extrapolated, part.model], axis=0)
        assert total == pytest.approx(100, abs=0.2)
        assert np.all(np.array(part.model)[low] == 100)
    assert np.all(np.array(each.ears.interpolated)[high] == 100)
    # 17 of 49 directions of the ring lie within 60° of the front.  25° beyond count whole, 25° more less and less.
    assert np.array(each.around.interpolated)[high] == pytest.approx(100 * 17 / 49, abs=0.1)
    assert np.all(np.array(each.around.extrapolated)[high] > 5)
    assert np.all(np.array(each.around.model)[high] > 30)


def test_noise_is_told_as_the_models_part(tmp_path):
    rng = np.random.default_rng(1)

    def disturb(driver, data):
        return data + 0.01 * np.abs(data).max() * rng.standard_normal(data.shape)

    with pytest.warns(UserWarning, match="noise within"):
        found = measured_drivers(measured_layout(tmp_path, disturb))
    _, _, model = coverage(found[1], BANDS, directions(np.arange(0, 360, 15.0)))
    # The back is as quiet as the noise; the front is not.
    assert np.all(model[(BANDS > 300) & (BANDS < 8000)] > 0.25)


def test_check_refuses_directions_that_the_layout_needs(tmp_path):
    angles = grid(10.0, lambda p: p[0] <= 60 or p[0] >= 300)
    told = []
    with pytest.raises(LayoutError, match="driver 'front', measured: nothing within 25° of azimuth"):
        check_inputs(measured_layout(tmp_path, angles_deg=angles), told.append)
    assert told == [f"reading the measurement of driver '{driver.name}'" for driver in LAYOUT.drivers]
