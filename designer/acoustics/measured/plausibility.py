"""Checks of what was read: distances, directions, levels and arrivals that cannot be, each named with its place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.measured.response_set import ResponseSet
from designer.errors import LayoutError

# A distance in metres.  Nothing else is near enough to be heard, or far enough to be measured.
_DISTANCES_M = (0.1, 50.0)
# A distance that differs from the median by this factor, while nearly all others are near it, is a slip.
_SLIP = 2.5
_SLIPS_PART = 0.1
# Sets whose directions all lie within this angle are radians that were taken for degrees, or useless.
_LEAST_SPAN_DEG = 7.0
_FEW = 4
# Largest difference of level, and of arrival, from the nearest neighbours where these agree.
# A directivity has nulls, so that a direction may be much quieter, but not much louder, than all around it.
_LEVEL_DB, _TIME_MS = (-40.0, 20.0), (-3.0, 3.0)
# Directions whose distances are compared one by one.
_FEW_DIRECTIONS = 2000
_NEIGHBOURS = 4
# Angle to the last of them, up to which levels, and times, are alike.
_NEAR_DEG = (20.0, 60.0)
# For this check only, so within a few per cent.
_SPEED_M_PER_S = 343.0
# Peaks, or energies, that are so nearly equal were made so, if the others vary by more than that.
_SAME, _VARIED = 1.001, 10**0.05
# Steps of the numbers by which a round top that was quantised falls beside its run of equal samples, with margin.
_ROUND_STEPS = 16
# Shorter responses hold no driver.
_LEAST_MS = 1.0
_MOST_DIRECTIONS = 100_000


def check_set(found: ResponseSet, where: str) -> None:
    """Refuse a set that cannot be right.

    Parameters
    ----------
    found : ResponseSet
    where : str
        Name of the file, for messages.

    Raises
    ------
    LayoutError
        With the measurement, what is allowed, and a remedy.
    """
    if len(found.places_m) > _MOST_DIRECTIONS:
        raise LayoutError(f"'{where}': {len(found.places_m)} directions: allowed are up to {_MOST_DIRECTIONS}")
    if not np.all(np.isfinite(found.responses)):
        raise LayoutError(f"'{where}': holds values that are not finite: measure again or repair the file")
    silent = np.argwhere(np.sum(found.responses**2, axis=2) == 0)
    if silent.size:
        raise LayoutError(f"'{where}': measurement {int(silent[0][0])} is silent: remove or repeat it")
    _check_clipping(found, where)
    _check_normalising(found, where)
    _check_distances(found, where)
    _check_span(found, where)
    _check_neighbours(found, where)
    _check_length(found, where)


def _check_clipping(found: ResponseSet, where: str) -> None:
    """Refuse responses that stay at their peak: a recording was too loud for its converter or its file."""
    peaks = np.abs(found.responses).max(axis=2, keepdims=True)
    at_peak = np.abs(found.responses) == peaks
    run = at_peak[:, :, 2:] & at_peak[:, :, 1:-1] & at_peak[:, :, :-2]
    for index, channel in np.argwhere(run.any(axis=2)):
        magnitudes = np.abs(found.responses[index, channel])
        if _is_cut_off(magnitudes):
            raise LayoutError(
                f"'{where}': measurement {index}: three samples or more in a row are at its peak of "
                f"{magnitudes.max():.4g}: it was clipped: measure it again with less gain"
            )


def _is_cut_off(magnitudes: NDArray[np.float64]) -> bool:
    """Whether the values (N,) fall faster beside their longest run at the peak than a round top, quantised, does.

    The middle of a parabola falls by less than one step of the numbers over half of such a run, so by a few steps over
    the whole of it.
    """
    values = np.unique(magnitudes)
    edges = np.flatnonzero(np.diff(np.pad(magnitudes == values[-1], 1).astype(int)))
    starts, stops = edges[::2], edges[1::2]
    longest = int((stops - starts).argmax())
    beside = int(stops[longest] - starts[longest]) // 2 + 1
    places = np.array([starts[longest] - beside, stops[longest] - 1 + beside])
    places = places[(places >= 0) & (places < magnitudes.size)]
    step = float(np.diff(values).min()) if values.size > 1 else 0.0
    return bool(np.any(values[-1] - magnitudes[places] > _ROUND_STEPS * step))


def _check_normalising(found: ResponseSet, where: str) -> None:
    """Refuse responses that were scaled one by one, so that their levels against one another are lost."""
    if len(found.responses) < _FEW:
        return
    peak, root = np.abs(found.responses).max(axis=2), np.sqrt(np.sum(found.responses**2, axis=2))
    # Each channel by itself, or both ears together.
    for peaks, roots in ((peak, root), (peak.max(axis=1), np.linalg.norm(root, axis=1))):
        varied = {"peak": _largest_ratio(peaks), "energy": _largest_ratio(roots)}
        for what, other in (("peak", "energy"), ("energy", "peak")):
            if varied[what] < _SAME and varied[other] > _VARIED:
                raise LayoutError(
                    f"'{where}': all {len(found.responses)} responses have the same {what}: they were normalised one "
                    "by one, and the levels between directions are lost: export all of them with one gain"
                )


def _largest_ratio(values: NDArray[np.float64]) -> float:
    """Largest ratio of positive values of one channel: (M, C) or (M,)."""
    return float((values.max(axis=0) / values.min(axis=0)).max())


def _check_length(found: ResponseSet, where: str) -> None:
    """Refuse responses that end as soon as they have begun."""
    onsets = np.where(found.is_loud, found.arrivals_samples - found.delays_samples, 0.0)
    left_ms = 1000 * (found.responses.shape[2] - float(onsets.max())) / found.sample_rate_hz
    if left_ms < _LEAST_MS:
        raise LayoutError(
            f"'{where}': the responses end {left_ms:.2f} ms after their onset, allowed is {_LEAST_MS:g} ms or more: "
            "export longer ones"
        )


def _check_distances(found: ResponseSet, where: str) -> None:
    distances = found.distances_m
    low, high = _DISTANCES_M
    if not np.all(np.isfinite(distances)) or distances.min() <= 0:
        raise LayoutError(f"'{where}': a place has no distance: give it in metres, above 0")
    for index in (int(distances.argmin()), int(distances.argmax())):
        if not low <= distances[index] <= high:
            raise LayoutError(
                f"'{where}': measurement {index} is {distances[index]:.4g} m away, allowed is {low:g} to {high:g} m: "
                "is the unit right?"
            )
    middle = float(np.median(distances))
    slips = np.flatnonzero((distances > _SLIP * middle) | (distances < middle / _SLIP))
    if 0 < slips.size <= max(1, _SLIPS_PART * distances.size) and distances.size >= _FEW:
        raise LayoutError(
            f"'{where}': measurement {int(slips[0])} is {distances[slips[0]]:.3g} m away, the others {middle:.3g} m: "
            f"allowed is a factor of {_SLIP:g} for so few: correct its distance or remove it"
        )


def _check_span(found: ResponseSet, where: str) -> None:
    if len(found.places_m) < _FEW:
        return
    cosines = found.directions @ found.directions.mean(axis=0) / np.linalg.norm(found.directions.mean(axis=0) + 1e-30)
    span = float(np.rad2deg(np.arccos(np.clip(cosines.min(), -1, 1))))
    if span < _LEAST_SPAN_DEG / 2:
        raise LayoutError(
            f"'{where}': all {len(found.places_m)} directions lie within {2 * span:.2g}°: allowed is a grid that spans "
            f"{_LEAST_SPAN_DEG:g}° or more: are the angles in radians?"
        )


def _check_neighbours(found: ResponseSet, where: str) -> None:
    """Refuse a measurement that is much louder, quieter, earlier or later than all its neighbours are."""
    if len(found.places_m) <= _NEIGHBOURS:
        return
    chords, near = _nearest(found.directions, _NEIGHBOURS + 1)
    near_deg = np.rad2deg(2 * np.arcsin(np.minimum(chords[:, -1] / 2, 1.0)))
    level_db = 10 * np.log10(np.sum(found.responses**2, axis=2)) + 20 * np.log10(found.distances_m)[:, None]
    arrival_ms = 1000 * found.arrivals_samples / found.sample_rate_hz
    delay_ms = 1000 * found.delays_samples / found.sample_rate_hz
    # Some sets have travel time in their responses, and some have not.
    emitted_ms = arrival_ms - 1000 * found.distances_m[:, None] / _SPEED_M_PER_S
    # Noise hides the onset of quiet responses.
    level_near, time_near = (np.repeat(near_deg[:, None] < each, level_db.shape[1], axis=1) for each in _NEAR_DEG)
    checked = (
        ("level", (level_db,), _LEVEL_DB, "dB", level_near),
        ("declared delay", (delay_ms, emitted_ms), _TIME_MS, "ms", time_near),
        ("arrival", (arrival_ms, emitted_ms), _TIME_MS, "ms", time_near & found.is_loud),
    )
    for what, versions, (least, most), unit, wrong in checked:
        for values in versions:
            off, spread = _against_neighbours(values, near[:, 1:])
            wrong &= ((off < least) | (off > most)) & (spread < most / 2)
        if wrong.any():
            index, channel = np.argwhere(wrong)[0]
            ear = f", ear {int(channel)}" if level_db.shape[1] > 1 else ""
            raise LayoutError(
                f"'{where}': measurement {int(index)}{ear}: {what} is {off[index, channel]:+.3g} {unit} from that of "
                f"its neighbours, allowed is {least:g} to {most:g} {unit}: correct its delay or gain, repeat it, or "
                "remove it"
            )


def _nearest(directions: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Distances (M, count) to the nearest of unit vectors (M, 3), and their indices; each is its own nearest."""
    if len(directions) > _FEW_DIRECTIONS:
        # Imported here, because it takes longer than all distances between a few.
        from scipy.spatial import cKDTree

        chords, near = cKDTree(directions).query(directions, count)
        return np.asarray(chords), np.asarray(near)
    closeness = directions @ directions.T
    np.fill_diagonal(closeness, np.inf)
    near = np.argpartition(-closeness, count - 1, axis=1)[:, :count]
    near = np.take_along_axis(near, np.argsort(-np.take_along_axis(closeness, near, 1), axis=1, kind="stable"), 1)
    return np.linalg.norm(directions[near] - directions[:, None], axis=2), near


def _against_neighbours(
    values: NDArray[np.float64], near: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Difference of values (M, C) from the median of their neighbours, and the spread of these: (M, C) each."""
    around = values[near]
    middle = np.median(around, axis=1)
    return values - middle, np.median(np.abs(around - middle[:, None]), axis=1)
