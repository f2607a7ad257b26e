"""Bands of drivers and of the loudspeaker."""

import numpy as np
from places import LAYOUTS

from designer.acoustics.model import ear_plant
from designer.acoustics.poses import HeadPoses
from designer.filters.bands import availability, role_weights
from designer.filters.stereo.design import design_stereo
from designer.layout.load import load_layout

FREQUENCIES = np.array([20.0, 45.0, 200.0, 1000.0, 5000.0])


def test_weights_are_one_within_the_band_and_fall_outside():
    layout = load_layout(LAYOUTS / "echo-studio.toml")
    weights = role_weights(layout, FREQUENCIES, "crosstalk")
    tweeter, woofer, left = (layout.driver_names.index(name) for name in ("tweeter", "woofer", "left"))
    assert weights[4, tweeter] == weights[1, woofer] == weights[3, left] == 1
    # Two octaves below 180 Hz: 24 · 2²/(2 + 0.5) = 38 dB.
    assert abs(20 * np.log10(weights[1, left]) + 38.4) < 0.1
    assert 20 * np.log10(weights[3, tweeter]) < -15
    assert 20 * np.log10(weights[4, woofer]) < -80


def test_driver_without_the_role_takes_no_part():
    layout = load_layout(LAYOUTS / "front3.toml")
    first = layout.drivers[0].model_copy(update={"roles": ("beamformer",)})
    changed = layout.model_copy(update={"drivers": (first, *layout.drivers[1:])})
    assert not role_weights(changed, FREQUENCIES, "crosstalk")[:, 0].any()
    assert role_weights(changed, FREQUENCIES, "beamformer")[:, 0].all()


def test_availability_covers_the_union_of_bands_and_nothing_more():
    weights = np.array([[1e-3, 1e-4], [1.0, 0.1], [1.0, 1.0]])
    got = availability(weights, np.ones((3, 2)), np.array([10.0, 100.0, 30000.0]))
    np.testing.assert_allclose(got, [1e-3, 1.0, 0.0], rtol=1e-4, atol=1e-12)


def test_drivers_that_are_not_heard_are_not_boosted_without_end():
    sensitivity = np.array([[1.0], [0.5], [1e-3]])
    got = availability(np.ones((3, 1)), sensitivity, np.array([100.0, 1000.0, 10000.0]))
    np.testing.assert_allclose(got[:2], 1, atol=1e-3)
    # Boost is what the channel asks for over what the driver gives: 15 dB at most.
    assert got[2] / sensitivity[2, 0] <= 10 ** (15 / 20)


def with_xmax(name, **xmax_mm):
    layout = load_layout(LAYOUTS / f"{name}.toml")
    drivers = tuple(driver.model_copy(update={"xmax_mm": xmax_mm.get(driver.name)}) for driver in layout.drivers)
    return layout.model_copy(update={"drivers": drivers})


def test_bass_is_shared_by_the_volume_that_drivers_displace():
    layout = with_xmax("front3", left=2.0, front=4.0, right=2.0)
    left, centre = (layout.driver_names.index(name) for name in ("left", "front"))
    ratio = (layout.drivers[left].radius_m / layout.drivers[centre].radius_m) ** 2 * 2.0 / 4.0
    lines = np.array([40.0, 150.0, 300.0, 600.0, 2000.0])
    weights, free = (role_weights(each, lines, "crosstalk") for each in (layout, with_xmax("front3")))
    np.testing.assert_allclose(weights[:, left] / free[:, left], [ratio, ratio, ratio, 1.0, 1.0])
    np.testing.assert_array_equal(weights[:, centre], free[:, centre])


def test_drivers_without_a_limit_of_excursion_count_alike():
    free, one = with_xmax("front3"), with_xmax("front3", front=3.0)
    for role in ("crosstalk", "beamformer"):
        np.testing.assert_array_equal(role_weights(free, FREQUENCIES, role), role_weights(one, FREQUENCIES, role))


def test_a_small_excursion_takes_bass_from_its_driver():
    drives = []
    lines = np.array([60.0, 100.0, 150.0])
    for layout in (with_xmax("front3"), with_xmax("front3", left=1.0, front=8.0, right=1.0)):
        heads = HeadPoses.from_layout(layout)
        found = design_stereo(layout, lines, ear_plant(layout, lines, heads).transfer, heads).response
        drives.append(np.abs(found[:, layout.driver_names.index("left"), 0]))
    assert (drives[1] < 0.6 * drives[0]).all()
