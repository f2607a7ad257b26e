"""The centre's filters, refined in the levels that they are measured by."""

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

# Levels of a null relative to what is asked.  From the first on real drivers lose the rest to mismatch, so that it is
# worth little, and nothing where the lobe is less even than asked; quantisation and lines between those of the design
# may take what lies beyond the second.
_ENOUGH_DB, _LEAST_DB = -8.0, -2.0
# A lobe must be evener than is asked by so much to be called even.
_EVEN_ENOUGH_DB = 0.5
# What each decibel costs from the first on, how much more from the second, and from the depth that was there.
_STEP_COSTS = (0.1, 0.3, 2.0)
# A driver out of its band is charged for as many times the power as it is quieter there, down to this level.
_LEAST_BAND = 0.03


def refined_centre(
    targets: ChannelTargets, filters: NDArray[np.float64], delay: int, rounds: int
) -> NDArray[np.float64]:
    """Refine the filters of C.

    Parameters
    ----------
    channels : DesignedChannels
    filters : (D, N) float64
        Near to the response that was designed.
    delay : int
        Modelling delay, samples.
    rounds : int
        Most steps.

    Returns
    -------
    (D, N) float64
        Evener in the lobe or quieter at the nulls; a symmetric loudspeaker's mirror each other exactly.
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
    bands = ThirdOctaves.over(targets.frequencies_hz)
    used = _shares(targets.frequencies_hz, bands.centres_hz[_refined_bands(bands, layout)])
    axis, lobe, nulls = beam.axis @ basis, beam.lobe @ basis, beam.nulls @ basis
    band = np.maximum(role_weights(layout, targets.frequencies_hz, "beamformer"), _LEAST_BAND)
    effort = (1 / band**2) @ basis**2
    levels = LevelModel(used, axis, lobe[:, distinct_rows(lobe)], nulls[:, distinct_rows(nulls)], effort)
    unknowns = TapUnknowns.of(targets.omega, taps)
    anchor = beam_anchor(layout, targets.frequencies_hz, beam, used.sum(axis=0) > 0)
    anchor = basis.T @ (anchor * line_weights(targets.frequencies_hz)[:, None, None]) @ basis
    late = np.exp(-1j * targets.omega * delay)[:, None]
    wanted = (beam.weights * late) @ basis
    # Where not even the design keeps the floor of the white-noise gain, its own is the bound.
    most_noise = np.maximum(-layout.beamformer.white_noise_gain_floor_db, levels.of(wanted).noise)
    goal = _goal(layout, distinct_rows(nulls), levels.of(unknowns.drive(values)), most_noise)
    return Refinement(unknowns, levels, goal, anchor, wanted)


def _goal(layout: Layout, sides: NDArray[np.int64], begin: BeamLevels, most_noise: NDArray[np.float64]) -> LevelGoal:
    """Say what is asked; the depth that is there is kept where what is asked cannot be had."""
    wanted = layout.beamformer
    shape = None if wanted.null_levels_db is None else np.array(wanted.null_levels_db)[sides]
    asked = np.full(most_noise.size, -wanted.null_depth_db)
    there = begin.nulls.max(axis=1, initial=-np.inf)
    uneven = begin.ripple_db > wanted.lobe_ripple_db - _EVEN_ENOUGH_DB
    enough, least = asked + _ENOUGH_DB, asked + _LEAST_DB
    steps = np.stack([np.where(uneven, least, enough), least, np.maximum(there, least)])
    return LevelGoal(wanted.lobe_ripple_db, steps, np.array(_STEP_COSTS), shape, most_noise)


def _shares(frequencies_hz: NDArray[np.float64], centres_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weigh lines in third octaves, (B, F): each stands for all that is nearer to it than to its neighbours."""
    place = np.log10(frequencies_hz)
    ends = np.concatenate([place[:1], (place[1:] + place[:-1]) / 2, place[-1:]])
    low, high = (np.log10(centres_hz)[:, None] + side for side in (-0.05, 0.05))
    overlap = np.maximum(np.minimum(ends[1:], high) - np.maximum(ends[:-1], low), 0.0)
    return np.asarray(overlap / overlap.sum(axis=1, keepdims=True))


def _refined_bands(bands: ThirdOctaves, layout: Layout) -> NDArray[np.bool_]:
    """Bands that the beam's band reaches into by half: (B,)."""
    found = bands.within(layout.beamformer.band_hz)
    return found if found.any() else bands.inside(layout.beamformer.band_hz)
