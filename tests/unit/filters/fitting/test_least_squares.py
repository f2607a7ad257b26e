"""Least squares in the metric of what is heard, for all lengths at once."""

import numpy as np
import pytest

from designer.filters.fir import spectra
from designer.filters.fitting.least_squares import fit_channel

OMEGA = np.linspace(0.01, np.pi - 0.01, 80)
DELAYS = np.array([0, 3, 6])


def problem(seed=5, drivers=2, taps=12):
    """A response that filters of ``taps`` taps can realise, and a metric that weights drivers together."""
    generator = np.random.default_rng(seed)
    filters = generator.standard_normal((drivers, taps))
    rows = generator.standard_normal((80, 3, drivers)) + 1j * generator.standard_normal((80, 3, drivers))
    return filters, spectra(filters, OMEGA), rows.conj().transpose(0, 2, 1) @ rows


def cost_of(filters, response, metric, delay):
    error = spectra(filters, OMEGA) - response * np.exp(-1j * OMEGA * delay)[:, None]
    return np.einsum("fd,fde,fe->", error.conj(), metric, error).real


def test_filters_that_exist_are_found():
    filters, response, metric = problem()
    fit = fit_channel(OMEGA, response, metric, 20, DELAYS)
    # The ridge of 1e-9 is all that separates the two.
    np.testing.assert_allclose(fit.filters(12, 0), filters, atol=1e-6)
    np.testing.assert_allclose(fit.filters(20, 6)[:, 6:18], filters, atol=1e-6)


@pytest.mark.parametrize("taps", [5, 8, 20])
def test_every_length_is_the_least_squares_solution_of_its_own(taps):
    _, response, metric = problem()
    fit = fit_channel(OMEGA, response, metric, 20, DELAYS)
    alone = fit_channel(OMEGA, response, metric, taps, DELAYS)
    for column, delay in enumerate(DELAYS.tolist()):
        found = fit.filters(taps, delay)
        np.testing.assert_allclose(found, alone.filters(taps, delay), atol=1e-6)
        told = fit.costs(taps)[column] * fit.target_cost
        assert told == pytest.approx(cost_of(found, response, metric, delay), abs=1e-6 * fit.target_cost)
        moved = found.copy()
        moved[1, taps // 2] += 1e-3
        assert cost_of(moved, response, metric, delay) > cost_of(found, response, metric, delay)


def test_what_costs_nothing_is_not_fitted():
    _, response, metric = problem()
    metric[:, 1, :] = metric[:, :, 1] = 0
    found = fit_channel(OMEGA, response, metric, 20, DELAYS).filters(20, 3)
    assert np.abs(found[1]).max() < 1e-9
