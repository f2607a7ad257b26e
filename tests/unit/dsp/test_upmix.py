"""The float upmix: what it promises of single sources, mixtures of independent ones, and its own timing."""

import numpy as np
import pytest

from designer.dsp.upmix import GAIN_SLEW_PER_HOP, Upmix, polyphase, target_gains
from designer.dsp.upmix_tables import BAND_BINS, DELAY_SAMPLES, RATE_BITS, upmix_tables

RATE_HZ = 48000
CONVERGED = RATE_HZ // 10


def noise(seed, count=14400):
    return np.random.default_rng(seed).uniform(-0.4, 0.4, count)


def delayed(x):
    return np.concatenate([np.zeros((DELAY_SAMPLES, *x.shape[1:])), x])[: x.shape[0]]


def level_db(x, reference):
    return 10 * np.log10(np.sum(x[CONVERGED:] ** 2) / np.sum(reference[CONVERGED:] ** 2))


def test_own_delay_is_within_three_milliseconds_at_every_rate():
    assert DELAY_SAMPLES / 44100 <= 0.003


def test_parts_add_up():
    stereo = np.stack([noise(0), noise(1)], axis=1)
    buses = Upmix().process(stereo)
    np.testing.assert_allclose(buses[:, :2] + buses[:, 2:], delayed(stereo), atol=1e-15)


def test_centre_source_is_unaltered_after_100_ms():
    stereo = np.repeat(noise(2)[:, None], 2, axis=1)
    centre = Upmix().process(stereo)[:, 2]
    np.testing.assert_allclose(centre[CONVERGED:], delayed(stereo)[CONVERGED:, 0], atol=1e-12)


@pytest.mark.parametrize("level_difference_db", [1, 2, 3, 6, 10, 20, 40, 200])
def test_one_off_centre_source_is_25_db_down_in_the_centre(level_difference_db):
    stereo = noise(3)[:, None] * [1.0, 10 ** (-level_difference_db / 20)]
    centre = Upmix().process(stereo)[:, 2]
    assert level_db(centre, delayed(stereo).mean(axis=1)) <= -25


def test_inverted_source_leaves_the_centre():
    x = noise(4)
    assert not Upmix().process(np.stack([x, -x], axis=1))[:, 2].any()


@pytest.mark.parametrize("right_db", [0, -10])
def test_centre_is_uncorrelated_with_side(right_db):
    left, right, centre = noise(5, 96000), noise(6, 96000) * 10 ** (right_db / 20), noise(7, 96000)
    stereo = np.stack([centre + left, centre + right], axis=1) / 2
    buses, x = Upmix().process(stereo), delayed(stereo)
    assert abs(np.corrcoef(buses[CONVERGED:, 2], (x[:, 0] - x[:, 1])[CONVERGED:])[0, 1]) < 0.05


def test_gains_of_uncorrelated_sources_are_the_wiener_filter():
    # P_M = c + (l + r)/4, P_S = (l + r)/4, P_X = (l - r)/4: solved for the least-squares C = a·M − b·S.
    c, left, right = 1.0, 0.9, 0.3
    mid, side, cross = c + (left + right) / 4, (left + right) / 4, (left - right) / 4
    wanted = np.linalg.solve([[mid, -cross], [cross, -side]], [c, 0.0])
    gains = target_gains(np.array([mid]), np.array([side]), np.array([cross]))[0]
    np.testing.assert_allclose(gains, wanted, rtol=1e-3)  # the side's floor is 2**-16 of mid's power


def test_gains_stay_in_range_whatever_the_powers():
    rng = np.random.default_rng(8)
    mid, side = 10 ** rng.uniform(-12, 0, (2, 20000))
    cross = np.sqrt(mid * side) * rng.uniform(-1, 1, 20000)
    a, b = target_gains(mid, side, cross).T
    assert a.min() >= 0
    assert a.max() <= 1 + 1e-12
    assert (np.abs(b) <= a + 1e-12).all()


def test_gains_change_at_a_bounded_rate():
    upmix = Upmix()
    x = noise(9)
    upmix.process(np.stack([x, x * np.where(np.arange(x.size) // 3000 % 2, 1, -1)], axis=1))
    steps = np.abs(np.diff(np.array(upmix.decisions), axis=0))
    assert steps.max() <= GAIN_SLEW_PER_HOP + 1e-12
    assert steps.max() > GAIN_SLEW_PER_HOP / 2


def test_prototypes_are_unity_where_their_band_is():
    tables = upmix_tables()
    half = tables.prototypes / 2.0**15
    response = np.fft.rfft(np.concatenate([half, half[:, -2::-1]], axis=1), 64 * 16, axis=1)
    # The widest band is wide enough for its middle to be clear of both edges' transitions.
    middle = (BAND_BINS[-2] + BAND_BINS[-1] - 1) * 16 // 2
    assert abs(abs(response[-1, middle]) - 1) < 0.01
    assert np.abs(response[:-1, middle]).max() < 0.01


def test_rate_filter_keeps_what_the_bands_hold_and_stops_what_aliases():
    tables = upmix_tables()
    response = np.abs(np.fft.rfft(tables.rate_filter / 2.0**RATE_BITS, 4096))
    hertz = np.arange(response.size) * RATE_HZ / 4096
    assert np.abs(response[hertz <= 3500] - 1).max() < 0.005
    assert response[hertz >= 8500].max() < 0.005
    assert polyphase(tables.rate_filter).sum() == 1 << RATE_BITS


def test_given_decisions_are_taken():
    stereo = np.stack([noise(0), noise(1)], axis=1)
    own = Upmix()
    expected = own.process(stereo)
    np.testing.assert_array_equal(Upmix(decisions=own.decisions).process(stereo), expected)
    closed = [np.zeros((len(BAND_BINS), 2))] * len(own.decisions)
    assert not Upmix(decisions=closed).process(stereo)[:, 2].any()
