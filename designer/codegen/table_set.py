"""Tables in the format in which they go to a playing board (`firmware/core/tables/table_set.h`)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np

from designer import protocol
from designer.codegen.digest import layout_hash
from designer.codegen.tables import FirTable, Tables, equalised_buses, equalised_mask, lay_out
from designer.fixedpoint.bank import FixedPointBank
from designer.layout.model import Layout

# Exponent of an equaliser that passes its bus on.  Any value that the board accepts will do.
_UNUSED_SHIFT = 15


@dataclass(frozen=True)
class TableSet:
    """Tables with their announcement.

    Attributes
    ----------
    begin : bytes
        Payload of TUNE_BEGIN.
    tables : bytes
        Content of the TUNE_DATA messages that follow.
    digest : str
        Of the design, 64 hexadecimal digits.
    layout_hash : int
        Hash that the board must have too.
    firs : int
        Entries of FIR.
    history_samples : int
        Largest number of past samples that an FIR reads.
    equalised : int
        A bit for each bus with an equaliser, the first bus lowest.
    groups : int
        Of drivers.
    """

    begin: bytes
    tables: bytes
    digest: str
    layout_hash: int
    firs: int
    history_samples: int
    equalised: int
    groups: int

    def for_image(self, equalised: int) -> TableSet:
        """Return the same tables for an image that has equalisers on more buses.  There these only pass their bus on.

        Parameters
        ----------
        equalised : int
            The image's buses with an equaliser, like the attribute.  If a bus of these tables is missing, nothing is
            changed.
        """
        if self.equalised & ~equalised or self.equalised == equalised:
            return self
        own = self.equalised.bit_count()
        body, behind = self.tables[: -2 * own - self.groups], self.tables[len(self.tables) - 2 * own - self.groups :]
        counts, groups, shifts = behind[:own], behind[own : own + self.groups], behind[own + self.groups :]
        buses = [b for b in range(equalised.bit_length()) if equalised >> b & 1]
        places = [(self.equalised & ((1 << b) - 1)).bit_count() if self.equalised >> b & 1 else None for b in buses]
        counts = bytes(0 if n is None else counts[n] for n in places)
        shifts = bytes(_UNUSED_SHIFT if n is None else shifts[n] for n in places)
        tables = body + counts + groups + shifts
        fields = {k: v for k, v in protocol.TUNE_BEGIN.payload.unpack(self.begin).items() if k != "crc"}
        begin = announce({**fields, "tables_bytes": len(tables), "equalised": equalised}, tables)
        return replace(self, begin=begin, tables=tables, equalised=equalised)


def pack(layout: Layout, bank: FixedPointBank, digest: str) -> TableSet:
    """Pack a bank for the line.

    Parameters
    ----------
    layout : Layout
        The bank's.
    bank : FixedPointBank
    digest : str
        Design digest, 64 hexadecimal digits.
    """
    laid = lay_out(bank)
    word = bank.number_format.tap_dtype.newbyteorder("<")
    coefficients = b"".join(np.array(fir.even, dtype=word).tobytes() for fir in laid.firs)
    entries = b"".join(_entry(laid, fir) for fir in laid.firs)
    buses = equalised_buses(bank)
    counts = bytes(sum(fir.sum_index == k for fir in laid.firs) for k in range(len(bank.sum_names) + len(buses)))
    shifts = bytes(bank.group_shift(g) for g in range(len(bank.structure.groups)))
    shifts += bytes(bank.equaliser_shift(b) for b in buses)
    tables = coefficients + entries + counts + shifts
    fields: dict[str, int | bytes | str] = {
        "digest": bytes.fromhex(digest),
        "layout_hash": layout_hash(layout, bank),
        "tables_bytes": len(tables),
        "firs": len(laid.firs),
        "equalised": equalised_mask(bank),
    }
    return TableSet(
        announce(fields, tables),
        tables,
        digest,
        layout_hash(layout, bank),
        len(laid.firs),
        max((_lookback(laid, fir) for fir in laid.firs), default=0),
        equalised_mask(bank),
        len(bank.structure.groups),
    )


def announce(fields: dict[str, int | bytes | str], tables: bytes) -> bytes:
    """Payload of TUNE_BEGIN: its fields, and the CRC-32 of fields and tables."""
    head = protocol.TUNE_BEGIN.payload.pack(**fields, crc=0)[: -protocol.CRC_BYTES]
    return head + zlib.crc32(head + tables).to_bytes(protocol.CRC_BYTES, "little")


def _lookback(laid: Tables, fir: FirTable) -> int:
    return laid.history_samples - fir.start


def _entry(laid: Tables, fir: FirTable) -> bytes:
    return protocol.FIR_ENTRY.pack(
        length=fir.length, lookback=_lookback(laid, fir), bus=fir.bus, shift=fir.shift, reserved=0
    )
