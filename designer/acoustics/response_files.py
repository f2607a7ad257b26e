"""Measured responses from files: SOFA, or a folder of WAVs with a table of angles.

All are read as impulse responses with places.  For a driver, the place is that of the microphone, seen from the driver.
For a head, it is that of the source, seen from the head.  The axes are those of the driver or the head: x points
forward, y to its left, z up.
"""

from __future__ import annotations

import csv
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from designer.errors import LayoutError

TABLE_NAME = "angles.csv"
_TABLE_COLUMNS = ("file", "azimuth_deg", "elevation_deg", "distance_m")
_LONGEST_S = 2.0


@dataclass(frozen=True, eq=False)
class ResponseFile:
    """Responses of one file.

    Attributes
    ----------
    places_m : (M, 3) float64
        Cartesian, seen from the source (a driver's file) or from the head (an HRTF).
    responses : (M, C, N) float64
    sample_rate_hz : float
    """

    places_m: NDArray[np.float64]
    responses: NDArray[np.float64]
    sample_rate_hz: float


def read_responses(path: Path, *, head: bool = False) -> ResponseFile:
    """Read a SOFA file or a folder of WAVs.

    Parameters
    ----------
    path : Path
        ``.sofa`` file, or a directory with ``angles.csv`` and WAVs.
    head : bool
        Whether an HRTF is wanted, with two receivers and places of sources.

    Raises
    ------
    LayoutError
        If it cannot be read, is of another convention, or is damaged.  The message has the reason.
    """
    if path.is_dir() and not head:
        found = _read_folder(path)
    elif path.suffix == ".sofa":
        found = _read_sofa(path, head)
    elif not path.exists():
        raise LayoutError(f"'{path}': no such file or folder: paths are relative to the layout's own file")
    else:
        wanted = "a .sofa file" if head else f"a .sofa file or a folder with {TABLE_NAME}"
        raise LayoutError(f"'{path}': allowed is {wanted}")
    _check(path, found)
    return found


def _check(path: Path, found: ResponseFile) -> None:
    if not np.all(np.isfinite(found.responses)):
        raise LayoutError(f"'{path}': holds values that are not finite: measure again or repair the file")
    silent = np.argwhere(np.sum(found.responses**2, axis=2) == 0)
    if silent.size:
        raise LayoutError(f"'{path}': measurement {int(silent[0][0])} is silent: remove or repeat it")
    distances = np.linalg.norm(found.places_m, axis=1)
    if not np.all(np.isfinite(distances)) or distances.min() <= 0:
        raise LayoutError(f"'{path}': a place has no distance: give it in metres, above 0")
    unit = found.places_m / distances[:, None]
    close = unit @ unit.T
    np.fill_diagonal(close, -1.0)
    if close.max() > 1 - 1e-9:
        first, second = sorted(divmod(int(close.argmax()), len(unit)))
        raise LayoutError(f"'{path}': measurements {first} and {second} have the same direction: remove one of them")


def _read_sofa(path: Path, head: bool) -> ResponseFile:
    import sofar

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = sofar.read_sofa(str(path), verify=False, verbose=False)
    except Exception as error:  # sofar passes on whatever its reader raises
        raise LayoutError(f"'{path}': cannot be read as SOFA: {error}") from error
    convention = str(getattr(data, "GLOBAL_SOFAConventions", ""))
    try:
        if head:
            return _head_responses(path, convention, data)
        if convention == "FreeFieldDirectivityTF":
            return _directivity(data)
        if convention == "GeneralFIR":
            return _general(path, data)
    except (AttributeError, IndexError, ValueError, TypeError) as error:
        raise LayoutError(f"'{path}': damaged or incomplete SOFA ({convention}): {error}") from error
    raise LayoutError(
        f"'{path}': SOFA convention '{convention}': allowed for a driver are FreeFieldDirectivityTF and GeneralFIR"
    )


def _head_responses(path: Path, convention: str, data: Any) -> ResponseFile:
    if convention not in ("SimpleFreeFieldHRIR", "GeneralFIR"):
        raise LayoutError(f"'{path}': SOFA convention '{convention}': allowed for a head is SimpleFreeFieldHRIR")
    responses = np.asarray(data.Data_IR, dtype=np.float64)
    if responses.ndim != 3 or responses.shape[1] != 2:
        raise LayoutError(f"'{path}': responses of shape {responses.shape}: allowed is (M, 2, N), left ear first")
    places = _cartesian(data.SourcePosition, data.SourcePosition_Type)
    return ResponseFile(places, _delayed(responses, data), _rate(data))


def _directivity(data: Any) -> ResponseFile:
    """Complex spectra of one source at many receivers around it (AES69, FreeFieldDirectivityTF)."""
    spectra = np.asarray(data.Data_Real, dtype=np.float64) + 1j * np.asarray(data.Data_Imag, dtype=np.float64)
    spectra = (
        spectra.reshape(-1, *spectra.shape[-2:])[0] if spectra.ndim == 3 and spectra.shape[0] == 1 else spectra[:, 0]
    )
    frequencies = np.atleast_1d(np.asarray(data.N, dtype=np.float64)).ravel()
    receivers = np.asarray(data.ReceiverPosition, dtype=np.float64).reshape(-1, 3)
    places = _cartesian(receivers, data.ReceiverPosition_Type)
    if frequencies.size != spectra.shape[1] or len(places) != len(spectra):
        raise ValueError(f"{len(places)} receivers and {frequencies.size} frequencies for data {spectra.shape}")
    responses, rate = _to_impulse(frequencies, spectra)
    return ResponseFile(places, responses[:, None, :], rate)


def _general(path: Path, data: Any) -> ResponseFile:
    """Impulse responses of one source (AES69, GeneralFIR).  Microphones are receivers, or measurements."""
    responses = np.asarray(data.Data_IR, dtype=np.float64)
    if responses.ndim != 3:
        raise ValueError(f"Data.IR has shape {responses.shape}")
    responses = _delayed(responses, data)
    measurements, receivers = responses.shape[:2]
    if measurements == 1 and receivers > 1:
        places = _cartesian(np.asarray(data.ReceiverPosition).reshape(-1, 3), data.ReceiverPosition_Type)
        responses = responses.transpose(1, 0, 2)
    elif receivers == 1 and np.asarray(data.ListenerPosition).reshape(-1, 3).shape[0] == measurements > 1:
        places = _cartesian(np.asarray(data.ListenerPosition).reshape(-1, 3), data.ListenerPosition_Type)
    else:
        raise LayoutError(
            f"'{path}': GeneralFIR with {measurements} measurements and {receivers} receivers: allowed is one "
            "measurement with many receivers around the source, or one receiver whose ListenerPosition varies"
        )
    source = _cartesian(np.asarray(data.SourcePosition).reshape(-1, 3), data.SourcePosition_Type)
    if len(source) == 1:
        places = places - source
    if len(places) != len(responses):
        raise ValueError(f"{len(places)} places for {len(responses)} responses")
    return ResponseFile(places, responses, _rate(data))


def _delayed(responses: NDArray[np.float64], data: Any) -> NDArray[np.float64]:
    """Apply Data.Delay, whole samples."""
    delay = np.asarray(getattr(data, "Data_Delay", 0.0), dtype=np.float64)
    delay = np.rint(np.broadcast_to(delay, responses.shape[:2])).astype(int)
    if not delay.any():
        return responses
    delay = delay - delay.min()
    padded = np.zeros((*responses.shape[:2], responses.shape[2] + int(delay.max())))
    for m, c in np.ndindex(*delay.shape):
        padded[m, c, delay[m, c] : delay[m, c] + responses.shape[2]] = responses[m, c]
    return padded


def _rate(data: Any) -> float:
    rate = float(np.ravel(data.Data_SamplingRate)[0])
    if not 8000 <= rate <= 384000:
        raise ValueError(f"sampling rate {rate:g} Hz")
    return rate


def _cartesian(position: Any, kind: str) -> NDArray[np.float64]:
    places: NDArray[np.float64] = np.asarray(position, dtype=np.float64).reshape(-1, 3)
    if kind == "cartesian":
        return places
    azimuth, elevation = np.deg2rad(places[:, 0]), np.deg2rad(places[:, 1])
    unit = np.stack(
        [np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)], axis=1
    )
    return np.asarray(places[:, 2:3] * unit)


def _to_impulse(
    frequencies_hz: NDArray[np.float64], spectra: NDArray[np.complex128]
) -> tuple[NDArray[np.float64], float]:
    """Impulse responses of spectra on any rising grid: (M, F) to (M, N) and their rate."""
    if frequencies_hz.size < 8 or np.any(np.diff(frequencies_hz) <= 0):
        raise ValueError(f"{frequencies_hz.size} frequencies: allowed are 8 or more, rising")
    spacing = float(np.diff(frequencies_hz).min())
    bins = min(int(np.ceil(frequencies_hz[-1] / spacing)), 4096)
    grid = np.linspace(0.0, frequencies_hz[-1], bins + 1)
    magnitude = np.log(np.maximum(np.abs(spectra), 1e-12))
    phase = np.unwrap(np.angle(spectra), axis=1)
    # Towards 0 Hz the phase goes linearly to zero, and the magnitude is constant.
    known = np.concatenate([[0.0], frequencies_hz]) if frequencies_hz[0] > 0 else frequencies_hz
    lead = 1 if frequencies_hz[0] > 0 else 0
    full = np.empty((len(spectra), grid.size), dtype=np.complex128)
    for row in range(len(spectra)):
        level = np.interp(grid, known, np.concatenate([magnitude[row, :lead], magnitude[row]]))
        turn = lead * 2 * np.pi * np.round(phase[row, 0] / (2 * np.pi))
        angle = np.interp(grid, known, np.concatenate([np.zeros(lead), phase[row] - turn]))
        full[row] = np.exp(level + 1j * angle)
    return np.fft.irfft(full, axis=1), 2.0 * float(grid[-1])


def _read_folder(folder: Path) -> ResponseFile:
    table = folder / TABLE_NAME
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LayoutError(
            f"'{table}': cannot be read: a folder of measurements needs a table with the columns "
            f"{', '.join(_TABLE_COLUMNS)}"
        ) from error
    if not rows or any(column not in rows[0] for column in _TABLE_COLUMNS[:2]):
        raise LayoutError(f"'{table}': needs a row for each file and the columns {', '.join(_TABLE_COLUMNS)}")
    places, pieces, rates = [], [], set()
    for number, row in enumerate(rows, 2):
        try:
            azimuth, elevation, distance = (row.get(column) or "" for column in _TABLE_COLUMNS[1:])
            places.append([float(azimuth), float(elevation or 0), float(distance or 1)])
        except ValueError as error:
            raise LayoutError(f"'{table}', line {number}: not a number: {error}") from error
        try:
            audio, rate = soundfile.read(folder / str(row["file"]), dtype="float64", always_2d=True)
        except (soundfile.LibsndfileError, OSError) as error:
            raise LayoutError(f"'{table}', line {number}: '{row['file']}' cannot be read as audio: {error}") from error
        if audio.shape[1] != 1 or not 0 < audio.shape[0] <= _LONGEST_S * rate:
            raise LayoutError(
                f"'{folder / str(row['file'])}': {audio.shape[1]} channels, {audio.shape[0] / rate:.2f} s: "
                f"allowed is one channel of up to {_LONGEST_S:g} s"
            )
        pieces.append(audio[:, 0])
        rates.add(rate)
    if len(rates) > 1:
        raise LayoutError(f"'{folder}': sample rates {sorted(rates)} Hz are mixed: convert them to one")
    length = max(map(len, pieces))
    responses = np.zeros((len(pieces), 1, length))
    for row_index, piece in enumerate(pieces):
        responses[row_index, 0, : len(piece)] = piece
    return ResponseFile(_cartesian(np.array(places), "spherical"), responses, float(rates.pop()))
