"""Tables as they go over the serial line to a board that plays: `firmware/core/table_set.h` has the form."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from designer import protocol
from designer.codegen.digest import layout_hash
from designer.codegen.tables import FirTable, Tables, equalised_buses, equalised_mask, lay_out
from designer.fixedpoint.bank import TAP_TYPES, FixedPointBank
from designer.layout import Layout

# Of an equaliser that passes its bus on: any that the board lets through.
_UNUSED_SHIFT = 15


@dataclass(frozen=True)
class TableSet:
    """Tables with their announcement.

    Attributes
    ----------
    begin : bytes
        Payload of TUNE_BEGIN.
    tables : bytes
        What follows in TUNE_DATA.
    digest : str
        Of the design, 64 hexadecimal digits.
    layout_hash : int
        What the board must have as well.
    firs : int
        Entries of FIR.
    history_samples : int
        The furthest that one of them looks back.
    equalised : int
        A bit for each bus with an equaliser, the first bus lowest.
    """

    begin: bytes
    tables: bytes
    digest: str
    layout_hash: int
    firs: int
    history_samples: int
    equalised: int


def pack(layout: Layout, bank: FixedPointBank, digest: str, equalised: int = 0) -> TableSet:
    """Lay a bank out for the line.

    Parameters
    ----------
    layout : Layout
        The bank's.
    bank : FixedPointBank
    digest : str
        Design digest, 64 hexadecimal digits.
    equalised : int
        Buses that the board's image has equalisers on, as in `TableSet`: where the bank has none, that one will pass
        its bus on as it is, for which it has no FIRs.
    """
    laid = lay_out(bank)
    word = np.dtype(TAP_TYPES[bank.arithmetic]).newbyteorder("<")
    coefficients = b"".join(np.array(fir.even, dtype=word).tobytes() for fir in laid.firs)
    entries = b"".join(_entry(laid, fir) for fir in laid.firs)
    sums = range(len(bank.sum_names))
    own = {b: len(sums) + n for n, b in enumerate(equalised_buses(bank))}
    equalised |= equalised_mask(bank)
    # An equaliser of no FIRs passes its bus on.
    buses = [b for b in range(len(bank.bus_names)) if equalised >> b & 1]
    counts = bytes(sum(fir.sum_index == k for fir in laid.firs) for k in (*sums, *(own.get(b) for b in buses)))
    shifts = bytes(bank.group_shift(g) for g in range(len(bank.structure.groups)))
    shifts += bytes(bank.equaliser_shift(b) if b in own else _UNUSED_SHIFT for b in buses)
    tables = coefficients + entries + counts + shifts
    fields: dict[str, int | bytes | str] = {
        "digest": bytes.fromhex(digest),
        "layout_hash": layout_hash(layout, bank),
        "tables_bytes": len(tables),
        "firs": len(laid.firs),
        "equalised": equalised,
    }
    return TableSet(
        announce(fields, tables),
        tables,
        digest,
        layout_hash(layout, bank),
        len(laid.firs),
        max((_lookback(laid, fir) for fir in laid.firs), default=0),
        equalised,
    )


def announce(fields: dict[str, int | bytes | str], tables: bytes) -> bytes:
    """Payload of TUNE_BEGIN: its fields, and the CRC-32 over them and the tables."""
    head = protocol.TUNE_BEGIN.payload.pack(**fields, crc=0)[: -protocol.CRC_BYTES]
    return head + zlib.crc32(head + tables).to_bytes(protocol.CRC_BYTES, "little")


def _lookback(laid: Tables, fir: FirTable) -> int:
    return laid.history_samples - fir.start


def _entry(laid: Tables, fir: FirTable) -> bytes:
    return protocol.FIR_ENTRY.pack(
        length=fir.length, lookback=_lookback(laid, fir), bus=fir.bus, shift=fir.shift, reserved=0
    )
