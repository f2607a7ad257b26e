"""Data of a SOFA file beside its geometry: responses, rates, delays and frequencies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.measured.sofa_file import SofaFile

_RATES_HZ = (8000.0, 384000.0)
# Longest delay and longest response.
LONGEST_S = 2.0
# Delays that are all below this are seconds.  As samples they would be far below a microsecond.
_LEAST_SAMPLES = 0.05
_HERTZ = {"hertz": 1.0, "hz": 1.0, "kilohertz": 1000.0, "khz": 1000.0}
_SECONDS = ("second", "seconds", "s")
_FEWEST_FREQUENCIES = 8


def impulse_responses(file: SofaFile) -> NDArray[np.float64]:
    """Data.IR: (M, R, N), or (M, R, N, E) of the conventions ``-E``."""
    emitter = ("E",) if file.attribute("DataType").upper().endswith("-E") else ()
    responses = file.ordered("Data.IR", ("MI", "R", "N", *emitter))
    seconds = responses.shape[2] / sampling_rate_hz(file)
    if seconds > LONGEST_S:
        raise file.error(
            f"Data.IR is {seconds:.3g} s long, allowed is up to {LONGEST_S:g} s", "cut the responses after their decay"
        )
    return responses


def sampling_rate_hz(file: SofaFile) -> float:
    """Data.SamplingRate, which all measurements share."""
    rates = np.unique(file.array("Data.SamplingRate"))
    unit = file.attribute("Units", "hertz", of="Data.SamplingRate").lower()
    if unit not in _HERTZ:
        raise file.error(f"Data.SamplingRate:Units = '{unit}'", "allowed are hertz and kilohertz")
    if rates.size != 1:
        raise file.error(f"Data.SamplingRate is {rates.min():g} to {rates.max():g}", "convert all to one rate")
    rate = float(rates[0]) * _HERTZ[unit]
    if not _RATES_HZ[0] <= rate <= _RATES_HZ[1]:
        raise file.error(
            f"Data.SamplingRate = {rate:g} Hz, allowed is {_RATES_HZ[0]:g} to {_RATES_HZ[1]:g} Hz", "correct it"
        )
    return rate


def delays_samples(file: SofaFile, measurements: int, receivers: int, rate_hz: float) -> NDArray[np.float64]:
    """Data.Delay as fractional samples: (M, R) float64.

    Raises
    ------
    LayoutError
        If a delay is missing, not finite or too long, or if delays seem to be seconds.
    """
    if not file.has("Data.Delay"):
        return np.zeros((measurements, receivers))
    values = file.array("Data.Delay")
    names = file.axes("Data.Delay") or "MR"
    if values.ndim == 3 and names[2:] == "E" and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim == 2 and names[0] == "R":
        values = values.T
    fits = (1, measurements), (1, receivers)
    if values.ndim != 2 or any(size not in allowed for size, allowed in zip(values.shape, fits, strict=True)):
        raise file.error(
            f"Data.Delay has shape {values.shape} for {measurements} measurements and {receivers} receivers",
            "allowed are (1, R) and (M, R)",
        )
    unit = file.attribute("Units", of="Data.Delay").lower()
    if unit in _SECONDS:
        values = values * rate_hz
    elif unit not in ("", "sample", "samples"):
        raise file.error(f"Data.Delay:Units = '{unit}'", "allowed are samples (AES69) and seconds")
    most = float(np.abs(values).max())
    if most > LONGEST_S * rate_hz:
        place = np.unravel_index(int(np.abs(values).argmax()), values.shape)
        raise file.error(
            f"Data.Delay[{', '.join(map(str, map(int, place)))}] = {values[place]:.3g} samples, allowed is up to "
            f"{LONGEST_S * rate_hz:.0f}",
            "correct it",
        )
    if unit not in _SECONDS and 0 < most < _LEAST_SAMPLES:
        raise file.error(
            f"Data.Delay is at most {most:.3g}, allowed are samples",
            "are these seconds? multiply them by the sampling rate",
        )
    return np.broadcast_to(values, (measurements, receivers)).copy()


def frequencies_hz(file: SofaFile, count: int) -> NDArray[np.float64]:
    """Frequencies N of spectra, rising: (F,) float64.

    Raises
    ------
    LayoutError
        If they are few, do not rise, or have another unit.
    """
    unit = file.attribute("Units", "hertz", of="N").lower() if file.has("N") else ""
    found = file.array("N").ravel()
    if unit not in _HERTZ:
        raise file.error(f"N:Units = '{unit}'", "allowed are hertz and kilohertz")
    found = found * _HERTZ[unit]
    if found.size != count or count < _FEWEST_FREQUENCIES or np.any(np.diff(found) <= 0) or found[0] < 0:
        raise file.error(
            f"N has {found.size} frequencies for {count} values of data",
            f"allowed are {_FEWEST_FREQUENCIES} or more, from 0 Hz, rising",
        )
    if not _RATES_HZ[0] / 2 <= found[-1] <= _RATES_HZ[1] / 2:
        raise file.error(
            f"N ends at {found[-1]:g} Hz, allowed is {_RATES_HZ[0] / 2:g} to {_RATES_HZ[1] / 2:g} Hz",
            "check its unit",
        )
    return found
