"""From layout to ears: conventions, coupling of cabinet and head, cost."""

import time

import numpy as np
import pytest
from places import LAYOUTS

from designer.acoustics import equivalent
from designer.acoustics.head import ear_pressure
from designer.acoustics.model import AcousticModel, circle_points_m, ear_plant, field_plant
from designer.acoustics.poses import HeadPoses
from designer.errors import LayoutError
from designer.layout.load import load_layout

ALL = ("front3", "pair2", "cross4", "echo-studio", "bar6")
FREQUENCIES = np.array([100.0, 500.0, 2000.0, 5000.0, 10000.0, 16000.0])


def one_pose(x=0.0, y=0.0, yaw=0.0):
    return HeadPoses(np.array([x]), np.array([y]), np.array([yaw]), np.ones(1))


def test_driver_at_plus_90_degrees_is_on_the_listeners_left():
    layout = load_layout(LAYOUTS / "front3.toml")
    left = layout.driver_names.index("left")
    points = circle_points_m(layout, np.array([60.0, -60.0]))
    assert points[0, 1] > 0 > points[1, 1]
    field = np.abs(field_plant(layout, np.array([2000.0]), points).transfer[0, :, left])
    assert field[0] > 2 * field[1]


@pytest.mark.parametrize("name", ["front3", "bar6"])
def test_left_driver_reaches_the_left_ear_first(name):
    layout = load_layout(LAYOUTS / f"{name}.toml")
    left, right = ear_plant(layout, np.array([400.0]), HeadPoses.nominal()).transfer[0, :, 0 if name == "bar6" else 1]
    assert np.angle(left / right) > 0


def test_head_turned_left_hears_the_cabinet_on_its_right():
    layout = load_layout(LAYOUTS / "front3.toml")
    left, right = np.abs(ear_plant(layout, np.array([3000.0]), one_pose(yaw=np.deg2rad(60))).transfer[0, :, 0])
    assert right > 1.5 * left


def test_points_are_ordered_head_by_head():
    layout = load_layout(LAYOUTS / "front3.toml")
    # Two poses share a centre, in mixed order, so that the grouping by centre is exercised.
    heads = HeadPoses(
        np.array([0.0, 0.05, 0.0]), np.array([0.0, 0.02, 0.0]), np.array([0.1, 0.0, -0.2]), np.ones(3) / 3
    )
    together = ear_plant(layout, FREQUENCIES, heads).transfer
    for i in range(3):
        alone = ear_plant(layout, FREQUENCIES, one_pose(heads.x_m[i], heads.y_m[i], heads.yaw_rad[i])).transfer
        # Both fits of the equivalent sources are within 1 % of the field (test_equivalent.py).
        np.testing.assert_allclose(together[:, 2 * i : 2 * i + 2], alone, atol=0.01)


@pytest.mark.parametrize("name", ["front3", "cross4", "pair2", "bar6"])
def test_mirrored_head_hears_the_mirrored_loudspeaker(name):
    layout = load_layout(LAYOUTS / f"{name}.toml")
    mirror = {"front3": [0, 2, 1], "cross4": [0, 2, 1, 3], "pair2": [1, 0], "bar6": [5, 4, 3, 2, 1, 0]}[name]
    here = ear_plant(layout, FREQUENCIES, one_pose(0.03, 0.04, 0.05)).transfer
    there = ear_plant(layout, FREQUENCIES, one_pose(0.03, -0.04, -0.05)).transfer
    np.testing.assert_allclose(here, there[:, ::-1][:, :, mirror], rtol=1e-6, atol=1e-8)


def test_front_driver_at_the_head_is_a_distant_point_source_at_low_frequency():
    layout = load_layout(LAYOUTS / "front3.toml")
    frequencies = np.array([50.0])
    got = ear_plant(layout, frequencies, HeadPoses.nominal()).transfer[0, 0, 0]
    # Below ka = 0.1 a cap's acoustic centre lies 1.5 radii from the sphere's (statics of a point on a rigid sphere).
    point = ear_pressure(frequencies, np.array([2 - 1.5 * 0.0875]), np.zeros((1, 1)), 0.0875, 343.0)[0, 0, 0]
    assert got == pytest.approx(point, rel=5e-3)


def test_coupling_has_converged(monkeypatch):
    layout = load_layout(LAYOUTS / "echo-studio.toml")
    heads = HeadPoses.from_layout(layout)
    coarse = ear_plant(layout, FREQUENCIES, heads).transfer
    steps = np.linspace(-0.9, 0.9, 5)
    finer = np.array([[0.0, y, z] for y in steps for z in steps if y * y + z * z < 0.95])
    monkeypatch.setattr(equivalent, "_OFFSETS", finer)
    monkeypatch.setattr(equivalent, "_POINTS_PER_AXIS", (4, 9, 5))
    fine = ear_plant(layout, FREQUENCIES, heads).transfer
    error = np.abs(coarse - fine).max(axis=(1, 2)) / np.abs(fine).max(axis=(1, 2))
    assert error[:5].max() < 1e-3
    assert error[5] < 1e-2


@pytest.mark.parametrize("name", ALL)
def test_natural_separation_of_a_small_cabinet_is_small(name):
    # An Echo-sized cabinet at 2 m separates the ears by little more than a decibel up to 2 kHz; a 60 cm bar by a few.
    layout = load_layout(LAYOUTS / f"{name}.toml")
    ears = np.abs(ear_plant(layout, np.array([500.0, 1000.0, 2000.0]), HeadPoses.nominal()).transfer)
    assert np.abs(20 * np.log10(ears[:, 0] / ears[:, 1])).max() < (3.0 if name == "bar6" else 1.5)


def test_plant_of_100_points_and_512_frequencies_takes_well_under_a_second():
    layout = load_layout(LAYOUTS / "echo-studio.toml")
    generator = np.random.default_rng(1)
    heads = HeadPoses(*(0.1 * generator.random((3, 50)) - 0.05), np.full(50, 0.02))
    frequencies = np.linspace(20, 20000, 512)
    begin = time.process_time()
    model = ear_plant(layout, frequencies, heads)
    assert model.transfer.shape == (512, 100, 5)
    assert time.process_time() - begin < 1.0


def test_listener_inside_the_cabinets_reach_is_refused():
    layout = load_layout(LAYOUTS / "front3.toml")
    near = layout.model_copy(update={"listener": layout.listener.model_copy(update={"distance_m": 0.3})})
    with pytest.raises(LayoutError, match=r"listener\.distance_m = 0\.3: .* allowed from 0\.225 m: move the listener"):
        ear_plant(near, FREQUENCIES, HeadPoses.from_layout(near))


def test_field_behind_a_baffle_is_refused():
    layout = load_layout(LAYOUTS / "bar6.toml")
    with pytest.raises(ValueError, match="behind the baffle"):
        field_plant(layout, FREQUENCIES, circle_points_m(layout, np.array([120.0])))


def test_model_checks_its_shapes():
    with pytest.raises(ValueError, match=r"\(F, P, D\)"):
        AcousticModel(FREQUENCIES, np.ones((3, 2, 2), dtype=np.complex128))
    with pytest.raises(ValueError, match="complex128"):
        AcousticModel(FREQUENCIES, np.ones((6, 2, 2)))
    with pytest.raises(ValueError, match="finite"):
        AcousticModel(FREQUENCIES, np.full((6, 2, 2), np.nan + 0j))


def test_near_baffle_is_rayleighs_integral_at_the_ears():
    layout = load_layout(LAYOUTS / "bar6.toml")
    layout = layout.model_copy(update={"listener": layout.listener.model_copy(update={"distance_m": 0.6})})
    frequencies = np.array([1000.0, 5000.0, 10000.0])
    got = ear_plant(layout, frequencies, HeadPoses.nominal()).transfer
    # Discs of 12 rings of equal area, each of 24 point sources, all of them carried to the ears by the head's series.
    ring, angle = np.sqrt((np.arange(12) + 0.5) / 12), 2 * np.pi * np.arange(24) / 24
    disc = np.stack([0 * np.outer(ring, angle), np.outer(ring, np.cos(angle)), np.outer(ring, np.sin(angle))], axis=2)
    for driver in layout.drivers:
        points = np.array([0.6, driver.y_m, driver.z_m or 0.0]) + driver.radius_m * disc.reshape(-1, 3)
        distances = np.linalg.norm(points, axis=1)
        cosines = points[:, 1] / distances
        heard = ear_pressure(frequencies, distances, np.stack([cosines, -cosines], axis=1), 0.0875, 343.0).mean(axis=1)
        # One point with one directivity misses this by 22 % at 10 kHz.
        error = np.abs(got[:, :, driver.channel] - heard).max(axis=1) / np.abs(heard).max(axis=1)
        assert error.max() < 5e-3
