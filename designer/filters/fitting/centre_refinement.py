"""Refine the filters of the centre channel C in the levels by which its beam is judged.

The least-squares fit matches a complex response.  The listener hears levels only.  This module sets up the
sequential quadratic programs of `designer.filters.beam.refine` for the taps of C.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.filters.bands import role_weights
from designer.filters.beam.levels import BeamLevels, LevelGoal, LevelModel, distinct_rows, symmetric_basis
from designer.filters.beam.refine import Refinement, TapUnknowns
from designer.filters.fitting.error_budget import ThirdOctaves
from designer.filters.fitting.error_weighting import beam_anchor, line_weights
from designer.filters.fitting.targets import ChannelTargets
from designer.layout.model import Layout

# Levels of a null relative to the layout's null depth.  Below the first, the mismatch of real drivers hides any gain,
# so that more depth is worth little.  It is worth nothing where the lobe exceeds its ripple.  The second is a margin
# for quantisation and for frequencies between the lines of the design.
_ENOUGH_DB, _LEAST_DB = -8.0, -2.0
# The lobe counts as even if its ripple is below the layout's ripple by this margin.
_EVEN_ENOUGH_DB = 0.5
# Cost of each decibel of null level above three steps: above the first level, above the second, above the fitted depth.
_STEP_COSTS = (0.1, 0.3, 2.0)
# Effort of a driver outside its band costs 1/weight².  This is the least weight.
_LEAST_BAND = 0.03


def refined_centre(
    targets: ChannelTargets, filters: NDArray[np.float64], delay: int, rounds: int
) -> NDArray[np.float64]:
    """Refine the filters of C.

    Parameters
    ----------
    targets : ChannelTargets
        The beam, and the cost of an error.
    filters : (D, N) float64
        Fitted filters, where the refinement starts.
    delay : int
        Modelling delay, samples.
    rounds : int
        Largest number of steps, from 1.

    Returns
    -------
    (D, N) float64
        Filters with a more even lobe or deeper nulls.  Mirror drivers of a symmetric loudspeaker get equal filters.
    """
    basis = symmetric_basis(targets.beam.matching.mirror, filters.shape[0])
    # Columns of the basis are orthonormal.
    values = (basis.T @ filters).T.ravel()
    task = _refinement(targets, basis, values, filters.shape[1], delay)
    values = task.improve(values, rounds)
    return np.ascontiguousarray(basis @ values.reshape(filters.shape[1], -1).T)


def _refinement(
    targets: ChannelTargets, basis: NDArray[np.float64], values: NDArray[np.float64], taps: int, delay: int
) -> Refinement:
    layout, beam = targets.layout, targets.beam
    used = refined_bands(layout, targets.frequencies_hz)
    axis, lobe, nulls = beam.axis @ basis, beam.lobe @ basis, beam.nulls @ basis
    band = np.maximum(role_weights(layout, targets.frequencies_hz, "beamformer"), _LEAST_BAND)
    effort = (1 / band**2) @ basis**2
    levels = LevelModel(used, axis, lobe[:, distinct_rows(lobe)], nulls[:, distinct_rows(nulls)], effort)
    unknowns = TapUnknowns.of(targets.omega, taps)
    anchor = beam_anchor(layout, targets.frequencies_hz, beam, used.sum(axis=0) > 0)
    anchor = basis.T @ (anchor * line_weights(targets.frequencies_hz)[:, None, None]) @ basis
    late = np.exp(-1j * targets.omega * delay)[:, None]
    wanted = (beam.weights * late) @ basis
    # Where the beam itself misses the floor of the white-noise gain, its own gain is the bound.
    most_noise = np.maximum(-layout.beamformer.white_noise_gain_floor_db, levels.of(wanted).noise)
    goal = _goal(layout, distinct_rows(nulls), levels.of(unknowns.drive(values)), most_noise)
    return Refinement(unknowns, levels, goal, anchor, wanted)


def _goal(layout: Layout, sides: NDArray[np.int64], begin: BeamLevels, most_noise: NDArray[np.float64]) -> LevelGoal:
    """Goal of the refinement.  Where the wanted null depth is out of reach, the fitted depth is kept."""
    wanted = layout.beamformer
    shape = None if wanted.null_levels_db is None else np.array(wanted.null_levels_db)[sides]
    asked = np.full(most_noise.size, -wanted.null_depth_db)
    there = begin.nulls.max(axis=1, initial=-np.inf)
    uneven = begin.ripple_db > wanted.lobe_ripple_db - _EVEN_ENOUGH_DB
    enough, least = asked + _ENOUGH_DB, asked + _LEAST_DB
    steps = np.stack([np.where(uneven, least, enough), least, np.maximum(there, least)])
    return LevelGoal(wanted.lobe_ripple_db, steps, np.array(_STEP_COSTS), shape, most_noise)


def _shares(frequencies_hz: NDArray[np.float64], centres_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of each line in each third octave: (B, F), rows sum to 1.

    A line stands for the frequencies that are nearer to it than to its neighbours.
    """
    place = np.log10(frequencies_hz)
    ends = np.concatenate([place[:1], (place[1:] + place[:-1]) / 2, place[-1:]])
    low, high = (np.log10(centres_hz)[:, None] + side for side in (-0.05, 0.05))
    overlap = np.maximum(np.minimum(ends[1:], high) - np.maximum(ends[:-1], low), 0.0)
    return np.asarray(overlap / overlap.sum(axis=1, keepdims=True))


def refined_bands(layout: Layout, frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Third octaves whose levels are refined: those whose centre lies in the beam's band.

    Parameters
    ----------
    layout : Layout
    frequencies_hz : (F,) float64
        Lines of the design.

    Returns
    -------
    (B, F) float64
        Share of each line in each third octave.  Rows sum to 1.
    """
    bands = ThirdOctaves.over(frequencies_hz)
    found = bands.within(layout.beamformer.band_hz)
    found = found if found.any() else bands.inside(layout.beamformer.band_hz)
    return _shares(frequencies_hz, bands.centres_hz[found])
