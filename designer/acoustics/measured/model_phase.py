"""Directional phase of a set that has magnitudes only: that of the model.

A driver away from the centre of its cabinet is early in some directions and late in others.  Minimum phase knows
nothing of that.  So the model gives the phase, and minimum phase only what the magnitudes differ by from the model's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.directional import DirectionalSet
from designer.acoustics.measured.driver_response import DirectionModel

# Time ahead of the centre's arrival that is kept: more than any cabinet is wide.
_LEAD_S = 0.003
# Finer than the responses, so that the cepstrum does not fold onto itself.
_FINER = 4
# Limits of a magnitude relative to the model's, and the least of the model relative to its largest direction.
_MOST_RATIO, _LEAST_MODEL = 1e6, 1e-3


def with_model_phase(data: DirectionalSet, model: DirectionModel) -> DirectionalSet:
    """Give responses without phase of their own the phase of a model.

    Parameters
    ----------
    data : DirectionalSet
        One channel of minimum phase, in directions that the model has.
    model : callable
        See `DirectionModel`.

    Returns
    -------
    DirectionalSet
        The same magnitudes in the same directions.
    """
    rate, taps = data.sample_rate_hz, data.responses.shape[2]
    lead = int(np.ceil(_LEAD_S * rate))
    size = 2 * int(np.ceil((taps + 2 * lead) / 2))
    lines = np.fft.rfftfreq(size, 1 / rate)
    modelled = model(np.maximum(lines, 1.0), data.directions).T
    # Twice the highest frequency of a set is its sample rate, where the model may have any phase.
    modelled[:, -1] = np.abs(modelled[:, -1])
    magnitudes = np.abs(np.fft.rfft(data.responses[:, 0], size, axis=1))
    floor = _LEAST_MODEL * np.abs(modelled).max(axis=0)
    ratio = np.clip(magnitudes / np.maximum(np.abs(modelled), floor), 1 / _MOST_RATIO, _MOST_RATIO)
    spectra = modelled * minimum_phase(ratio) * np.exp(-2j * np.pi * lines * lead / rate)
    # The response of a driver is positive at 0 Hz, unless it is wired the wrong way.
    signs = np.where(data.responses[:, 0].sum(axis=1) < 0, -1.0, 1.0)
    responses = signs[:, None] * np.fft.irfft(spectra, size, axis=1)
    travelled = np.full((len(responses), 1), float(lead))
    return DirectionalSet.from_responses(data.directions, responses[:, None], rate, travelled)


def minimum_phase(magnitudes: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Give magnitudes (M, K) on an even grid from 0 Hz to half the sample rate their minimum phase.

    Notes
    -----
    The phase follows from the real cepstrum (Oppenheim & Schafer, Discrete-Time Signal Processing, ch. 13), on a finer
    grid between the points.
    """
    count = magnitudes.shape[1]
    points = np.arange(count)
    fine = np.linspace(0, count - 1, _FINER * (count - 1) + 1)
    size = 2 * (fine.size - 1)
    found = np.empty(magnitudes.shape, dtype=np.complex128)
    for row, level in enumerate(np.log(magnitudes)):
        cepstrum = np.fft.irfft(np.interp(fine, points, level), size)
        folded = np.zeros(size)
        folded[0], folded[size // 2] = cepstrum[0], cepstrum[size // 2]
        folded[1 : size // 2] = 2 * cepstrum[1 : size // 2]
        found[row] = np.exp(np.fft.rfft(folded))[::_FINER]
    return found
