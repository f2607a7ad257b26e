"""Small designs that use every field of the tables: delays, exponents, paths of no taps, odd lengths."""

from dataclasses import replace

import numpy as np

from designer.codegen.generate import generate
from designer.codegen.writer import write
from designer.filters.structure import Group, Structure
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.number_format import NumberFormat
from designer.layout.load import parse_layout

INPUTS = ("left", "right", "centre")

LAYOUT = """
name = "{name}"
number_format = "{number_format}"
block_samples = 32
[cabinet]
shape = "sphere"
radius_m = 0.0875
[filters]
taps = 64
"""
DRIVER = """
[[driver]]
name = "d{channel}"
channel = {channel}
radius_m = 0.01
azimuth_deg = {azimuth}
elevation_deg = 0
"""


def small_layout(number_format, drivers=2, name="small", board=""):
    """A valid layout with as many drivers as wanted, 20 degrees apart; `board` is the text of its board section."""
    text = LAYOUT.format(name=name, number_format=number_format) + (f"[board]\n{board}\n" if board else "")
    return parse_layout(text + "".join(DRIVER.format(channel=d, azimuth=20 * d - 160) for d in range(drivers)))


def small_bank(layout, seed=1, structure=None, equalised=()):
    """Random taps for a layout; asymmetric, so that a reversal shows.  A q31x15 path needs two accumulators.

    `equalised`: whether each bus has an equaliser; the sum behind one is a pure delay of bus 0.
    """
    rng = np.random.default_rng(seed)
    number_format = NumberFormat.named(layout.number_format)
    word = np.iinfo(number_format.tap_dtype)

    def path(taps, delay, exponent):
        weights = rng.standard_normal(taps)
        if layout.number_format == "q31x15":
            weights = np.copysign(rng.uniform(0.7, 1.0, taps), weights)
        if layout.number_format == "q31":
            # The paths of a sum share its exponent and its accumulator.
            exponent, size = 1, 3 * np.abs(weights).sum()
        else:
            size = np.abs(weights).max(initial=0.0)
        taps = np.round(weights * 0.9 * word.max / max(size, 1e-9)).astype(word.dtype)
        return FixedPointPath(taps, delay, exponent)

    def equaliser(taps, delay):
        # The sum of |h| is a little below 1; that of |c| takes two accumulators of q31x15.
        exponent = {"q15": 3, "q31": 0, "q31x15": 6}[layout.number_format]
        weights = np.copysign(rng.uniform(0.9, 1.0, taps), rng.standard_normal(taps))
        size = np.abs(weights).sum() / (1 - 2.0**-10) / 2.0 ** (word.bits - 1 + exponent)
        return FixedPointPath(np.trunc(weights / max(size, 1 / word.max)).astype(word.dtype), delay, exponent)

    rows = [
        [path(37, 0, 3), path(5, 61, 6), path(0, 0, 0)],
        [path(1, 90, 1), path(0, 7, 2), path(64, 12, 4)],
        [path(2, 3, -1), path(52, 1, 5), path(49, 40, 2)],
    ]
    structure = structure or Structure(False, tuple(Group(d) for d in range(len(layout.drivers))))
    paths = tuple(tuple(rows[k % 3]) for k in range(len(structure.sums)))
    equalisers = tuple(equaliser(70 - 9 * b, 2 * b) if on else None for b, on in enumerate(equalised))
    names = layout.driver_names
    return FixedPointBank(number_format, layout.sample_rate_hz, names, INPUTS, paths, structure, equalisers=equalisers)


MIRRORED = Structure(True, (Group(0, 2), Group(1)))


def retuned_bank(layout, bank, seed):
    """Another bank of the same graph, with equalisers on the same buses."""
    return small_bank(layout, seed, bank.structure, tuple(equaliser is not None for equaliser in bank.equalisers))


def generate_small(number_format, directory, structure=None, limiter=None, equalised=(), **changes):
    """Layout, bank and digest of a small design whose sources lie in `directory`."""
    layout = small_layout(number_format, **changes)
    bank = small_bank(layout, structure=structure, equalised=equalised)
    bank = bank if limiter is None else replace(bank, limiter=limiter)
    sources = generate(layout, bank)
    write(sources, directory)
    return layout, bank, sources.digest
