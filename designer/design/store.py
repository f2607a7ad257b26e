"""A design on disk: filters, tables, generated sources, layout and scorecard."""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from designer.codegen.digest import design_digest
from designer.codegen.writer import write
from designer.design.model import Design
from designer.errors import LayoutError
from designer.evaluation.records import RecordError
from designer.evaluation.scorecard import Scorecard
from designer.files import content_digest, replace_file
from designer.filters.bank import FilterBank
from designer.filters.structure import Group, Structure
from designer.filters.two_stage import TwoStageFilters
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.dequantised import dequantised_impulse_responses
from designer.fixedpoint.limiter_settings import FixedLimiter
from designer.fixedpoint.number_format import NumberFormat
from designer.layout.input_paths import input_digests, input_paths
from designer.layout.model import Layout
from designer.layout.renamed import with_current_names, with_stored_names

# In filters.npz, the digest of all else in it.
_CONTENT = "content_digest"
# What NumPy raises for a file that is cut short, altered or of another kind.
_DAMAGE = (
    *(KeyError, ValueError, TypeError, IndexError, OverflowError, EOFError, OSError),
    *(zipfile.BadZipFile, zlib.error, MemoryError),
)


def save_design(result: Design, directory: Path, card: Scorecard | None = None) -> None:
    """Write tables, generated sources, layout and scorecard.  Each file appears whole or not at all.

    Parameters
    ----------
    result : Design
    directory : Path
    card : Scorecard, optional
        Its scorecard; without it no ``scorecard.json`` is written.
    """
    write(result.sources, directory / "generated")
    replace_file(directory / "filters.npz", lambda file: np.savez(file, **_filter_arrays(result)))
    replace_file(directory / "tables.npz", lambda file: np.savez(file, **_table_arrays(result)))
    save_json(with_stored_names(_document(result.layout)), directory / "layout.json")
    if card is not None:
        save_json(card.to_json(), directory / "scorecard.json")


def _document(layout: Layout) -> dict[str, Any]:
    return layout.model_dump(mode="json", by_alias=True, exclude_none=True)


def save_json(value: dict[str, Any], path: Path) -> None:
    """Write a JSON file in one step, keys in the order given."""
    text = json.dumps(value, indent=2, allow_nan=False) + "\n"
    replace_file(path, lambda file: file.write(text.encode()))


def load_card(directory: Path) -> Scorecard:
    """Read back the scorecard of a saved design.

    Raises
    ------
    LayoutError
        If there is none, it is damaged or of another version, or the tables beside it are of another design.
    """
    path = directory / "scorecard.json"
    try:
        card = Scorecard.from_json(json.loads(path.read_bytes()))
    except FileNotFoundError as error:
        raise LayoutError(f"'{directory}': no design here: run 'proscenium design LAYOUT --out {directory}'") from error
    except RecordError as error:
        raise LayoutError(f"'{path}': damaged design, or one of another version ({error}): design it again") from error
    except ValueError as error:
        raise LayoutError(f"'{path}': damaged design: design it again") from error
    if card.digest != str(_read_filters(directory).get("digest")):
        raise LayoutError(f"'{directory}': scorecard.json and filters.npz are not of one design: design it again")
    return card


def load_gain_db(directory: Path) -> float:
    """Read back the gain that a saved design applied to all its filters.

    Raises
    ------
    LayoutError
        If the design is damaged.
    """
    gain_db = float(_read_filters(directory)["gain_db"])
    if not math.isfinite(gain_db):
        raise LayoutError(f"'{directory}': damaged design (gain_db is {gain_db}): design it again")
    return gain_db


def check_inputs(directory: Path, layout: Layout) -> None:
    """Refuse measured files that are no longer those that a saved design was made from.

    Parameters
    ----------
    directory : Path
        Of the saved design.
    layout : Layout
        Its layout, or a changed one.  Files that only the changed one names are not checked.

    Raises
    ------
    LayoutError
        If a file is missing or has another content, or the design is damaged or of an earlier version.
    """
    stored = _read_filters(directory).get("input_digests", np.array([])).tolist()
    paths = input_paths(_document(load_design_layout(directory)))
    if len(stored) != len(paths):
        raise LayoutError(f"'{directory}': damaged design, or one of an earlier version: design it again")
    known = dict(zip(paths, stored, strict=True))
    for path in input_paths(_document(layout)):
        if path in known and content_digest(path) != known[path]:
            raise LayoutError(
                f"'{directory}': '{path}' is missing or has changed since this design was made from it: design it again"
            )


def _read_filters(directory: Path) -> dict[str, Any]:
    """Read the arrays of filters.npz, and check that they are those that were saved together.

    Raises
    ------
    LayoutError
        If there is no design, or it is damaged or of an earlier version.
    """
    path = directory / "filters.npz"
    try:
        with np.load(path) as file:
            arrays = dict(file)
        stored = str(arrays.pop(_CONTENT))
    except FileNotFoundError as error:
        raise LayoutError(f"'{directory}': no design here: run 'proscenium design LAYOUT --out {directory}'") from error
    except _DAMAGE as error:
        raise LayoutError(
            f"'{directory}': damaged design, or one of an earlier version ({error}): design it again"
        ) from error
    if _content_digest(arrays) != stored:
        raise LayoutError(f"'{path}': damaged design (its numbers are not those that were saved): design it again")
    return arrays


def _content_digest(arrays: dict[str, Any]) -> str:
    """SHA-256 over names, types, shapes and values.

    The design digest covers the integers that a board runs.  This one covers the float design beside them.
    """
    sha = hashlib.sha256()
    for name, given in sorted(arrays.items()):
        array = np.asarray(given)
        sha.update(f"{name} {array.dtype.str} {array.shape}\0".encode())
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def load_design_layout(directory: Path) -> Layout:
    """Read back the layout of a saved design.

    Raises
    ------
    LayoutError
        If there is no design, or it is damaged.
    """
    path = directory / "layout.json"
    try:
        document = json.loads(path.read_bytes())
        if not isinstance(document, dict):
            raise ValueError("not a layout")
        return Layout.model_validate(with_current_names(document))
    except FileNotFoundError as error:
        raise LayoutError(f"'{directory}': no design here: run 'proscenium design LAYOUT --out {directory}'") from error
    except ValueError as error:
        raise LayoutError(f"'{path}': damaged design: design it again") from error


def load_tables(directory: Path) -> tuple[FilterBank, FixedPointBank]:
    """Read a saved design back.

    Raises
    ------
    LayoutError
        If the directory holds no design, a damaged one, or files of different designs.
    """
    layout = load_design_layout(directory)
    filters = _read_filters(directory)
    try:
        bank = FilterBank(
            filters["impulse_responses"],
            _names(filters["driver_names"]),
            _names(filters["input_names"]),
            int(filters["sample_rate_hz"]),
            int(filters["modelling_delay_samples"]),
            _two_stage(filters),
        )
        digest = str(filters["digest"])
        with np.load(directory / "tables.npz") as file:
            fixed = _fixed_bank(file)
    except FileNotFoundError as error:
        raise LayoutError(f"'{directory}': no design here: run 'proscenium design LAYOUT --out {directory}'") from error
    except _DAMAGE as error:
        raise LayoutError(f"'{directory}': damaged design ({error}): design it again") from error
    kinds = {(b.driver_names, b.input_names, b.sample_rate_hz) for b in (bank, fixed)}
    names = tuple(driver.name for driver in layout.drivers)
    # The digest is that of the layout and the tables. filters.npz carries it.
    if len(kinds) != 1 or names != bank.driver_names or design_digest(layout, fixed) != digest:
        raise LayoutError(
            f"'{directory}': layout.json, filters.npz and tables.npz are not of one design, or not of this version: "
            "design it again"
        )
    return bank, fixed


def _filter_arrays(result: Design) -> dict[str, Any]:
    bank = result.bank
    arrays: dict[str, Any] = {
        "impulse_responses": bank.impulse_responses,
        "driver_names": np.array(bank.driver_names),
        "input_names": np.array(bank.input_names),
        "sample_rate_hz": np.int64(bank.sample_rate_hz),
        "modelling_delay_samples": np.int64(bank.modelling_delay_samples),
        "gain_db": np.float64(result.gain_db),
        "digest": np.array(result.digest),
        # In the order of the layout.  Paths are in layout.json.
        "input_digests": np.array(list(input_digests(_document(result.layout)).values()), dtype=np.str_),
    }
    if bank.two_stage is not None:
        arrays |= _structure_arrays(bank.two_stage.structure)
        arrays["components"] = bank.two_stage.components
        for bus, equaliser in zip(bank.two_stage.structure.buses, bank.two_stage.equalisers, strict=True):
            if equaliser is not None:
                arrays[f"equaliser_{bus}"] = equaliser
    return {**arrays, _CONTENT: np.array(_content_digest(arrays))}


def _names(stored: Any) -> tuple[str, ...]:
    if stored.ndim != 1 or stored.dtype.kind != "U":
        raise ValueError(f"names of type {stored.dtype} and shape {stored.shape}, expected texts in a row")
    return tuple(stored.tolist())


def _two_stage(file: Any) -> TwoStageFilters | None:
    if "components" not in file:
        return None
    structure = _structure(file)
    names = [f"equaliser_{bus}" for bus in structure.buses]
    return TwoStageFilters(structure, tuple(file.get(name) for name in names), file["components"])


def _table_arrays(result: Design) -> dict[str, Any]:
    fixed = result.fixed
    arrays: dict[str, Any] = {
        "arithmetic": np.array(fixed.number_format.name),
        "sample_rate_hz": np.int64(fixed.sample_rate_hz),
        "driver_names": np.array(fixed.driver_names),
        "input_names": np.array(fixed.input_names),
        "delays": np.array([[path.delay for path in row] for row in fixed.paths]),
        "exponents": np.array([[path.exponent for path in row] for row in fixed.paths]),
        "effective_impulse_responses": dequantised_impulse_responses(fixed, result.bank.impulse_responses.shape[2]),
    }
    limiter = fixed.limiter
    arrays["limits"] = np.array(limiter.limits)
    arrays["limiter"] = np.array([limiter.hops, limiter.release, limiter.linked])
    arrays |= _structure_arrays(fixed.structure)
    for name, row in zip(fixed.sum_names, fixed.paths, strict=True):
        for bus, path in zip(fixed.bus_names, row, strict=True):
            arrays[f"coefficients_{name}_{bus}"] = path.coefficients
    for bus, equaliser in zip(fixed.bus_names, fixed.equalisers, strict=True):
        if equaliser is not None:
            arrays[f"equaliser_{bus}"] = equaliser.coefficients
            arrays[f"equaliser_{bus}_form"] = np.array([equaliser.delay, equaliser.exponent])
    return arrays


def _structure_arrays(structure: Structure) -> dict[str, Any]:
    return {
        "shuffled": np.bool_(structure.shuffled),
        # -1 stands for a missing mirror driver.
        "groups": np.array([[g.plus, -1 if g.minus is None else g.minus] for g in structure.groups]),
    }


def _structure(file: Any) -> Structure:
    groups = tuple(Group(plus, None if minus < 0 else minus) for plus, minus in file["groups"].tolist())
    return Structure(bool(file["shuffled"]), groups)


def _fixed_bank(file: Any) -> FixedPointBank:
    drivers, inputs = _names(file["driver_names"]), _names(file["input_names"])
    delays, exponents = file["delays"], file["exponents"]
    structure = _structure(file)
    paths = tuple(
        tuple(
            FixedPointPath(file[f"coefficients_{name}_{bus}"], int(delays[k, b]), int(exponents[k, b]))
            for b, bus in enumerate(structure.buses)
        )
        for k, name in enumerate(structure.sum_names(drivers))
    )
    number_format = NumberFormat.named(str(file["arithmetic"]))
    hops, release, linked = file["limiter"].tolist()
    limiter = FixedLimiter(tuple(file["limits"].tolist()), hops, release, bool(linked))
    rate = int(file["sample_rate_hz"])
    equalisers = tuple(_fixed_equaliser(file, f"equaliser_{bus}") for bus in structure.buses)
    return FixedPointBank(number_format, rate, drivers, inputs, paths, structure, limiter, equalisers)


def _fixed_equaliser(file: Any, name: str) -> FixedPointPath | None:
    if name not in file:
        return None
    delay, exponent = file[f"{name}_form"].tolist()
    return FixedPointPath(file[name], delay, exponent)
