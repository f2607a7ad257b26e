"""Each bound is held against the word that the firmware really has, and stands at its true extremes.

The words are written down here a second time, from the C code: a proof against a wider word would prove nothing.
"""

import re
from dataclasses import replace

import numpy as np
import pytest
from banks import mirror_bank, random_bank
from two_stage_designs import two_stage_bank

from designer.errors import InfeasibleDesignError
from designer.filters.structure import Group, Structure
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.dequantised import dequantised_impulse_responses
from designer.fixedpoint.fast_fir import subfilter_sum_bound
from designer.fixedpoint.limiter_settings import FixedLimiter
from designer.fixedpoint.number_format import Q15, Q31, Q31X15
from designer.fixedpoint.proof.bound import Bound
from designer.fixedpoint.proof.limiter import limiter_bounds, volume_bounds
from designer.fixedpoint.proof.overflow import DriverBound, prove, require_proof
from designer.fixedpoint.proof.worst_case import driver_taps, largest_sum
from designer.resources import resource

INPUTS = ("left", "right", "centre")
# Bits of the words in firmware/core/dsp: format_*.h, fir.h, fast_fir.h, limiter.c, volume.c.
WORDS = {
    "q15": {"bus": 16, "accumulator": 64, "feed": 32},
    "q31": {
        "bus": 32,
        "accumulator": 64,
        "feed": 64,
        "part samples": 32,
        "part taps": 32,
        "part accumulators": 64,
        "part sums": 64,
    },
    "q31x15": {"bus": 32, "accumulator": 64, "segment": 32, "feed": 64},
}
UPMIX = {
    "rate filter, accumulator": 64,
    "low rate, sum of two samples": 32,
    "low rate, tap": 32,
    "low rate, accumulator": 64,
    "low rate, centre": 32,
    "low rate, cross-fade": 64,
    "centre, accumulator": 64,
    "analysis, windowed sample": 32,
    "analysis, transform": 32,
    "analysis, power of a band": 64,
    "analysis, power of the top band": 64,
    "analysis, smoothed power": 64,
}


@pytest.mark.parametrize("make", [random_bank, mirror_bank])
def test_every_bound_is_held_against_the_firmwares_word(number_format, make):
    proof = prove(make(1, number_format)[1])
    assert {b.where: b.limit for b in proof.of("upmix")} == {name: 2 ** (bits - 1) for name, bits in UPMIX.items()}
    for stage, bits in WORDS[number_format].items():
        assert proof.of(stage)
        assert {b.limit for b in proof.of(stage)} == {2 ** (bits - 1)}, stage
    assert {d.sum.limit for d in proof.drivers} == {2**63}
    known = {*WORDS[number_format], "upmix", "volume", "limiter"}
    assert {b.stage for b in proof.bounds} == known


def test_an_equalised_bus_keeps_the_headroom_of_a_bus(number_format):
    proof = prove(two_stage_bank(1, number_format, equalised=(True, True, True)))
    assert {b.limit for b in proof.of("equalised")} == {2 ** {"q15": 15, "q31": 29, "q31x15": 27}[number_format]}


def bank_of(number_format, row, structure=None, names=("woofer",)):
    structures = {} if structure is None else {"structure": structure}
    return FixedPointBank(number_format, 48000, names, INPUTS, row, **structures)


def test_a_driver_signal_has_the_word_of_its_header(number_format):
    """Its sum has 64 bits in every format, so that the sum alone would prove nothing about the word behind it."""
    bits = WORDS[number_format]["feed"]
    header = (resource("firmware") / f"core/dsp/format_{number_format}.h").read_text(encoding="utf-8")
    assert re.findall(r"typedef int(\d+)_t ps_wide_t;", header) == [str(bits)]
    _, bank = random_bank(1, number_format)
    narrow = prove(replace(bank, number_format=replace(bank.number_format, driver_signal_bits=8)))
    assert all(driver.holds for driver in narrow.drivers)
    assert not narrow.holds
    assert [b.holds for b in narrow.of("feed")] == [False] * len(narrow.drivers)


def test_volume_and_limiters_are_bounded_at_their_extremes(number_format):
    word = {"q15": Q15, "q31": Q31, "q31x15": Q31X15}[number_format].sample
    low, high = word.smallest, word.largest
    line = ("gain on a line", -(2**24) * 15, 2**24 * 16, 2**31)
    assert [(b.where, b.least, b.most, b.limit) for b in volume_bounds(word)] == [
        ("product", low * 2**28 + 2**27, high * 2**28 + 2**27, 2**63),
        line,
    ]
    settings = FixedLimiter(limits=(1000, high), hops=7, release=123456)
    found = [(b.where, b.least, b.most, b.limit) for b in limiter_bounds(settings, ("a", "b"))]
    assert found == [
        *(
            bound
            for name, limit in (("a", 1000), ("b", high))
            for bound in (
                (f"driver '{name}': target's dividend", 0, limit * 2**24, 2**63),
                (f"driver '{name}': product", 2**27 - (limit + 1) * 2**28, 2**27 + (limit + 1) * 2**28, 2**63),
                (f"driver '{name}': output", -limit - 1, limit, limit + 1),
            )
        ),
        ("sum of gains", 0, 7 * 2**24, 30 * 2**24 + 1),
        ("release", 0, (2**24 + 2**21) * 123456, 2**63),
        line,
    ]


@pytest.mark.parametrize(
    ("least", "most", "limited", "reduction_db"),
    [
        (-1001, 1000, False, 0.0),
        (-1001, 1001, True, 20 * np.log10(1000 / 1002)),
        (-1002, 1000, True, 20 * np.log10(1000 / 1002)),
        (-1999, 0, True, 20 * np.log10(1000 / 1999)),
        (0, 1999, True, 20 * np.log10(1000 / 2000)),
        (-5, 5, False, 0.0),
    ],
)
def test_a_limiter_has_work_on_either_side_of_zero(least, most, limited, reduction_db):
    """The magnitude of a negative x is -x - 1: full scale is within a limit of full scale on both sides."""
    bound = DriverBound("woofer", Bound("sum", "x", least, most, 2**63), least, most, 1000, 1.0)
    assert bound.is_limited is limited
    assert bound.most_reduction_db == pytest.approx(reduction_db, abs=1e-12)


def test_a_driver_is_limited_by_what_only_its_negative_side_passes():
    """One negative tap: the least input gives one step more than full scale, and the largest one step less."""
    tap = FixedPointPath(np.array([-32767], dtype=np.int16), 0, 0)
    tiny = FixedPointPath(np.array([2], dtype=np.int16), 0, 0)
    silent = FixedPointPath(tap.coefficients[:0])
    bank = bank_of(Q15, ((tap, tiny, silent),))
    bank = replace(bank, limiter=replace(bank.limiter, limits=(32767,)))
    (driver,) = prove(bank).drivers
    assert (driver.least, driver.most) == (-32768, 32769)
    inverse = replace(bank, paths=((replace(tap, coefficients=-tap.coefficients), tiny, silent),))
    assert prove(inverse).drivers[0].least == -32769


def test_a_sum_by_parts_starts_at_its_rounding():
    """Four equal taps: the subfilter that starts with half a unit is the one that reaches most."""
    taps, silent = np.full(4, 2**27, dtype=np.int32), FixedPointPath(np.zeros(0, dtype=np.int32))
    path = FixedPointPath(taps, 0, 1)
    alone = bank_of(Q31, ((path, silent, silent),))
    (bound,) = prove(alone).of("part sums")
    assert bound.most == 2**29 * 2**29 + 2 ** (alone.group_shift(0) - 1)
    pair = Structure(True, (Group(0, 1),))
    bank = bank_of(Q31, ((path, silent, silent), (silent, path, silent)), pair, ("left", "right"))
    side = prove(bank).of("bus")[1]
    common, difference = prove(bank).of("part sums")
    assert common.most == 2**29 * 2**29 + 2 ** (bank.group_shift(0) - 1)
    assert difference.most == 2**29 * max(side.most, -side.least)


def test_the_start_counts_where_it_is_added():
    path = FixedPointPath(np.array([1], dtype=np.int32))
    # One tap is in subfilters AA, AB, BA and BB; the first has differences of differences of samples.
    assert subfilter_sum_bound("x", 0, [(-4, 3, path)]) == ("part sums", "x", -14, 14, 2**63)
    assert subfilter_sum_bound("x", 100, [(-4, 3, path)]) == ("part sums", "x", -14, 104, 2**63)


def test_what_a_refusal_names_is_enough_and_no_more(monkeypatch):
    taps = np.full(2048, 32767, dtype=np.int16)
    path = FixedPointPath(taps, 0, -3)
    bank = bank_of(Q15, ((path, path, path),))
    reached = prove(bank).drivers[0].sum.most
    monkeypatch.setattr("designer.fixedpoint.proof.overflow._WORD_64", 1 << 30)
    excess_db = 20 * np.log10(reached / (2**30 - 1))
    with pytest.raises(InfeasibleDesignError) as error:
        require_proof(bank)
    named = float(str(error.value).splitlines()[-1].split(" by ")[1].split(" dB")[0])
    assert excess_db <= named < excess_db + 0.1


@pytest.mark.parametrize("make", [random_bank, mirror_bank])
def test_the_gain_of_a_driver_is_that_of_its_inputs(number_format, make):
    """Of left, right and centre, also where the filters read mid and side."""
    _, bank = make(2, number_format)
    expected = np.abs(dequantised_impulse_responses(bank)).sum(axis=(1, 2))
    assert [driver.gain for driver in prove(bank).drivers] == pytest.approx(expected, rel=1e-12)


def test_floors_of_products_only_lower_a_sum_of_one_sign():
    """Each product loses less than one unit; nothing gains one."""
    _, bank = random_bank(2, "q31x15")
    for d, driver in enumerate(prove(bank).drivers):
        taps = driver_taps(bank, d)
        half = (1 << bank.group_shift(d)) >> 1
        exponent = bank.group_exponent(d)
        dropped = sum(path.taps << (exponent - path.exponent) for path in bank.paths[d])
        assert driver.sum.most == (largest_sum(bank, taps)[0] >> 16) + half
        assert driver.sum.least == (-largest_sum(bank, -taps)[0] >> 16) - dropped + half
