"""The beam's trade-off: what the constraints ask, what the layout allows, and what two solvers make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.beam_limits.harmonics import least_side_energy, zone_products
from designer.evaluation.beam_limits.pareto_front import DEPTHS_DB, pareto_front
from designer.evaluation.plant import decibels, rounded
from designer.evaluation.room import RoomPlant
from designer.filters.bands import role_weights
from designer.filters.beam.design import Beam, MatchedBeam, design_beam
from designer.filters.beam.levels import distinct_rows, symmetric_basis
from designer.layout.model import Layout


def evaluate_beam_limits(layout: Layout, room: RoomPlant) -> dict[str, Any]:
    """Compute the Pareto front of lobe ripple against null depth, and compare two solvers.

    Parameters
    ----------
    layout : Layout
    room : RoomPlant
        Of the same layout; holds the far field in harmonics.

    Returns
    -------
    dict
        ``front``: ``bands_hz``, ``null_depths_db``, and ``lobe_ripple_db`` the least ripple for each band and depth,
        null where no drive keeps depth and white-noise gain; for a symmetric loudspeaker ``symmetric_lobe_ripple_db``,
        the same for drives that are their own mirror images, which the design keeps to.  ``asked``: the layout's
        constraints; where it gives levels, the depth is that of the lowest of them, and each null is bounded by its own
        level beside it.
        ``infeasible``: each band in which ripple and depth cannot both be had, with ``deepest_null_db`` at the ripple
        allowed and ``least_ripple_db`` at the depth asked.  ``solvers``: means over octaves within the band for
        pressure matching and for the spherical-harmonic solver.
    """
    wanted = layout.beamformer
    low, high = wanted.band_hz
    bands = 10 ** (np.arange(20, 43) / 10)
    bands = bands[(bands >= low) & (bands <= high)]
    if not bands.size:
        bands = np.array([np.sqrt(max(low, 1.0) * high)])
    beam = _in_units_of_effort(design_beam(layout, bands), role_weights(layout, bands, "beamformer"))
    levels = np.array(wanted.null_levels_db or [])
    depth_db = abs(float(levels.min())) if levels.size else wanted.null_depth_db
    depths = tuple(sorted({*DEPTHS_DB, depth_db}))
    shape = levels - levels.min() if levels.size else np.zeros(beam.nulls.shape[1])
    lines, floor_db = np.arange(bands.size), wanted.white_noise_gain_floor_db
    trade = pareto_front(beam, lines, floor_db, depths, shape)
    symmetric = {}
    if beam.matching.mirror is not None:
        halved, sides = _halved(beam)
        even = pareto_front(halved, lines, floor_db, depths, shape[sides])
        symmetric = {"symmetric_lobe_ripple_db": _rows(even.ripple_db)}
        # What keeps the symmetry is one of all.
        trade = replace(trade, ripple_db=np.fmin(trade.ripple_db, even.ripple_db))
    deepest = trade.deepest_db(wanted.lobe_ripple_db)
    least = trade.ripple_db[:, depths.index(depth_db)].tolist()
    infeasible = [
        {
            "band_hz": round(float(band), 1),
            "deepest_null_db": round(float(depth), 2),
            "least_ripple_db": round(ripple, 2) if np.isfinite(ripple) else None,
        }
        for band, depth, ripple in zip(bands, deepest, least, strict=True)
        if not (np.isfinite(ripple) and ripple <= wanted.lobe_ripple_db)
    ]
    return {
        "asked": {
            "null_azimuths_deg": list(wanted.null_azimuths_deg),
            "null_levels_db": levels.tolist() if levels.size else None,
            "null_depth_db": depth_db,
            "lobe_half_width_deg": wanted.lobe_half_width_deg,
            "lobe_ripple_db": wanted.lobe_ripple_db,
            "white_noise_gain_floor_db": wanted.white_noise_gain_floor_db,
        },
        "front": {
            "bands_hz": rounded(bands),
            "null_depths_db": list(depths),
            "lobe_ripple_db": _rows(trade.ripple_db),
            **symmetric,
        },
        "infeasible": infeasible,
        "solvers": _compare(layout, room),
    }


def reached_beside_possible(trade: dict[str, Any], figures: Mapping[str, Any]) -> dict[str, list[float | None]]:
    """Lay out what filters reach beside what the front says of the same depth of null.

    Parameters
    ----------
    trade : dict
        From `evaluate_beam_limits`.
    figures : mapping
        From `designer.evaluation.beam.evaluate_beam`, of the filters.

    Returns
    -------
    dict
        For each of the front's bands ``null_depth_db`` and ``lobe_ripple_db`` of the filters, means over the band, and
        ``front_ripple_db``: the least ripple at that depth on the line in the band's middle, for symmetric drives if
        the loudspeaker is symmetric; null where not even the least depth of the front can be had.
    """
    front = trade["front"]
    depths = np.array(front["null_depths_db"])
    centres = np.log(np.array(figures["band_centres_hz"]))
    found: dict[str, list[float | None]] = {"null_depth_db": [], "lobe_ripple_db": [], "front_ripple_db": []}
    for band, row in zip(
        front["bands_hz"], front.get("symmetric_lobe_ripple_db", front["lobe_ripple_db"]), strict=True
    ):
        place = int(np.argmin(np.abs(centres - np.log(band))))
        depth = figures["null_depth_db"][place]
        ripple = np.array([np.nan if value is None else value for value in row])
        known = np.isfinite(ripple)
        least = float(np.interp(depth, depths[known], ripple[known])) if known.any() else None
        found["null_depth_db"].append(depth)
        found["lobe_ripple_db"].append(figures["lobe_ripple_db"][place])
        found["front_ripple_db"].append(least if least is None else round(least, 3))
    return found


def _rows(ripple_db: NDArray[np.float64]) -> list[list[float | None]]:
    return [[round(float(value), 3) if np.isfinite(value) else None for value in row] for row in ripple_db]


def _halved(beam: MatchedBeam) -> tuple[Beam, NDArray[np.int64]]:
    """Express a symmetric beam in drives that are their own mirror images; also return which of its nulls are left."""
    basis = symmetric_basis(beam.matching.mirror, beam.axis.shape[1])
    lobe, nulls = beam.lobe @ basis, beam.nulls @ basis
    sides = distinct_rows(nulls)
    lobe, nulls = lobe[:, distinct_rows(lobe)], nulls[:, sides]
    return Beam(beam.weights @ basis, beam.white_noise_gain_db, beam.axis @ basis, lobe, nulls), sides


def _in_units_of_effort(beam: MatchedBeam, band: NDArray[np.float64]) -> MatchedBeam:
    """Scale drives so that a driver out of its band costs what it costs the design: effort over weight squared."""
    scale = np.maximum(band, 1e-6)
    return replace(
        beam,
        weights=beam.weights / scale,
        axis=beam.axis * scale,
        lobe=beam.lobe * scale[:, None],
        nulls=beam.nulls * scale[:, None],
    )


def _compare(layout: Layout, room: RoomPlant) -> dict[str, Any]:
    """Pressure matching beside the spherical-harmonic solver, octave by octave."""
    matched = design_beam(layout, room.frequencies_hz)
    azimuths = np.deg2rad(np.array(layout.beamformer.null_azimuths_deg))
    sides = np.stack([-np.cos(azimuths), np.sin(azimuths), np.zeros_like(azimuths)], axis=1)
    energy = least_side_energy(
        room.expansion,
        matched.axis,
        zone_products(room.radiation_order, sides) if sides.size else np.eye(room.expansion.shape[1]),
        layout.beamformer.white_noise_gain_floor_db,
    )
    return {
        "octaves_hz": rounded(room.octaves_hz),
        "pressure_matching": _figures(matched, matched.weights, room),
        "spherical_harmonic": _figures(matched, energy, room),
    }


def _figures(beam: Beam, drive: NDArray[np.complex128], room: RoomPlant) -> dict[str, list[float]]:
    octaves = room.octaves_hz.size
    axis = np.abs(np.sum(beam.axis * drive, axis=1)) ** 2
    nulls = np.abs((beam.nulls @ drive[..., None])[..., 0]) ** 2 / axis[:, None]
    lobe = 10 * np.log10(np.abs((beam.lobe @ drive[..., None])[..., 0]) ** 2 / axis[:, None])
    noise = axis / np.sum(np.abs(drive) ** 2, axis=1)
    depth = -decibels(nulls.max(axis=1, initial=0.0).reshape(octaves, -1).mean(axis=1))
    return {
        "null_depth_db": rounded(depth),
        "lobe_ripple_db": rounded(np.ptp(lobe, axis=1).reshape(octaves, -1).max(axis=1)),
        "white_noise_gain_db": rounded(decibels(noise.reshape(octaves, -1).min(axis=1))),
        "directivity_index_db": rounded(room.directivity_index_db(drive)),
    }
