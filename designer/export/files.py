"""Filters as files for other tools.  Each exporter returns the content of its files by name."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from designer.acoustics.model import cabinet_centre_m, piston_centres_m
from designer.errors import InputWarning, LayoutError
from designer.export.camilladsp import camilladsp_config
from designer.files import replace_file
from designer.filters.bank import FilterBank
from designer.layout.model import Layout
from designer.temporary import temporary_directory

Files = dict[str, bytes]

# REW imports frequency, level and phase.  This many points per octave show every ripple of a short filter.
_POINTS_PER_OCTAVE = 48
_REW_HZ = (10.0, 22000.0)


def export_wav(layout: Layout, bank: FilterBank) -> Files:
    """One WAV for each input, one channel for each driver, 32-bit float."""
    return {
        f"{source}.wav": _wav(bank.impulse_responses[:, i].T, bank.sample_rate_hz)
        for i, source in enumerate(bank.input_names)
    }


def export_camilladsp(layout: Layout, bank: FilterBank) -> Files:
    """Write a configuration of CamillaDSP 3 or later, and the WAVs that it convolves with.

    CamillaDSP has no adaptive upmix.  Left and right pass through the crosstalk cancellation, and the centre's filters
    are not used.
    """
    files = {name: data for name, data in export_wav(layout, bank).items() if name != "centre.wav"}
    return {"camilladsp.yml": camilladsp_config(layout, bank).encode(), **files}


def export_sofa(layout: Layout, bank: FilterBank) -> Files:
    """SOFA GeneralFIR, with a measurement for each input (left, right, centre) and a receiver for each driver."""
    import sofar

    sofa = sofar.Sofa("GeneralFIR")
    sofa.Data_IR = np.ascontiguousarray(bank.impulse_responses.transpose(1, 0, 2))
    sofa.Data_SamplingRate = bank.sample_rate_hz
    sofa.Data_Delay = np.zeros((1, len(bank.driver_names)))
    sofa.ReceiverPosition = driver_places_m(layout)
    sofa.ReceiverPosition_Type, sofa.ReceiverPosition_Units = "cartesian", "metre"
    sofa.GLOBAL_Title = f"Proscenium filters: {layout.name}"
    sofa.GLOBAL_Comment = f"measurements: {', '.join(bank.input_names)}; receivers: {', '.join(bank.driver_names)}"
    with temporary_directory("proscenium-export") as scratch:
        path = scratch / "filters.sofa"
        sofar.write_sofa(str(path), sofa)
        return {"filters.sofa": path.read_bytes()}


def export_npz(layout: Layout, bank: FilterBank) -> Files:
    """NumPy arrays: impulse_responses (D, I, N), driver_names, input_names, sample_rate_hz, delay."""
    stream = io.BytesIO()
    np.savez(
        stream,
        impulse_responses=bank.impulse_responses,
        driver_names=np.array(bank.driver_names),
        input_names=np.array(bank.input_names),
        sample_rate_hz=np.int64(bank.sample_rate_hz),
        modelling_delay_samples=np.int64(bank.modelling_delay_samples),
    )
    return {"filters.npz": stream.getvalue()}


def export_rew(layout: Layout, bank: FilterBank) -> Files:
    """Text for Room EQ Wizard's 'Import frequency response': hertz, decibels, degrees; one file for each path."""
    rate = bank.sample_rate_hz
    octaves = np.log2(min(_REW_HZ[1], 0.49 * rate) / _REW_HZ[0])
    frequencies = _REW_HZ[0] * 2 ** (np.arange(int(octaves * _POINTS_PER_OCTAVE) + 1) / _POINTS_PER_OCTAVE)
    taps = np.arange(bank.impulse_responses.shape[2]) - bank.modelling_delay_samples
    kernel = np.exp(-2j * np.pi * frequencies[:, None] * taps / rate)
    files = {}
    for d, driver in enumerate(bank.driver_names):
        for i, source in enumerate(bank.input_names):
            response = kernel @ bank.impulse_responses[d, i]
            level = 20 * np.log10(np.maximum(np.abs(response), 1e-10))
            lines = [f"* Proscenium, layout {layout.name}: input {source} to driver {driver}", "* Hz dB degrees"]
            lines += [
                f"{f:.4f} {db:.4f} {phase:.3f}"
                for f, db, phase in zip(frequencies, level, np.angle(response, deg=True), strict=True)
            ]
            files[f"{driver}_{source}.txt"] = ("\n".join(lines) + "\n").encode()
    return files


EXPORTERS: dict[str, Callable[[Layout, FilterBank], Files]] = {
    "wav": export_wav,
    "camilladsp": export_camilladsp,
    "sofa": export_sofa,
    "npz": export_npz,
    "rew": export_rew,
}


def write_export(files: Files, directory: Path) -> list[Path]:
    """Write the files of an export, and return their paths.

    Raises
    ------
    LayoutError
        If the directory holds a design, whose ``filters.npz`` an export would replace.
    OSError
        If a file cannot be written.

    Warns
    -----
    InputWarning
        If the directory also has files that are not of this export, such as filters of a driver that is no more.
    """
    if (directory / "layout.json").is_file():
        raise LayoutError(f"'{directory}': holds a design, whose files an export would replace: give another --out")
    for name, data in files.items():
        replace_file(directory / name, lambda file, data=data: file.write(data))  # type: ignore[misc]
    others = sorted(path.name for path in directory.iterdir() if path.name not in files)
    if others:
        warnings.warn(
            f"'{directory}' also has {len(others)} files that are not of this export, the first is '{others[0]}': "
            "remove them, or give another --out",
            InputWarning,
            stacklevel=2,
        )
    return [directory / name for name in files]


def driver_places_m(layout: Layout) -> np.ndarray:
    """Centres of all diaphragms in the listener's coordinates: (D, 3) float64."""
    if layout.cabinet.shape == "baffle":
        return piston_centres_m(layout)
    axes = np.array([driver.direction for driver in layout.drivers])
    return np.asarray(cabinet_centre_m(layout) + layout.cabinet.radius_m * axes)


def _wav(samples: np.ndarray, rate_hz: int) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate_hz, "FLOAT", format="WAV")
    return stream.getvalue()
