"""The model against arithmetic spelled out, against CMSIS-DSP's Python module, and against itself cut differently."""

import cmsisdsp
import numpy as np
import pytest
from banks import mirror_bank, random_bank
from definition import filter_matrix
from hypothesis import given, settings
from hypothesis import strategies as st

from designer.fixedpoint.model.pipeline import PipelineModel

SCALE = {"q15": 2**15, "q31": 2**31, "q31x15": 2**31}


def noise(number_format, count, channels, seed=0):
    return np.random.default_rng(seed).integers(-SCALE[number_format], SCALE[number_format], (count, channels))


@pytest.mark.parametrize("peak_gain", [0.5, 1.8])
@pytest.mark.parametrize("make", [random_bank, mirror_bank])
def test_filters_equal_the_definition(number_format, make, peak_gain):
    _, bank = make(4, number_format, peak_gain=peak_gain)
    samples = noise(number_format, 300, 3)
    np.testing.assert_array_equal(PipelineModel(bank).process(samples, "filters"), filter_matrix(bank, samples))


def test_q31_accumulator_holds_what_arm_fir_q31_returns():
    _, bank = random_bank(5, "q31", drivers=1)
    path = bank.paths[0][0]
    # The buses have two bits of headroom.
    x = (noise("q31", 96, 1)[:, 0] >> 2).astype(np.int32)
    instance = cmsisdsp.arm_fir_instance_q31()
    state = np.zeros(path.taps + x.size - 1, dtype=np.int32)
    cmsisdsp.arm_fir_init_q31(instance, path.taps, path.coefficients[::-1].copy(), state)
    expected = cmsisdsp.arm_fir_q31(instance, x)
    model = PipelineModel(bank)
    extended = np.concatenate(
        [np.zeros(model._history_samples, dtype=np.int64), x, np.zeros(path.delay, dtype=np.int64)]
    )
    ours = model._path(path, extended, x.size + path.delay)[path.delay :]
    np.testing.assert_array_equal(ours >> 31, expected)


def test_q15_accumulator_equals_arm_dot_prod_q15():
    _, bank = random_bank(6, "q15", drivers=1)
    path = bank.paths[0][1]
    samples = noise("q15", 60, 3)
    model = PipelineModel(bank)
    extended = np.concatenate([np.zeros((model._history_samples, 3), dtype=np.int64), samples])[:, 1]
    ours = model._path(path, extended, 60)
    history = extended.astype(np.int16)
    for n in range(60):
        newest = history.size - 60 + n - path.delay + 1
        window = history[newest - path.taps : newest]
        assert ours[n] == cmsisdsp.arm_dot_prod_q15(path.coefficients[::-1].copy(), window)


@settings(deadline=None, max_examples=25)
@given(cuts=st.lists(st.integers(1, 150), min_size=1, max_size=6), seed=st.integers(0, 1000))
@pytest.mark.parametrize("injection_point", ["program", "filters"])
def test_output_does_not_depend_on_the_cut(number_format, injection_point, cuts, seed):
    _, bank = random_bank(7, number_format)
    samples = noise(number_format, sum(cuts), 2 if injection_point == "program" else 3, seed)
    whole = PipelineModel(bank).process(samples, injection_point)
    model, parts, start = PipelineModel(bank), [], 0
    for cut in cuts:
        parts.append(model.process(samples[start : start + cut], injection_point))
        start += cut
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_reset_forgets_everything(number_format):
    _, bank = random_bank(8, number_format)
    samples = noise(number_format, 300, 2)
    model = PipelineModel(bank)
    first = model.process(samples)
    model.process(noise(number_format, 77, 2, seed=1))
    model.reset()
    np.testing.assert_array_equal(model.process(samples), first)


def test_reversed_coefficients_are_noticed(number_format):
    _, bank = random_bank(9, number_format, drivers=1)
    samples = np.zeros((120, 3), dtype=np.int64)
    samples[0] = SCALE[number_format] - 1
    output = PipelineModel(bank).process(samples, "filters")
    for path in bank.paths[0]:
        object.__setattr__(path, "coefficients", path.coefficients[::-1])
    assert (PipelineModel(bank).process(samples, "filters") != output).any()


def test_wrong_input_is_refused(number_format):
    _, bank = random_bank(10, number_format)
    with pytest.raises(ValueError, match=r"injection point 'program' takes \(n, 2\)"):
        PipelineModel(bank).process(np.zeros((4, 3), dtype=int))
    with pytest.raises(ValueError, match="outside Q1"):
        PipelineModel(bank).process(np.full((4, 2), SCALE[number_format]))
