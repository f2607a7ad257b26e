"""The integer upmix: exact sums, full scale, single sources, bounded gains, nothing unstable, any cut of the input."""

import itertools

import numpy as np
import pytest
from definition_upmix import upmix
from hypothesis import given, settings
from hypothesis import strategies as st

from designer.dsp.upmix import Upmix
from designer.dsp.upmix_tables import DELAY_SAMPLES
from designer.fixedpoint.model.upmix import UpmixModel
from designer.fixedpoint.model.upmix_gains import GAIN_ONE, GAIN_SLEW
from designer.fixedpoint.number_format import Q15, Q31, NumberFormat
from designer.fixedpoint.proof.upmix_error_bound import centre_error_bound

SCALE = {"q15": 2**15, "q31": 2**31, "q31x15": 2**31}
KINDS = ["noise", "full scale", "square", "inverted", "one side", "least", "silence", "direct", "bursts"]
CONVERGED = 4800


def stimulus(kind, number_format, count=4000):
    scale = SCALE[number_format]
    rng = np.random.default_rng(0)
    t = np.arange(count)
    square = np.where(t // 50 % 2, scale - 1, -scale)
    return {
        "noise": rng.integers(-scale, scale, (count, 2)),
        "full scale": rng.choice(np.array([-scale, scale - 1]), (count, 2)),
        "square": np.stack([square, square], axis=1),
        "inverted": np.stack([square, -1 - square], axis=1),
        "one side": np.stack([square, np.zeros_like(t)], axis=1),
        "least": np.full((count, 2), -scale),
        "silence": np.zeros((count, 2), dtype=np.int64),
        "direct": np.full((count, 2), scale // 3),
        "bursts": rng.integers(-scale, scale, (count, 2)) * (t // 300 % 2)[:, None] // (1 + t // 600)[:, None],
    }[kind].astype(np.int64)


def delayed(stereo):
    return np.concatenate([np.zeros((DELAY_SAMPLES, 2), dtype=np.int64), stereo])[: stereo.shape[0]]


def noise(number_format, seed=1, count=14400):
    return np.random.default_rng(seed).integers(-SCALE[number_format] // 2, SCALE[number_format] // 2, count)


@pytest.mark.parametrize("kind", ["noise", "full scale", "one side", "bursts"])
def test_equals_the_definition(number_format, kind):
    stereo = stimulus(kind, number_format, 1500)
    model = UpmixModel(NumberFormat.named(number_format))
    found, (expected, gains) = model.process(stereo), upmix(number_format, stereo)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(model.decisions, np.array(gains, dtype=np.int64))


@pytest.mark.parametrize("kind", KINDS)
def test_parts_add_up_to_the_last_bit_and_stay_within_full_scale(number_format, kind):
    stereo = stimulus(kind, number_format)
    buses = UpmixModel(NumberFormat.named(number_format)).process(stereo)
    np.testing.assert_array_equal(buses[:, :2] + buses[:, 2:], delayed(stereo))
    assert buses.min() >= -SCALE[number_format]
    assert buses.max() <= SCALE[number_format] - 1


@pytest.mark.parametrize("kind", KINDS)
def test_differs_from_float_with_the_same_gains_by_no_more_than_the_bound(number_format, kind):
    stereo, scale = stimulus(kind, number_format), SCALE[number_format]
    model = UpmixModel(NumberFormat.named(number_format))
    ours = model.process(stereo) / scale
    decisions = [gains / GAIN_ONE for gains in model.decisions]
    exact = Upmix(1 - 1 / scale, decisions).process(stereo / scale)
    bound = centre_error_bound(NumberFormat.named(number_format), model.decisions, stereo.shape[0])
    assert (np.abs(ours - exact) <= bound[:, None]).all()
    assert bound.max() <= (0.502 if number_format == "q15" else 300) / scale


@pytest.mark.parametrize("kind", ["noise", "bursts", "full scale"])
def test_decides_as_float_does(number_format, kind):
    # Ratios err by 18·2**-15 (test_upmix_decision); the transform's rounding of at most 11 units in a bin adds, at
    # these levels, 11/2**17 to the ratio of amplitudes; a slewed gain forgets an error, it does not add it up.
    stereo = stimulus(kind, number_format, 20000)
    model, own = UpmixModel(NumberFormat.named(number_format)), Upmix(1 - 1 / SCALE[number_format])
    model.process(stereo)
    own.process(stereo / SCALE[number_format])
    assert np.abs(np.array(model.decisions) / GAIN_ONE - np.array(own.decisions)).max() <= 18 / 2**15 + 2 * 11 / 2**17


def test_centre_source_passes_to_the_last_bit(number_format):
    stereo = np.repeat(noise(number_format)[:, None], 2, axis=1)
    buses = UpmixModel(NumberFormat.named(number_format)).process(stereo)
    np.testing.assert_array_equal(buses[CONVERGED:, 2], delayed(stereo)[CONVERGED:, 0])


def test_direct_current_passes_as_the_centre_it_is(number_format):
    stereo = stimulus("direct", number_format, 9600)
    np.testing.assert_array_equal(
        UpmixModel(NumberFormat.named(number_format)).process(stereo)[CONVERGED:, 2], stereo[CONVERGED:, 0]
    )


@pytest.mark.parametrize("level_difference_db", [1, 3, 6, 12, 30, 200])
def test_one_off_centre_source_is_25_db_down_in_the_centre(number_format, level_difference_db):
    x = noise(number_format)
    other = np.round(x * 10 ** (-level_difference_db / 20)).astype(np.int64)
    for stereo in (np.stack([x, other], axis=1), np.stack([other, x], axis=1)):
        centre = UpmixModel(NumberFormat.named(number_format)).process(stereo)[CONVERGED:, 2].astype(float)
        mid = delayed(stereo)[CONVERGED:].mean(axis=1)
        assert np.sum(centre**2) <= 10**-2.5 * np.sum(mid**2)


def test_a_source_that_moves_off_the_centre_leaves_it_within_100_ms(number_format):
    x = noise(number_format, count=24000)
    stereo = np.stack([x, np.where(np.arange(x.size) < 9600, x, x // 4)], axis=1)
    centre = UpmixModel(NumberFormat.named(number_format)).process(stereo)[9600 + CONVERGED :, 2].astype(float)
    mid = delayed(stereo)[9600 + CONVERGED :].mean(axis=1)
    assert np.sum(centre**2) <= 10**-2.5 * np.sum(mid**2)


def test_inverted_source_and_silence_leave_no_centre(number_format):
    x = noise(number_format)
    assert not UpmixModel(NumberFormat.named(number_format)).process(np.stack([x, -x], axis=1))[:, 2].any()
    assert not UpmixModel(NumberFormat.named(number_format)).process(stimulus("silence", number_format)).any()


def test_centre_falls_silent_with_its_input(number_format):
    stereo = np.concatenate([stimulus("noise", number_format), stimulus("silence", number_format)])
    assert not UpmixModel(NumberFormat.named(number_format)).process(stereo)[4000 + 2 * DELAY_SAMPLES :].any()


def test_gains_change_at_a_bounded_rate(number_format):
    model = UpmixModel(NumberFormat.named(number_format))
    x = noise(number_format)
    model.process(np.stack([x, x * np.where(np.arange(x.size) // 2000 % 2, 1, -1)], axis=1))
    gains = np.array(model.decisions)
    assert np.abs(np.diff(gains, axis=0)).max() == GAIN_SLEW
    assert gains[..., 0].min() >= 0
    assert np.abs(gains).max() <= GAIN_ONE


def test_a_tone_through_moving_gains_has_no_steps():
    # Gains move by at most 1/4 in 64 samples, along lines.  Through filters of Σ|h| = K in all (low rate and its
    # rise) and the top band, a tone of amplitude A then has second differences of at most
    # A·(ω² + 2ω·s + 2s)·(K + 1) with s = 1/256; one step of 1/4 in a gain would be eight times as much.
    scale, hertz, amplitude = 2**31, 300.0, 0.5
    t = np.arange(48000)
    tone = amplitude * scale * np.sin(2 * np.pi * hertz / 48000 * t)
    pan = np.cos(2 * np.pi * 9 / 48000 * t)
    stereo = np.round(np.stack([tone, tone * pan], axis=1)).astype(np.int64)
    model = UpmixModel(Q31)
    centre = model.process(stereo)[:, 2] / scale
    steps = np.abs(np.diff(np.array(model.decisions), axis=0)).max() / GAIN_ONE
    assert steps > 0.2
    omega, slope = 2 * np.pi * hertz / 48000, 1 / 256
    assert np.abs(np.diff(centre, 2)).max() <= amplitude * (omega**2 + 2 * omega * slope + 2 * slope) * 3


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=8))
def test_hops_do_not_follow_the_calls(cuts):
    stereo = stimulus("noise", "q15", sum(cuts))
    whole = UpmixModel(Q15).process(stereo)
    model = UpmixModel(Q15)
    edges = np.cumsum([0, *cuts])
    parts = [model.process(stereo[a:b]) for a, b in itertools.pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_one_sample_at_a_time_is_the_same():
    stereo = stimulus("noise", "q31", 300)
    model = UpmixModel(Q31)
    parts = [model.process(stereo[n : n + 1]) for n in range(300)]
    np.testing.assert_array_equal(np.concatenate(parts), UpmixModel(Q31).process(stereo))
