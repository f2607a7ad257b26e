"""Two nulls make a pair of virtual sources, exact at the nominal head as far as the effort allows."""

import numpy as np
import pytest

from designer.filters.stereo.crosstalk import steer_null
from designer.filters.stereo.null_composition import EffortDisk, compose

LINES = 30
LOW, HIGH = np.full(LINES, 800.0), np.full(LINES, 3000.0)


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


def effort(ears, used):
    return np.sum(np.abs(used) ** 2, axis=1) * np.max(np.abs(ears) ** 2, axis=2)


def allowed(left, right, ears):
    """Both nulls at what they may spend, in phase; or what mixing them plainly spends, at unit pressure."""
    plain = np.stack([left.weights, right.weights], axis=2) @ WANTED
    plain = plain / np.einsum("fed,fde->fe", ears, plain)[:, None]
    cap_db = np.minimum(left.allowed_db, right.allowed_db)[:, None]
    return np.maximum(10 ** (cap_db / 10) * (1 + 0.7) ** 2, effort(ears, plain))


@pytest.mark.parametrize("frequencies", [LOW, HIGH])
def test_ears_receive_the_virtual_sources_where_effort_is_free(frequencies):
    left, right, ears, band, target = nulls(60.0, 13.0)
    composition = compose(frequencies, left, right, ears, WANTED, band, target)
    np.testing.assert_allclose(ears @ drives(left, right, composition), WANTED, atol=1e-6)


def test_plain_composition_leaves_the_leak_in():
    left, right, ears, _, _ = nulls(60.0, 13.0)
    plain = np.stack([left.weights, right.weights], axis=2) @ WANTED
    at_ears = ears @ plain
    assert np.abs(at_ears[:, 1, 0] / at_ears[:, 0, 0] - WANTED[:, 1, 0]).max() > 0.05


@pytest.mark.parametrize("cap_db", [1.0, 4.0])
@pytest.mark.parametrize("frequencies", [LOW, HIGH])
def test_effort_stays_within_what_both_nulls_may_spend(cap_db, frequencies):
    left, right, ears, band, target = nulls(cap_db, 13.0)
    used = drives(left, right, compose(frequencies, left, right, ears, WANTED, band, target))
    assert (effort(ears, used) <= allowed(left, right, ears) * (1 + 1e-6)).all()
    # The ipsilateral ear has unit pressure, whatever the share.
    np.testing.assert_allclose(np.einsum("fed,fde->fe", ears, used), 1, atol=1e-9)


def test_no_drive_of_the_same_effort_comes_nearer():
    left, right, ears, band, target = nulls(1.0, 13.0)
    bound = allowed(left, right, ears)[:, 0]
    basis = np.stack([left.weights, right.weights], axis=2)
    generator = np.random.default_rng(5)
    error = {}
    for name, frequencies in (("phase", LOW), ("level", HIGH)):
        at_ears = ears @ drives(left, right, compose(frequencies, left, right, ears, WANTED, band, target))
        ratio = at_ears[:, 1, 0] / WANTED[:, 1, 0]
        error[name] = np.abs(np.angle(ratio)) if name == "phase" else np.abs(ratio - 1)
    for _ in range(300):
        share = generator.standard_normal((2, LINES)) + 1j * generator.standard_normal((2, LINES))
        drive = np.einsum("fdc,cf->fd", basis, share)
        at_ears = np.einsum("fed,fd->fe", ears, drive)
        drive, ratio = drive / at_ears[:, :1], at_ears[:, 1] / at_ears[:, 0] / WANTED[:, 1, 0]
        kept = np.sum(np.abs(drive) ** 2, axis=1) * np.max(np.abs(ears[:, 0]) ** 2, axis=1) <= bound
        assert (error["phase"] <= np.abs(np.angle(ratio)) + 1e-6)[kept].all()
        assert (error["level"] <= np.abs(0.7 * (ratio - 1)) / 0.7 + 1e-6)[kept].all()


def test_disk_holds_what_it_says():
    base, slope = np.array([[1.0, 0.0]], dtype=complex), np.array([[-1.0, 1.0]], dtype=complex)
    # |1 − c|² + |c|² ≤ 1 is the disk about 1/2 of radius 1/2.
    disk = EffortDisk.spanned(base, slope, np.array([1.0]))
    assert disk.centre[0] == pytest.approx(0.5)
    assert disk.radius[0] == pytest.approx(0.5)
    np.testing.assert_allclose(disk.nearest(np.array([0.5 + 2j])), [0.5 + 0.5j])
    np.testing.assert_allclose(disk.nearest(np.array([0.4 + 0.1j])), [0.4 + 0.1j])
    # Touching 0, it holds every phase within ±90°, but magnitudes up to cos φ only.
    np.testing.assert_allclose(disk.nearest_in_phase(2 * np.exp(1j * np.array([1.0]))), np.cos(1) * np.exp(1j))
    nothing = EffortDisk.spanned(base, slope, np.array([0.1]))
    np.testing.assert_allclose(nothing.nearest(np.array([9j])), 0.5)


def test_without_target_a_channel_is_its_own_null():
    left, right, ears, band, target = nulls(12.0, 0.0)
    composition = compose(LOW, left, right, ears, WANTED, band, 0 * target)
    np.testing.assert_allclose(composition.mixing, np.tile(np.eye(2), (LINES, 1, 1)), atol=1e-12)
