import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from designer.errors import InfeasibleDesignError
from designer.filters.bank import FilterBank
from designer.fixedpoint.quantise import effective_impulse_responses, quantise_bank, quantise_path

ARITHMETICS = ("q15", "q31")
BITS = {"q15": 15, "q31": 31}
RESPONSES = arrays(np.float64, st.integers(1, 40), elements=st.floats(-0.02, 0.02, allow_subnormal=False))


def bank_of(responses):
    responses = np.asarray(responses, dtype=np.float64)
    names = tuple(f"d{i}" for i in range(responses.shape[0]))
    return FilterBank(responses, names, ("left", "right", "centre"), 48000, 0)


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
@given(response=RESPONSES)
def test_every_tap_is_within_half_a_step(arithmetic, response):
    path = quantise_path(response, arithmetic)
    real = np.zeros(response.size)
    real[path.delay : path.delay + path.taps] = np.ldexp(
        path.coefficients.astype(float), -(BITS[arithmetic] + path.exponent)
    )
    # A q15 tap may also be held at -32767 instead of -32768: one step.
    step = 2.0 ** -(BITS[arithmetic] + (path.exponent if path.taps else 0))
    assert np.abs(real - response).max() <= step * (0.5 if path.taps else 2.0**-15 * 0.5 + 0.5)


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
@given(response=RESPONSES)
def test_no_bit_is_wasted_and_ends_are_trimmed(arithmetic, response):
    path = quantise_path(response, arithmetic)
    if path.taps == 0:
        return
    assert path.coefficients[0] != 0
    assert path.coefficients[-1] != 0
    if path.exponent < 15:
        taps = path.coefficients.astype(np.int64)
        size = np.abs(taps).max() if arithmetic == "q15" else np.abs(taps).sum()
        assert size >= 2 ** (BITS[arithmetic] - 1) * (1 - 1e-6) - 40


def test_asymmetric_response_keeps_its_order():
    path = quantise_path(np.array([0.0, 0.0, 0.5, 0.25, 0.125, 0.0]), "q15")
    assert path.coefficients.tolist() == [16384, 8192, 4096]
    assert (path.delay, path.exponent) == (2, 0)


def test_minus_one_is_held_at_32767():
    assert quantise_path(np.array([-0.99999]), "q15").coefficients.tolist() == [-32767]


@settings(deadline=None)
@given(arrays(np.float64, (2, 3, 20), elements=st.floats(-0.01, 0.01, allow_subnormal=False)))
def test_effective_responses_are_what_the_paths_do(responses):
    fixed = quantise_bank(bank_of(responses), "q31")
    effective = effective_impulse_responses(fixed)
    padded = np.zeros((2, 3, 20))
    padded[..., : effective.shape[2]] = effective
    assert np.abs(padded - responses).max() <= 2.0**-31


@pytest.mark.parametrize(("arithmetic", "what"), [("q15", "largest tap = 1.500"), ("q31", "Σ|h| = 1.500")])
def test_what_does_not_fit_is_refused_with_the_gain_that_does(arithmetic, what):
    responses = np.zeros((2, 3, 8))
    responses[1, 2, 3] = 1.5
    with pytest.raises(InfeasibleDesignError) as caught:
        quantise_bank(bank_of(responses), arithmetic)
    assert str(caught.value) == (
        f"driver 'd1' ← input 'centre': {what}, limit 1 in {arithmetic}; lower output.peak_gain_db by 3.6 dB"
    )
    quantise_bank(bank_of(responses * 10 ** (-3.6 / 20)), arithmetic)
