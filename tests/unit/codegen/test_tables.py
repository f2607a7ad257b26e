"""Tables as a kernel reads them: a kernel of this file multiplies what they say, and must get the path's output."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from designs import INPUTS, MIRRORED, small_bank, small_layout

from designer.codegen.generate import generate
from designer.codegen.tables import Tables, equalised_buses, equalised_mask, lay_out
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.number_format import NumberFormat

BLOCK = 8


def outputs(fir, bus, paired):
    """One block of an FIR.  Where samples are read in pairs, an odd output reads from the pair of the one before."""
    found = []
    for n in range(BLOCK):
        odd = paired and n % 2 == 1
        taps, first = (fir.odd, fir.start + n - 1) if odd else (fir.even, fir.start + n)
        found.append(sum(taps[k] * int(bus[first + k]) for k in range(fir.length)))
    return found


@pytest.mark.parametrize("equalised", [(), (True, False, True)])
def test_a_kernel_makes_of_the_tables_what_the_paths_say(number_format, equalised):
    layout = small_layout(number_format, 3)
    bank = small_bank(layout, structure=MIRRORED, equalised=equalised)
    tables, paired = lay_out(bank), number_format == "q15"
    history = tables.history_samples
    # Kernels read the samples of whole pairs and never use those behind the block: they are random here.
    buses = np.random.default_rng(3).integers(-1000, 1000, (3, history + BLOCK + 4))
    sums = len(bank.sum_names)
    paths = {(k, b): path for k, row in enumerate(bank.paths) for b, path in enumerate(row) if path.taps}
    paths |= {(sums + n, b): bank.equalisers[b] for n, b in enumerate(equalised_buses(bank))}
    assert {(fir.sum_index, fir.bus) for fir in tables.firs} == paths.keys()
    for (k, b), path in paths.items():
        expected = [
            sum(int(c) * int(buses[b][history + n - path.delay - t]) for t, c in enumerate(path.coefficients))
            for n in range(BLOCK)
        ]
        found = [outputs(fir, buses[b], paired) for fir in tables.firs if (fir.sum_index, fir.bus) == (k, b)]
        assert [sum(column) for column in zip(*found, strict=True)] == expected
    for fir in tables.firs:
        assert len(fir.even) % 24 == 0
        assert fir.length <= len(fir.even) < fir.length + 24
        assert not any(fir.even[fir.length :])
        if paired:
            assert (fir.start % 2, fir.length % 2, len(fir.odd)) == (0, 0, len(fir.even))
        else:
            assert fir.length == fir.taps
        # Behind an equaliser is no sum whose scale would differ.
        assert fir.sum_index < sums or fir.shift == 0


@pytest.mark.parametrize(("delay", "taps", "look_back"), [(3, 1, 4), (4, 1, 4), (0, 4, 4), (0, 1, 0), (90, 8, 98)])
def test_the_history_is_even_and_has_room_for_128_more(number_format, delay, taps, look_back):
    number = NumberFormat.named(number_format)
    path = FixedPointPath(np.ones(taps, dtype=number.tap_dtype), delay, 1)
    silent = FixedPointPath(path.coefficients[:0], 0, 1)
    bank = FixedPointBank(number, 48000, ("woofer",), INPUTS, ((path, silent, silent),))
    assert lay_out(bank).history_samples == look_back + 128


@pytest.mark.parametrize(("firs", "room"), [(0, 1), (3, 7), (126, 253), (127, 255), (128, 255), (255, 255), (300, 300)])
def test_there_is_room_for_twice_as_many_firs_and_one_more_up_to_eight_bits(firs, room):
    bank = small_bank(small_layout("q31"))
    (fir, *_) = lay_out(bank).firs
    assert Tables((fir,) * firs, 0).firs_room == room


def test_the_mask_has_a_bit_for_each_equalised_bus(number_format):
    layout = small_layout(number_format, 3)
    for equalised, mask in (((), 0), ((True, False, False), 1), ((False, True, True), 6), ((True, True, True), 7)):
        assert equalised_mask(small_bank(layout, structure=MIRRORED, equalised=equalised)) == mask


def macro(sources, name):
    text = "\n".join(content if isinstance(content, str) else content.decode() for content in sources.files.values())
    (value,) = set(re.findall(rf"#define {name} +\(?(\d+)", text))
    return int(value)


@pytest.mark.parametrize("peak_gain_db", [0.0, 6.0, -3.0])
def test_tuned_paths_may_be_twice_as_loud_as_the_level_and_as_the_images_own(number_format, peak_gain_db):
    for structure, drivers, equalised in ((None, 2, ()), (MIRRORED, 3, ()), (MIRRORED, 3, (True, True, False))):
        layout = small_layout(number_format, drivers)
        layout = layout.model_copy(update={"output": layout.output.model_copy(update={"peak_gain_db": peak_gain_db})})
        bank = small_bank(layout, structure=structure, equalised=equalised)
        # Mid is half of left and right, so that a path from it has the taps of both.
        allowed = (2 if structure else 1) * 10 ** (peak_gain_db / 20)
        if equalised:
            bits = {"q15": 15, "q31": 31, "q31x15": 15}[number_format]
            own = [
                np.abs(p.coefficients.astype(float)).sum() / 2.0 ** (bits + p.exponent)
                for row in bank.paths
                for p in row
            ]
            allowed = max(allowed, max(own))
        assert macro(generate(layout, bank), "PS_PATH_GAIN_LIMIT") == math.ceil(512 * allowed)


def test_an_image_of_silent_filters_has_room_for_one_tap():
    layout = small_layout("q31")
    bank = small_bank(layout)
    empty = tuple(tuple(FixedPointPath(p.coefficients[:0]) for p in row) for row in bank.paths)
    assert macro(generate(layout, replace(bank, paths=empty)), "PS_MAX_TAPS") == 1
