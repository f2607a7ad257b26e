"""A driver's responses from a SOFA file (AES69): FIR or TF, microphones around it or a turntable under it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.measured.geometry import microphones_from_source
from designer.acoustics.measured.repeats import merge_repeats
from designer.acoustics.measured.response_set import ResponseSet
from designer.acoustics.measured.sofa_data import delays_samples, frequencies_hz, impulse_responses, sampling_rate_hz
from designer.acoustics.measured.sofa_file import SofaFile
from designer.acoustics.measured.transfer_functions import complex_to_impulse, magnitude_to_impulse, magnitudes_only

CONVENTIONS = ("FreeFieldDirectivityTF", "GeneralTF", "GeneralTF-E", "GeneralFIR", "GeneralFIR-E")


def driver_from_sofa(file: SofaFile, speed_of_sound_m_per_s: float, source: int | None = None) -> ResponseSet:
    """Read the responses of one driver.

    Parameters
    ----------
    file : SofaFile
    speed_of_sound_m_per_s : float
    source : int, optional
        Which of several sources is wanted, from 0: a measurement, or an emitter of the conventions ``-E``.

    Returns
    -------
    ResponseSet
        One channel.  Repeats of one direction are averaged.

    Raises
    ------
    LayoutError
        If the file is of another convention, or holds what is not understood.
    """
    if file.convention not in CONVENTIONS:
        raise file.error(
            f"SOFA convention '{file.convention}'", f"allowed for a driver are {', '.join(CONVENTIONS)}, convert it"
        )
    kind = file.attribute("DataType").upper().removesuffix("-E")
    if kind not in ("FIR", "TF"):
        raise file.error(f"DataType = '{kind}'", "allowed are FIR and TF, convert it")
    found = _from_fir(file, source) if kind == "FIR" else _from_tf(file, source, speed_of_sound_m_per_s)
    return merge_repeats(found, str(file.path), "measured.source" if source is None else "")


def _choose(
    file: SofaFile, data: NDArray[np.float64] | NDArray[np.complex128], source: int | None
) -> tuple[NDArray[np.float64] | NDArray[np.complex128], int, slice]:
    """Choose a source of data (M, R, N) or (M, R, N, E): the rest (M', R, N), the file's M, and the chosen rows."""
    measurements = data.shape[0]
    emitters = data.shape[3] if data.ndim == 4 else 1
    if source is None:
        if emitters > 1:
            raise file.error(f"{emitters} emitters", f"choose one: measured.source = 0 … {emitters - 1}")
        return (data[..., 0] if data.ndim == 4 else data), measurements, slice(None)
    count = emitters if emitters > 1 else measurements
    if not 0 <= source < count:
        raise file.error(f"measured.source = {source}, the file has {count} sources", f"allowed is 0 … {count - 1}")
    if emitters > 1:
        return data[..., source], measurements, slice(None)
    rows = slice(source, source + 1)
    return (data[rows, ..., 0] if data.ndim == 4 else data[rows]), measurements, rows


def _from_fir(file: SofaFile, source: int | None) -> ResponseSet:
    every = impulse_responses(file)
    responses, measurements, rows = _choose(file, every, source)
    receivers, taps = responses.shape[1:]
    places = microphones_from_source(file, measurements, receivers)[rows].reshape(-1, 3)
    rate = sampling_rate_hz(file)
    delays = delays_samples(file, measurements, receivers, rate)[rows].reshape(-1, 1)
    return ResponseSet(
        places,
        np.asarray(responses, dtype=np.float64).reshape(-1, 1, taps),
        delays,
        rate,
        band_hz=(rate / taps, rate / 2),
    )


def _from_tf(file: SofaFile, source: int | None, speed_of_sound_m_per_s: float) -> ResponseSet:
    emitter = ("E",) if file.attribute("DataType").upper().endswith("-E") else ()
    real, imaginary = (file.ordered(f"Data.{part}", ("MI", "R", "N", *emitter)) for part in ("Real", "Imag"))
    if real.shape != imaginary.shape:
        raise file.error(f"Data.Real has shape {real.shape}, Data.Imag {imaginary.shape}", "allowed is one shape")
    frequencies = frequencies_hz(file, real.shape[2])
    chosen, measurements, rows = _choose(file, real + 1j * imaginary, source)
    receivers = chosen.shape[1]
    places = microphones_from_source(file, measurements, receivers)[rows].reshape(-1, 3)
    spectra = np.asarray(chosen, dtype=np.complex128).reshape(-1, frequencies.size)
    silent = np.abs(spectra).max(axis=1) == 0
    if silent.any():
        raise file.error(f"measurement {int(silent.argmax())} is silent", "remove or repeat it")
    if file.has("Data.Delay") and np.any(file.array("Data.Delay") != 0):
        raise file.error("Data.Delay is not 0 beside spectra", "allowed is delay in the phase, write it there")
    travel = np.linalg.norm(places, axis=1) / speed_of_sound_m_per_s
    bare = magnitudes_only(frequencies, spectra, travel)
    band = (float(frequencies[frequencies > 0][0]), float(frequencies[-1]))
    if bare is not None:
        return _without_phase(frequencies, spectra, places, travel, bare, band)
    try:
        responses, rate, start = complex_to_impulse(frequencies, spectra, travel)
    except ValueError as error:
        raise file.error(f"Data.Real and Data.Imag at {frequencies.size} frequencies", str(error)) from error
    delays = np.full((len(places), 1), start)
    return ResponseSet(places, responses[:, None], delays, rate, band_hz=band)


def _without_phase(
    frequencies: NDArray[np.float64],
    spectra: NDArray[np.complex128],
    places: NDArray[np.float64],
    travel: NDArray[np.float64],
    bare: tuple[NDArray[np.float64], NDArray[np.float64]],
    band: tuple[float, float],
) -> ResponseSet:
    """Responses of spectra without phase: minimum phase, and the delay that the file declares."""
    delays, signs = bare
    responses, rate = magnitude_to_impulse(frequencies, np.abs(spectra))
    declared = bool(np.abs(delays).max() > 0.1 / rate)
    samples = (delays if declared else travel)[:, None] * rate
    note = "has magnitudes without phase: rebuilt as minimum phase with " + (
        "the delay that its linear phase declares" if declared else "the travel time of its distances"
    )
    return ResponseSet(places, (responses * signs[:, None])[:, None], samples, rate, False, band, (note,))
