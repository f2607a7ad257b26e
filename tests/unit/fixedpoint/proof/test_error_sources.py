"""Each source of the error bound by itself, where the worst case is known or can be tried out whole."""

import itertools

import numpy as np
import pytest
from banks import mirror_bank, random_bank
from definition import equalised
from two_stage_designs import two_stage_bank

from designer.filters.bank import FilterBank
from designer.fixedpoint.model.upmix import UpmixModel
from designer.fixedpoint.number_format import NumberFormat
from designer.fixedpoint.proof.error_bound import (
    bus_error,
    equaliser_error,
    filter_error_bound,
    limited_error_bound,
    program_error_bound,
    rounding_bound,
)
from designer.fixedpoint.proof.upmix_error_bound import centre_error_bound
from designer.fixedpoint.proof.worst_case import to_buses
from designer.fixedpoint.quantise.bank import quantise_bank


@pytest.mark.parametrize("make", [random_bank, mirror_bank])
def test_what_a_bus_loses_is_its_bound_and_no_less(number_format, make):
    """All combinations of the bits that can be lost: the worst of them is the bound, to the last bit."""
    _, bank = make(1, number_format)
    low_bits = range(2 ** (bank.number_format.headroom_bits + 1))
    samples = np.array(list(itertools.product(low_bits, low_bits, low_bits)), dtype=np.int64)
    left, right, centre = samples.T.astype(float)
    shuffled = [(left + right) / 2, (left - right) / 2, centre]
    exact = np.stack(shuffled if bank.structure.shuffled else [left, right, centre], axis=1)
    kept = to_buses(bank, samples) * 2.0**bank.number_format.headroom_bits
    lost = np.abs(exact - kept).max(axis=0) * bank.number_format.sample.lsb
    np.testing.assert_array_equal(bus_error(bank), lost)


def test_what_an_equaliser_rounds_stays_within_its_bound_and_comes_near(number_format):
    bank = two_stage_bank(5, number_format, equalised=(True, True, True))
    reach = 2**bank.number_format.bus.fraction_bits
    buses = np.random.default_rng(3).integers(-reach, reach, (3000, 3))
    made = equalised(bank, tuple(buses.T.astype(object)))
    for b, equaliser in enumerate(bank.equalisers):
        taps = equaliser.coefficients.astype(object)
        scale = 2 ** (bank.number_format.coefficient.fraction_bits + equaliser.exponent)
        exact = np.concatenate([[0] * equaliser.delay, np.convolve(buses[:, b].astype(object), taps)])[: len(buses)]
        error = max(abs(int(m) * scale - int(x)) for m, x in zip(made[b], exact, strict=True)) / scale / reach
        # Floors of products all drop most only for special samples.
        least = 0.9 if number_format != "q31x15" else 0.3
        assert least * equaliser_error(bank)[b] <= error <= equaliser_error(bank)[b]


def test_without_equalisers_nothing_is_rounded_there(number_format):
    np.testing.assert_array_equal(equaliser_error(mirror_bank(1, number_format)[1]), np.zeros(3))


@pytest.mark.parametrize("gains", [(0.3, 0.2, 0.9), (0.3, 0.2, 0.5), (-0.4, 0.3, 0.1)])
def test_an_error_of_the_centre_reaches_a_driver_by_what_centre_and_sides_do_not_share(number_format, gains):
    """The centre's error is taken from left and right, so it is heard with h_C - h_L - h_R."""
    bank = FilterBank(np.array(gains).reshape(1, 3, 1), ("woofer",), ("left", "right", "centre"), 48000, 0)
    fixed = quantise_bank(bank, NumberFormat.named(number_format))
    word = fixed.number_format.sample
    stereo = word.quantise(np.random.default_rng(2).uniform(-0.5, 0.5, (1000, 2)))
    model = UpmixModel(fixed.number_format)
    buses = word.to_float(model.process(stereo))
    spread = abs(gains[2] - gains[0] - gains[1]) * centre_error_bound(fixed.number_format, model.decisions, 1000)
    expected = filter_error_bound(bank.impulse_responses, fixed, buses)[:, 0] + spread
    found = program_error_bound(bank.impulse_responses, fixed, stereo)[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=2e-12)


def test_a_limiter_delays_the_bound_and_adds_its_rounding_only_where_it_acts(number_format):
    _, fixed = random_bank(1, number_format)
    delay, lsb = fixed.limiter.delay_samples, fixed.number_format.sample.lsb
    bound = np.arange(1.0, 201.0)[:, None] * np.ones((1, 2))
    hops = -(-200 // 16) + 1
    at_rest = limited_error_bound(bound, fixed, [np.full(1, 1 << 24)] * hops)
    np.testing.assert_array_equal(at_rest[:delay], 0.0)
    np.testing.assert_array_equal(at_rest[delay:], bound[:-delay])
    halved = limited_error_bound(bound, fixed, [np.full(1, 1 << 23)] * hops)
    np.testing.assert_allclose(halved[delay + 32 :], bound[32:-delay] / 2 + lsb / 2, rtol=1e-12)
    assert limited_error_bound(bound[:5], fixed, [np.full(1, 1 << 24)] * hops).shape == (5, 2)


@pytest.mark.parametrize("make", [random_bank, mirror_bank])
def test_roundings_add_up_to_their_definition(number_format, make):
    """Half a step of the output; one unit of a path's sum for each floored product; what the buses lose, filtered."""
    _, bank = make(4, number_format)
    unit = {"q15": 0.0, "q31": 0.0, "q31x15": 2.0**-26}[number_format]
    fraction = {"q15": 15, "q31": 31, "q31x15": 15}[number_format]
    expected = np.full(len(bank.driver_names), bank.number_format.sample.lsb / 2)
    for k, row in enumerate(bank.paths):
        for b, path in enumerate(row):
            scale = 2.0**-path.exponent
            gain = np.abs(path.coefficients.astype(float)).sum() * 2.0**-fraction * scale
            for driver in bank.structure.drivers_of(k):
                expected[driver] += unit * path.taps * scale + gain * bus_error(bank)[b]
    assert number_format == "q31" or any(path.exponent for row in bank.paths for path in row)
    np.testing.assert_allclose(rounding_bound(bank), expected, rtol=1e-12)


@pytest.mark.parametrize("shuffled", [True, False])
def test_behind_an_equaliser_its_rounding_is_filtered_by_the_paths(number_format, shuffled):
    """What the bus loses passes both stages, what the equaliser rounds only the second."""
    bank = two_stage_bank(5, number_format, shuffled, (True, True, False))
    unit = {"q15": 0.0, "q31": 0.0, "q31x15": 2.0**-26}[number_format]
    fraction = {"q15": 15, "q31": 31, "q31x15": 15}[number_format]

    def response(path):
        return path.coefficients.astype(float) * 2.0 ** -(fraction + path.exponent)

    expected = np.full(len(bank.driver_names), bank.number_format.sample.lsb / 2)
    for k, row in enumerate(bank.paths):
        for b, path in enumerate(row):
            if path.taps == 0:
                continue
            equaliser = bank.equalisers[b]
            both = response(path) if equaliser is None else np.convolve(response(equaliser), response(path))
            lost = np.abs(both).sum() * bus_error(bank)[b] + np.abs(response(path)).sum() * equaliser_error(bank)[b]
            for driver in bank.structure.drivers_of(k):
                expected[driver] += unit * path.taps * 2.0**-path.exponent + lost
    np.testing.assert_allclose(rounding_bound(bank), expected, rtol=1e-12)
