"""A head's responses (HRTF) from a SOFA file, left ear first whatever their order in the file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.measured.geometry import ears_from_head, sources_from_head
from designer.acoustics.measured.repeats import merge_repeats
from designer.acoustics.measured.response_set import ResponseSet
from designer.acoustics.measured.sofa_data import delays_samples, impulse_responses, sampling_rate_hz
from designer.acoustics.measured.sofa_file import SofaFile

CONVENTIONS = ("SimpleFreeFieldHRIR", "GeneralFIR")
# Least distance of an ear from the plane between the ears.
_LEAST_ASIDE_M = 0.01
# Sources that are this far aside tell the ears apart: the sine of the lateral angle.
_ASIDE = 0.5
# Least mean difference that counts as such.
_LEAST_LEVEL_DB, _LEAST_TIME_S = 1.0, 50e-6
# Largest time between the ears of any head, with margin: a head of 12 cm radius has 0.9 ms.
_MOST_TIME_S = 1.3e-3
_ONSET = 0.25
# The two ears of a head differ by less, and a head that was measured with care is turned by less.
_MOST_LATE_S, _MOST_LOUDER_DB, _MOST_TURNED_DEG = 100e-6, 2.0, 8.0
# Below pinna and head shadow, where both ears are alike.
_ALIKE_HZ = (200.0, 1500.0)
# Times between the ears that are looked at, and the least one for sources at the side, of any head.
_TIMES_S = np.arange(-1e-3, 1e-3, 5e-6)
_LEAST_ASIDE_S = 150e-6
_LINES = 1024
# Sources that both ears hear at the same time, nearly: the sine of the lateral angle.
_MIDDLE = 0.35
# Least spread of directions, to the front and to the side, that tells these: 1 is all around.
_LEAST_SPREAD = 0.2


def head_from_sofa(file: SofaFile) -> ResponseSet:
    """Read the responses of a head.

    Parameters
    ----------
    file : SofaFile

    Returns
    -------
    ResponseSet
        Two channels, left ear first.  The ears are told apart by ReceiverPosition.

    Raises
    ------
    LayoutError
        If the file is of another convention, holds what is not understood, or if ReceiverPosition contradicts the
        level and time differences between the ears.
    """
    if file.convention not in CONVENTIONS:
        raise file.error(
            f"SOFA convention '{file.convention}'", f"allowed for a head are {', '.join(CONVENTIONS)}, convert it"
        )
    responses = impulse_responses(file)
    measurements, receivers = responses.shape[:2]
    if receivers != 2:
        raise file.error(f"Data.IR has {receivers} receivers", "allowed for a head are two, its ears")
    rate = sampling_rate_hz(file)
    delays = delays_samples(file, measurements, receivers, rate)
    places = sources_from_head(file, measurements)
    ears = ears_from_head(file, measurements)
    if len(ears) != receivers:
        raise file.error(
            f"ReceiverPosition has {len(ears)} places, Data.IR has {receivers} receivers", "give one for each ear"
        )
    order = _left_first(file, ears)
    found = ResponseSet(places, responses[:, order], delays[:, order], rate)
    found = merge_repeats(found, str(file.path))
    _check_ears(file, found, f"ReceiverPosition (left ear: receiver {order[0]})")
    _check_symmetry(file, found)
    return found


def _left_first(file: SofaFile, ears: NDArray[np.float64]) -> list[int]:
    """Order of the receivers, left ear first."""
    aside = ears[:, 1]
    if not (aside.max() > _LEAST_ASIDE_M and aside.min() < -_LEAST_ASIDE_M):
        raise file.error(
            f"ReceiverPosition has the ears {aside[0]:+.3g} and {aside[1]:+.3g} m to the left of the head's centre",
            f"allowed is one more than {_LEAST_ASIDE_M:g} m to each side (y to the left), write where the ears are",
        )
    return [int(aside.argmax()), int(aside.argmin())]


def _check_ears(file: SofaFile, found: ResponseSet, said: str) -> None:
    """Hold the ears against what they hear: the ear on the side of the source is louder and earlier."""
    lateral = found.directions[:, 1]
    used = np.abs(lateral) > _ASIDE
    if not used.any():
        return
    side = np.sign(lateral[used])
    energy = np.sum(found.responses[used] ** 2, axis=2)
    level_db = float(np.mean(side * 10 * np.log10(energy[:, 0] / energy[:, 1])))
    times = side * (_onsets_samples(found)[used] @ [1.0, -1.0]) / found.sample_rate_hz
    time_s = float(-np.median(times))
    # Single measurements are held against their neighbours elsewhere; noise spoils the onsets of a few.
    apart_s = float(np.percentile(np.abs(times), 90))
    if apart_s > _MOST_TIME_S:
        raise file.error(
            f"the ears hear sources from the side {1000 * apart_s:.2f} ms apart, allowed for a head is "
            f"{1000 * _MOST_TIME_S:g} ms",
            "correct Data.Delay, or repeat the measurement",
        )
    wrong = [
        text
        for text, value, least in (
            (f"{abs(level_db):.1f} dB quieter", level_db, _LEAST_LEVEL_DB),
            (f"{abs(time_s) * 1e6:.0f} µs later", time_s, _LEAST_TIME_S),
        )
        if value < -least
    ]
    if wrong:
        raise file.error(
            f"the ear on the side of the source hears it {' and '.join(wrong)} than the other, against {said}",
            "correct ReceiverPosition, SourcePosition (+90° is on the left) or Data.Delay",
        )


def _check_symmetry(file: SofaFile, found: ResponseSet) -> None:
    """Hold the ears against each other: polarity, delay and gain of their microphones, and the way that they face.

    Over the directions, the differences between the ears follow the lateral angle and are 0 in the middle.
    """
    matrix = np.column_stack([found.directions[:, :2], np.ones(len(found.directions))])
    if np.linalg.svd(matrix, compute_uv=False)[-1] < _LEAST_SPREAD * np.sqrt(len(matrix)):
        return
    lines_hz, left, right = _low_spectra(found)
    # Where the right ear hears like the left one, but later.  Onsets would be those of noise in quiet responses.
    alike = (left * right.conj()) @ np.exp(-2j * np.pi * lines_hz[:, None] * _TIMES_S)
    ahead, aside, late_s = _fit(matrix, _TIMES_S[alike.real.argmax(axis=1)])
    levels_db = 10 * np.log10(np.sum(np.abs(right) ** 2, axis=1) / np.sum(np.abs(left) ** 2, axis=1))
    louder_db = _fit(matrix, levels_db)[2]
    if np.hypot(ahead, aside) < _LEAST_ASIDE_S:
        raise file.error(
            f"the ears hear sources from the side only {1e6 * np.hypot(ahead, aside):.0f} µs apart, expected are "
            f"{1e6 * _LEAST_ASIDE_S:.0f} µs or more",
            "if delays were taken out of the responses, write them as Data.Delay",
        )
    turned_deg = float(np.rad2deg(np.arctan2(-ahead, aside)))
    if abs(turned_deg) > _MOST_TURNED_DEG:
        raise file.error(
            f"the ears hear as a head that is turned by {abs(turned_deg):.0f}° to the "
            f"{'left' if turned_deg > 0 else 'right'}, allowed is {_MOST_TURNED_DEG:g}°",
            "correct ListenerView or SourcePosition",
        )
    middle = np.abs(found.directions[:, 1]) < _MIDDLE
    if np.sum((left * right.conj()).real[middle]) < 0:
        raise file.error("one ear has the opposite polarity of the other", "invert one of them, or repeat it")
    if abs(late_s) > _MOST_LATE_S:
        raise file.error(
            f"the right ear hears {1e6 * abs(late_s):.0f} µs {'later' if late_s > 0 else 'earlier'} than the left one "
            f"over all directions, allowed is {1e6 * _MOST_LATE_S:.0f} µs",
            "correct Data.Delay, or repeat the measurement",
        )
    if abs(louder_db) > _MOST_LOUDER_DB:
        raise file.error(
            f"the right ear is {abs(louder_db):.1f} dB {'louder' if louder_db > 0 else 'quieter'} than the left one "
            f"from {_ALIKE_HZ[0]:g} to {_ALIKE_HZ[1]:g} Hz over all directions, allowed is {_MOST_LOUDER_DB:g} dB",
            "bring both microphones to one gain",
        )


def _low_spectra(
    found: ResponseSet,
) -> tuple[NDArray[np.float64], NDArray[np.complex128], NDArray[np.complex128]]:
    """Frequencies (F,) at which both ears are alike, and their spectra there, with their delays: (M, F) each."""
    lines = np.fft.rfftfreq(_LINES, 1 / found.sample_rate_hz)
    used = (lines > _ALIKE_HZ[0]) & (lines < _ALIKE_HZ[1])
    turns = lines[used] / found.sample_rate_hz * found.delays_samples[:, :, None]
    # Longer responses are folded, which changes nothing on these lines.
    folded = np.pad(found.responses, ((0, 0), (0, 0), (0, -found.responses.shape[2] % _LINES)))
    folded = folded.reshape(*folded.shape[:2], -1, _LINES).sum(axis=2)
    spectra = np.fft.rfft(folded, axis=2)[:, :, used] * np.exp(-2j * np.pi * turns)
    return np.asarray(lines[used]), spectra[:, 0], spectra[:, 1]


def _fit(matrix: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least-squares coefficients (3,) of values (M,), without outliers: noise spoils the onsets of a few."""
    coefficients = np.linalg.lstsq(matrix, values, rcond=None)[0]
    off = np.abs(values - matrix @ coefficients)
    kept = off <= 3 * np.median(off)
    return np.asarray(np.linalg.lstsq(matrix[kept], values[kept], rcond=None)[0])


def _onsets_samples(found: ResponseSet) -> NDArray[np.float64]:
    """First sample of each response above a quarter of its peak, with its declared delay: (M, 2) float64."""
    level = np.abs(found.responses)
    onsets = np.argmax(level >= _ONSET * level.max(axis=2, keepdims=True), axis=2)
    return np.asarray(onsets + found.delays_samples)
