"""The design digest, by which an image, a report and a design are matched."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from designer.dsp.upmix_tables import upmix_tables
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.layout.model import Layout
from designer.layout.renamed import with_stored_names

GENERATOR_VERSION = "3"
# Version of the format in which tables go over the line (designer/codegen/table_set.py).
TABLE_SET_VERSION = 1


def design_digest(layout: Layout, bank: FixedPointBank) -> str:
    """SHA-256 over the layout, every integer of the bank and of the upmix's tables, and the generator's version.

    Parameters
    ----------
    layout : Layout
    bank : FixedPointBank

    Returns
    -------
    str
        64 hexadecimal digits.  Each part is preceded by its size, so that no two designs share a byte stream.
    """
    sha = hashlib.sha256()

    def add(part: bytes) -> None:
        sha.update(len(part).to_bytes(8, "little"))
        sha.update(part)

    def add_path(path: FixedPointPath) -> None:
        add(_canonical_json([path.taps, path.delay, path.exponent]))
        add(path.coefficients.astype(path.coefficients.dtype.newbyteorder("<")).tobytes())

    limiter = bank.limiter
    add(f"proscenium generator {GENERATOR_VERSION}".encode())
    add(_canonical_json(with_stored_names(_without_unused(_without_directories(layout.model_dump(mode="json"))))))
    add(
        _canonical_json(
            {
                "arithmetic": bank.number_format.name,
                "sample_rate_hz": bank.sample_rate_hz,
                "drivers": list(bank.driver_names),
                "inputs": list(bank.input_names),
                "buses": list(bank.bus_names),
                "limiter": [list(limiter.limits), limiter.hops, limiter.release, limiter.linked],
                "groups": [[group.plus, group.minus] for group in bank.structure.groups],
            }
        )
    )
    tables = upmix_tables()
    for table in (tables.rate_filter, tables.prototypes, tables.window, tables.twiddles):
        add(table.astype("<i8").tobytes())
    for row in bank.paths:
        for path in row:
            add_path(path)
    for bus, equaliser in zip(bank.bus_names, bank.equalisers, strict=True):
        if equaliser is not None:
            add(f"equaliser of {bus}".encode())
            add_path(equaliser)
    return sha.hexdigest()


def layout_hash(layout: Layout, bank: FixedPointBank) -> int:
    """Hash what tables must have in common to take each other's place on a running board.

    Returns
    -------
    int
        The first four bytes of a SHA-256, little-endian.  It covers name, block size, rate, number format, drivers,
        filter graph, limiters (which SET_LIMITER may lower) and the generator's version.  The version stands for the
        upmix, which the design digest covers and the tables do not contain.
    """
    limiter = bank.limiter
    shared = {
        "abi": TABLE_SET_VERSION,
        "generator": GENERATOR_VERSION,
        "name": layout.name,
        "block_samples": layout.block_samples,
        "sample_rate_hz": bank.sample_rate_hz,
        "arithmetic": bank.number_format.name,
        "drivers": list(bank.driver_names),
        "buses": list(bank.bus_names),
        "groups": [[group.plus, group.minus] for group in bank.structure.groups],
        "limiter": [list(limiter.limits), limiter.hops, limiter.release, limiter.linked],
    }
    return int.from_bytes(hashlib.sha256(_canonical_json(shared)).digest()[:4], "little")


def _without_directories(layout: dict[str, Any]) -> dict[str, Any]:
    """Keep only the names of measured files, because a project's directory must not change its digest."""

    def shorten(table: dict[str, Any] | None, key: str) -> None:
        if table and table.get(key):
            table[key] = Path(table[key]).name

    shorten(layout["listener"], "hrtf")
    for head in layout["listener"]["head"]:
        shorten(head, "hrtf")
    shorten(layout["virtualisation"], "hrtf")
    for driver in layout["drivers"]:
        shorten(driver["measured"], "file")
    return layout


def _without_unused(layout: dict[str, Any]) -> dict[str, Any]:
    """Leave out keys of later versions where a layout does not use them: its design is what it was."""
    for table, key in (("listener", "head"), ("crosstalk", "width")):
        if not layout[table][key] and layout[table][key] != 0:
            del layout[table][key]
    for driver in layout["drivers"]:
        if driver["xmax_mm"] is None:
            del driver["xmax_mm"]
    return layout


def _canonical_json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
