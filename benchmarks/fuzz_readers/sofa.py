"""Damaged SOFA files: with values, axes and attributes that do not fit, or with damaged bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from hypothesis import strategies as st

from benchmarks.fuzz_readers.damage import EDITS, damage

# Dimensions, values and attributes of a variable.
_Variable = tuple[str, Any, dict[str, Any]]
_CARTESIAN = {"Type": "cartesian", "Units": "metre"}
_SPHERICAL = {"Type": "spherical", "Units": "degree, degree, metre"}
_NUMBERS = [0.0, -1.0, 1e-9, 1.5, 90.0, 360.0, 48000.0, 3e9, 1e300, float("nan"), float("inf"), -9999.0]
_TEXTS = ["", "cartesian", "Spherical", "metre", "degree", "radian, radian, metre", "samples", "second", "kilohertz"]
_TEXTS += ["SOFA", "GeneralFIR", "SimpleFreeFieldHRIR", "FreeFieldDirectivityTF", "FIR", "FIR-E", "TF", "[/red]", "\0"]
_DIMENSIONS = "ICREMNSX"


def _responses(seed: int, measurements: int, receivers: int) -> np.ndarray:
    """Decaying noise behind an impulse: (M, R, 64)."""
    noise = np.random.default_rng(seed).standard_normal((measurements, receivers, 64))
    noise *= np.exp(-np.arange(64) / 6)
    noise[..., 0] += 3.0
    return 0.1 * noise


def _ear_responses(places: np.ndarray) -> np.ndarray:
    """Responses of a head that could be: the ear on the side of the source is earlier and louder: (M, 2, 64)."""
    aside = places[:, 1:2] / np.linalg.norm(places, axis=1, keepdims=True) * [1.0, -1.0]
    pulse, found = _responses(1, 1, 1)[0, 0], np.zeros((len(places), 2, 64))
    for (row, ear), side in np.ndenumerate(aside):
        onset = 14 - round(12 * side)
        found[row, ear, onset:] = (1 + 0.5 * side) * pulse[: 64 - onset]
    return found


def _circle(count: int) -> np.ndarray:
    angles = 2 * np.pi * np.arange(count) / count
    return 1.5 * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)


def _seeds() -> list[tuple[dict[str, str], dict[str, _Variable], bool]]:
    """Attributes and variables of valid files, and whether each is of a head."""
    zero, ears = np.zeros((1, 3)), np.array([[0, 0.09, 0], [0, -0.09, 0]])
    listener: dict[str, _Variable] = {
        "ListenerPosition": ("IC", zero, _CARTESIAN),
        "ListenerView": ("IC", [[1.0, 0, 0]], _CARTESIAN),
        "ListenerUp": ("IC", [[0, 0, 1.0]], {}),
    }
    rate: _Variable = ("I", [48000.0], {"Units": "hertz"})
    head = {
        **listener,
        "ReceiverPosition": ("RC", ears, _CARTESIAN),
        "SourcePosition": ("MC", _circle(8), _CARTESIAN),
        "Data.IR": ("MRN", _ear_responses(_circle(8)), {}),
        "Data.SamplingRate": rate,
        "Data.Delay": ("IR", np.zeros((1, 2)), {}),
    }
    angles = np.stack([np.arange(0.0, 360, 45), np.zeros(8), np.full(8, 1.5)], axis=1)
    driver = {
        **listener,
        "SourcePosition": ("IC", zero, _CARTESIAN),
        "SourceView": ("IC", [[1.0, 0, 0]], _CARTESIAN),
        "SourceUp": ("IC", [[0, 0, 1.0]], {}),
        "ReceiverPosition": ("RC", angles, _SPHERICAL),
        "Data.IR": ("MRN", _responses(2, 1, 8), {}),
        "Data.SamplingRate": rate,
        "Data.Delay": ("IR", np.zeros((1, 8)), {}),
    }
    spectra = {name: variable for name, variable in driver.items() if not name.startswith("Data")}
    found = np.fft.rfft(_responses(3, 1, 8))
    spectra |= {
        "Data.Real": ("MRN", found.real, {}),
        "Data.Imag": ("MRN", found.imag, {}),
        "N": ("N", np.arange(33) * 750.0, {"Units": "hertz"}),
    }
    return [
        (_convention("SimpleFreeFieldHRIR", "FIR"), head, True),
        (_convention("GeneralFIR", "FIR"), driver, False),
        (_convention("FreeFieldDirectivityTF", "TF"), spectra, False),
    ]


def _convention(name: str, data_type: str) -> dict[str, str]:
    return {"Conventions": "SOFA", "SOFAConventions": name, "DataType": data_type}


def _write(path: Path, attributes: dict[str, Any], variables: dict[str, _Variable]) -> None:
    """Write what a file can hold; dimensions that would not fit get another name."""
    path.unlink(missing_ok=True)
    with netCDF4.Dataset(path, "w") as file:
        for name, value in attributes.items():
            file.setncattr(name, value)
        for name, (letters, values, about) in variables.items():
            values = np.asarray(values, dtype=float)
            dimensions = []
            for place, size in enumerate(values.shape):
                letter = letters[place] if place < len(letters) else "X"
                while letter in file.dimensions and file.dimensions[letter].size != size:
                    letter += "_"
                if letter not in file.dimensions:
                    file.createDimension(letter, size)
                dimensions.append(letter)
            variable = file.createVariable(name, "f8", tuple(dimensions))
            variable[...] = values
            for key, value in about.items():
                variable.setncattr(key, value)


def damaged_content(folder: Path) -> Callable[[Any, Path], bool]:
    """Return what writes a well-formed file with wrong content, and says whether it is a head's."""
    del folder
    seeds = _seeds()

    def write(data: Any, path: Path) -> bool:
        attributes, variables, is_head = data.draw(st.sampled_from(seeds))
        attributes, variables = dict(attributes), dict(variables)
        for _ in range(data.draw(st.integers(1, 3))):
            _damage(data, attributes, variables)
        _write(path, attributes, variables)
        return bool(data.draw(st.sampled_from([is_head, is_head, is_head, not is_head])))

    return write


def _damage(data: Any, attributes: dict[str, Any], variables: dict[str, _Variable]) -> None:
    kind = data.draw(st.sampled_from(["value", "values", "shape", "letters", "text", "global", "drop", "frame"]))
    if kind == "global":
        attributes[data.draw(st.sampled_from(sorted(attributes)))] = data.draw(st.sampled_from(_TEXTS))
        return
    if not variables:
        return
    name = data.draw(st.sampled_from(sorted(variables)))
    letters, given, about = variables[name]
    values = np.array(given, dtype=float)
    if kind == "drop":
        del variables[name]
        return
    if kind == "value" and values.size:
        values.flat[data.draw(st.integers(0, values.size - 1))] = data.draw(st.sampled_from(_NUMBERS))
    elif kind == "values":
        values = values * data.draw(st.sampled_from(_NUMBERS)) + data.draw(st.sampled_from(_NUMBERS[:6]))
    elif kind == "shape":
        values = _reshaped(data, values)
    elif kind == "letters":
        letters = "".join(data.draw(st.sampled_from(_DIMENSIONS)) for _ in letters)
    elif kind == "text":
        about = {**about, data.draw(st.sampled_from(["Type", "Units"])): data.draw(st.sampled_from(_TEXTS))}
    elif kind == "frame":
        variables[data.draw(st.sampled_from(["ListenerView", "SourceView", "SourceUp", "EmitterPosition"]))] = (
            "IC",
            [[data.draw(st.sampled_from(_NUMBERS)) for _ in range(3)]],
            {"Type": data.draw(st.sampled_from(_TEXTS)), "Units": data.draw(st.sampled_from(_TEXTS))},
        )
        return
    variables[name] = letters, values, about


def _reshaped(data: Any, values: np.ndarray) -> np.ndarray:
    """Drop, repeat or add an axis, or cut one."""
    kind = data.draw(st.sampled_from(["cut", "empty", "repeat", "add", "turn"]))
    axis = data.draw(st.integers(0, max(values.ndim - 1, 0)))
    if values.ndim == 0 or kind == "add":
        return values[None]
    if kind == "cut":
        return np.asarray(np.take(values, range(values.shape[axis] // 2), axis=axis))
    if kind == "empty":
        return np.asarray(np.take(values, [], axis=axis))
    return np.repeat(values, 2, axis=axis) if kind == "repeat" else values.T


def damaged_bytes(folder: Path) -> Callable[[Any, Path], bool]:
    """Return what writes a file with damaged bytes, and says whether it was a head's."""
    seeds = []
    for attributes, variables, is_head in _seeds():
        _write(folder / "seed.sofa", attributes, variables)
        seeds.append(((folder / "seed.sofa").read_bytes(), is_head))

    def write(data: Any, path: Path) -> bool:
        whole, is_head = data.draw(st.sampled_from(seeds))
        path.write_bytes(damage(whole, data.draw(EDITS)))
        return bool(is_head)

    return write
