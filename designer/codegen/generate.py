"""From a bank to C.  Generated files hold data and sizes only; the logic in ``firmware/core`` is hand-written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from designer import protocol
from designer.codegen.digest import GENERATOR_VERSION, design_digest, layout_hash
from designer.codegen.environment import banner, create_environment
from designer.codegen.tables import Tables, equalised_buses, equalised_mask, lay_out
from designer.codegen.upmix import upmix_context
from designer.fixedpoint.bank import FixedPointBank
from designer.layout.model import Layout

# Version of the generated tables' format; firmware/core/dsp/design_types.h must have the same number.
DESIGN_ABI = 5

# Taps in a row of 120 characters, by the bits of a tap.
_VALUES_PER_ROW = {16: 12, 32: 8}


@dataclass(frozen=True)
class GeneratedSources:
    """Generated files, still in memory.

    Attributes
    ----------
    files : dict of str to str
        Text by file name.
    digest : str
        Design digest, 64 hexadecimal digits.
    """

    files: dict[str, str]
    digest: str


def generate(layout: Layout, bank: FixedPointBank) -> GeneratedSources:
    """Render ``design.h``, ``design.c``, ``upmix_tables.c`` and ``protocol.h``.

    Parameters
    ----------
    layout : Layout
        Gives name and block size.
    bank : FixedPointBank
        Bank of this layout.

    Returns
    -------
    GeneratedSources
        Identical bytes for equal arguments.

    Raises
    ------
    ValueError
        If drivers, number format or sample rate of the bank differ from those of the layout.
    """
    for what, ours, theirs in (
        ("driver names", bank.driver_names, layout.driver_names),
        ("number format", bank.number_format.name, layout.number_format),
        ("sample rate", bank.sample_rate_hz, layout.sample_rate_hz),
    ):
        if ours != theirs:
            raise ValueError(f"{what}: the bank has {ours}, the layout {theirs}")
    digest = design_digest(layout, bank)
    head = banner(layout.name, GENERATOR_VERSION, digest)
    environment = create_environment()
    contexts: dict[str, dict[str, Any]] = {
        "design.h": _design_context(layout, bank, digest),
        "design.c": _design_context(layout, bank, digest),
        "protocol.h": protocol_context(),
        "upmix_tables.c": upmix_context(),
    }
    files = {
        name: environment.get_template(f"{name}.j2").render(banner=head, **context)
        for name, context in sorted(contexts.items())
    }
    return GeneratedSources(files, digest)


def protocol_context() -> dict[str, Any]:
    """Content of ``protocol.h``, from the table in `designer.protocol`."""
    return {
        "version": protocol.PROTOCOL_VERSION,
        "credits": protocol.CREDITS,
        "max_payload_bytes": protocol.MAX_PAYLOAD_BYTES,
        "header": protocol.HEADER,
        "crc_bytes": protocol.CRC_BYTES,
        "overhead_bytes": protocol.OVERHEAD_BYTES,
        "max_frame_bytes": protocol.MAX_FRAME_BYTES,
        "max_encoded_bytes": protocol.MAX_ENCODED_BYTES,
        "baud_rate": protocol.BAUD_RATE,
        "name_bytes": protocol.NAME_BYTES,
        "enter_bootloader_magic": protocol.ENTER_BOOTLOADER_MAGIC,
        "messages": protocol.MESSAGES,
        "fir_entry": protocol.FIR_ENTRY,
        "enumerations": [
            ("INJECTION_POINT", list(protocol.INJECTION_POINT.items())),
            ("NUMBER_FORMAT", list(protocol.NUMBER_FORMAT.items())),
            ("SIGNAL", list(protocol.SIGNAL.items())),
            ("PLAYER", list(protocol.PLAYER.items())),
            ("RESET", list(protocol.RESET.items())),
            ("AUDIO_CLOCK", list(protocol.AUDIO_CLOCK.items())),
            ("STAGE", list(protocol.STAGE.items())),
            ("CLOCK", list(protocol.CLOCK.items())),
            ("SOURCE", list(protocol.SOURCE.items())),
        ],
        "status_codes": [(name, code, meaning) for name, (code, meaning) in protocol.STATUS_CODES.items()],
    }


def _design_context(layout: Layout, bank: FixedPointBank, digest: str) -> dict[str, Any]:
    tables, equalised = lay_out(bank), equalised_buses(bank)
    return {
        "abi_version": DESIGN_ABI,
        "layout_name": layout.name,
        "number_format": bank.number_format.name,
        "number_format_code": protocol.NUMBER_FORMAT[bank.number_format.name.upper()],
        "coefficient_format": f"Q0.{bank.number_format.coefficient.fraction_bits}",
        "sample_rate_hz": bank.sample_rate_hz,
        "block_samples": layout.block_samples,
        "audio_tdm8": int(layout.audio.bus == "tdm8"),
        "audio_codec": layout.audio.codec.upper(),
        "drivers": bank.driver_names,
        "inputs": bank.input_names,
        "shuffled": int(bank.structure.shuffled),
        "buses": bank.bus_names,
        "sums": _sums(tables, bank.sum_names, 0),
        "groups": _groups(bank),
        "equalised": equalised_mask(bank),
        "equaliser_sums": _sums(tables, [f"equalised {bank.bus_names[b]}" for b in equalised], len(bank.sum_names)),
        "equaliser_shifts": [bank.equaliser_shift(b) for b in equalised],
        "firs": tables.firs,
        "firs_room": tables.firs_room,
        "layout_hash": f"0x{layout_hash(layout, bank):08X}",
        "path_gain_limit": _path_gain_limit(layout, bank),
        "history_samples": tables.history_samples,
        "max_taps": max([fir.length for fir in tables.firs] + [1]),
        "limiter_hops": bank.limiter.hops,
        "limiter_delay": bank.limiter.delay_samples,
        "limiter_linked": int(bank.limiter.linked),
        "limits": [
            {"driver": name, "raw": raw} for name, raw in zip(bank.driver_names, bank.limiter.limits, strict=True)
        ],
        "release": bank.limiter.release,
        "digest_bytes": [f"0x{byte:02X}" for byte in bytes.fromhex(digest)],
        "values_per_row": _VALUES_PER_ROW[bank.number_format.coefficient.bits],
    }


def _path_gain_limit(layout: Layout, bank: FixedPointBank) -> int:
    """Σ|h| that a path of tuned tables may have, times 256: twice what this layout's level allows.

    A path from mid has the sum of the taps of left and right, so its limit is doubled.  Σ|h| of an equaliser is at most
    1, and the paths behind it make up for the lost gain.  The limit of those paths is twice Σ|h| of the image's own.
    """
    halved = 2 if bank.structure.shuffled else 1
    # A design's layout has the level that was chosen.
    allowed = halved * 10 ** ((layout.output.peak_gain_db or 0.0) / 20)
    if bank.is_equalised:
        bits = bank.number_format.coefficient.fraction_bits
        paths = (path for row in bank.paths for path in row)
        sums = (float(np.abs(p.coefficients.astype(np.float64)).sum()) * 2.0 ** -(bits + p.exponent) for p in paths)
        allowed = max(allowed, *sums)
    return math.ceil(256 * 2 * allowed)


def _sums(tables: Tables, names: Sequence[str], start: int) -> list[dict[str, Any]]:
    """First FIR and number of FIRs of each sum, from index `start` on.  The FIRs of a sum are consecutive."""
    sums = []
    for k, name in enumerate(names, start):
        members = [n for n, fir in enumerate(tables.firs) if fir.sum_index == k]
        sums.append({"name": name, "first": min(members, default=0), "firs": len(members)})
    return sums


def _groups(bank: FixedPointBank) -> list[dict[str, Any]]:
    """List which sums make which drivers."""
    groups = []
    for g, group in enumerate(bank.structure.groups):
        common, *difference = bank.structure.sums_of(g)
        names = [bank.driver_names[d] for d in group.drivers]
        groups.append(
            {
                "name": " and ".join(f"'{name}'" for name in names),
                "plus": group.plus,
                "minus": "PS_NONE" if group.minus is None else group.minus,
                "shift": bank.group_shift(g),
                "common": common,
                "difference": difference[0] if difference else "PS_NONE",
            }
        )
    return groups
