"""The upmix's bounds are attacked where a signal can reach them."""

import numpy as np

from designer.dsp.upmix_tables import BAND_BINS, upmix_tables
from designer.fixedpoint.model.upmix import UpmixModel
from designer.fixedpoint.model.upmix_gains import GAIN_ONE
from designer.fixedpoint.number_format import Q31
from designer.fixedpoint.proof.upmix import UpmixBound, prove_upmix


def bound(name):
    return next(b for b in prove_upmix() if b.name == name)


def test_every_bound_holds():
    assert [b.name for b in prove_upmix() if not b.holds] == []
    assert not UpmixBound("too wide", 1 << 31, 32).holds


def test_matched_sample_signs_reach_the_rate_filters_bound():
    taps = upmix_tables().rate_filter
    window = np.where(taps < 0, -(2**31), 2**31 - 1)[:, None] * np.ones((1, 2), dtype=np.int64)
    low = UpmixModel(Q31)._decimate(window.T, 1)[0, 0]
    limit = bound("low rate, sum of two samples").magnitude // 2
    assert limit - 2 <= low <= limit


def test_matched_pairs_under_the_worst_gains_stay_below_the_low_rate_bound():
    half = upmix_tables().prototypes
    prototypes = np.concatenate([half, half[:, -2::-1]], axis=1)
    low = bound("low rate, sum of two samples").magnitude // 2
    # Side alone at the largest pair, its gains at one end and the top band's at the other: the bound takes the
    # signs of every tap at their worst at once, which no one set of gains gives.
    gains = np.zeros((2, 7, 2), dtype=np.int64)
    gains[:, :-1, 1], gains[:, -1, 1] = GAIN_ONE, -GAIN_ONE
    taps = (gains[0, :-1, 1] - gains[0, -1, 1]) @ prototypes
    window = np.zeros((2, taps.size), dtype=np.int64)
    window[1] = -np.sign(taps)[::-1] * low
    peak = int(UpmixModel(Q31)._filter_low(window, gains)[0, 0])
    assert peak == (np.abs(taps).sum() * low + (1 << 31)) >> 32
    assert peak <= bound("low rate, centre").magnitude


def peak_of_powers(kind):
    rng = np.random.default_rng(3)
    t = np.arange(40000)
    low, high = -(2**31), 2**31 - 1
    square = np.where(np.sin(2 * np.pi * 1125 / 48000 * t) < 0, low, high)
    stereo = {
        "noise": rng.choice([low, high], (t.size, 2)),
        "square": np.stack([square, square], axis=1),
        "inverted": np.stack([square, -1 - square], axis=1),
        "least": np.full((t.size, 2), low),
    }[kind]
    model, peak = UpmixModel(Q31), 0
    for piece in np.array_split(stereo, 40):
        model.process(piece)
        peak = max(peak, int(np.abs(model._smoothed).max()))
    return peak


def test_recursions_stay_below_their_bound_on_full_scale():
    limit = bound("analysis, smoothed power").magnitude
    peaks = {kind: peak_of_powers(kind) for kind in ("noise", "square", "inverted", "least")}
    assert max(peaks.values()) <= limit
    # A full-scale square in one band comes within what separates all bins from one sine: it is not an idle bound.
    assert peaks["square"] > limit / 2**6


def test_bounds_are_sums_of_magnitudes_by_their_definition():
    """Each written a second time from what the firmware multiplies and adds (firmware/core/upmix)."""
    tables = upmix_tables()
    rate = [abs(int(tap)) for tap in tables.rate_filter]
    window = [int(value) for value in tables.window]
    low = (sum(rate) * 2**31 + 2**31) // 2**32
    # The firmware stores half of each prototype: the other half mirrors it about the last tap.
    prototypes = np.abs(tables.prototypes).astype(object)
    whole = np.concatenate([prototypes, prototypes[:, -2::-1]], axis=1)
    filtered = sum(2 * 2**15 * int(tap) for tap in whole.sum(axis=0)) * low + 2**31
    centre = filtered // 2**32 + 1
    phase = max(sum(rate[first::4]) for first in range(4))
    spectrum = low * sum(window) // 2**21 + 64 + 48
    bins = BAND_BINS[-1] - BAND_BINS[0]
    power, top_power = bins * (2 * spectrum) ** 2, 16 * ((2**28 + low) // 2**6 + 1) ** 2
    assert {b.name: b.magnitude for b in prove_upmix()} == {
        "rate filter, accumulator": sum(rate) * 2**31 + 2**31,
        "low rate, sum of two samples": 2 * low,
        "low rate, tap": 2 * 2**15 * int(whole.sum(axis=0).max()),
        "low rate, accumulator": filtered,
        "low rate, centre": centre,
        "low rate, cross-fade": 16 * centre + 8,
        "centre, accumulator": phase * centre + 2 * 64 * 2**15 * 2**31 + 2**37,
        "analysis, windowed sample": low * max(window) // 2**21 + 1,
        "analysis, transform": spectrum,
        "analysis, power of a band": power,
        "analysis, power of the top band": top_power,
        "analysis, smoothed power": max(power, top_power) // 2**4 * 2**4 + 15,
    }
