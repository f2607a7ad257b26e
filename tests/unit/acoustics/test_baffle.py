"""Pistons in a baffle against Rayleigh's integral."""

import numpy as np
import pytest

from designer.acoustics.baffle import piston_directivity, piston_field, piston_parts

C, B = 343.0, 0.025
CENTRE = np.array([[2.0, 0.1, -0.02]])


def test_directivity_at_its_published_points():
    # First null of J1; half power at 1.6163 (Kinsler et al., §7.4).
    values = piston_directivity(np.array([0.0, 1.6163, 3.8317, -1.6163]))
    np.testing.assert_allclose(values, [1, np.sqrt(0.5), 0, np.sqrt(0.5)], atol=1e-4)


@pytest.mark.parametrize("point", [[0.0, 0.0, 0.0], [0.5, 1.2, 0.3], [2.0, -1.0, 0.0]])
def test_far_field_equals_rayleighs_integral(point):
    frequencies = np.array([100.0, 2000.0, 10000.0])
    p = piston_field(frequencies, np.array([point]), CENTRE, np.array([B]), C)[:, 0, 0]
    # Disc in equal areas: rings at the middle of each area, 48 points around.
    radius = B * np.sqrt((np.arange(24) + 0.5) / 24)
    angle = 2 * np.pi * np.arange(48) / 48
    disc = np.stack([0 * radius[:, None] + 0 * angle, radius[:, None] * np.cos(angle), radius[:, None] * np.sin(angle)])
    distance = np.linalg.norm(np.array(point)[:, None, None] - CENTRE[0][:, None, None] - disc, axis=0)
    k = 2 * np.pi * frequencies[:, None, None] / C
    expected = np.mean(np.exp(-1j * k * distance) / distance, axis=(1, 2))
    # The far field neglects k·b²/(2r) ≤ 0.06 rad over half of the disc, and its amplitude by b/r.
    nearest = np.linalg.norm(np.array(point) - CENTRE[0])
    tolerance = 2 * np.pi * 10000 / C * B**2 / (2 * nearest) + B / nearest
    np.testing.assert_allclose(p, expected, atol=tolerance / nearest)


def test_behind_the_baffle_there_is_no_field():
    with pytest.raises(ValueError, match="behind the baffle"):
        piston_field(np.array([100.0]), np.array([[2.1, 0.0, 0.0]]), CENTRE, np.array([B]), C)


def test_near_field_is_refused():
    with pytest.raises(ValueError, match="two diameters"):
        piston_field(np.array([100.0]), np.array([[1.95, 0.1, 0.0]]), CENTRE, np.array([B]), C)


def test_parts_of_a_piston_send_as_the_piston_does():
    parts = piston_parts(CENTRE, np.array([B]))[0]
    assert np.linalg.norm(parts - CENTRE[0], axis=1).max() < B
    np.testing.assert_allclose(parts.mean(axis=0), CENTRE[0], atol=1e-15)
    # Far away, the mean over the parts is the directivity.
    sines = np.linspace(0.0, 1.0, 21)
    towards = np.stack([-np.sqrt(1 - sines**2), sines, np.zeros(21)], axis=1)
    for argument in (1.0, 2.0, 4.0):
        sent = np.mean(np.exp(1j * argument / B * (parts - CENTRE[0]) @ towards.T), axis=0)
        np.testing.assert_allclose(sent, piston_directivity(argument * sines), atol=0.01)
