"""Two stages in a row are found again where they exist, and no step makes things worse."""

from itertools import pairwise

import numpy as np
import pytest

from designer.filters.fir import spectra
from designer.filters.fitting.two_stage_fit import Cascade

OMEGA = np.linspace(0.01, np.pi, 150)
DELAY, LEAD = 12, 3


def known(seed):
    """Two buses, five outputs; the first and the fourth are the references."""
    rng = np.random.default_rng(seed)
    bus, references = np.array([0, 0, 0, 1, 1]), np.array([0, 3])
    equalisers = rng.standard_normal((2, 24)) * np.exp(-np.abs(np.arange(24) - 9) / 3)
    relative = 0.4 * rng.standard_normal((5, 8)) * np.exp(-np.abs(np.arange(8) - LEAD) / 2)
    relative[references] = 0
    relative[references, LEAD] = 1.0
    response = spectra(equalisers, OMEGA)[:, bus] * spectra(relative, OMEGA)
    wanted = response * np.exp(1j * OMEGA * DELAY)[:, None]
    root = rng.standard_normal((5, 5)) + 1j * rng.standard_normal((5, 5))
    metric = np.broadcast_to(root.conj().T @ root + np.eye(5), (OMEGA.size, 5, 5))
    return Cascade(OMEGA, wanted, metric, bus, references, 24), references, response


def run(cascade, stages, steps, weight=None):
    costs = [cascade.cost(stages, DELAY)]
    for _ in range(steps):
        moved = cascade.step(stages, DELAY, np.ones(OMEGA.size) if weight is None else weight)
        if moved is None:
            break
        stages = moved
        costs.append(cascade.cost(stages, DELAY))
    return stages, costs


@pytest.mark.parametrize("seed", range(4))
def test_stages_that_exist_are_found(seed):
    cascade, _, response = known(seed)
    stages, costs = run(cascade, cascade.start(24, 8, DELAY, LEAD), 30)
    assert costs[-1] < 1e-8 * costs[0] or costs[-1] < 1e-12
    np.testing.assert_allclose(cascade.response(stages), response, atol=1e-4 * np.abs(response).max())


@pytest.mark.parametrize("seed", range(4))
def test_no_step_raises_the_cost_and_references_stay_delays(seed):
    cascade, references, _ = known(seed)
    # Too short for what is asked: there is an error left to be lowered.
    stages, costs = run(cascade, cascade.start(16, 4, DELAY, LEAD), 10)
    assert len(costs) > 2
    assert all(after < before for before, after in pairwise(costs))
    for r in references:
        np.testing.assert_array_equal(stages.relative[r], np.eye(4)[LEAD])


def test_weight_moves_the_error_to_where_it_is_cheap():
    cascade, _, response = known(7)
    low = OMEGA < 1.0
    begin = cascade.start(16, 4, DELAY, LEAD)
    errors = []
    for weight in (np.ones(OMEGA.size), np.where(low, 1.0, 1e-3)):
        stages, _ = run(cascade, begin, 20, weight)
        errors.append(float(np.sum(np.abs((cascade.response(stages) - response)[low]) ** 2)))
    assert errors[1] < 0.8 * errors[0]
