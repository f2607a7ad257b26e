"""Tables for the line, read back by the format's own words: coefficients, entries, counts, shifts, and the CRC-32."""

import zlib
from dataclasses import dataclass

import numpy as np
import pytest
from designs import MIRRORED, small_bank, small_layout

from designer import protocol
from designer.codegen.table_set import pack
from designer.codegen.tables import lay_out

DIGEST = "ab" * 32


@dataclass
class Read:
    coefficients: bytes
    entries: list
    counts: list
    group_shifts: list
    equaliser_shifts: list


def read(tables, sums, groups):
    """The parts of a set, from its end: shifts of equalisers, shifts of groups, counts, entries."""
    equalisers = bin(tables.equalised).count("1")
    sizes = [8 * tables.firs, sums + equalisers, groups, equalisers]
    parts, rest = [], tables.tables
    for size in reversed(sizes):
        parts.insert(0, rest[len(rest) - size :])
        rest = rest[: len(rest) - size]
    entries = [protocol.FIR_ENTRY.unpack(parts[0][n : n + 8]) for n in range(0, len(parts[0]), 8)]
    return Read(rest, entries, *(list(part) for part in parts[1:]))


def packed(number_format, equalised=(), structure=MIRRORED):
    layout = small_layout(number_format, structure.drivers)
    bank = small_bank(layout, structure=structure, equalised=equalised)
    return bank, pack(layout, bank, DIGEST)


def check_announcement(tables):
    fields = protocol.TUNE_BEGIN.payload.unpack(tables.begin)
    assert fields["digest"] == bytes.fromhex(DIGEST)
    assert fields["tables_bytes"] == len(tables.tables)
    assert (fields["firs"], fields["equalised"]) == (tables.firs, tables.equalised)
    assert fields["crc"] == zlib.crc32(tables.begin[:-4] + tables.tables)
    return fields


@pytest.mark.parametrize("equalised", [(), (True, True, False), (False, True, False), (False, False, True)])
def test_a_packed_bank_says_what_it_is(number_format, equalised):
    bank, tables = packed(number_format, equalised)
    fields = check_announcement(tables)
    assert fields["layout_hash"] == tables.layout_hash
    assert (tables.digest, tables.groups) == (DIGEST, 2)
    assert tables.equalised == sum(1 << b for b, on in enumerate(equalised) if on)
    found, firs = read(tables, len(bank.sum_names), 2), lay_out(bank).firs
    assert tables.firs == len(firs) == sum(found.counts)
    owners = [k for k, count in enumerate(found.counts) for _ in range(count)]
    assert owners == [fir.sum_index for fir in firs]
    assert found.group_shifts == [bank.group_shift(g) for g in range(2)]
    assert found.equaliser_shifts == [bank.equaliser_shift(b) for b, on in enumerate(equalised) if on]
    words = np.frombuffer(found.coefficients, bank.number_format.tap_dtype.newbyteorder("<"))
    assert words.tolist() == [tap for fir in firs for tap in fir.even]
    for entry, fir in zip(found.entries, firs, strict=True):
        assert (entry["length"], entry["bus"], entry["shift"], entry["reserved"]) == (fir.length, fir.bus, fir.shift, 0)
    assert tables.history_samples == max(entry["lookback"] for entry in found.entries)


def test_an_entrys_look_back_reaches_its_oldest_sample(number_format):
    """The first coefficient is for the oldest sample: delay and number of taps, and one more where pairs need it."""
    bank, tables = packed(number_format)
    found = read(tables, len(bank.sum_names), 2)
    entries = iter(found.entries)
    furthest = {}
    for k, count in enumerate(found.counts):
        for entry in (next(entries) for _ in range(count)):
            place = (k, entry["bus"])
            furthest[place] = max(furthest.get(place, 0), int(entry["lookback"]))
    paths = {(k, b): p.delay + p.taps - 1 for k, row in enumerate(bank.paths) for b, p in enumerate(row) if p.taps}
    assert furthest.keys() == paths.keys()
    assert {furthest[place] - paths[place] for place in paths} <= ({0, 1} if number_format == "q15" else {0})


def test_a_set_without_firs_reads_no_past():
    layout = small_layout("q31")
    bank, _ = packed("q31")
    silent = small_bank(layout)
    empty = tuple(tuple(type(p)(p.coefficients[:0]) for p in row) for row in silent.paths)
    tables = pack(
        layout, type(silent)(bank.number_format, 48000, layout.driver_names, silent.input_names, empty), DIGEST
    )
    assert (tables.firs, tables.history_samples) == (0, 0)


@pytest.mark.parametrize(
    ("own", "image"),
    [
        ((), (True, True, False)),
        ((), (False, False, True)),
        ((True, False, False), (True, True, True)),
        ((False, True, False), (True, True, False)),
        ((False, True, False), (False, True, True)),
        ((True, False, True), (True, True, True)),
    ],
)
def test_an_image_with_more_equalisers_gets_ones_that_pass_on(number_format, own, image):
    bank, tables = packed(number_format, own)
    mask = sum(1 << b for b, on in enumerate(image) if on)
    wider = tables.for_image(mask)
    assert wider.equalised == mask
    fields = check_announcement(wider)
    assert fields["layout_hash"] == tables.layout_hash
    sums = len(bank.sum_names)
    before, after = read(tables, sums, 2), read(wider, sums, 2)
    assert (after.coefficients, after.entries) == (before.coefficients, before.entries)
    assert after.group_shifts == before.group_shifts
    own_buses, buses = ([b for b, on in enumerate(on_buses) if on] for on_buses in (own, image))
    count, shift = (dict(zip(own_buses, row, strict=True)) for row in (before.counts[sums:], before.equaliser_shifts))
    assert after.counts == [*before.counts[:sums], *(count.get(b, 0) for b in buses)]
    # An equaliser of no FIRs; its shift is one that every number format takes.
    assert after.equaliser_shifts == [shift.get(b, 15) for b in buses]


def test_other_images_get_the_tables_as_they_are(number_format):
    _, tables = packed(number_format, (True, True, False))
    for mask in (0b011, 0b001, 0b010, 0b110, 0):
        assert tables.for_image(mask) is tables
