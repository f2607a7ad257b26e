"""Composes the stages from layout to tables; no maths, no printing."""

from __future__ import annotations

import difflib
import json
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from designer.codegen.generate import GeneratedSources, generate
from designer.codegen.writer import write
from designer.errors import InfeasibleDesignError, LayoutError
from designer.files import replace_file
from designer.filters.bank import FilterBank
from designer.filters.design import bank_of, fit_filters
from designer.filters.factors import Factors
from designer.filters.lengths import Lengths
from designer.filters.protection import limiter_settings
from designer.filters.structure import Group, Structure
from designer.fixedpoint.bank import Arithmetic, FixedPointBank, FixedPointPath
from designer.fixedpoint.effective import effective_impulse_responses
from designer.fixedpoint.limiter import FixedLimiter, fixed_limiter
from designer.fixedpoint.proof import OverflowProof, prove
from designer.fixedpoint.quantise import NOISE_SNR_DB, keeps_noise_snr, quantise_bank, white_noise_snr_db
from designer.fixedpoint.simplify import Saving, simplify_bank
from designer.fixedpoint.weights import error_weights
from designer.layout import Layout, load_layout
from designer.report.scorecard import scorecard
from designer.resources import resource

SHIPPED_LAYOUTS = resource("layouts")

# What white noise has to keep over its floor with rounded tables: without it, none of their error could be moved out of
# the bands that matter.
_SHAPING_ROOM_DB = 1.0

# As designed, simplified, what that saved, gain in dB, tables.
_Quantised = tuple[FilterBank, FilterBank, tuple[Saving, ...], float, FixedPointBank]

# Σ|h| of the loudest driver at 0 dB: one percent below full scale leaves room for the rounding of the coefficients.
_UNITY_PEAK_GAIN = 0.99


@dataclass(frozen=True, eq=False)
class Design:
    """Everything that follows from a layout.

    Attributes
    ----------
    layout : Layout
    designed : FilterBank
        Float design, scaled to fit full scale: what the acoustic figures are held to.
    bank : FilterBank
        The same, simplified within a stated budget: what the arithmetic is held to.
    savings : tuple of Saving
        What the simplification saved, step by step.
    gain_db : float
        The scale that was applied.
    fixed : FixedPointBank
    proof : OverflowProof
    sources : GeneratedSources
        With the design digest.
    lengths : Lengths
        How long the filters are, and why.
    """

    layout: Layout
    designed: FilterBank
    bank: FilterBank
    savings: tuple[Saving, ...]
    gain_db: float
    fixed: FixedPointBank
    proof: OverflowProof
    sources: GeneratedSources
    lengths: Lengths

    @property
    def digest(self) -> str:
        """Design digest, 64 hexadecimal digits."""
        return self.sources.digest


def find_layout(name_or_path: str) -> Layout:
    """Load a layout by path or by the name of a shipped one.

    Raises
    ------
    LayoutError
        If neither exists, or the file is not valid.
    """
    path = Path(name_or_path)
    if path.suffix == ".toml" or path.is_file():
        return load_layout(path)
    shipped = shipped_layouts()
    if name_or_path in shipped:
        return load_layout(shipped[name_or_path])
    close = difflib.get_close_matches(name_or_path, shipped, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    raise LayoutError(
        f"layout '{name_or_path}': no such file or shipped layout: {hint}Shipped are {', '.join(shipped)}"
    )


def shipped_layouts() -> dict[str, Path]:
    """Paths of the shipped layouts by name, sorted."""
    return {path.stem: path for path in sorted(SHIPPED_LAYOUTS.glob("*.toml"))}


def design(layout: Layout) -> Design:
    """Run every stage in memory.

    Raises
    ------
    InfeasibleDesignError
        If the filters cannot be realised or proved, or are too quiet for the word.
    """
    peak_gain = _UNITY_PEAK_GAIN * 10 ** (layout.output.peak_gain_db / 20)
    lengths, (designed, bank, savings, gain_db, fixed) = _realised(layout, fit_filters(layout), peak_gain)
    fixed = replace(fixed, limiter=fixed_limiter(limiter_settings(layout), layout.arithmetic))
    _require_noise_snr(layout, bank, fixed)
    sources = generate(layout, fixed)
    return Design(layout, designed, bank, savings, gain_db, fixed, prove(fixed), sources, lengths)


def _realised(layout: Layout, lengths: Lengths, peak_gain: float) -> tuple[Lengths, _Quantised]:
    """Quantise fitted filters; in one stage where the word has no room for two."""
    if lengths.factored is None:
        return lengths, _quantised(layout, lengths, peak_gain)
    try:
        found = _quantised(layout, lengths, peak_gain)
    except InfeasibleDesignError as error:
        why = f"two stages do not fit {layout.arithmetic}: {'; '.join(str(error).splitlines())}"
    else:
        _, bank, _, _, fixed = found
        # An equaliser rounds its bus once more: with 16-bit samples that may be once too often.
        # Taps of 32 bits are rounded anyhow.
        rounded = fixed if layout.arithmetic == "q31" else quantise_bank(bank, layout.arithmetic)
        room_db = white_noise_snr_db(bank, rounded) - NOISE_SNR_DB[layout.arithmetic]
        if room_db >= _SHAPING_ROOM_DB and keeps_noise_snr(bank, fixed):
            return lengths, found
        why = (
            f"white noise would keep {NOISE_SNR_DB[layout.arithmetic] + room_db:.1f} dB over the error of rounded "
            f"{layout.arithmetic} tables, too little to shape them"
        )
    lengths = replace(lengths, factored=None, why_direct=why)
    return lengths, _quantised(layout, lengths, peak_gain)


def _quantised(layout: Layout, lengths: Lengths, peak_gain: float) -> _Quantised:
    """Scale, simplify and quantise fitted filters: as designed, simplified, what that saved, gain in dB, tables."""
    designed, gain_db = bank_of(layout, lengths).normalised(peak_gain)
    bank, savings = simplify_bank(designed)
    return designed, bank, savings, gain_db, quantise_bank(bank, layout.arithmetic, error_weights(layout))


def _require_noise_snr(layout: Layout, bank: FilterBank, fixed: FixedPointBank) -> None:
    """Refuse a design whose level is so low that the board's regression would fail on noise."""
    snr_db, required_db = white_noise_snr_db(bank, fixed), NOISE_SNR_DB[fixed.arithmetic]
    if snr_db < required_db:
        remedy = "" if fixed.arithmetic == "q31" else ", or set arithmetic = 'q31'"
        raise InfeasibleDesignError(
            f"layout '{layout.name}', output.peak_gain_db = {layout.output.peak_gain_db:g}: white noise at -6 dBFS "
            f"keeps {snr_db:.1f} dB over the error of {fixed.arithmetic}, required are {required_db:g} dB: raise it by "
            f"about {required_db - snr_db:.1f} dB{remedy}"
        )


def save(result: Design, directory: Path, *, with_scorecard: bool = True) -> dict[str, Any]:
    """Write tables, generated sources and scorecard; each file appears whole or not at all.

    Returns
    -------
    dict
        The scorecard; empty without it.
    """
    card = (
        scorecard(
            result.layout,
            result.bank,
            result.gain_db,
            result.fixed,
            result.proof,
            result.digest,
            result.lengths,
            designed=result.designed,
            savings=result.savings,
        )
        if with_scorecard
        else {}
    )
    write(result.sources, directory / "generated")
    replace_file(directory / "filters.npz", lambda file: np.savez(file, **_filter_arrays(result)))
    replace_file(directory / "tables.npz", lambda file: np.savez(file, **_table_arrays(result)))
    save_json(result.layout.model_dump(mode="json", by_alias=True, exclude_none=True), directory / "layout.json")
    if with_scorecard:
        save_json(card, directory / "scorecard.json")
    return card


def save_json(value: dict[str, Any], path: Path) -> None:
    """Write a JSON file in one step, keys in the order given."""
    text = json.dumps(value, indent=2, allow_nan=False) + "\n"
    replace_file(path, lambda file: file.write(text.encode()))


def load_card(directory: Path) -> dict[str, Any]:
    """Read back the scorecard of a saved design.

    Raises
    ------
    LayoutError
        If there is none, or it is damaged.
    """
    path = directory / "scorecard.json"
    try:
        card = json.loads(path.read_bytes())
        if not isinstance(card, dict):
            raise ValueError("not a table of figures")
    except FileNotFoundError as error:
        raise LayoutError(f"'{directory}': no design here: run 'proscenium design LAYOUT --out {directory}'") from error
    except ValueError as error:
        raise LayoutError(f"'{path}': damaged design: design it again") from error
    return cast(dict[str, Any], card)


def load_gain_db(directory: Path) -> float:
    """Read back the gain that a saved design applied to all its filters."""
    with np.load(directory / "filters.npz") as file:
        return float(file["gain_db"])


def load_design_layout(directory: Path) -> Layout:
    """Read back the layout of a saved design.

    Raises
    ------
    LayoutError
        If there is no design, or it is damaged.
    """
    path = directory / "layout.json"
    try:
        return Layout.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise LayoutError(f"'{directory}': no design here: run 'proscenium design LAYOUT --out {directory}'") from error
    except ValueError as error:
        raise LayoutError(f"'{path}': damaged design: design it again") from error


def load_tables(directory: Path) -> tuple[FilterBank, FixedPointBank]:
    """Read a saved design back.

    Raises
    ------
    LayoutError
        If the directory holds no design, a damaged one, or the files of two.
    """
    try:
        with np.load(directory / "filters.npz") as file:
            bank = FilterBank(
                file["impulse_responses"],
                tuple(file["driver_names"].tolist()),
                tuple(file["input_names"].tolist()),
                int(file["sample_rate_hz"]),
                int(file["modelling_delay_samples"]),
                _factors(file),
            )
        with np.load(directory / "tables.npz") as file:
            fixed = _fixed_bank(file)
    except FileNotFoundError as error:
        raise LayoutError(f"'{directory}': no design here: run 'proscenium design LAYOUT --out {directory}'") from error
    except (KeyError, ValueError, TypeError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise LayoutError(f"'{directory}': damaged design ({error}): design it again") from error
    kinds = [(b.driver_names, b.input_names, b.sample_rate_hz) for b in (bank, fixed)]
    if kinds[0] != kinds[1]:
        raise LayoutError(f"'{directory}': filters.npz and tables.npz are of two designs: design it again")
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
    }
    if bank.factors is not None:
        arrays |= _structure_arrays(bank.factors.structure)
        arrays["components"] = bank.factors.components
        for bus, equaliser in zip(bank.factors.structure.buses, bank.factors.equalisers, strict=True):
            if equaliser is not None:
                arrays[f"equaliser_{bus}"] = equaliser
    return arrays


def _factors(file: Any) -> Factors | None:
    if "components" not in file:
        return None
    structure = _structure(file)
    names = [f"equaliser_{bus}" for bus in structure.buses]
    return Factors(structure, tuple(file.get(name) for name in names), file["components"])


def _table_arrays(result: Design) -> dict[str, Any]:
    fixed = result.fixed
    arrays: dict[str, Any] = {
        "arithmetic": np.array(fixed.arithmetic),
        "sample_rate_hz": np.int64(fixed.sample_rate_hz),
        "driver_names": np.array(fixed.driver_names),
        "input_names": np.array(fixed.input_names),
        "delays": np.array([[path.delay for path in row] for row in fixed.paths]),
        "exponents": np.array([[path.exponent for path in row] for row in fixed.paths]),
        "effective_impulse_responses": effective_impulse_responses(fixed, result.bank.impulse_responses.shape[2]),
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
        # -1 in the place of a driver that has no mirror image.
        "groups": np.array([[g.plus, -1 if g.minus is None else g.minus] for g in structure.groups]),
    }


def _structure(file: Any) -> Structure:
    groups = tuple(Group(plus, None if minus < 0 else minus) for plus, minus in file["groups"].tolist())
    return Structure(bool(file["shuffled"]), groups)


def _fixed_bank(file: Any) -> FixedPointBank:
    drivers, inputs = tuple(file["driver_names"].tolist()), tuple(file["input_names"].tolist())
    delays, exponents = file["delays"], file["exponents"]
    structure = _structure(file)
    paths = tuple(
        tuple(
            FixedPointPath(file[f"coefficients_{name}_{bus}"], int(delays[k, b]), int(exponents[k, b]))
            for b, bus in enumerate(structure.buses)
        )
        for k, name in enumerate(structure.sum_names(drivers))
    )
    arithmetic = cast(Arithmetic, str(file["arithmetic"]))
    hops, release, linked = file["limiter"].tolist()
    limiter = FixedLimiter(tuple(file["limits"].tolist()), hops, release, bool(linked))
    rate = int(file["sample_rate_hz"])
    equalisers = tuple(_fixed_equaliser(file, f"equaliser_{bus}") for bus in structure.buses)
    return FixedPointBank(arithmetic, rate, drivers, inputs, paths, structure, limiter, equalisers)


def _fixed_equaliser(file: Any, name: str) -> FixedPointPath | None:
    if name not in file:
        return None
    delay, exponent = file[f"{name}_form"].tolist()
    return FixedPointPath(file[name], delay, exponent)
