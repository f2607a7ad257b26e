"""FIRs by parts are FIRs, and no part of one passes what the proof says of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from designer.fixedpoint.bank import FixedPointPath
from designer.fixedpoint.fast_fir import (
    SUBFILTERS,
    join_outputs,
    split_samples,
    split_taps,
    subfilter_bounds,
    subfilter_sum_bound,
)

LEAST, MOST = -(2**29), 2**29 - 1


def run(path, samples):
    taps, parts = split_taps(path).astype(object), split_samples(samples).astype(object)
    outputs = [np.convolve(part, own)[: part.size] for part, own in zip(parts, taps, strict=True)]
    return join_outputs(np.stack(outputs)), parts, outputs


@settings(deadline=None)
@given(seed=st.integers(0, 10**6), taps=st.integers(1, 40), delay=st.integers(0, 9), groups=st.integers(1, 30))
def test_parts_add_up_to_the_direct_fir(seed, taps, delay, groups):
    rng = np.random.default_rng(seed)
    path = FixedPointPath(rng.integers(-(2**24), 2**24, taps, dtype=np.int32), delay=delay)
    samples = rng.integers(LEAST, MOST, 4 * groups, endpoint=True)
    direct = np.convolve(samples.astype(object), np.concatenate([np.zeros(delay, dtype=int), path.coefficients]))
    assert (run(path, samples)[0] == direct[: samples.size]).all()


@pytest.mark.parametrize("pattern", [(1, 1, 1, 1), (1, -1, 1, -1), (1, -1, -1, 1), (-1, 1, 1, -1), (1, 1, -1, -1)])
def test_extremes_stay_within_the_bounds_and_samples_reach_them(pattern):
    rng = np.random.default_rng(5)
    taps = np.resize(pattern, 40) * rng.integers(2**25, 2**25 + 2**20, 40)
    path = FixedPointPath(taps.astype(np.int32))
    bounds = {stage: (least, most) for stage, _, least, most, limit in subfilter_bounds("x", LEAST, MOST, path)}
    assert all(
        -limit <= least and most < limit for _, _, least, most, limit in subfilter_bounds("x", LEAST, MOST, path)
    )
    samples = np.where(np.resize(pattern, 160) > 0, MOST, LEAST)
    _, parts, outputs = run(path, samples)
    assert np.abs(split_taps(path)).max() == bounds["part taps"][1]
    assert np.abs(np.array(parts)).max() <= bounds["part samples"][1]
    assert max(np.abs(out).max() for out in outputs) <= bounds["part accumulators"][1]
    if pattern == (1, -1, -1, 1):
        # Differences of differences: full scale up and down, twice.
        assert np.array(parts).max() == bounds["part samples"][1] == 2 * (MOST - LEAST)
        assert max(np.abs(out).max() for out in outputs) > 0.2 * bounds["part accumulators"][1]


def worst_samples(path, part, count):
    """Samples after which the accumulator of one part is as large as any within LEAST to MOST make it."""
    taps = split_taps(path).astype(object)[part]
    groups = count // 4
    weights = [
        int((taps[:groups][::-1] * split_samples(np.eye(count, dtype=np.int64)[n])[part][-taps.size :]).sum())
        for n in range(count)
    ]
    return np.where(np.array(weights, dtype=object) > 0, MOST, LEAST)


def test_every_accumulator_of_differences_is_reached_to_the_last_unit():
    rng = np.random.default_rng(9)
    paths = [FixedPointPath(rng.integers(-(2**24), 2**24, 13, dtype=np.int32), delay=delay) for delay in (0, 3, 6)]
    count, start = 40, 1 << 30
    reached, alone = dict.fromkeys(SUBFILTERS, 0), []
    for path in paths:
        own = {}
        for part, name in enumerate(SUBFILTERS):
            _, _, outputs = run(path, worst_samples(path, part, count))
            own[name] = int(outputs[part][-1])
            reached[name] += own[name]
        # The even samples themselves are not centred, their bound is: it may lie a unit for each tap above.
        bound = next(
            most for stage, _, _, most, _ in subfilter_bounds("x", LEAST, MOST, path) if stage.endswith("tors")
        )
        alone.append(bound)
        slack = int(np.abs(split_taps(path)[SUBFILTERS.index("BB")]).sum())
        assert max(own.values()) <= bound <= max(own.values()) + (slack if max(own, key=own.get) == "BB" else 0)
    stage, where, least, most, limit = subfilter_sum_bound("x", start, [(LEAST, MOST, path) for path in paths])
    largest = max(reached, key=reached.get)
    assert (stage, where, limit) == ("part sums", "x", 1 << 63)
    assert largest != "BB"
    assert (least, most) == (-reached[largest], reached[largest])
    # One path alone does not tell what the nine accumulators of a sum hold.
    assert most > max(alone)
