"""The bound holds for every sample, and is not so wide that it says nothing."""

import numpy as np
import pytest
from banks import mirror_bank, random_bank

from designer.dsp.engine import FloatEngine
from designer.dsp.limiter import Limiter
from designer.fixedpoint.limiter_settings import GAIN_ONE
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.fixedpoint.number_format import NumberFormat
from designer.fixedpoint.proof.error_bound import filter_error_bound, limited_error_bound, program_error_bound


def program(kind, word, count=6000):
    rng = np.random.default_rng(11)
    t = np.arange(count)
    values = {
        "noise": rng.uniform(-0.5, 0.5, (count, 2)),
        "quiet": rng.uniform(-0.001, 0.001, (count, 2)),
        "almost mono": np.repeat(rng.uniform(-0.5, 0.5, (count, 1)), 2, axis=1) + rng.uniform(-1e-4, 1e-4, (count, 2)),
        "panned": rng.uniform(-0.5, 0.5, (count, 1)) * np.array([[0.9, 0.4]]),
        "gaps": rng.uniform(-0.5, 0.5, (count, 2)) * (t // 700 % 2)[:, None],
        "full scale": rng.choice(np.array([-1.0, 1.0]), (count, 2)),
    }[kind]
    return word.quantise(values)


def engine_of(bank, fixed, model):
    """The float reference that takes a model's decisions as given."""
    word = fixed.number_format.sample
    limiter = Limiter(fixed.limiter.as_float(fixed.number_format), model.limiter_decisions)
    return FloatEngine(bank.impulse_responses, word.largest * word.lsb, model.decisions, limiter)


@pytest.mark.parametrize("kind", ["noise", "quiet", "almost mono", "panned", "gaps", "full scale"])
@pytest.mark.parametrize("make", [random_bank, mirror_bank])
def test_program_error_stays_within_its_bound(number_format, kind, make):
    bank, fixed = make(20, number_format, peak_gain=4.0 if kind == "full scale" else 0.9)
    word = NumberFormat.named(number_format).sample
    samples = program(kind, word)
    model = PipelineModel(fixed)
    output = word.to_float(model.process(samples))
    error = np.abs(output - engine_of(bank, fixed, model).process(word.to_float(samples)))
    bound = program_error_bound(bank.impulse_responses, fixed, samples)
    bound = limited_error_bound(bound, fixed, model.limiter.decisions)
    assert (error <= bound).all()
    assert (model.limiter.least < GAIN_ONE).any() == (kind == "full scale")


@pytest.mark.parametrize("make", [random_bank, mirror_bank])
def test_filter_error_stays_within_its_bound_and_comes_near(number_format, make):
    bank, fixed = make(21, number_format)
    word = NumberFormat.named(number_format).sample
    samples = word.quantise(np.random.default_rng(5).uniform(-1, 1, (20000, 3)))
    model = PipelineModel(fixed)
    output = word.to_float(model.process(samples, "filters"))
    error = np.abs(output - engine_of(bank, fixed, model).process(word.to_float(samples), "filters"))
    bound = filter_error_bound(bank.impulse_responses, fixed, word.to_float(samples))
    bound = limited_error_bound(bound, fixed, model.limiter.decisions)
    assert (error <= bound).all()
    assert error.max() > 0.3 * bound.max()
