"""Small designs that use every field of the tables: delays, exponents, paths of no taps, odd lengths."""

import numpy as np

from designer.codegen.generate import generate
from designer.codegen.writer import write
from designer.fixedpoint.bank import TAP_TYPES, FixedPointBank, FixedPointPath
from designer.layout import parse_layout

INPUTS = ("left", "right", "centre")

LAYOUT = """
name = "{name}"
arithmetic = "{arithmetic}"
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


def small_layout(arithmetic, drivers=2, name="small"):
    """A valid layout with as many drivers as wanted, 20 degrees apart."""
    text = LAYOUT.format(name=name, arithmetic=arithmetic)
    return parse_layout(text + "".join(DRIVER.format(channel=d, azimuth=20 * d - 160) for d in range(drivers)))


def small_bank(layout, seed=1):
    """Random taps for a layout; asymmetric, so that a reversal shows."""
    rng = np.random.default_rng(seed)
    limit = 2**15 - 1 if layout.arithmetic == "q15" else 2**31 - 1

    def path(taps, delay, exponent):
        weights = rng.standard_normal(taps)
        scale = 0.9 * limit / max(np.abs(weights).sum(), 1e-9)
        taps = np.round(weights * scale).astype(TAP_TYPES[layout.arithmetic])
        return FixedPointPath(taps, delay, exponent)

    rows = [
        [path(37, 0, 0), path(5, 61, 3), path(0, 0, 0)],
        [path(1, 90, 1), path(0, 7, 2), path(64, 12, 0)],
    ]
    paths = tuple(tuple(rows[d % 2]) for d in range(len(layout.drivers)))
    return FixedPointBank(layout.arithmetic, layout.sample_rate_hz, layout.driver_names, INPUTS, paths)


def generate_small(arithmetic, directory, **changes):
    """Layout, bank and digest of a small design whose sources lie in `directory`."""
    layout = small_layout(arithmetic, **changes)
    bank = small_bank(layout)
    sources = generate(layout, bank)
    write(sources, directory)
    return layout, bank, sources.digest
