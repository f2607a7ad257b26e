"""The proof of two stages is attacked: sign-matched inputs come to its bounds through both, and nothing passes them."""

from dataclasses import replace

import numpy as np
import pytest
from definition import equalised, limits, path_output
from hypothesis import given, settings
from hypothesis import strategies as st
from two_stage_designs import two_stage_bank

from designer.errors import InfeasibleDesignError
from designer.fixedpoint.bank import FixedPointPath
from designer.fixedpoint.fast_fir import join_outputs, split_samples, split_taps
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.fixedpoint.number_format import NumberFormat
from designer.fixedpoint.proof.overflow import prove, require_proof
from designer.fixedpoint.proof.worst_case import (
    driver_input,
    driver_path_taps,
    driver_taps,
    equaliser_input,
    equaliser_slack,
    largest_sum,
    path_input,
    to_buses,
)
from designer.fixedpoint.quantise.equaliser import keeps_range

SHUFFLED = pytest.mark.parametrize("shuffled", [True, False])
REACH = {"q15": 2**15, "q31": 2**29, "q31x15": 2**27}


def opposite(bank, samples):
    low, high = limits(bank.number_format.name)
    return np.where(samples > 0, low, high)


@SHUFFLED
@pytest.mark.parametrize("seed", range(3))
def test_an_equaliser_peaks_exactly_at_its_bounds(number_format, shuffled, seed):
    bank = two_stage_bank(seed, number_format, shuffled, (True, True, True))
    proof = prove(bank)
    behind = {bound.where: bound for bound in proof.of("equalised")}
    inside = {bound.where: bound for bound in proof.of("accumulator")}
    for b, name in enumerate(bank.bus_names):
        samples = equaliser_input(bank, b)
        for found, inputs in (("most", samples), ("least", opposite(bank, samples))):
            bus = to_buses(bank, inputs)
            total = path_output(bank.number_format.name, bank.equalisers[b], bus[:, b])[-1]
            assert total == getattr(inside[f"equaliser of bus '{name}'"], found)
            made = equalised(bank, tuple(bus.T.astype(object)))[b][-1]
            assert made == getattr(behind[name], found)
            assert -REACH[number_format] <= made < REACH[number_format]
    assert proof.holds


@SHUFFLED
@pytest.mark.parametrize("seed", range(4))
def test_every_path_and_driver_comes_to_its_bound_through_both_stages(number_format, shuffled, seed):
    bank = two_stage_bank(seed, number_format, shuffled)
    proof = prove(bank)
    accumulators = {bound.where: bound for bound in proof.of("accumulator")}
    slack = equaliser_slack(bank)
    for k, row in enumerate(bank.paths):
        for b, path in enumerate(row):
            if path.taps == 0:
                continue
            bound = accumulators[f"driver '{bank.sum_names[k]}' ← input '{bank.bus_names[b]}'"]
            share = share_of(bank, k, b, path_input(bank, k, b))
            # What rounding may do either way, at this end twice: the bound allows for it, the input does not seek it.
            room = 2 * slack[b] * int(np.abs(path.coefficients.astype(np.int64)).sum())
            room = room / 2**16 + 2 * path.taps if number_format == "q31x15" else room
            assert bound.most - room <= share[-1] <= bound.most
            low = share_of(bank, k, b, opposite(bank, path_input(bank, k, b)))
            assert bound.least <= low[-1] <= bound.least + room
    for d, bound in enumerate(proof.drivers):
        driver_signal = PipelineModel(bank).trace(driver_input(bank, d), "filters").driver_signal[:, d]
        g = bank.structure.group_of(d)
        taps = driver_path_taps(bank, d)
        rounded = sum(2 * s * int(np.abs(row).sum()) for s, row in zip(slack, taps, strict=True))
        dropped = {"q15": 0, "q31": 6, "q31x15": 6 * 24}[number_format]
        scale = bank.group_shift(g) + (16 if number_format == "q31x15" else 0)
        room = rounded / 2**scale + 2 + dropped
        assert bound.most - room <= driver_signal[-1] <= bound.most
        lowest = largest_sum(bank, -driver_taps(bank, d))[1]
        assert bound.least <= PipelineModel(bank).trace(lowest, "filters").driver_signal[-1, d] <= bound.least + room


def share_of(bank, k, b, samples):
    """What one path's accumulator holds."""
    behind = equalised(bank, tuple(to_buses(bank, samples).T.astype(object)))[b]
    return path_output(bank.number_format.name, bank.paths[k][b], behind)


@SHUFFLED
def test_no_input_passes_a_bound(number_format, shuffled):
    bank = two_stage_bank(11, number_format, shuffled, (True, True, True))
    low, high = limits(number_format)
    proof, rng = prove(bank), np.random.default_rng(2)
    for values in (
        rng.integers(low, high, (4000, 3), endpoint=True),
        rng.choice([low, low + 1, high - 1, high], (4000, 3)),
    ):
        stages = PipelineModel(bank).trace(values, "filters")
        for bound, made in zip(proof.of("equalised"), stages.equalised.T, strict=True):
            assert bound.least <= made.min()
            assert made.max() <= bound.most
        for bound, driver_signal in zip(proof.drivers, stages.driver_signal.T, strict=True):
            assert bound.least <= driver_signal.min()
            assert driver_signal.max() <= bound.most


@settings(deadline=None, max_examples=200)
@given(
    taps=st.lists(st.integers(-32767, 32767), min_size=1, max_size=5).filter(any),
    exponent=st.integers(1, 4),
    missing=st.integers(-3, 3),
)
def test_what_the_boards_test_lets_pass_the_proof_does(number_format, taps, exponent, missing):
    """Near Σ|h| = 1, where it decides: an equaliser that it lets pass stays in its bus for the worst inputs."""
    exponent = -3 + exponent % 4 if number_format == "q31" else exponent
    dtype = np.int32 if number_format == "q31" else np.int16
    fraction = 31 if number_format == "q31" else 15
    taps = np.array(taps, dtype=np.int64) * (2**15 if number_format == "q31" else 1)
    one = 2 ** (fraction + exponent)
    # As much of the last tap as leaves `missing` to 1.
    rest = one - missing - int(np.abs(taps[:-1]).sum())
    limit = 2**31 - 1 if number_format == "q31" else 32767
    taps[-1] = np.clip(rest, -limit, limit) * (1 if taps[-1] >= 0 else -1)
    path = FixedPointPath(taps.astype(dtype), 0, exponent)
    bank = two_stage_bank(0, number_format, shuffled=False, equalised=(False, False, False))
    if number_format == "q31" and int(np.abs(taps).sum()) >= 2**31:
        assert not keeps_range(path, NumberFormat.named(number_format))
        return
    found = prove(replace(bank, equalisers=(path, None, None)))
    assert keeps_range(path, NumberFormat.named(number_format)) == all(bound.holds for bound in found.of("equalised"))


def test_an_equaliser_that_could_leave_its_bus_is_refused(number_format):
    bank = two_stage_bank(3, number_format)
    loud = bank.equalisers[0]
    if number_format == "q31":
        loud = replace(loud, exponent=-1)
    else:
        loud = (
            replace(loud, exponent=loud.exponent - 1)
            if number_format == "q15"
            else np.concatenate([loud.coefficients, loud.coefficients])
        )
        loud = FixedPointPath(loud, 0, 1) if number_format == "q31x15" else loud
    assert not keeps_range(loud, NumberFormat.named(number_format))
    with pytest.raises(InfeasibleDesignError, match=r"equaliser of bus 'mid' reaches .*Σ\|h\| is above 1"):
        require_proof(replace(bank, equalisers=(loud, *bank.equalisers[1:])))


def test_equalisers_by_parts_are_exact_and_bounded():
    bank = two_stage_bank(5, "q31", equalised=(True, True, True))
    proof = prove(bank)
    shared = {bound.where: bound for bound in proof.of("part sums")}
    for b, name in enumerate(bank.bus_names):
        where, equaliser = f"equaliser of bus '{name}'", bank.equalisers[b]
        samples = np.concatenate([to_buses(bank, equaliser_input(bank, b))[:, b]] * 5)
        samples = samples[: samples.size - samples.size % 4]
        parts = [
            np.convolve(x.astype(object), taps.astype(object))[: x.size]
            for x, taps in zip(split_samples(samples), split_taps(equaliser), strict=True)
        ]
        expected = path_output("q31", equaliser, samples)
        np.testing.assert_array_equal(join_outputs(np.array(parts)), expected)
        assert max(abs(int(v)) for part in parts for v in part) <= shared[where].most
        assert shared[where].holds
