"""Banks in two stages for tests of the fixed-point floor."""

import numpy as np

from designer.filters.bank import FilterBank
from designer.filters.structure import Group, Structure, join
from designer.filters.two_stage import TwoStageFilters
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.number_format import NumberFormat

INPUTS = ("left", "right", "centre")
# Fraction bits of coefficients.
FRACTION = {"q15": 15, "q31": 31, "q31x15": 15}


def equaliser(rng, number_format, taps, delay=0):
    """Random equaliser whose Σ|h| is a little below 1."""
    exponent = 0 if number_format == "q31" else 1
    whole = rng.standard_normal(taps) * np.exp(-np.arange(taps) / max(taps / 4, 1))
    largest = 2.0 ** (FRACTION[number_format] + exponent) * (1 - 2.0**-12) - taps
    # A single tap of 1 would not fit the word at this exponent.
    scale = min(largest / np.abs(whole).sum(), (2.0 ** FRACTION[number_format] - 1) / np.abs(whole).max())
    return FixedPointPath(np.round(whole * scale).astype(NumberFormat.named(number_format).tap_dtype), delay, exponent)


def two_stage_bank(seed, number_format, shuffled=True, equalised=(True, True, False), taps=24, behind=10):
    """Integers by hand: random equalisers ahead of a front driver and a mirror pair, or of three drivers."""
    rng = np.random.default_rng(seed)
    structure = Structure(shuffled, (Group(0), Group(1, 2)) if shuffled else (Group(0), Group(1), Group(2)))
    used = {(g, sign): [0, 2] if sign > 0 else [1] for g, sign in structure.sums} if shuffled else {}
    rows = []
    for key in structure.sums:
        row = []
        for b in range(3):
            if b not in used.get(key, [0, 1, 2]):
                row.append(FixedPointPath(np.zeros(0, dtype=NumberFormat.named(number_format).tap_dtype)))
                continue
            size = 1 if b == key[0] else int(rng.integers(2, behind + 1))
            exponent = 0 if number_format == "q31" else int(rng.integers(0, 3))
            limit = 2.0 ** FRACTION[number_format] / (6 * size if number_format == "q31" else 1.1)
            values = np.round(rng.uniform(-limit, limit, size)).astype(NumberFormat.named(number_format).tap_dtype)
            row.append(FixedPointPath(values, int(rng.integers(0, 4)), exponent))
        rows.append(tuple(row))
    equalisers = tuple(equaliser(rng, number_format, taps, delay) if on else None for delay, on in enumerate(equalised))
    names = ("front", "left", "right")
    return FixedPointBank(
        NumberFormat.named(number_format), 48000, names, INPUTS, tuple(rows), structure, equalisers=equalisers
    )


def two_stage_design(seed, shuffled=True, equalised=(True, True, False), taps=40, behind=12, peak_gain=0.9):
    """A float bank in two stages: a front driver and a mirror pair, or three drivers, references of a pure delay."""
    rng = np.random.default_rng(seed)
    structure = Structure(shuffled, (Group(0), Group(1, 2)) if shuffled else (Group(0), Group(1), Group(2)))
    decay = np.exp(-np.arange(taps) / (taps / 6))
    components = 0.3 * rng.standard_normal((len(structure.sums), 3, behind)) * np.exp(-np.arange(behind) / 3)
    if shuffled:
        components[[0, 1], 1] = 0.0
        components[2, [0, 2]] = 0.0
    for b, sum_index in enumerate((0, 2, 1)):
        components[sum_index, b] = 0.0
        components[sum_index, b, 2] = 1.0
    equalisers = tuple(decay * rng.standard_normal(taps) if on else None for on in equalised)
    two_stage = TwoStageFilters(structure, equalisers, components)
    responses = join(structure, two_stage.split_responses())
    bank = FilterBank(responses, ("front", "left", "right"), INPUTS, 48000, 0, two_stage)
    return bank.normalised(peak_gain)[0]
