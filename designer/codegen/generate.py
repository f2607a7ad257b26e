"""Bank to C: data and sizes only; the logic that reads them is hand-written in ``firmware/core``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from designer import protocol
from designer.codegen.digest import GENERATOR_VERSION, design_digest
from designer.codegen.environment import banner, create_environment
from designer.codegen.upmix import upmix_context
from designer.fixedpoint.bank import FRACTION_BITS, FixedPointBank
from designer.layout import Layout

# Counts changes of the generated tables' form; firmware/core/design_types.h must say the same number.
DESIGN_ABI = 1

_VALUES_PER_ROW = {"q15": 12, "q31": 8}


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
        Must have been made for this layout.

    Returns
    -------
    GeneratedSources
        Equal to the byte for equal arguments.

    Raises
    ------
    ValueError
        If the bank's drivers, arithmetic or sample rate are not the layout's.
    """
    for what, ours, theirs in (
        ("driver names", bank.driver_names, layout.driver_names),
        ("arithmetic", bank.arithmetic, layout.arithmetic),
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
    """Everything that ``protocol.h`` states, from the table in `designer.protocol`."""
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
        "messages": protocol.MESSAGES,
        "enumerations": [
            ("ENTRY", list(protocol.ENTRY.items())),
            ("ARITHMETIC_CODE", list(protocol.ARITHMETIC.items())),
            ("SIGNAL", list(protocol.SIGNAL.items())),
            ("PLAYER", list(protocol.PLAYER.items())),
            ("AUDIO_CLOCK", list(protocol.AUDIO_CLOCK.items())),
            ("STAGE", list(protocol.STAGE.items())),
            ("CLOCK", list(protocol.CLOCK.items())),
        ],
        "status_codes": [(name, code, meaning) for name, (code, meaning) in protocol.STATUS_CODES.items()],
    }


def _design_context(layout: Layout, bank: FixedPointBank, digest: str) -> dict[str, Any]:
    every_path = [path for row in bank.paths for path in row]
    bits = FRACTION_BITS[bank.arithmetic]
    drivers = []
    for d, (driver, row) in enumerate(zip(bank.driver_names, bank.paths, strict=True)):
        exponent = max(path.exponent for path in row)
        paths = [
            {
                "input_name": name,
                "symbol": f"taps_d{d}_i{i}",
                "taps": path.taps,
                "delay": path.delay,
                "exponent": path.exponent,
                "shift": exponent - path.exponent,
                "reversed_taps": path.coefficients[::-1].tolist(),
            }
            for i, (name, path) in enumerate(zip(bank.input_names, row, strict=True))
        ]
        drivers.append({"name": driver, "exponent": exponent, "paths": paths})
    return {
        "abi_version": DESIGN_ABI,
        "layout_name": layout.name,
        "arithmetic": bank.arithmetic,
        "fraction_bits": bits,
        "number_format": f"Q0.{bits}",
        "sample_rate_hz": bank.sample_rate_hz,
        "block_samples": layout.block_samples,
        "drivers": drivers,
        "inputs": bank.input_names,
        "history_samples": max([path.delay + path.taps - 1 for path in every_path if path.taps], default=0),
        "max_taps": max([path.taps for path in every_path] + [1]),
        "digest_bytes": [f"0x{byte:02X}" for byte in bytes.fromhex(digest)],
        "values_per_row": _VALUES_PER_ROW[bank.arithmetic],
    }
