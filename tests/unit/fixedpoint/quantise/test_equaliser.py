"""Quantising two stages: range, references, how near both together come, and what is expected of their noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from two_stage_designs import two_stage_design

from designer.dsp.engine import FloatEngine
from designer.dsp.limiter import Limiter
from designer.fixedpoint.dequantised import (
    component_responses,
    dequantised_impulse_responses,
    equaliser_response,
    path_responses,
)
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.fixedpoint.number_format import Q15, Q31X15, NumberFormat
from designer.fixedpoint.proof.error_bound import filter_error_bound, limited_error_bound, program_error_bound
from designer.fixedpoint.proof.overflow import prove
from designer.fixedpoint.quantise.bank import quantise_bank, white_noise_snr_db
from designer.fixedpoint.quantise.equaliser import keeps_range, quantise_equaliser, quantise_equalisers
from designer.fixedpoint.quantise.error_weights import ErrorWeights
from designer.fixedpoint.quantise.path import quantise_path

BITS = {"q15": 15, "q31": 31, "q31x15": 15}
BOTH = pytest.mark.parametrize("shuffled", [True, False])


def band_weights(drivers=3, bins=513):
    """All that lies below a quarter of the sample rate counts, the rest 30 dB less."""
    served = np.broadcast_to(np.arange(bins) < bins / 2, (drivers, 3, bins))
    return ErrorWeights(np.linspace(0, 24000, bins), np.where(served, 1.0, 1e-3), served)


@settings(deadline=None, max_examples=60)
@given(
    response=st.lists(st.floats(-4, 4, allow_subnormal=False), min_size=1, max_size=40).filter(
        lambda taps: max(abs(tap) for tap in taps) > 1e-3
    )
)
def test_any_equaliser_fills_its_bus_and_stays_in_it(number_format, response):
    response = np.array(response)
    path, gain = quantise_equaliser(response, NumberFormat.named(number_format))
    assert keeps_range(path, NumberFormat.named(number_format))
    step = 2.0 ** -(BITS[number_format] + path.exponent)
    real = np.zeros(response.size)
    real[path.delay : path.delay + path.taps] = path.coefficients * step
    # -32768 may be held one step below.
    assert np.abs(real - response * gain).max() <= step * 1.5
    largest = np.abs(response).max() / np.abs(response).sum()
    # q31x15 has no tap of 1/2 or more: an equaliser of few taps leaves some of its bus unused.
    full = min(1.0, 0.5 / largest) if number_format == "q31x15" else 1.0
    assert np.abs(response).sum() * gain >= full * (1 - 2.0**-5)


@BOTH
@pytest.mark.parametrize("weights", [None, band_weights()])
@pytest.mark.parametrize("seed", range(3))
def test_both_stages_together_are_the_design(number_format, shuffled, seed, weights):
    bank = two_stage_design(seed, shuffled)
    fixed = quantise_bank(bank, NumberFormat.named(number_format), weights)
    assert fixed.structure == bank.two_stage.structure
    assert [e is None for e in fixed.equalisers] == [e is None for e in bank.two_stage.equalisers]
    assert prove(fixed).holds
    error = np.abs(component_responses(fixed) - bank.two_stage.split_responses())
    for b, equaliser in enumerate(fixed.equalisers):
        for k, row in enumerate(fixed.paths):
            if row[b].taps == 0:
                assert not error[k, b].any()
                continue
            path = np.abs(path_responses(fixed)[k, b]).sum()
            ahead = np.abs(equaliser_response(fixed, b)).sum()
            # Half a step of each stage, through the other; shaped taps lie a few steps off.
            steps = 0.5 if weights is None or number_format == "q31" else 6.0
            allowed = steps * 2.0 ** -(BITS[number_format] + row[b].exponent) * ahead
            if equaliser is not None:
                allowed += steps * 2.0 ** -(BITS[number_format] + equaliser.exponent) * path * 1.01
            assert error[k, b].max() <= allowed


@BOTH
@pytest.mark.parametrize("seed", range(4))
def test_references_are_pure_delays_to_the_last_bit(number_format, shuffled, seed):
    bank = two_stage_design(seed, shuffled, (True, True, True))
    fixed = quantise_bank(bank, NumberFormat.named(number_format), band_weights())
    for b, k in enumerate(bank.two_stage.references):
        path = fixed.paths[k][b]
        assert (path.taps, path.delay) == (1, 2)
        # The equaliser's gain was chosen for this tap: it is what the reference plays, exactly.
        component = bank.two_stage.components[k, b, 2]
        wanted = np.abs(bank.two_stage.equalisers[b]).sum() * component
        made = np.abs(equaliser_response(fixed, b)).sum() * path_responses(fixed)[k, b, 2]
        taps = fixed.equalisers[b].taps
        step = 2.0 ** -(BITS[number_format] + fixed.equalisers[b].exponent)
        assert (
            abs(made - wanted)
            <= (2 if number_format != "q31" else 0.5) * taps * step * path_responses(fixed)[k, b, 2] + 1e-9
        )


@pytest.mark.parametrize("number_format", ["q15", "q31x15"])
@pytest.mark.parametrize("seed", range(4))
def test_a_references_tap_is_an_integer_before_it_is_rounded(number_format, seed):
    two_stage = two_stage_design(seed, equalised=(True, True, True)).two_stage
    _, components, _ = quantise_equalisers(two_stage, NumberFormat.named(number_format), None)
    for b, k in enumerate(two_stage.references):
        tap = components[k, b, 2] * 2.0 ** (
            15 + quantise_path(components[k, b], NumberFormat.named(number_format)).exponent
        )
        # Two divisions and a product of float64.
        assert abs(tap - round(tap)) <= 4 * np.spacing(tap)
        assert 2**14 <= round(tap) <= 32767


def test_the_weight_of_a_path_is_multiplied_by_the_power_response_ahead_of_it():
    two_stage = two_stage_design(6).two_stage
    bins = 513
    power = np.random.default_rng(1).uniform(0.1, 1, (3, 3, bins))
    _, _, behind = quantise_equalisers(two_stage, Q15, power)
    for b, equaliser in enumerate(two_stage.equalisers):
        ahead = 1.0 if equaliser is None else np.abs(np.fft.rfft(equaliser, 2 * (bins - 1))) ** 2
        ratio = behind[:, b] / (power[:, b] * ahead)
        np.testing.assert_allclose(ratio, np.repeat(ratio[:, :1], bins, axis=1), rtol=1e-9)
        assert equaliser is None or behind[:, b].max() == 1.0


@BOTH
def test_weights_reach_through_the_other_stage(shuffled):
    """Within the served band, which is half of all, shaping both stages gains on rounding them."""
    gains = []
    for seed in range(4):
        bank = two_stage_design(seed, shuffled, taps=60, behind=16)
        wanted = bank.impulse_responses
        errors = []
        for weights in (None, band_weights()):
            fixed = quantise_bank(bank, Q31X15, weights)
            spectrum = np.fft.rfft(dequantised_impulse_responses(fixed, wanted.shape[2]) - wanted, 1024)
            errors.append(np.sum(np.abs(spectrum[..., :256]) ** 2))
        gains.append(10 * np.log10(errors[0] / errors[1]))
    assert np.mean(gains) > 3.0


def program(word, count=5000):
    return word.quantise(np.random.default_rng(11).uniform(-0.5, 0.5, (count, 2)))


def engine_of(bank, fixed, model):
    word = fixed.number_format.sample
    limiter = Limiter(fixed.limiter.as_float(fixed.number_format), model.limiter_decisions)
    return FloatEngine(bank.impulse_responses, word.largest * word.lsb, model.decisions, limiter)


@BOTH
@pytest.mark.parametrize("peak_gain", [0.9, 4.0])
def test_program_error_stays_within_its_bound(number_format, shuffled, peak_gain):
    bank = two_stage_design(20, shuffled, (True, True, True), peak_gain=peak_gain)
    fixed = quantise_bank(bank, NumberFormat.named(number_format))
    word = NumberFormat.named(number_format).sample
    samples, model = program(word), PipelineModel(fixed)
    error = np.abs(
        word.to_float(model.process(samples)) - engine_of(bank, fixed, model).process(word.to_float(samples))
    )
    bound = program_error_bound(bank.impulse_responses, fixed, samples)
    assert (error <= limited_error_bound(bound, fixed, model.limiter.decisions)).all()


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 10**6), shuffled=st.booleans(), full_scale=st.booleans())
def test_filter_error_stays_within_its_bound_and_comes_near(number_format, seed, shuffled, full_scale):
    bank = two_stage_design(seed, shuffled)
    fixed = quantise_bank(bank, NumberFormat.named(number_format))
    word, rng = NumberFormat.named(number_format).sample, np.random.default_rng(seed)
    values = rng.choice([-1.0, 1.0], (6000, 3)) if full_scale else rng.uniform(-1, 1, (6000, 3))
    samples, model = word.quantise(values), PipelineModel(fixed)
    output = word.to_float(model.process(samples, "filters"))
    error = np.abs(output - engine_of(bank, fixed, model).process(word.to_float(samples), "filters"))
    bound = filter_error_bound(bank.impulse_responses, fixed, word.to_float(samples))
    bound = limited_error_bound(bound, fixed, model.limiter.decisions)
    assert (error <= bound).all()
    assert error.max() > 0.2 * bound.max()


@BOTH
@pytest.mark.parametrize("seed", range(2))
def test_expected_noise_is_the_measured(number_format, shuffled, seed):
    bank = two_stage_design(seed, shuffled, (True, True, True), peak_gain=0.5)
    fixed = quantise_bank(bank, NumberFormat.named(number_format))
    word = NumberFormat.named(number_format).sample
    samples = word.quantise(np.random.default_rng(3).uniform(-0.5, 0.5, (40000, 3)))
    output = word.to_float(PipelineModel(fixed).process(samples, "filters"))
    delay = fixed.limiter.delay_samples
    wanted = FloatEngine(bank.impulse_responses, 1.0).process(word.to_float(samples), "filters")
    measured = 10 * np.log10(np.sum(wanted[:-delay] ** 2) / np.sum((output[delay:] - wanted[:-delay]) ** 2))
    expected = white_noise_snr_db(bank, fixed)
    # Of two dropped bits, 0 to 3 quarters of a step, q31 is expected to lose half a step: at most 2.5 dB more.
    slack = 20 * np.log10(2 / 1.5) if number_format == "q31" else 0.0
    assert measured - slack - 0.3 <= expected <= measured + 0.3
