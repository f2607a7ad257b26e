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


def _onsets_samples(found: ResponseSet) -> NDArray[np.float64]:
    """First sample of each response above a quarter of its peak, with its declared delay: (M, 2) float64."""
    level = np.abs(found.responses)
    onsets = np.argmax(level >= _ONSET * level.max(axis=2, keepdims=True), axis=2)
    return np.asarray(onsets + found.delays_samples)
