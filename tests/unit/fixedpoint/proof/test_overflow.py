"""The proof is attacked: worst inputs reach every bound, and nothing passes one."""

import numpy as np
import pytest
from banks import mirror_bank, random_bank
from definition import limits, path_output

from designer.errors import InfeasibleDesignError
from designer.fixedpoint.accumulator_runs import accumulator_runs
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.limiter_settings import to_db
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.fixedpoint.number_format import Q15, Q31X15
from designer.fixedpoint.proof.bound import Bound
from designer.fixedpoint.proof.overflow import prove, require_proof
from designer.fixedpoint.proof.worst_case import driver_input, driver_taps, largest_sum, path_input, to_buses

MAKERS = pytest.mark.parametrize("make", [random_bank, mirror_bank])


@MAKERS
@pytest.mark.parametrize("seed", range(3))
def test_every_accumulator_peaks_exactly_at_its_bound(number_format, make, seed):
    _, bank = make(seed, number_format, peak_gain=1.9)
    bounds = iter(prove(bank).of("accumulator"))
    for k, row in enumerate(bank.paths):
        for b, path in enumerate(row):
            if path.taps == 0:
                continue
            bound = next(bounds)
            samples = path_input(bank, k, b)
            reached = exact_accumulator(bank, path, to_buses(bank, samples)[:, b])
            assert reached[-1] == bound.most
            assert max(reached) == bound.most
            low = exact_accumulator(bank, path, to_buses(bank, opposite(bank, samples))[:, b])
            assert low[-1] == bound.least


def opposite(bank, samples):
    low, high = limits(bank.number_format.name)
    return np.where(samples > 0, low, high)


def exact_accumulator(bank, path, bus):
    """What the accumulator holds ahead of q31's final shift."""
    if bank.number_format.name == "q31x15":
        return path_output(bank.number_format.name, path, bus)
    return path_output("q15", path, bus)


def test_every_segment_peaks_exactly_at_its_bound():
    rng = np.random.default_rng(3)
    paths = [
        FixedPointPath((rng.choice([-1, 1], 200) * rng.integers(20000, 32767, 200)).astype(np.int16)) for _ in range(3)
    ]
    bank = FixedPointBank(Q31X15, 48000, ("woofer",), ("left", "right", "centre"), (tuple(paths),))
    bounds = prove(bank).of("segment")
    assert len(bounds) > sum(path.taps > 0 for row in bank.paths for path in row)
    found = iter(bounds)
    low, high = (x >> 4 for x in limits("q31x15"))
    for row in bank.paths:
        for path in row:
            for segment in accumulator_runs(path.coefficients, Q31X15):
                taps = path.coefficients[segment.first : segment.first + segment.taps].astype(int)
                bound = next(found)
                assert int((np.where(taps > 0, taps * high, taps * low) >> 16).sum()) == bound.most
                assert int((np.where(taps > 0, taps * low, taps * high) >> 16).sum()) == bound.least
                assert bound.most < 2**31
                assert bound.holds


@MAKERS
@pytest.mark.parametrize("seed", range(5))
def test_every_driver_peaks_at_its_bound(number_format, make, seed):
    _, bank = make(seed, number_format)
    for d, bound in enumerate(prove(bank).drivers):
        output = PipelineModel(bank).trace(driver_input(bank, d), "filters").driver_signal[:, d]
        assert output[-1] == output.max()
        assert output[-1] <= bound.most
        # q15 is exact up to its one rounding; floors of paths or products leave less than a step each.
        floors = {"q15": 0, "q31": 6, "q31x15": 2 * 6 * 24}[number_format]
        assert output[-1] >= bound.most - floors
        lowest = largest_sum(bank, -driver_taps(bank, d))[1]
        output = PipelineModel(bank).trace(lowest, "filters").driver_signal[:, d]
        assert output[-1] == output.min()
        assert bound.least <= output[-1] <= bound.least + floors


@MAKERS
def test_no_input_beats_the_worst_input(number_format, make):
    """Every pair of inputs within a step of full scale, for one tap on mid and one on side."""
    _, bank = make(1, number_format)
    low, high = limits(number_format)
    rng = np.random.default_rng(2)
    bounds = prove(bank).drivers
    for values in (
        rng.integers(low, high, (4000, 3), endpoint=True),
        rng.choice([low, low + 1, high - 1, high], (4000, 3)),
    ):
        output = PipelineModel(bank).trace(values, "filters").driver_signal
        for d, bound in enumerate(bounds):
            assert bound.least <= output[:, d].min()
            assert output[:, d].max() <= bound.most


@MAKERS
def test_accumulators_that_paths_share_are_bounded_for_all_of_them(make):
    _, bank = make(1, "q31", peak_gain=1.9)
    proof = prove(bank)
    alone = {bound.where: bound.most for bound in proof.of("part accumulators")}
    shared = {bound.where: bound for bound in proof.of("part sums")}
    assert list(shared) == [f"driver '{name}'" for name in bank.sum_names]
    for where, bound in shared.items():
        own = [most for path, most in alone.items() if path.startswith(f"{where} ←")]
        # A pair's difference has one path.
        assert bound.most > max(own) if len(own) > 1 else bound.most == own[0]
        assert bound.most <= sum(own) + 2**31
        # 2^31 of taps, on differences of differences of samples.
        assert bound.most < 2**62 + 2**31
        assert bound.holds


def test_buses_reach_full_scale_and_stay_within(number_format):
    _, bank = mirror_bank(1, number_format)
    low, high = limits(number_format)
    room = {"q15": 0, "q31": 2, "q31x15": 4}[number_format]
    corners = np.array([(a, b, c) for a in (low, high) for b in (low, high) for c in (low, high)])
    buses = to_buses(bank, corners)
    for bus, bound in zip(buses.T, prove(bank).of("bus"), strict=True):
        assert (bus.min(), bus.max()) == (bound.least, bound.most)
        # Halves of 32-bit samples are floored one by one: mid ends one step, side one or two, short of full scale.
        assert low >> room <= bound.least <= (low >> room) + (room > 0)
        assert (high >> room) - (room > 0) <= bound.most <= high >> room
        assert bound.holds


def test_work_for_the_limiter_is_foretold(number_format):
    _, quiet = random_bank(3, number_format, peak_gain=0.9)
    _, loud = random_bank(3, number_format, peak_gain=1.9)
    assert not any(bound.is_limited for bound in prove(quiet).drivers)
    assert any(bound.is_limited for bound in prove(loud).drivers)
    d = next(d for d, bound in enumerate(prove(loud).drivers) if bound.is_limited)
    bound = prove(loud).drivers[d]
    model = PipelineModel(loud)
    samples = driver_input(loud, d)
    output = model.process(np.concatenate([samples, np.zeros((200, 3), dtype=np.int64)]), "filters")[:, d]
    # The loudest input at all is turned down by what the proof says, and its peak lands on the limit, but for what
    # rounding a gain down to 24 bits loses.
    assert to_db(int(model.limiter.least[d])) == pytest.approx(bound.most_reduction_db, abs=1e-3)
    assert bound.limit * (1 - 2**-22) - 2 <= np.abs(output).max() <= bound.limit


def test_what_is_not_proved_is_refused_with_the_gain_that_would_do(monkeypatch):
    # Words and exponents leave no bank that could overflow 64 bits: the extreme of all still fits.
    big = FixedPointPath(np.full(2048, 32767, dtype=np.int16), exponent=-3)
    tiny = FixedPointPath(np.array([1], dtype=np.int16), exponent=15)
    bank = FixedPointBank(Q15, 48000, ("woofer",), ("left", "right", "centre"), ((big, big, tiny),))
    assert require_proof(bank).drivers[0].sum.bits == 61
    monkeypatch.setattr("designer.fixedpoint.proof.overflow._WORD_64", 1 << 59)
    with pytest.raises(InfeasibleDesignError, match=r"driver 'woofer': sum reaches .*limit .*peak_gain_db by 6\.1 dB"):
        require_proof(bank)


def test_a_bound_holds_up_to_its_limit_and_not_beyond():
    assert Bound("x", "y", -128, 127, 128).holds
    assert not Bound("x", "y", -129, 0, 128).holds
    assert not Bound("x", "y", 0, 128, 128).holds
    assert [Bound("x", "y", a, b, 128).bits for a, b in ((-128, 127), (-129, 0), (0, 128), (0, 0))] == [8, 9, 9, 2]
