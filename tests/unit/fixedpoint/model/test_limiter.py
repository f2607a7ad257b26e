"""No input passes a limit, nothing below it is touched, and the volume does not click."""

import numpy as np
import pytest
from banks import random_bank
from definition import limited
from hypothesis import given, settings
from hypothesis import strategies as st

from designer.dsp.limiter import HOP_SAMPLES, LimiterSettings
from designer.fixedpoint.limiter_settings import (
    GAIN_ONE,
    RAMP_BITS,
    VOLUME_STEP_RAW,
    FixedLimiter,
    fixed_limiter,
    to_db,
)
from designer.fixedpoint.model.limiter import LimiterModel, VolumeModel, sample_gains
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.fixedpoint.number_format import NumberFormat
from designer.fixedpoint.proof.limiter import limiter_bounds, volume_bounds
from designer.fixedpoint.proof.overflow import prove

FULL = {"q15": 2**15, "q31": 2**31, "q31x15": 2**31}


def open_limiter(number_format, drivers, linked=True, hops=4, limit_db=0.0):
    settings = LimiterSettings((10 ** (limit_db / 20),) * drivers, hops, 1 / 300, linked)
    return fixed_limiter(settings, NumberFormat.named(number_format))


def driver_signals(seed, full, count, drivers):
    """Stretches of every size, shape and length, one after the other."""
    rng = np.random.default_rng(seed)
    parts = [np.zeros((0, drivers))]
    while sum(map(len, parts)) < count:
        size = (int(rng.integers(1, 120)), drivers)
        level = full * 2.0 ** rng.uniform(-3, 15)
        parts.append(
            (
                rng.uniform(-level, level, size),
                rng.choice([-level, level], size),
                np.full(size, rng.choice([-level, level])),
                np.zeros(size),
                np.where(rng.random(size) < 0.05, -level, 0.0),
                rng.choice([-full, full - 1], size),
            )[rng.integers(6)]
        )
    return np.concatenate(parts)[:count].astype(np.int64)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    hops=st.integers(1, 9),
    linked=st.booleans(),
    limits_db=st.tuples(st.floats(-60, 0), st.floats(-60, 0)),
    release=st.floats(2.0**-16, 0.9),
)
def test_no_driver_signal_whatever_passes_a_limit(number_format, seed, hops, linked, limits_db, release):
    wanted = LimiterSettings(tuple(10 ** (limit / 20) for limit in limits_db), hops, release, linked)
    limiter = fixed_limiter(wanted, NumberFormat.named(number_format))
    output = LimiterModel(limiter).process(driver_signals(seed, FULL[number_format], 600, 2))
    for d, limit in enumerate(limiter.limits):
        assert -limit - 1 <= output[:, d].min()
        assert output[:, d].max() <= limit
        assert np.abs(output[:, d]).max() <= max(10 ** (limits_db[d] / 20) * FULL[number_format], 2)


@pytest.mark.parametrize("linked", [True, False])
def test_equals_the_definition(number_format, linked):
    for seed, hops, limit_db in ((1, 4, 0.0), (2, 1, -12.0), (3, 7, -3.0)):
        limiter = open_limiter(number_format, 2, linked, hops, limit_db)
        x = driver_signals(seed, FULL[number_format], 500, 2)
        np.testing.assert_array_equal(LimiterModel(limiter).process(x), limited(limiter, x))


def test_what_keeps_its_limit_is_only_delayed(number_format):
    full = FULL[number_format]
    limiter = open_limiter(number_format, 3)
    x = np.random.default_rng(1).choice([-full, -full + 1, -1, 0, 1, full - 1], (700, 3))
    model = LimiterModel(limiter)
    output, delay = model.process(x), limiter.delay_samples
    np.testing.assert_array_equal(output[delay:], x[:-delay])
    assert not output[:delay].any()
    assert (model.least == GAIN_ONE).all()
    assert delay == 80


def test_one_step_beyond_the_limit_is_turned_down(number_format):
    full = FULL[number_format]
    x = np.zeros((300, 1), dtype=np.int64)
    x[100] = full
    model = LimiterModel(open_limiter(number_format, 1))
    # It loses at most two steps, or what rounding the gain to 24 bits does.
    assert full * (1 - 2**-23) - 2 <= model.process(x).max() <= full - 1
    assert model.least[0] < GAIN_ONE


def test_a_limit_is_reached_and_not_passed(number_format):
    """−12 dB: the loudest square of all lands on it but for what rounding the gain to 24 bits loses."""
    limiter = open_limiter(number_format, 1, limit_db=-12.0)
    limit = limiter.limits[0]
    assert limit < 10 ** (-12 / 20) * FULL[number_format] <= limit + 2
    x = np.where(np.arange(2000) // 37 % 2, 1, -1)[:, None] * (FULL[number_format] * 3)
    output = LimiterModel(limiter).process(x)
    assert limit * (1 - 2**-20) - 2 <= np.abs(output).max() <= limit


def test_the_gain_is_there_when_the_peak_is_and_comes_back(number_format):
    x = np.zeros((48000, 1), dtype=np.int64)
    x[1000] = 2 * FULL[number_format]
    model = LimiterModel(open_limiter(number_format, 1))
    model.process(x)
    gains = sample_gains(model.decisions, 48000)[:, 0]
    peak = 1000 + 80
    assert gains[peak] == pytest.approx(0.5, rel=1e-4)
    assert gains[:peak].min() >= 0.5 * (1 - 1e-4)
    # It turns down within the look-ahead, by no more than 1/64 of its way a sample.
    assert (gains[: peak - 96] == 1.0).all()
    assert np.abs(np.diff(gains)).max() <= 0.5 / 64 * 1.0001
    # And is back to the last bit after ln(0.625 / 0.125) = 1.6 times 300 hops.
    assert (gains[peak + 80 + 500 * 16 :] == 1.0).all()
    assert gains[peak + 80 + 440 * 16] < 1.0


def test_linked_limiters_keep_drivers_in_proportion(number_format):
    full = FULL[number_format]
    x = np.stack([np.full(600, 4 * full), np.full(600, full // 2)], axis=1)
    output = LimiterModel(open_limiter(number_format, 2)).process(x)[400:]
    assert np.abs(output[:, 0] - 8 * output[:, 1]).max() <= 8
    model = LimiterModel(open_limiter(number_format, 2, linked=False))
    output = model.process(x)[400:]
    np.testing.assert_array_equal(output[:, 1], full // 2)
    assert [round(to_db(int(gain)), 2) for gain in model.least] == [-12.04, 0.0]


@settings(deadline=None, max_examples=20)
@given(cuts=st.lists(st.integers(0, 90), min_size=1, max_size=12), seed=st.integers(0, 1000), linked=st.booleans())
def test_output_does_not_depend_on_the_cut_of_the_driver_signals(cuts, seed, linked):
    limiter = open_limiter("q15", 2, linked)
    x = driver_signals(seed, FULL["q15"], sum(cuts), 2)
    model, parts, start = LimiterModel(limiter), [], 0
    for cut in cuts:
        parts.append(model.process(x[start : start + cut]))
        start += cut
    whole = LimiterModel(limiter)
    np.testing.assert_array_equal(np.concatenate(parts), whole.process(x))
    assert [d.tolist() for d in model.decisions] == [d.tolist() for d in whole.decisions]
    model.reset()
    np.testing.assert_array_equal(model.process(x), LimiterModel(limiter).process(x))


def test_a_limit_may_be_lowered_and_raised_while_it_plays():
    limiter = open_limiter("q31", 1)
    model, x = LimiterModel(limiter), driver_signals(5, FULL["q31"], 4000, 1)
    first = model.process(x[:1003])
    model.limits[:] = limiter.limits[0] // 8
    second = model.process(x[1003:2501])
    model.limits[:] = limiter.limits
    third = model.process(x[2501:])
    delay = limiter.delay_samples
    assert np.abs(second[delay:]).max() <= limiter.limits[0] // 8
    assert max(np.abs(first).max(), np.abs(third).max()) <= limiter.limits[0] + 1


@given(
    limit=st.integers(1, 2**31 - 1),
    beyond=st.integers(1, 2**37),
    sign=st.booleans(),
    weight=st.fractions(0, 1),
)
def test_the_argument_of_the_proof_holds_for_every_peak(limit, beyond, sign, weight):
    peak = limit + beyond
    target = (limit << 24) // (peak + 1)
    factor = int(16 * target * weight)
    for x in (peak, -peak - 1, limit + 1):
        product = (x if sign else -x - 1) * factor
        assert abs(product) <= limit << 28
        assert -limit <= (product + (1 << (RAMP_BITS - 1))) >> RAMP_BITS <= limit


def test_every_bound_of_the_proof_holds(number_format):
    _, bank = random_bank(1, number_format, peak_gain=7.5)
    proof = prove(bank)
    assert proof.holds
    stages = {bound.stage for bound in proof.bounds}
    assert {"volume", "feed", "limiter"} <= stages
    widest = FixedLimiter((NumberFormat.named(number_format).sample.largest,) * 16, 30, 2**31 - 1, False)
    names = tuple(f"d{d}" for d in range(16))
    assert all(bound.holds for bound in limiter_bounds(widest, names))
    assert all(bound.holds for bound in volume_bounds(NumberFormat.named(number_format).sample))


def test_full_volume_changes_no_bit(number_format):
    x = np.random.default_rng(2).integers(-FULL[number_format], FULL[number_format], (1000, 3))
    np.testing.assert_array_equal(VolumeModel().process(x), x)


@pytest.mark.parametrize("target", [0, 1, GAIN_ONE // 100, GAIN_ONE // 2, GAIN_ONE - 1])
def test_the_volume_moves_in_small_steps_there_and_back(number_format, target):
    top = FULL[number_format] - 1
    model = VolumeModel()
    x = np.full((1200, 1), top)
    model.target = target
    down = model.process(x)[:, 0]
    model.target = GAIN_ONE
    up = model.process(x)[:, 0]
    # 2^-10 of full scale a sample, and one step for each end's rounding.
    most = top * VOLUME_STEP_RAW // (16 * GAIN_ONE) + 2
    steps = np.abs(np.diff(np.concatenate([[top], down, up])))
    assert steps.max() <= most
    assert down[-1] == (top * target + GAIN_ONE // 2) // GAIN_ONE
    assert up[-1] == top
    assert (np.diff(down) <= 0).all()
    assert (np.diff(up) >= 0).all()


@settings(deadline=None, max_examples=20)
@given(cuts=st.lists(st.integers(0, 50), min_size=1, max_size=12), target=st.integers(0, GAIN_ONE))
def test_volume_does_not_depend_on_the_cut(cuts, target):
    x = np.random.default_rng(3).integers(-(2**15), 2**15, (sum(cuts), 3))
    whole, model, parts, start = VolumeModel(), VolumeModel(), [], 0
    whole.target = model.target = target
    for cut in cuts:
        parts.append(model.process(x[start : start + cut]))
        start += cut
    np.testing.assert_array_equal(np.concatenate(parts), whole.process(x))


def test_the_limiter_protects_at_every_volume(number_format):
    _, bank = random_bank(4, number_format, peak_gain=4.0)
    rng = np.random.default_rng(5)
    model = PipelineModel(bank)
    x = rng.choice([-FULL[number_format], FULL[number_format] - 1], (4000, 3))
    for volume in (GAIN_ONE, GAIN_ONE // 3, GAIN_ONE):
        model.volume.target = volume
        output = model.process(x, "filters")
        assert np.abs(output).max() <= FULL[number_format]
    assert (model.limiter.least < GAIN_ONE).any()


def test_settings_out_of_range_are_refused():
    for settings_, message in (
        ({"limits": (0,)}, "limit = 0: allowed 1"),
        ({"limits": (2**31,)}, "limit = 2147483648"),
        ({"hops": 0}, "hops = 0: allowed 1 to 30"),
        ({"release": 1}, "release = 1: allowed 32768"),
    ):
        with pytest.raises(ValueError, match=message):
            FixedLimiter(**settings_)


def at_a_change_of_the_limit(seed, position, before, after):
    """Return how far each sample passes the limit of before, from the first one of the hop in which it changes."""
    rng = np.random.default_rng(seed)
    full, first = 2**31 - 1, 40 * HOP_SAMPLES
    settings = FixedLimiter((full,) * 2, int(rng.integers(1, 10)), int(rng.integers(2**20, 2**31 - 1)))
    model = LimiterModel(settings)
    x = rng.uniform(-full, full, (first + position + 300, 2)) * (rng.random((first + position + 300, 2)) < 0.7)
    x = x.astype(np.int64)
    model.limits[:] = before
    heard = [model.process(x[: first + position])]
    model.limits[:] = after
    output = np.concatenate([*heard, model.process(x[first + position :])])
    assert np.abs(output).max() <= max(before, after) + 1
    return np.abs(output[settings.delay_samples :]).max(axis=1) - before - 1, first


@pytest.mark.parametrize("position", range(HOP_SAMPLES))
def test_a_higher_limit_holds_for_the_hop_that_has_begun_and_a_lower_one_for_what_follows(position):
    earliest = []
    for seed in range(40):
        beyond, first = at_a_change_of_the_limit(seed, position, 2**26, 2**29)
        earliest.append(int(np.argmax(beyond > 0)) - first)
        below, first = at_a_change_of_the_limit(seed, position, 2**29, 2**26)
        assert (below[first + position :] <= 2**26 - 2**29).all()
    # No sample of an earlier hop passes the old limit, and one of the first of this hop does.
    assert min(earliest) in (0, 1)
