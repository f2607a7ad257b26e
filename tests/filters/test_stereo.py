"""Two nulls make a pair of virtual sources, exact at the nominal head as far as the effort allows."""

import numpy as np
import pytest

from designer.filters.crosstalk import steer_null
from designer.filters.stereo import compose

LINES = 30


def nulls(cap_db, target_db, seed=3):
    generator = np.random.default_rng(seed)

    def noise(*shape):
        return (generator.standard_normal(shape) + 1j * generator.standard_normal(shape)) / np.sqrt(2)

    common = noise(LINES, 1, 3)
    ears = [common + 0.5 * noise(LINES, 1, 3) for _ in "lr"]
    target, band, sure = np.full(LINES, target_db), np.ones((LINES, 3)), np.ones(1)
    left = steer_null(ears[0], ears[1], sure, 0, band, target, cap_db)
    right = steer_null(ears[1], ears[0], sure, 0, band, target, cap_db)
    return left, right, np.concatenate(ears, axis=1), band, target


WANTED = np.tile(np.array([[1, 0.7 * np.exp(-1j)], [0.7 * np.exp(-1j), 1]]), (LINES, 1, 1))


def drives(left, right, composition):
    return np.stack([left.weights, right.weights], axis=2) @ composition.mixing


def test_ears_receive_the_virtual_sources_where_effort_is_free():
    left, right, ears, band, target = nulls(60.0, 13.0)
    composition = compose(left, right, ears, WANTED, band, target)
    np.testing.assert_allclose(composition.share, 1, atol=1e-6)
    np.testing.assert_allclose(ears @ drives(left, right, composition), WANTED, atol=1e-6)


def test_plain_composition_leaves_the_leak_in():
    left, right, ears, _, _ = nulls(60.0, 13.0)
    plain = np.stack([left.weights, right.weights], axis=2) @ WANTED
    at_ears = ears @ plain
    assert np.abs(at_ears[:, 1, 0] / at_ears[:, 0, 0] - WANTED[:, 1, 0]).max() > 0.05


@pytest.mark.parametrize("cap_db", [1.0, 4.0])
def test_effort_stays_within_what_both_nulls_may_spend(cap_db):
    left, right, ears, band, target = nulls(cap_db, 13.0)
    composition = compose(left, right, ears, WANTED, band, target)
    used = drives(left, right, composition)
    alone = np.max(np.abs(ears) ** 2, axis=2)
    effort = np.sum(np.abs(used) ** 2, axis=1) * alone
    # Where a share is taken, it is the largest that keeps the limit: both nulls, each within the cap.
    taken = composition.share > 1e-6
    assert taken.any()
    assert effort.max(axis=1)[taken].max() <= 10 ** (cap_db / 10) * (1 + 0.7**2) * (1 + 1e-6)
    # The ipsilateral ear has unit pressure, whatever the share.
    np.testing.assert_allclose(np.einsum("fed,fde->fe", ears, used), 1, atol=1e-9)


def test_without_target_a_channel_is_its_own_null():
    left, right, ears, band, target = nulls(12.0, 0.0)
    composition = compose(left, right, ears, WANTED, band, 0 * target)
    np.testing.assert_allclose(composition.mixing, np.tile(np.eye(2), (LINES, 1, 1)), atol=1e-12)
