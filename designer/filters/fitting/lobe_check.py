"""Check of the lobe on a grid of 1°, which is that of the report, and refinement where the design's grid hides ripple.

The design looks at the lobe every 7.5°.  That is dense enough for a small cabinet.  A wide one may have more ripple
between those azimuths.  Where it has, the azimuths of the highest and the lowest level join the grid and the filters of
C are refined again.  This is an exchange method: it works on few azimuths, and its result holds for all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.model import circle_points_m, field_plant
from designer.filters.fir import spectra
from designer.filters.fitting.centre_refinement import refined_bands, refined_centre
from designer.filters.fitting.error_budget import within_allowances
from designer.filters.fitting.length_search import FittedFilters
from designer.filters.fitting.targets import ChannelTargets
from designer.filters.reference import reference_pressure

_STEP_DEG = 1.0
# Ripple between the azimuths of the design that counts.  Less is not heard.
_HIDDEN_DB = 0.5
_EXCHANGES, _ROUNDS = 2, 4


def evened(found: FittedFilters) -> FittedFilters:
    """Refine the filters of C if their lobe is less even between the azimuths of the design.

    Parameters
    ----------
    found : FittedFilters
        L and R not yet in two stages.

    Returns
    -------
    FittedFilters
        The same object if the ripple on a grid of 1° is that of the design's grid within half a decibel, or is within
        the layout's bound.  Otherwise the filters of least excess that were found, of the same length, within the
        budget of C or no further from it.
    """
    targets = found.fits.targets
    if targets.beam.radiation is not None:
        # A beam for a room is fitted in what it radiates; its levels are not pursued beyond that.
        return found
    lobe = _FineLobe.of(targets)
    for _ in range(_EXCHANGES):
        centre = found.filters[:, 2, : found.centre_taps]
        more = lobe.missing_azimuths(targets, centre)
        if not more.size:
            break
        targets = replace(targets, beam=replace(targets.beam, lobe=lobe.extended(targets.beam.lobe, more)))
        refined = refined_centre(targets, centre, found.delay, _ROUNDS)
        # The losses are those of the design's own lobe.
        losses = targets.centre_budget.losses(spectra(refined, targets.omega), found.delay)
        kept = within_allowances(losses, targets.centre_budget.allowances)
        if not (kept or not found.within_budget) or lobe.excess_db(refined) >= lobe.excess_db(centre):
            break
        filters = found.filters.copy()
        filters[:, 2, : found.centre_taps] = refined
        found = replace(found, filters=filters, centre_losses=losses)
    return found


@dataclass(frozen=True, eq=False)
class _FineLobe:
    """The lobe on a grid of 1°, on the lines of the beam's third octaves.

    Attributes
    ----------
    targets : ChannelTargets
        Of the design, with its own lobe.
    azimuths_deg : (A,) float64
    bands : (B, F) float64
        Weight of each line of the design in each third octave.
    lines : (L,) int64
        Lines that have a weight.
    responses : (L, A, D) complex128
        As of `Beam`, on these lines.
    """

    targets: ChannelTargets
    azimuths_deg: NDArray[np.float64]
    bands: NDArray[np.float64]
    lines: NDArray[np.int64]
    responses: NDArray[np.complex128]

    @classmethod
    def of(cls, targets: ChannelTargets) -> _FineLobe:
        """Compute the responses."""
        edge = targets.layout.beamformer.lobe_half_width_deg
        azimuths = np.linspace(-edge, edge, 2 * int(np.ceil(edge / _STEP_DEG)) + 1)
        bands = refined_bands(targets.layout, targets.frequencies_hz)
        lines = np.flatnonzero(bands.sum(axis=0))
        return cls(targets, azimuths, bands, lines, _responses(targets, targets.frequencies_hz[lines], azimuths))

    def levels_db(
        self, centre: NDArray[np.float64], responses: NDArray[np.complex128] | None = None
    ) -> NDArray[np.float64]:
        """Levels of filters (D, N) in third octaves, relative to the axis: (B, A)."""
        drive = spectra(centre, self.targets.omega[self.lines])
        at = self.responses if responses is None else responses
        axis = np.abs(np.sum(self.targets.beam.axis[self.lines] * drive, axis=1)) ** 2
        power = np.abs((at @ drive[..., None])[..., 0]) ** 2 / axis[:, None]
        return np.asarray(10 * np.log10(np.maximum(self.bands[:, self.lines] @ power, 1e-12)))

    def excess_db(self, centre: NDArray[np.float64]) -> float:
        """Ripple above the layout's bound, summed over the third octaves."""
        ripple = np.ptp(self.levels_db(centre), axis=1)
        return float(np.maximum(ripple - self.targets.layout.beamformer.lobe_ripple_db, 0.0).sum())

    def missing_azimuths(self, targets: ChannelTargets, centre: NDArray[np.float64]) -> NDArray[np.int64]:
        """Find the highest and the lowest level where the lobe of ``targets`` hides ripple above the bound."""
        fine = self.levels_db(centre)
        ripple, seen = (np.ptp(x, axis=1) for x in (fine, self.levels_db(centre, targets.beam.lobe[self.lines])))
        hidden = (ripple > seen + _HIDDEN_DB) & (ripple > targets.layout.beamformer.lobe_ripple_db)
        return np.unique(np.concatenate([fine[hidden].argmax(axis=1), fine[hidden].argmin(axis=1)]))

    def extended(self, lobe: NDArray[np.complex128], more: NDArray[np.int64]) -> NDArray[np.complex128]:
        """Add azimuths to a lobe (F, A, D), on both sides alike."""
        both = np.unique(np.concatenate([self.azimuths_deg[more], -self.azimuths_deg[more]]))
        added = _responses(self.targets, self.targets.frequencies_hz, both)
        return np.concatenate([lobe, added], axis=1)


def _responses(
    targets: ChannelTargets, frequencies_hz: NDArray[np.float64], azimuths_deg: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Response of each driver at azimuths, as of `Beam`: (F, A, D)."""
    points = circle_points_m(targets.layout, azimuths_deg)
    reference = reference_pressure(targets.layout, frequencies_hz)
    return np.asarray(field_plant(targets.layout, frequencies_hz, points).transfer / reference[:, None, None])
