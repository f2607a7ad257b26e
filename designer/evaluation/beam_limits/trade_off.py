"""Trade-off of the beam: what the constraints ask, what the layout allows, and what two solvers reach."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.beam import BeamFigures
from designer.evaluation.beam_limits.harmonics import least_side_energy, zone_products
from designer.evaluation.beam_limits.pareto_front import DEPTHS_DB, ParetoFront, pareto_front
from designer.evaluation.plant import decibels, rounded
from designer.evaluation.records import Curve, Record, SparseTable
from designer.evaluation.room import RoomPlant
from designer.filters.bands import role_weights
from designer.filters.beam.design import Beam, MatchedBeam, design_beam
from designer.filters.beam.levels import distinct_rows, symmetric_basis
from designer.layout.model import Layout


@dataclass(frozen=True, kw_only=True)
class BeamConstraints(Record):
    """Constraints that the layout sets for its beam.

    Attributes
    ----------
    null_azimuths_deg : tuple of Q float
    null_levels_db : tuple of Q float or None
        Level at each null, where the layout gives levels.
    null_depth_db : float
        Depth of the nulls; of the deepest one where the layout gives levels.
    lobe_half_width_deg, lobe_ripple_db, white_noise_gain_floor_db : float
    """

    null_azimuths_deg: Curve
    null_levels_db: Curve | None
    null_depth_db: float
    lobe_half_width_deg: float
    lobe_ripple_db: float
    white_noise_gain_floor_db: float


@dataclass(frozen=True, kw_only=True)
class FrontFigures(Record):
    """Pareto front of lobe ripple against null depth.

    Attributes
    ----------
    bands_hz : tuple of F float
    null_depths_db : tuple of T float
        Rising.
    lobe_ripple_db : table (F, T)
        Least ripple on the azimuths of the design, every 7.5°, and so a lower bound of that on 1°.  None where no
        drive keeps both the depth and the white-noise gain.
    symmetric_lobe_ripple_db : table (F, T), optional
        For a symmetric loudspeaker: the same for drives that are their own mirror images.  The design uses only these.
    """

    bands_hz: Curve
    null_depths_db: Curve
    lobe_ripple_db: SparseTable
    symmetric_lobe_ripple_db: SparseTable | None = None

    @property
    def designable_ripple_db(self) -> SparseTable:
        """The table that the design may choose from: the symmetric one where there is one."""
        return self.lobe_ripple_db if self.symmetric_lobe_ripple_db is None else self.symmetric_lobe_ripple_db


@dataclass(frozen=True, kw_only=True)
class InfeasibleBand(Record):
    """A band in which no drive keeps both ripple and depth.

    Attributes
    ----------
    band_hz : float
    deepest_null_db : float
        At the ripple allowed.
    least_ripple_db : float or None
        At the wanted depth.  None if no drive reaches it.
    """

    band_hz: float
    deepest_null_db: float
    least_ripple_db: float | None


@dataclass(frozen=True, kw_only=True)
class SolverFigures(Record):
    """What one solver reaches in each octave."""

    null_depth_db: Curve
    lobe_ripple_db: Curve
    white_noise_gain_db: Curve
    directivity_index_db: Curve


@dataclass(frozen=True, kw_only=True)
class SolverComparison(Record):
    """Pressure matching, which the design uses, and the spherical-harmonic solver, octave by octave."""

    octaves_hz: Curve
    pressure_matching: SolverFigures
    spherical_harmonic: SolverFigures


@dataclass(frozen=True, kw_only=True)
class ReachedFigures(Record):
    """Figures of the filters in each band of the Pareto front.

    Attributes
    ----------
    null_depth_db, lobe_ripple_db : tuple of F float
        Of the filters, means over the band.
    front_ripple_db : tuple of F float or None
        Least ripple at that depth, of the drives that the design may choose from, at the middle of the band.  None
        where not even the least depth of the front is possible.
    """

    null_depth_db: Curve
    lobe_ripple_db: Curve
    front_ripple_db: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class BeamLimits(Record):
    """The best that the layout's beam can do.

    Attributes
    ----------
    asked : BeamConstraints
    front : FrontFigures
    infeasible : tuple of InfeasibleBand
    solvers : SolverComparison
    reached : ReachedFigures, optional
        Of the filters, if any were compared.
    """

    asked: BeamConstraints
    front: FrontFigures
    infeasible: tuple[InfeasibleBand, ...]
    solvers: SolverComparison
    reached: ReachedFigures | None = None


def evaluate_beam_limits(layout: Layout, room: RoomPlant) -> BeamLimits:
    """Compute the Pareto front of lobe ripple against null depth, and compare two solvers.

    Parameters
    ----------
    layout : Layout
    room : RoomPlant
        Of the same layout; holds the far field in harmonics.

    Returns
    -------
    BeamLimits
        Without ``reached``.
    """
    wanted = layout.beamformer
    bands = _bands_hz(layout)
    levels = np.array(wanted.null_levels_db or [])
    depth_db = abs(float(levels.min())) if levels.size else wanted.null_depth_db
    depths = tuple(sorted({*DEPTHS_DB, depth_db}))
    best, symmetric = _fronts(layout, bands, levels, depths)
    deepest = best.deepest_db(wanted.lobe_ripple_db)
    least = best.ripple_db[:, depths.index(depth_db)].tolist()
    infeasible = tuple(
        InfeasibleBand(
            band_hz=round(float(band), 1),
            deepest_null_db=round(float(depth), 2),
            least_ripple_db=round(ripple, 2) if np.isfinite(ripple) else None,
        )
        for band, depth, ripple in zip(bands, deepest, least, strict=True)
        if not (np.isfinite(ripple) and ripple <= wanted.lobe_ripple_db)
    )
    return BeamLimits(
        asked=BeamConstraints(
            null_azimuths_deg=tuple(wanted.null_azimuths_deg),
            null_levels_db=tuple(levels.tolist()) if levels.size else None,
            null_depth_db=depth_db,
            lobe_half_width_deg=wanted.lobe_half_width_deg,
            lobe_ripple_db=wanted.lobe_ripple_db,
            white_noise_gain_floor_db=wanted.white_noise_gain_floor_db,
        ),
        front=FrontFigures(
            bands_hz=rounded(bands),
            null_depths_db=depths,
            lobe_ripple_db=_rows(best.ripple_db),
            symmetric_lobe_ripple_db=None if symmetric is None else _rows(symmetric.ripple_db),
        ),
        infeasible=infeasible,
        solvers=_compare(layout, room),
    )


def _bands_hz(layout: Layout) -> NDArray[np.float64]:
    """Third octaves whose centres lie within the beam's band.  If there are none, the middle of the band."""
    low, high = layout.beamformer.band_hz
    bands = 10 ** (np.arange(20, 43) / 10)
    bands = bands[(bands >= low) & (bands <= high)]
    return bands if bands.size else np.array([np.sqrt(max(low, 1.0) * high)])


def _fronts(
    layout: Layout, bands_hz: NDArray[np.float64], levels_db: NDArray[np.float64], depths_db: tuple[float, ...]
) -> tuple[ParetoFront, ParetoFront | None]:
    """Pareto front of all drives, and that of symmetric drives if the loudspeaker is symmetric."""
    beam = _in_units_of_effort(design_beam(layout, bands_hz), role_weights(layout, bands_hz, "beamformer"))
    shape = levels_db - levels_db.min() if levels_db.size else np.zeros(beam.nulls.shape[1])
    lines, floor_db = np.arange(bands_hz.size), layout.beamformer.white_noise_gain_floor_db
    best = pareto_front(beam, lines, floor_db, depths_db, shape)
    if beam.matching.mirror is None:
        return best, None
    halved, sides = _halved(beam)
    symmetric = pareto_front(halved, lines, floor_db, depths_db, shape[sides])
    # A symmetric drive is one of all drives, so the front of all drives is at least as good.
    return replace(best, ripple_db=np.fmin(best.ripple_db, symmetric.ripple_db)), symmetric


def reached_on_the_front(front: FrontFigures, figures: BeamFigures) -> ReachedFigures:
    """Compare the ripple of filters with that of the Pareto front at the same null depth.

    Parameters
    ----------
    front : FrontFigures
    figures : BeamFigures
        Of the filters.
    """
    depths = np.array(front.null_depths_db)
    centres = np.log(np.array(figures.band_centres_hz))
    places = [int(np.argmin(np.abs(centres - np.log(band)))) for band in front.bands_hz]
    least: list[float | None] = []
    for place, row in zip(places, front.designable_ripple_db, strict=True):
        ripple = np.array([np.nan if value is None else value for value in row])
        known = np.isfinite(ripple)
        depth = figures.null_depth_db[place]
        least.append(round(float(np.interp(depth, depths[known], ripple[known])), 3) if known.any() else None)
    return ReachedFigures(
        null_depth_db=tuple(figures.null_depth_db[place] for place in places),
        lobe_ripple_db=tuple(figures.lobe_ripple_db[place] for place in places),
        front_ripple_db=tuple(least),
    )


def _rows(ripple_db: NDArray[np.float64]) -> SparseTable:
    return tuple(tuple(round(float(value), 3) if np.isfinite(value) else None for value in row) for row in ripple_db)


def _halved(beam: MatchedBeam) -> tuple[Beam, NDArray[np.int64]]:
    """Express a symmetric beam in drives that are their own mirror images.  Also return which of its nulls remain."""
    basis = symmetric_basis(beam.matching.mirror, beam.axis.shape[1])
    lobe, nulls = beam.lobe @ basis, beam.nulls @ basis
    sides = distinct_rows(nulls)
    lobe, nulls = lobe[:, distinct_rows(lobe)], nulls[:, sides]
    return Beam(beam.weights @ basis, beam.white_noise_gain_db, beam.axis @ basis, lobe, nulls), sides


def _in_units_of_effort(beam: MatchedBeam, band: NDArray[np.float64]) -> MatchedBeam:
    """Scale drives so that a driver outside its band costs as much as in the design: effort over weight squared."""
    scale = np.maximum(band, 1e-6)
    return replace(
        beam,
        weights=beam.weights / scale,
        axis=beam.axis * scale,
        lobe=beam.lobe * scale[:, None],
        nulls=beam.nulls * scale[:, None],
    )


def _compare(layout: Layout, room: RoomPlant) -> SolverComparison:
    matched = design_beam(layout, room.frequencies_hz)
    azimuths = np.deg2rad(np.array(layout.beamformer.null_azimuths_deg))
    sides = np.stack([-np.cos(azimuths), np.sin(azimuths), np.zeros_like(azimuths)], axis=1)
    energy = least_side_energy(
        room.expansion,
        matched.axis,
        zone_products(room.radiation_order, sides) if sides.size else np.eye(room.expansion.shape[1]),
        layout.beamformer.white_noise_gain_floor_db,
    )
    return SolverComparison(
        octaves_hz=rounded(room.octaves_hz),
        pressure_matching=_figures(matched, matched.weights, room),
        spherical_harmonic=_figures(matched, energy, room),
    )


def _figures(beam: Beam, drive: NDArray[np.complex128], room: RoomPlant) -> SolverFigures:
    octaves = room.octaves_hz.size
    axis = np.abs(np.sum(beam.axis * drive, axis=1)) ** 2
    nulls = np.abs((beam.nulls @ drive[..., None])[..., 0]) ** 2 / axis[:, None]
    lobe = 10 * np.log10(np.abs((beam.lobe @ drive[..., None])[..., 0]) ** 2 / axis[:, None])
    noise = axis / np.sum(np.abs(drive) ** 2, axis=1)
    depth = -decibels(nulls.max(axis=1, initial=0.0).reshape(octaves, -1).mean(axis=1))
    return SolverFigures(
        null_depth_db=rounded(depth),
        lobe_ripple_db=rounded(np.ptp(lobe, axis=1).reshape(octaves, -1).max(axis=1)),
        white_noise_gain_db=rounded(decibels(noise.reshape(octaves, -1).min(axis=1))),
        directivity_index_db=rounded(room.directivity_index_db(drive)),
    )
