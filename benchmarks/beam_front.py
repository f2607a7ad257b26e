"""Distance of each layout's beam from the Pareto front of lobe ripple and null depth, and the gain by longer filters.

Run as ``python -m benchmarks.beam_front [LAYOUT ...]``.  The first table has three ripples for each third octave, all
at the null depth of the design's filters.  The first is that of the filters.  The second is the least ripple found for
drives that are free on each line, with the symmetry of the design.  The third is the same without symmetry.

Free drives may change from line to line faster than any filter.  So the second table has the ripple of refined filters
of several lengths.  Each figure is the best of several starts.  The problem is not convex, so a better one may exist.
"""

from __future__ import annotations

import sys

import numpy as np
from rich.console import Console
from rich.table import Table

from designer.filters.bands import role_weights
from designer.filters.beam.design import MatchedBeam, design_beam
from designer.filters.beam.levels import BeamLevels, LevelGoal, LevelModel, distinct_rows, symmetric_basis
from designer.filters.beam.refine import LineUnknowns, Refinement
from designer.filters.fir import spectra
from designer.filters.fitting.centre_refinement import refined_centre
from designer.filters.fitting.design import fit_filters
from designer.filters.fitting.length_search import ChannelFits
from designer.filters.fitting.targets import design_channel_targets
from designer.layout.model import Layout
from designer.layout.shipped import find_layout, shipped_layouts

LENGTHS = (96, 128, 144, 192, 256, 384)
_LINES = 12
_STARTS, _ROUNDS = 6, 40
# Largest null depth that free drives are asked for.
_DEEPEST_DB = 28.0
_AXIS_COST = 1e4
# A solution may miss its null depth by this much.
_MISSED_DB = 0.1
_LONG_ROUNDS = 30


def band_lines_hz(band_hz: float) -> np.ndarray:
    """Lines of one third octave, evenly spaced in logarithmic frequency: (12,)."""
    return band_hz * 10 ** ((np.arange(_LINES) + 0.5) / (10 * _LINES) - 0.05)


def _levels(layout: Layout, beam: MatchedBeam, basis: np.ndarray, frequencies_hz: np.ndarray) -> LevelModel:
    band = np.maximum(role_weights(layout, frequencies_hz, "beamformer"), 0.03)
    lobe, nulls = beam.lobe @ basis, beam.nulls @ basis
    count = frequencies_hz.size
    return LevelModel(
        np.full((1, count), 1 / count),
        beam.axis @ basis,
        lobe[:, distinct_rows(lobe)],
        nulls[:, distinct_rows(nulls)],
        (1 / band**2) @ basis**2,
    )


def least_ripple_db(
    layout: Layout, band_hz: float, depth_db: float, drive: np.ndarray, *, symmetric: bool, seed: int = 0
) -> float:
    """Find the least ripple of levels in a third octave, for drives that are free on each line.

    Parameters
    ----------
    layout : Layout
    band_hz : float
        Centre of the band.
    depth_db : float
        Depth of the null.
    drive : ndarray, shape (12, D)
        Drive of the filters, which is one of the starts.
    symmetric : bool
        Whether drives must be their own mirror images, if the loudspeaker is.

    Returns
    -------
    float
        Decibels.  Not a number if no start reached the depth.
    """
    frequencies = band_lines_hz(band_hz)
    beam = design_beam(layout, frequencies)
    drivers = beam.axis.shape[1]
    basis = symmetric_basis(beam.matching.mirror if symmetric else None, drivers)
    levels = _levels(layout, beam, basis, frequencies)
    noise = max(
        -layout.beamformer.white_noise_gain_floor_db, float(levels.of((drive @ basis).astype(np.complex128)).noise[0])
    )
    goal = LevelGoal(0.0, np.full((1, 1), -depth_db), np.array([3.0]), None, np.array([noise]))
    axis = levels.axis
    unknowns = LineUnknowns(_LINES, basis.shape[1])
    anchor = _AXIS_COST / _LINES * axis.conj()[:, :, None] * axis[:, None, :]
    task = Refinement(unknowns, levels, goal, anchor, beam.weights @ basis)
    generator = np.random.default_rng(seed)
    found = np.nan
    for start in range(_STARTS):
        begin = ((beam.weights if start else drive) @ basis).astype(np.complex128)
        if start > 1:
            turn = np.exp(2j * np.pi * generator.random(basis.shape[1]))
            begin = begin * turn + 0.1 * generator.standard_normal(begin.shape)
        reached: BeamLevels = levels.of(unknowns.drive(task.improve(unknowns.values(begin), _ROUNDS)))
        kept = reached.nulls.max(initial=-np.inf) <= -depth_db + _MISSED_DB and reached.noise[0] <= noise + _MISSED_DB
        if kept:
            found = np.fmin(found, reached.ripple_db[0])
    return float(found)


def measure_front(name: str) -> list[dict[str, float]]:
    """Compare the filters of a layout with free drives in each third octave."""
    layout = find_layout(name)
    fitted = fit_filters(layout)
    low, high = layout.beamformer.band_hz
    bands = 10 ** (np.arange(20, 43) / 10)
    rows = []
    for band in bands[(bands >= low) & (bands <= high)]:
        frequencies = band_lines_hz(band)
        omega = 2 * np.pi * frequencies / layout.sample_rate_hz
        drive = spectra(fitted.filters[:, 2], omega) * np.exp(1j * omega * fitted.delay)[:, None]
        beam = design_beam(layout, frequencies)
        reached = _levels(layout, beam, np.eye(drive.shape[1]), frequencies).of(drive)
        depth = -float(reached.nulls.max(initial=-_DEEPEST_DB))
        kept = min(depth, _DEEPEST_DB)
        free, any_drive = (least_ripple_db(layout, band, kept, drive, symmetric=which) for which in (True, False))
        rows.append(
            {
                "band_hz": float(band),
                "null_depth_db": depth,
                "lobe_ripple_db": float(reached.ripple_db[0]),
                "symmetric_lines_db": free,
                "any_lines_db": np.fmin(free, any_drive),
            }
        )
    return rows


def measure_lengths(name: str, lengths: tuple[int, ...] = LENGTHS) -> dict[int, BeamLevels]:
    """Refine filters of several lengths at the delay of the design, and return their levels by taps."""
    layout = find_layout(name)
    delay = fit_filters(layout).delay
    low, high = layout.beamformer.band_hz
    bands = 10 ** (np.arange(20, 43) / 10)
    bands = bands[(bands >= low) & (bands <= high)]
    frequencies = np.concatenate([band_lines_hz(band) for band in bands])
    omega = 2 * np.pi * frequencies / layout.sample_rate_hz
    beam = design_beam(layout, frequencies)
    one = _levels(layout, beam, np.eye(beam.axis.shape[1]), frequencies)
    levels = LevelModel(
        np.kron(np.eye(bands.size), np.full(_LINES, 1 / _LINES)), one.axis, one.lobe, one.nulls, one.effort
    )
    found = {}
    for taps in lengths:
        fits = ChannelFits.up_to(design_channel_targets(layout, max(taps, 256)), taps)
        at = int(fits.delays[np.argmin(np.abs(fits.delays - delay))])
        refined = refined_centre(fits.targets, fits.centre(taps, at), at, _LONG_ROUNDS)
        found[taps] = levels.of(spectra(refined, omega))
    return found


def front_table(name: str, rows: list[dict[str, float]]) -> Table:
    """Make a table of ripples with a row for each band."""
    table = Table(title=f"{name}: lobe ripple, dB, of filters and of free drives at the same depth of null")
    for column in ("band", "depth", "filters", "free, symmetric", "free, any"):
        table.add_column(column, justify="right")
    for row in rows:
        values = (row[key] for key in ("null_depth_db", "lobe_ripple_db", "symmetric_lines_db", "any_lines_db"))
        table.add_row(f"{row['band_hz']:.0f} Hz", *(f"{value:.2f}" for value in values))
    return table


def length_table(name: str, found: dict[int, BeamLevels]) -> Table:
    """Make a table of ripples with a column for each filter length."""
    table = Table(title=f"{name}: lobe ripple, dB, by taps")
    table.add_column("band", justify="right")
    for taps in found:
        table.add_column(str(taps), justify="right")
    layout = find_layout(name)
    low, high = layout.beamformer.band_hz
    bands = 10 ** (np.arange(20, 43) / 10)
    for index, band in enumerate(bands[(bands >= low) & (bands <= high)]):
        table.add_row(f"{band:.0f} Hz", *(f"{levels.ripple_db[index]:.2f}" for levels in found.values()))
    return table


if __name__ == "__main__":
    console = Console()
    for chosen in sys.argv[1:] or tuple(shipped_layouts()):
        console.print(front_table(chosen, measure_front(chosen)))
        console.print(length_table(chosen, measure_lengths(chosen)))
