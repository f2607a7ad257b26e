"""The beam: unit response on axis, nulls, floor of the white-noise gain; and the physics behind its limits."""

import numpy as np
import pytest
from anechoic import anechoic
from places import LAYOUTS

from designer.acoustics.model import circle_points_m, field_plant
from designer.acoustics.sphere import cap_field
from designer.errors import LayoutError
from designer.filters.beam.design import beam_share, design_beam
from designer.filters.reference import reference_pressure
from designer.layout.load import load_layout

ALL = ("front3", "pair2", "cross4", "echo-studio", "bar6")
FREQUENCIES = np.geomspace(40, 16000, 90)


def pattern(layout, frequencies, weights, azimuths_deg):
    """Response re the ideal source: (F, A)."""
    plant = field_plant(layout, frequencies, circle_points_m(layout, np.array(azimuths_deg, dtype=float)))
    return (plant.transfer @ weights[:, :, None])[..., 0] / reference_pressure(layout, frequencies)[:, None]


def test_exact_side_null_of_front_and_two_sides_bends_the_lobe_as_physics_says():
    # Front + two equal sides have one degree of freedom, R = −H_F(90°)/(H_L(90°) + H_R(90°)).  The level at 45° that
    # is left is known: −3.2 dB at 200 Hz, −4.5 at 500 Hz, 0 at 1.5 kHz, +8.5 at 2 kHz.
    # Far field, 51 mm caps on a 17.5 cm sphere; near 2 kHz the side drivers' denominator passes close to zero.
    frequencies = np.array([200.0, 500.0, 1500.0, 2000.0])
    azimuths = np.deg2rad([0.0, 45.0, 90.0])
    points = 1000 * np.stack([-np.cos(azimuths), np.sin(azimuths), 0 * azimuths], axis=1)
    axes = np.array([[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, -1.0, 0.0]])
    field = cap_field(frequencies, points, axes, np.full(3, 0.0255), 0.0875, 343.0)
    ratio = -field[:, 2, 0] / (field[:, 2, 1] + field[:, 2, 2])
    response = field[:, :, 0] + ratio[:, None] * (field[:, :, 1] + field[:, :, 2])
    level = 20 * np.log10(np.abs(response[:, 1] / response[:, 0]))
    # The known values carry one decimal.
    np.testing.assert_allclose(level, [-3.2, -4.5, 0.0, 8.5], atol=0.06)


@pytest.mark.parametrize("name", ALL)
def test_response_on_axis_is_one_in_level_and_phase(name):
    layout = anechoic(load_layout(LAYOUTS / f"{name}.toml"))
    beam = design_beam(layout, FREQUENCIES)
    response = pattern(layout, FREQUENCIES, beam.weights, [0])[:, 0]
    # 15 dB limit of boost: within 0.01 dB where some driver is within 9 dB of its low-frequency level on axis.
    np.testing.assert_allclose(response, 1, atol=5e-3)


@pytest.mark.parametrize("name", ALL)
def test_white_noise_gain_keeps_its_floor(name):
    layout = anechoic(load_layout(LAYOUTS / f"{name}.toml"))
    within = FREQUENCIES[beam_share(layout, FREQUENCIES) == 1]
    beam = design_beam(layout, within)
    assert beam.white_noise_gain_db.min() >= layout.beamformer.white_noise_gain_floor_db - 0.01


@pytest.mark.parametrize(
    ("name", "depth_db"), [("cross4", 40.0), ("front3", 15.0), ("echo-studio", 15.0), ("bar6", 20.0)]
)
def test_sides_are_quiet_in_the_midrange(name, depth_db):
    layout = anechoic(load_layout(LAYOUTS / f"{name}.toml"))
    frequencies = np.geomspace(400, 3500, 60)
    sides = np.abs(pattern(layout, frequencies, design_beam(layout, frequencies).weights, [90, -90])) ** 2
    assert (-10 * np.log10(sides.mean(axis=0)) > depth_db).all()


def test_rear_driver_lets_the_lobe_be_flat_between_exact_nulls():
    layout = anechoic(load_layout(LAYOUTS / "cross4.toml"))
    frequencies = np.geomspace(400, 2500, 40)
    response = pattern(layout, frequencies, design_beam(layout, frequencies).weights, np.arange(-45, 46, 15))
    assert np.ptp(20 * np.log10(np.abs(response)), axis=1).max() < 2.0


@pytest.mark.parametrize("floor_db", [2.0, 4.0, 6.0])
def test_floor_is_met_exactly_where_it_binds(floor_db):
    # At 320 Hz the bar is a sixth of a wavelength per driver pair: any floor that is asked for is reached.
    layout = anechoic(load_layout(LAYOUTS / "bar6.toml"))
    beamformer = layout.beamformer.model_copy(update={"white_noise_gain_floor_db": floor_db})
    beam = design_beam(layout.model_copy(update={"beamformer": beamformer}), np.array([320.0]))
    assert beam.white_noise_gain_db[0] == pytest.approx(floor_db, abs=0.01)


def test_drivers_out_of_band_stay_silent():
    layout = anechoic(load_layout(LAYOUTS / "echo-studio.toml"))
    weights = np.abs(design_beam(layout, np.array([60.0, 1000.0])).weights)
    woofer = layout.driver_names.index("woofer")
    assert weights[0, woofer] > 0.9
    assert np.delete(weights[0], woofer).max() < 0.05
    assert weights[1, woofer] < 0.01


def test_share_fades_over_half_an_octave():
    layout = anechoic(load_layout(LAYOUTS / "front3.toml"))
    low, high = layout.beamformer.band_hz
    got = beam_share(layout, np.array([low / 2, low / 2**0.25, low, 1000.0, high, high * 2**0.25, 2 * high]))
    np.testing.assert_allclose(got, [0, 0.5, 1, 1, 1, 0.5, 0], atol=1e-12)


def test_nulls_where_there_is_no_field_or_on_axis_are_refused():
    layout = anechoic(load_layout(LAYOUTS / "bar6.toml"))
    for azimuth, message in ((120.0, "behind the baffle"), (2.0, "within 5° of the axis")):
        beamformer = layout.beamformer.model_copy(update={"null_azimuths_deg": (azimuth,)})
        with pytest.raises(LayoutError, match=message):
            design_beam(layout.model_copy(update={"beamformer": beamformer}), FREQUENCIES)
