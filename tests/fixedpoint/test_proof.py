"""The proof is attacked: the worst-case input reaches its bounds and never passes them."""

import numpy as np
import pytest
from banks import random_bank

from designer.errors import InfeasibleDesignError
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.proof import prove, require_proof
from designer.fixedpoint.twin import Twin


def worst_input(bank, driver):
    """Full scale with the sign of the tap that meets it, so that every product is positive: (n, I)."""
    minimum, maximum = (-(2**15), 2**15 - 1) if bank.arithmetic == "q15" else (-(2**31), 2**31 - 1)
    row = bank.paths[driver]
    length = max(path.delay + path.taps for path in row)
    samples = np.zeros((length, len(row)), dtype=np.int64)
    for i, path in enumerate(row):
        for k, tap in enumerate(path.coefficients):
            samples[length - 1 - path.delay - k, i] = minimum if tap < 0 else maximum
    return samples


@pytest.mark.parametrize("seed", range(5))
def test_worst_input_peaks_at_the_bound(arithmetic, seed):
    _, bank = random_bank(seed, arithmetic)
    proof = prove(bank)
    for d, bound in enumerate(proof.drivers):
        output = Twin(bank).process(worst_input(bank, d), "filters")
        peak = int(output[-1, d])
        assert peak == output[:, d].max()
        assert peak <= bound.output
        # The bound takes |x| = 2**B for both signs; the positive full scale is one step short of it, at every tap.
        taps = sum(path.taps for path in bank.paths[d])
        slack = bound.gain + len(bank.input_names) + 1 if arithmetic == "q31" else bound.gain + 1
        assert peak >= bound.output - slack, taps


def test_random_input_stays_below(arithmetic):
    _, bank = random_bank(1, arithmetic)
    scale = 2 ** (15 if arithmetic == "q15" else 31)
    samples = np.random.default_rng(2).integers(-scale, scale, (4000, 3))
    output = np.abs(Twin(bank).process(samples, "filters")).max(axis=0)
    for peak, bound in zip(output, prove(bank).drivers, strict=True):
        assert peak <= bound.output


def test_saturation_is_foretold(arithmetic):
    _, quiet = random_bank(3, arithmetic, peak_gain=0.9)
    _, loud = random_bank(3, arithmetic, peak_gain=1.9)
    assert not any(bound.can_saturate for bound in prove(quiet).drivers)
    assert any(bound.can_saturate for bound in prove(loud).drivers)
    d = next(d for d, bound in enumerate(prove(loud).drivers) if bound.can_saturate)
    full_scale = prove(loud).drivers[d].full_scale
    assert Twin(loud).process(worst_input(loud, d), "filters")[-1, d] == full_scale


def test_accumulator_bound_is_reached_by_a_single_path():
    path = FixedPointPath(np.array([3, -5, 7], dtype=np.int16))
    empty = FixedPointPath(np.zeros(0, dtype=np.int16))
    bank = FixedPointBank("q15", 48000, ("d",), ("left", "right", "centre"), ((path, empty, empty),))
    bound = prove(bank).paths[0]
    assert (bound.coefficient_sum, bound.accumulator) == (15, 15 * 2**15)
    assert bound.holds


def test_what_is_not_proved_is_refused():
    # Differences of exponents shift a large path up until the 64-bit sum would overflow.
    big = FixedPointPath(np.full(2048, 32767, dtype=np.int16), exponent=0)
    tiny = FixedPointPath(np.array([1], dtype=np.int16), exponent=15)
    bank = FixedPointBank("q15", 48000, ("woofer",), ("left", "right", "centre"), ((big, big, tiny),))
    assert prove(bank).drivers[0].sum_magnitude < 2**63
    assert require_proof(bank).holds
    wide = FixedPointPath(np.array([2**31 - 1], dtype=np.int32), exponent=0)
    q31 = FixedPointBank("q31", 48000, ("woofer",), ("left", "right", "centre"), ((wide, wide, wide),))
    assert prove(q31).paths[0].holds
    broken = prove(q31).paths[0]
    object.__setattr__(broken, "accumulator", broken.accumulator_limit)
    assert not broken.holds


def test_refusal_names_driver_input_and_gain(monkeypatch):
    _, bank = random_bank(0, "q31")
    monkeypatch.setattr("designer.fixedpoint.proof._coefficient_sum", lambda path: 2**32)
    with pytest.raises(
        InfeasibleDesignError, match=r"driver 'd0' ← input 'left': accumulator .*peak_gain_db by 6\.1 dB"
    ):
        require_proof(bank)
