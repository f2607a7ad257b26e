"""The model's two stages against arithmetic spelled out, cut differently, reset, and faded."""

from dataclasses import replace

import numpy as np
import pytest
from definition import driver_signals, equalised
from hypothesis import given, settings
from hypothesis import strategies as st
from two_stage_designs import two_stage_bank

from designer.fixedpoint.bank import FixedPointPath
from designer.fixedpoint.model.crossfade import group_samples, warm_up_samples
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.fixedpoint.proof.worst_case import to_buses

SCALE = {"q15": 2**15, "q31": 2**31, "q31x15": 2**31}


def noise(number_format, count, channels=3, seed=0):
    return np.random.default_rng(seed).integers(-SCALE[number_format], SCALE[number_format], (count, channels))


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 10**6),
    shuffled=st.booleans(),
    mask=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    taps=st.integers(1, 40),
)
def test_both_stages_equal_the_definition(number_format, seed, shuffled, mask, taps):
    bank = two_stage_bank(seed, number_format, shuffled, mask, taps)
    samples = noise(number_format, 150, seed=seed)
    stages = PipelineModel(bank).trace(samples, "filters")
    np.testing.assert_array_equal(stages.driver_signal, driver_signals(bank, samples))
    np.testing.assert_array_equal(stages.bus, to_buses(bank, samples))
    behind = equalised(bank, tuple(stages.bus.T.astype(object)))
    np.testing.assert_array_equal(stages.equalised, np.stack(behind, axis=1).astype(np.int64))


@settings(deadline=None, max_examples=15)
@given(cuts=st.lists(st.integers(1, 90), min_size=1, max_size=5), seed=st.integers(0, 1000))
def test_output_does_not_depend_on_the_cut(number_format, cuts, seed):
    bank = two_stage_bank(seed, number_format)
    samples = noise(number_format, sum(cuts), 2, seed)
    whole = PipelineModel(bank).process(samples)
    model, parts, start = PipelineModel(bank), [], 0
    for cut in cuts:
        parts.append(model.process(samples[start : start + cut]))
        start += cut
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_reset_forgets_both_stages(number_format):
    bank = two_stage_bank(3, number_format)
    samples = noise(number_format, 200, 2)
    model = PipelineModel(bank)
    first = model.process(samples)
    model.reset()
    np.testing.assert_array_equal(model.process(samples), first)


@pytest.mark.parametrize("number_format", ["q15", "q31"])
def test_the_unit_equaliser_changes_no_bit(number_format):
    bank = two_stage_bank(4, number_format, equalised=(False, False, False))
    dtype = bank.paths[0][0].coefficients.dtype
    unit = FixedPointPath(np.array([1 << (14 if number_format == "q15" else 30)], dtype=dtype), 0, -1)
    samples = noise(number_format, 200)
    samples[:8] = -SCALE[number_format]
    samples[8:16] = SCALE[number_format] - 1
    np.testing.assert_array_equal(
        PipelineModel(replace(bank, equalisers=(unit,) * 3)).process(samples, "filters"),
        PipelineModel(bank).process(samples, "filters"),
    )


@pytest.mark.parametrize("shuffled", [True, False])
@pytest.mark.parametrize("cut", [16, 37])
def test_a_fade_goes_from_one_whole_bank_to_the_other(number_format, shuffled, cut):
    old, new = (two_stage_bank(seed, number_format, shuffled, taps=30, behind=20) for seed in (5, 6))
    block, groups = 16, len(old.structure.groups)
    warm_up = warm_up_samples(new, block)
    length = group_samples(48000, groups, block, warm_up)
    assert new.equalised_history_samples <= warm_up < new.equalised_history_samples + block
    assert warm_up + groups * length <= 48000 // 50
    samples, start = noise(number_format, 1500), 111
    before, after = (PipelineModel(bank).trace(samples, "filters").driver_signal for bank in (old, new))
    model, parts = PipelineModel(old, new.history_samples), []
    parts.append(model.trace(samples[:start], "filters").driver_signal)
    model.tune(new, length, warm_up)
    parts += [
        model.trace(samples[at : at + cut], "filters").driver_signal for at in range(start, samples.shape[0], cut)
    ]
    driver_signal = np.concatenate(parts)
    for g, group in enumerate(old.structure.groups):
        first = start + warm_up + g * length
        for driver in group.drivers:
            np.testing.assert_array_equal(driver_signal[:first, driver], before[:first, driver])
            np.testing.assert_array_equal(
                driver_signal[first + length - 1 :, driver], after[first + length - 1 :, driver]
            )
            # In between every weight counts: both banks run on their own whole past.
            weight = (np.arange(1, length) << 15) // length
            span = slice(first, first + length - 1)
            change = (after[span, driver] - before[span, driver]) * weight
            np.testing.assert_array_equal(driver_signal[span, driver], before[span, driver] + ((change + 2**14) >> 15))


def test_a_fade_that_the_board_would_refuse_is_refused(number_format):
    old, new = two_stage_bank(7, number_format), two_stage_bank(8, number_format, equalised=(True, True, True))
    model = PipelineModel(old, 200)
    with pytest.raises(ValueError, match="equalisers on other buses"):
        model.tune(new, 100, 100)
    with pytest.raises(ValueError, match="warm_up = 1: allowed from"):
        model.tune(two_stage_bank(9, number_format), 100, 1)
