"""FIRs by parts are FIRs, and no part of one passes what the proof says of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from designer.fixedpoint.bank import FixedPointPath
from designer.fixedpoint.parts import join_outputs, part_bounds, split_samples, split_taps

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
    bounds = {stage: (least, most) for stage, _, least, most, limit in part_bounds("x", LEAST, MOST, path)}
    assert all(-limit <= least and most < limit for _, _, least, most, limit in part_bounds("x", LEAST, MOST, path))
    samples = np.where(np.resize(pattern, 160) > 0, MOST, LEAST)
    _, parts, outputs = run(path, samples)
    assert np.abs(split_taps(path)).max() == bounds["part taps"][1]
    assert np.abs(np.array(parts)).max() <= bounds["part samples"][1]
    assert max(np.abs(out).max() for out in outputs) <= bounds["part accumulators"][1]
    if pattern == (1, -1, -1, 1):
        # Differences of differences: full scale up and down, twice.
        assert np.array(parts).max() == bounds["part samples"][1] == 2 * (MOST - LEAST)
        assert max(np.abs(out).max() for out in outputs) > 0.2 * bounds["part accumulators"][1]
