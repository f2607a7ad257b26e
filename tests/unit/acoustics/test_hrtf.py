"""A measured head in the place of the sphere: MIT's KEMAR as Debian ships it (Gardner & Martin, MIT Media Lab)."""

from pathlib import Path

import numpy as np
import pytest
from measurements import write_sphere_head

from designer.acoustics.head import ear_pressure
from designer.acoustics.hrtf import load_head
from designer.acoustics.model import ear_plant
from designer.acoustics.poses import HeadPoses
from designer.errors import LayoutError
from designer.layout.shipped import find_layout

KEMAR = Path("/usr/share/libmysofa/MIT_KEMAR_normal_pinna.sofa")
SPEED, RADIUS = 343.0, 0.0875
needs_kemar = pytest.mark.skipif(not KEMAR.is_file(), reason="needs Debian's libmysofa1: make setup")


def directions(azimuths_deg):
    azimuths = np.deg2rad(np.asarray(azimuths_deg, dtype=float))
    return np.stack([np.cos(azimuths), np.sin(azimuths), np.zeros_like(azimuths)], axis=1)


def test_between_measured_directions_the_ears_differ_as_on_the_sphere(tmp_path):
    write_sphere_head(tmp_path / "sphere.sofa", 5.0)
    head = load_head(tmp_path / "sphere.sofa")
    lines = np.geomspace(300, 8000, 60)
    asked = directions([2.5, 12.5, 32.5, 57.5, -22.5])
    found = head.pressure(lines, asked)
    cosines = np.stack([asked[:, 1], -asked[:, 1]], axis=1)
    truth = ear_pressure(lines, np.full(len(asked), 1.5), cosines, RADIUS, SPEED)
    ratio = (found[..., 0] / found[..., 1]) / (truth[..., 0] / truth[..., 1])
    # 2.5° to bridge: half a decibel and 0.06 rad at the shadowed ear, where the pattern is finest.
    assert np.abs(20 * np.log10(np.abs(ratio))).max() < 0.5
    assert np.abs(np.angle(ratio)).max() < 0.06


def test_front_arrives_with_the_centre_of_the_head(tmp_path):
    write_sphere_head(tmp_path / "sphere.sofa", 10.0)
    front = load_head(tmp_path / "sphere.sofa").pressure(np.geomspace(500, 1500, 20), directions([0.0]))[:, 0]
    assert np.abs(np.angle(front)).max() < 0.15


def test_a_direction_far_from_all_measured_ones_is_refused(tmp_path):
    write_sphere_head(tmp_path / "sphere.sofa", 10.0)
    with pytest.raises(LayoutError, match=r"nothing was measured within 25°.*elevation \+90°"):
        load_head(tmp_path / "sphere.sofa").pressure(np.array([1000.0]), np.array([[0.0, 0.0, 1.0]]))


def test_a_missing_file_is_refused():
    with pytest.raises(LayoutError, match="no such file"):
        load_head(Path("nowhere.sofa"))


@needs_kemar
def test_left_is_left():
    heard = np.abs(load_head(KEMAR).pressure(np.geomspace(1500, 6000, 40), directions([60.0, -60.0]))) ** 2
    left, right = 10 * np.log10(heard[:, :, 0].mean(axis=0) / heard[:, :, 1].mean(axis=0))
    assert left > 6 > -6 > right


@needs_kemar
def test_diffuse_field_is_flat():
    head = load_head(KEMAR)
    lines = np.geomspace(300, 12000, 50)
    power = np.abs(head.pressure(lines, head.data.directions[head.data.directions[:, 2] > -0.5])) ** 2
    level = 10 * np.log10(power.mean(axis=(1, 2)))
    assert np.ptp(level) < 3


@needs_kemar
def test_plant_has_the_measured_head_in_the_place_of_the_sphere():
    layout = find_layout("front3")
    lines = np.geomspace(300, 4000, 30)
    measured = layout.model_copy(update={"listener": layout.listener.model_copy(update={"hrtf": str(KEMAR)})})
    sphere, kemar = (ear_plant(which, lines, HeadPoses.nominal()).transfer for which in (layout, measured))
    # Both are heads: alike but for the pinna, whose frontal response lies up to 5 dB from its diffuse average.
    assert np.abs(20 * np.log10(np.abs(kemar / sphere).mean(axis=(1, 2)))).max() < 6
    low = lines < 1000
    assert np.abs(np.angle(kemar[low, :, 0] / sphere[low, :, 0])).max() < 0.35
    # Facing the other way swaps nothing but the ears: the right driver is nearer to the right ear.
    turned = ear_plant(measured, lines, HeadPoses(np.zeros(1), np.zeros(1), np.array([0.5]), np.ones(1))).transfer
    # The nose turned to the left brings the right ear forward: it hears the front driver louder.
    level = 20 * np.log10(np.abs(turned[lines > 1500]).mean(axis=0))
    assert level[1, 0] > level[0, 0] + 3
