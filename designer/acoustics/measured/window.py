"""Direct sound of measured responses: where it starts, where it is cut off, and what disturbs it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.measured.response_set import ResponseSet

# Time that is kept before the onset of the earliest response.
_BEFORE_S = 0.0015
_FADE_PART = 0.25
# Fewest samples that tell the level of a disturbance.
_FEWEST = 48
# Size of the transform that tells its spectrum.
_LINES = 1024
# Time between a response and what is taken as noise ahead of it.
_GUARD_S = 0.001
# A reflection: the mean energy rises by so much again, later than any driver's own sound, and is not below this level.
_RISE_DB, _LATER_S, _LEAST_DB, _SMOOTH_S = 6.0, 0.0017, -35.0, 0.0004
# A shorter window has no bass and no driver.
_SHORTEST_S = 0.002
# A late part above this level, relative to the direct sound, is told.
_TOLD_DB = -20.0
# A response has decayed when its end is this far below its peak.
_DECAYED_DB, _LASTING_S = -30.0, 0.0005


@dataclass(frozen=True, eq=False)
class DirectSound:
    """Windowed responses at 1 m, with what is known of their disturbance.

    Attributes
    ----------
    responses : (M, N) float64
        At 1 m.
    removed_samples : (M,) float64
        Time that is taken from each response, so that 0 is when the sound leaves the centre of the cabinet.
    disturbance : (K,) float64 or None
        Energy spectrum of noise and reverberation within the window, at 1 m, on an even grid up to half the sample
        rate.  None if the responses leave no room to see it.
    window_s : float
        Length that is kept after the onset.
    noise_db, tail_db : float or None
        Level of noise, and of what was cut off after the window, relative to the direct sound.
    notes, warnings : tuple of str
    """

    responses: NDArray[np.float64]
    removed_samples: NDArray[np.float64]
    disturbance: NDArray[np.float64] | None
    window_s: float
    noise_db: float | None
    tail_db: float | None
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def direct_sound(found: ResponseSet, after_s: float, speed_of_sound_m_per_s: float) -> DirectSound:
    """Window the responses of a driver at the same time for all, and estimate what disturbs them.

    Parameters
    ----------
    found : ResponseSet
        One channel.
    after_s : float
        Time that is kept after the latest onset.  A reflection within it shortens it.
    speed_of_sound_m_per_s : float
    """
    rate = found.sample_rate_hz
    rows, offsets, removed, notes = _aligned(found, speed_of_sound_m_per_s)
    onsets = (found.arrivals_samples - found.delays_samples)[:, 0][found.is_loud[:, 0]] - offsets[found.is_loud[:, 0]]
    first, last = int(onsets.min()), int(onsets.max())
    after_s, shorter = _before_reflection(rows, last, rate, after_s)
    if not shorter:
        after_s, shorter = _before_end(rows, rows.shape[1] - int(offsets.max()), last, rate, after_s)
    start = max(0, int(first - _BEFORE_S * rate))
    stop = min(rows.shape[1], int(last + after_s * rate))
    gain = found.distances_m[:, None]
    kept = window(rows[:, start:stop], rate, after_s, cut=stop < rows.shape[1]) * gain
    before, after = _beside(rows * gain, offsets, start, stop, rate)
    taper = window(np.ones((1, stop - start)), rate, after_s, cut=stop < rows.shape[1])
    samples = float(np.sum(taper**2))
    direct = float(np.mean(np.sum(kept**2, axis=1)))
    noise_db, tail_db = (_level_db(part, samples / direct) for part in (before, after))
    warnings = [shorter] if shorter else []
    if not shorter and tail_db is not None and tail_db > _TOLD_DB and (noise_db is None or tail_db > noise_db + 3):
        warnings.append(
            f"a reverberant tail of {tail_db:.0f} dB follows the window of {1000 * after_s:.1f} ms: its part within "
            "the window counts as noise"
        )
    elif noise_db is not None and noise_db > _TOLD_DB:
        warnings.append(f"noise within the window is {noise_db:.0f} dB from the direct sound")
    known = [part * samples for part in (before, after) if part is not None]
    return DirectSound(
        kept,
        removed - start,
        np.maximum.reduce(known) if known else None,
        after_s,
        noise_db,
        tail_db,
        tuple(notes),
        tuple(warnings),
    )


def _level_db(part: NDArray[np.float64] | None, factor: float) -> float | None:
    """Level of a mean energy spectrum times a factor."""
    return None if part is None else float(10 * np.log10(max(part.mean() * factor, 1e-20)))


def window(kept: NDArray[np.float64], rate_hz: float, after_s: float, *, cut: bool) -> NDArray[np.float64]:
    """Fade out the end of responses (M, N), if something was cut off there."""
    fade = max(1, int(_FADE_PART * after_s * rate_hz))
    faded = kept.copy()
    if cut and kept.shape[1] > fade:
        faded[:, -fade:] *= 0.5 * (1 + np.cos(np.pi * (np.arange(fade) + 1) / (fade + 1)))
    return faded


def _aligned(
    found: ResponseSet, speed_of_sound_m_per_s: float
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], list[str]]:
    """Responses moved by whole samples, so that equal distance and delay start at one sample.

    Returns the moved rows (M, N), the moves (M,), the time that each row is late against its emission (M,), and notes.
    """
    responses, rate = found.responses[:, 0], found.sample_rate_hz
    declared = found.delays_samples[:, 0]
    travel = found.distances_m / speed_of_sound_m_per_s * rate
    loud = found.is_loud[:, 0]
    onsets = found.arrivals_samples[loud, 0]
    notes = []
    # Equal distances say nothing, so travel time is taken as given.
    if _scatter(onsets) < 0.5 * _scatter(onsets - travel[loud]) and np.ptp(travel) > 2:
        notes.append("arrivals do not follow the distances: taken as responses without travel time")
        travel = np.full_like(travel, travel.mean())
    late = np.rint(travel - declared)
    moves = (late - late.min()).astype(np.int64)
    rows = np.zeros_like(responses)
    for index, move in enumerate(moves):
        rows[index, : responses.shape[1] - move] = responses[index, move:]
    return rows, moves, travel - declared - moves, notes


def _scatter(values: NDArray[np.float64]) -> float:
    """Mean deviation from the median."""
    return float(np.mean(np.abs(values - np.median(values))))


def _beside(
    rows: NDArray[np.float64], moves: NDArray[np.int64], start: int, stop: int, rate_hz: float
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Energy spectrum for each sample, ahead of the window and after it, mean over directions: (K,) or None."""
    ahead = rows[:, : max(0, start - int(_GUARD_S * rate_hz))]
    end = rows.shape[1] - int(moves.max())
    # Half a window after the cut: there a tail is as loud as it was within, or a little quieter.
    behind = rows[:, stop : min(end, stop + max(_FEWEST, (stop - start) // 2))]
    return _spectrum(ahead), _spectrum(behind)


def _spectrum(rows: NDArray[np.float64]) -> NDArray[np.float64] | None:
    if rows.shape[1] < _FEWEST or not rows.any():
        return None
    size = min(rows.shape[1], _LINES)
    pieces = rows[:, : rows.shape[1] // size * size].reshape(-1, size)
    taper = np.hanning(size + 2)[1:-1]
    power = np.mean(np.abs(np.fft.rfft(pieces * taper, _LINES, axis=1)) ** 2, axis=0) / np.sum(taper**2)
    # A short stretch has few degrees of freedom, so neighbouring lines are averaged.
    kernel = np.ones(17) / 17
    return np.convolve(np.pad(power, 8, mode="edge"), kernel, mode="valid")


def _before_reflection(rows: NDArray[np.float64], onset: int, rate_hz: float, after_s: float) -> tuple[float, str]:
    """Length of the window that ends ahead of the first reflection, and a warning if it is shorter for one."""
    energy = np.einsum("mn,mn,m->n", rows, rows, 1 / np.einsum("mn,mn->m", rows, rows))
    size = max(1, int(_SMOOTH_S * rate_hz))
    smooth = np.convolve(energy, np.ones(size) / size, mode="same")
    stop = min(rows.shape[1], int(onset + after_s * rate_hz))
    curve = 10 * np.log10(np.maximum(smooth[:stop], 1e-12 * smooth.max()) / smooth.max())
    low = curve[min(stop - 1, onset + int(0.001 * rate_hz))]
    for place in range(onset + int(0.001 * rate_hz), stop):
        low = min(low, curve[place])
        if place >= onset + _LATER_S * rate_hz and curve[place] > max(low + _RISE_DB, _LEAST_DB):
            seconds = (place - onset) / rate_hz
            peak = float(curve[place : place + int(0.001 * rate_hz)].max())
            cut_s = max(_SHORTEST_S, seconds - _SMOOTH_S)
            return cut_s, (
                f"a reflection, or reverberation, of {peak:.0f} dB arrives {1000 * seconds:.1f} ms after the direct "
                f"sound: the window ends at {1000 * cut_s:.1f} ms, and the model serves below {1 / cut_s:.0f} Hz"
            )
    return after_s, ""


def _before_end(rows: NDArray[np.float64], end: int, onset: int, rate_hz: float, after_s: float) -> tuple[float, str]:
    """Length of the window where the file ends before the responses have decayed, and a warning if it does."""
    left_s = (end - onset) / rate_hz
    if left_s >= after_s:
        return after_s, ""
    # Averaged over half a millisecond: what lasts is low in frequency, and hardly seen beside the peak.
    size = max(2, int(_LASTING_S * rate_hz))
    sums = np.cumsum(rows[:, :end], axis=1)
    lasting = np.abs(sums[:, size:] - sums[:, :-size])
    level_db = float(20 * np.log10(max(lasting[:, -size:].max() / lasting.max(), 1e-12)))
    if level_db < _DECAYED_DB:
        return after_s, ""
    return left_s, (
        f"the responses end {1000 * left_s:.1f} ms after the direct sound, where they are still at {level_db:.0f} dB: "
        f"the model serves below {1 / left_s:.0f} Hz: export longer ones"
    )
