"""The front of ripple against depth: what it promises can be had, and it is what physics allows."""

import numpy as np
import pytest
from places import LAYOUTS

from designer.evaluation.beam_limits.harmonics import least_side_energy, zone_products
from designer.evaluation.beam_limits.pareto_front import DEPTHS_DB, pareto_front
from designer.filters.beam.design import Beam, design_beam
from designer.layout.load import load_layout

FREQUENCIES = np.array([400.0, 1000.0, 2000.0])


def front_of(name):
    layout = load_layout(LAYOUTS / f"{name}.toml")
    beam = design_beam(layout, FREQUENCIES)
    return beam, pareto_front(beam, np.arange(3), layout.beamformer.white_noise_gain_floor_db)


def test_deeper_nulls_never_come_with_a_flatter_lobe():
    for name in ("front3", "bar6"):
        ripple = front_of(name)[1].ripple_db
        assert ripple.shape == (3, len(DEPTHS_DB))
        assert (np.diff(ripple, axis=1) >= -1e-9).all()


def test_known_trade_of_front_and_sides_and_of_a_rear_driver():
    front3, cross4 = front_of("front3")[1], front_of("cross4")[1]
    # Front and two sides have one degree of freedom: an exact null bends the lobe (by 4 dB at 400 Hz, 8.5 dB near
    # 2 kHz, 51 mm drivers); a rear driver more leaves no more than 2 dB.
    assert front3.ripple_db[0, -1] == pytest.approx(4, abs=0.5)
    assert front3.ripple_db[2, -1] > 8
    assert cross4.ripple_db.max() < 2
    np.testing.assert_array_equal(cross4.deepest_db(3.0), [40, 40, 40])
    assert front3.deepest_db(3.0)[2] < 10


def test_front_is_no_worse_than_the_design_where_both_are_known():
    beam, front = front_of("front3")
    lobe = 20 * np.log10(np.abs((beam.lobe @ beam.weights[..., None])[..., 0]))
    nulls = -20 * np.log10(np.abs((beam.nulls @ beam.weights[..., None])[..., 0]).max(axis=1))
    for line in range(3):
        kept = np.array(DEPTHS_DB) <= nulls[line]
        if kept.any():
            # The program bounds the largest deviation, of which the ripple is at most twice: a tenth of a decibel.
            assert front.ripple_db[line, np.flatnonzero(kept)[-1]] <= np.ptp(lobe[line]) + 0.1


def test_contradicting_constraints_are_not_a_number():
    # One driver: whatever it does, the sides hear it as the axis does.
    one = np.ones((1, 1), dtype=complex)
    beam = Beam(one, np.zeros(1), one, np.ones((1, 5, 1), dtype=complex), np.ones((1, 2, 1), dtype=complex))
    front = pareto_front(beam, np.arange(1), -6.0)
    assert np.isnan(front.ripple_db).all()
    assert front.deepest_db(3.0)[0] == 0


def test_zone_products_are_a_mean_over_directions():
    products = zone_products(6, np.array([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]]))
    np.testing.assert_allclose(products, products.T, atol=1e-15)
    # A constant pattern of 1 has the coefficient √(4π) and the mean energy 1.
    assert products[0, 0] * 4 * np.pi == pytest.approx(1)
    assert np.linalg.eigvalsh(products).min() > -1e-12


def test_harmonic_solver_keeps_axis_and_floor_and_beats_plain_mixing_at_the_sides():
    generator = np.random.default_rng(4)
    expansion = generator.standard_normal((3, 49, 4)) + 1j * generator.standard_normal((3, 49, 4))
    axis = 1 + 0.3 * (generator.standard_normal((3, 4)) + 1j * generator.standard_normal((3, 4)))
    products = zone_products(6, np.array([[0.0, 1.0, 0.0]]))
    drive = least_side_energy(expansion, axis, products, -6.0)
    np.testing.assert_allclose(np.sum(axis * drive, axis=1), 1, atol=1e-9)
    assert (np.sum(np.abs(drive) ** 2, axis=1) <= 10**0.6 * (1 + 1e-6)).all()
    plain = axis.conj() / np.sum(np.abs(axis) ** 2, axis=1, keepdims=True)
    covariance = expansion.conj().transpose(0, 2, 1) @ (products @ expansion)
    energies = [np.einsum("fd,fde,fe->f", w.conj(), covariance, w).real for w in (drive, plain)]
    assert (energies[0] < energies[1]).all()
