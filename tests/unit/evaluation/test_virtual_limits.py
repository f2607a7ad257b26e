"""The best time difference under an effort: no drive that is tried beats it."""

import numpy as np
import pytest
from places import LAYOUTS

from designer.evaluation.plant import EvaluationPlant
from designer.evaluation.virtual_limits import evaluate_virtual_limits
from designer.filters.stereo_downmix import downmix_bank
from designer.layout.load import load_layout


@pytest.fixture(scope="module")
def pair2():
    layout = load_layout(LAYOUTS / "pair2.toml")
    plant = EvaluationPlant.for_layout(layout)
    return layout, plant, evaluate_virtual_limits(plant, downmix_bank(layout).impulse_responses)


def test_no_drive_of_the_cap_does_better(pair2):
    layout, plant, limits = pair2
    chosen = (plant.frequencies_hz >= 500) & (plant.frequencies_hz <= 1500)
    omega, ears = 2 * np.pi * plant.frequencies_hz[chosen], plant.nominal_ears[chosen]
    alone = np.max(np.abs(ears[:, 0]) ** 2, axis=1)
    best = np.zeros(omega.size)
    generator = np.random.default_rng(11)
    for _ in range(3000):
        # With two drivers, the ratio of their drives is all there is.
        ratio = generator.standard_normal() * np.exp(2j * np.pi * generator.random())
        drive = np.array([1.0, ratio])
        at_ears = ears @ drive
        effort = np.sum(np.abs(drive) ** 2) * alone / np.abs(at_ears[:, 0]) ** 2
        lead = np.angle(at_ears[:, 0] * at_ears[:, 1].conj())
        best = np.where(effort <= 10 ** (layout.crosstalk.effort_cap_db / 10), np.maximum(best, lead), best)
    tried_us = 1e6 * np.sum(omega * best) / np.sum(omega**2)
    assert tried_us <= limits.left.cap_itd_us + 0.01
    # And the search comes near: the bound is one that can be had.
    assert tried_us > 0.85 * limits.left.cap_itd_us


def test_plain_mixing_spends_next_to_nothing(pair2):
    _, _, limits = pair2
    for channel in (limits.left, limits.right):
        assert channel.greatest_effort_db < 1
        assert channel.cap_itd_us < channel.nulls_itd_us < limits.real_pair_itd_us
        assert channel.effort_for_itd_db == 20.0
