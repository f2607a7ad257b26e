"""Radiated power: against the directivity that the room figures are made of, and against forms known by hand."""

import numpy as np
import pytest
from measurements import grid, responses, write_directivity
from places import LAYOUTS
from scipy.special import j0

from designer.acoustics.baffle import bessel_j0
from designer.acoustics.diffuse import ear_diffuse_gain, radiation_covariance
from designer.acoustics.head import ear_pressure
from designer.acoustics.model import cabinet_centre_m, field_plant
from designer.acoustics.spherical_harmonics import quadrature
from designer.evaluation.room import RoomPlant
from designer.layout.load import load_layout
from designer.layout.sections import Measured

SPEED = 343.0


@pytest.mark.parametrize("name", ["front3", "cross4", "echo-studio", "pair2", "bar6"])
def test_covariance_is_the_mean_over_the_loudspeakers_own_far_field(name):
    layout = load_layout(LAYOUTS / f"{name}.toml")
    plant = RoomPlant(layout)
    wanted = np.einsum("fnd,fne->fde", plant.expansion.conj(), plant.expansion) / (4 * np.pi)
    found = radiation_covariance(layout, plant.frequencies_hz)
    # `_SPARE_ORDERS` leaves out 1 % of the pattern.
    assert np.abs(found - wanted).max() < 0.01 * np.abs(wanted).max()


def test_every_driver_is_a_point_source_at_low_frequency():
    for name in ("front3", "bar6"):
        found = radiation_covariance(load_layout(LAYOUTS / f"{name}.toml"), np.array([10.0]))
        np.testing.assert_allclose(found[0], 1.0, atol=0.02)


def test_two_small_pistons_couple_as_a_sinc():
    layout = load_layout(LAYOUTS / "bar6.toml")
    frequencies = np.array([500.0, 1000.0, 2000.0])
    found = radiation_covariance(layout, frequencies).real
    wavenumbers = 2 * np.pi * frequencies / SPEED
    # Both halves of a line's field are alike: the mean over the half space is sin(kd)/(kd) for small pistons.
    wanted = np.sinc(wavenumbers * 0.45 / np.pi)
    # (kb)²/4 of the power of pistons of 2.5 cm is not that of points.
    assert np.abs(found[:, 0, 5] - wanted).max() < (wavenumbers[-1] * 0.025) ** 2 / 4


def test_measured_drivers_are_summed_over_directions(tmp_path):
    layout = load_layout(LAYOUTS / "pair2.toml")
    modelled = layout.drivers[0]

    def field(frequencies, listener):
        return field_plant(layout, frequencies, cabinet_centre_m(layout) + listener).transfer[:, :, 0]

    angles = grid(10.0)
    path = tmp_path / "left.sofa"
    write_directivity(path, angles, 1.0, responses(field, angles, 1.0))
    measured = modelled.model_copy(update={"measured": Measured(file=str(path))})
    both = layout.model_copy(update={"drivers": (measured, layout.drivers[1])})
    frequencies = np.geomspace(500.0, 4000.0, 9)
    found, wanted = (np.abs(radiation_covariance(which, frequencies)[:, 0, 0]) for which in (both, layout))
    # Both are scaled by what is loudest; the window of 8 ms and a grid of 10° leave half a decibel.
    assert np.ptp(10 * np.log10(found / wanted)) < 0.5


def test_ear_in_a_diffuse_field_is_the_mean_over_directions():
    frequencies = np.array([100.0, 1000.0, 4000.0, 10000.0])
    directions, weights = quadrature(32)
    heard = ear_pressure(frequencies, np.full(1, 50.0), directions[None, :, 1], 0.0875, SPEED)[:, 0]
    wanted = 50.0**2 * (np.abs(heard) ** 2 @ weights) / (4 * np.pi)
    found = ear_diffuse_gain(frequencies, 0.0875, SPEED)
    np.testing.assert_allclose(found, wanted, rtol=0.01)
    assert found[0] == pytest.approx(1.0, abs=0.02)


def test_bessel_function_is_scipys():
    x = np.linspace(0.0, 250.0, 5001)
    assert np.abs(bessel_j0(x) - j0(x)).max() < 1e-7
