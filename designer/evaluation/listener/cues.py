"""Interaural cues over time, and which of them a listener in a room goes by.

Reflections blur the cues.  Two things tell the listener which of them to trust.  Where the ears are coherent, one sound
arrives from one direction, and its cues are those of free field (Faller & Merimaa, J. Acoust. Soc. Am. 116 (2004),
3075).  And while sound rises, reflections have not yet arrived (Dietz et al., Proc. Natl. Acad. Sci. 110 (2013),
15151).
`docs/science.md` says how well each of them predicts what listeners hear.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.listener.periphery import ENVELOPE_RATE_HZ
from designer.numerics.filtering import exponential_average

# Memory of the cues, and of the coherence by which they are selected (Faller & Merimaa 2004, § II.B).
_CUE_S, _COHERENCE_S = 0.001, 0.010
# Compression of the hair cells (Bernstein, van de Par & Trahiotis, J. Acoust. Soc. Am. 105 (1999), 3248).
_COMPRESSION = 0.23
# Only what exceeds so much of the mean of the last moments counts as rising.
_ADAPTATION_S, _ADAPTATION = 0.010, 1.2
# Cues that are weaker, against the loudest of the band and of all bands, are not heard.
_AUDIBLE_IN_BAND_DB, _AUDIBLE_DB = -30.0, -60.0
# Coherence above which a cue is taken at once; the listener lowers it until this part passes.  In the rooms of Faller &
# Merimaa some hundredths to a quarter of the power passed.
_COHERENT, _LEAST_PART = 0.98, 0.10


@dataclass(frozen=True, eq=False)
class Cues:
    """Interaural cues of B bands at M times, 4000 in a second.

    Attributes
    ----------
    phase_rad : (B, M) float64
        Of the fine structure, positive if the left ear leads.
    level_db : (B, M) float64
        Left over right.
    heard : (B, M) float64
        Weight of what is heard in each band, 0 where it is inaudible; not negative.
    selected : (B, M) float64
        Weight of the cues that tell the direction; not negative.
    """

    phase_rad: NDArray[np.float64]
    level_db: NDArray[np.float64]
    heard: NDArray[np.float64]
    selected: NDArray[np.float64]


def interaural_cues(envelopes: NDArray[np.complex128]) -> Cues:
    """Compute the cues of both ears.

    Parameters
    ----------
    envelopes : (B, 2, M) complex128
        From `designer.evaluation.listener.periphery.complex_envelopes`.

    Returns
    -------
    Cues
        Weights of a band sum to its loudness, which grows with the power 0.3 of its energy (Stevens 1957).
    """
    power = np.abs(envelopes) ** 2
    floor = 1e-12 * float(power.max(initial=0.0)) + 1e-300
    crossed = envelopes[:, 0] * envelopes[:, 1].conj()
    ears = np.maximum(_averaged(power, _CUE_S), floor)
    both = ears.sum(axis=1)
    audible = both > 10 ** (_AUDIBLE_IN_BAND_DB / 10) * both.max(axis=1, keepdims=True)
    audible &= both > 10 ** (_AUDIBLE_DB / 10) * both.max()
    firing = power.sum(axis=1) ** _COMPRESSION * audible
    rising = np.maximum(firing - _ADAPTATION * _averaged(firing, _ADAPTATION_S), 0.0)
    coherence = np.abs(_averaged(crossed, _COHERENCE_S)) / np.sqrt(
        np.prod(np.maximum(_averaged(power, _COHERENCE_S), floor), axis=1)
    )
    loudness = power.sum(axis=(1, 2))[:, None] ** 0.3
    return Cues(
        np.angle(_averaged(crossed, _CUE_S)),
        10 * np.log10(ears[:, 0] / ears[:, 1]),
        loudness * _shared(firing),
        loudness * _shared(rising * _is_coherent(coherence, rising)),
    )


def _averaged(values: NDArray[Any], memory_s: float) -> NDArray[Any]:
    """Exponential running average over time, the last axis."""
    keep = np.exp(-1 / (memory_s * ENVELOPE_RATE_HZ))
    return exponential_average(values, keep)


def _shared(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights (B, M) whose sum is 1 in each band that has any."""
    return np.asarray(weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300))


def _is_coherent(coherence: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which cues (B, M) pass the threshold of coherence of their band."""
    rank = np.argsort(-coherence, axis=1, kind="stable")
    passed = np.cumsum(np.take_along_axis(weight, rank, axis=1), axis=1)
    enough = np.argmax(passed >= _LEAST_PART * passed[:, -1:], axis=1)
    lowered = np.take_along_axis(coherence, np.take_along_axis(rank, enough[:, None], axis=1), axis=1)
    return np.asarray(coherence >= np.minimum(lowered, _COHERENT))
