"""Tables on their way to the board: what is broken, incomplete or for another image leaves the old ones."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from designs import small_bank
from tuned_tables import HISTORY, fields_of, noise, refuses, retuned

from designer import protocol
from designer.board.session import Board
from designer.board.tune import tables_of, upload
from designer.codegen.table_set import announce, pack
from designer.errors import HilError
from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.model.pipeline import PipelineModel
from hil_tests.harness.host_core import HostTransport


def test_a_line_that_is_cut_anywhere_leaves_the_old_tables(design, number_format):
    layout, bank, digest, core = design
    _, tables = retuned(layout, bank)
    transport = HostTransport(core)
    samples = noise(number_format, 200)
    expected = PipelineModel(bank).process(samples)
    requests = [
        (protocol.TUNE_BEGIN, tables.begin),
        *(
            (protocol.TUNE_DATA, struct.pack("<I", n) + tables.tables[n : n + 100])
            for n in range(0, len(tables.tables), 100)
        ),
    ]
    for cut in range(len(requests) + 1):
        board = Board(transport, expected_digest=digest)  # a host that comes anew
        for message, payload in requests[:cut]:
            board.link.request(message, payload)
        np.testing.assert_array_equal(board.process(samples), expected)
        assert tables_of(board.link).digest == digest
    # And the next one that is whole is taken.
    upload(board.link, tables)


def test_a_board_that_loses_its_power_starts_with_the_image(design, number_format):
    layout, bank, digest, core = design
    transport = HostTransport(core)
    board = Board(transport)
    board.start()
    upload(board.link, retuned(layout, bank)[1])
    board.stream(noise(number_format, 100))
    transport.power_cycle()
    board = Board(transport, expected_digest=digest)
    samples = noise(number_format, 200)
    np.testing.assert_array_equal(board.process(samples), PipelineModel(bank).process(samples))


def test_any_bit_that_is_not_the_announced_one_is_refused(board, design):
    layout, bank, _, _ = design
    _, tables = retuned(layout, bank)
    rng = np.random.default_rng(5)
    for bit in rng.integers(0, 8 * len(tables.tables), 40):
        broken = bytearray(tables.tables)
        broken[bit // 8] ^= 1 << bit % 8
        refuses(board, "E_CRC", bytes(broken), tables.begin)
    for bit in range(32 * 8):  # nor may another digest come with these tables
        begin = bytearray(tables.begin)
        begin[bit // 8] ^= 1 << bit % 8
        if bit % 16 == 0:
            refuses(board, "E_CRC", tables.tables, bytes(begin))


def test_another_layout_is_refused_by_both_ends(board, design):
    layout, bank, _, _ = design
    _, tables = retuned(layout, bank)
    begin = announce(fields_of(tables.begin, layout_hash=tables.layout_hash ^ 1), tables.tables)
    refuses(board, "E_LAYOUT", tables.tables, begin)
    renamed = layout.model_copy(update={"name": "other"})
    with pytest.raises(HilError, match=r"built for another layout.*proscenium flash"):
        upload(board.link, pack(renamed, bank, "00" * 32))


def test_more_than_there_is_room_for_is_refused_by_both_ends(board, design):
    layout, bank, _, _ = design
    _, tables = retuned(layout, bank)
    room = tables_of(board.link)
    for changes in (
        {"tables_bytes": room.room_bytes + 8},
        {"firs": room.room_firs + 1},
        {"tables_bytes": 3},
        {"tables_bytes": 2**32 - 1},
    ):
        with pytest.raises(HilError, match="E_ROOM"):
            board.link.request(protocol.TUNE_BEGIN, announce(fields_of(tables.begin, **changes), b""))
    path = replace(bank.paths[0][0], delay=HISTORY)
    far = FixedPointBank(
        bank.number_format,
        48000,
        bank.driver_names,
        bank.input_names,
        ((path, *bank.paths[0][1:]), *bank.paths[1:]),
        bank.structure,
    )
    with pytest.raises(HilError, match=r"samples of history, the board's image has room for 218: flash it instead"):
        upload(board.link, pack(layout, far, "00" * 32))


def test_what_has_not_come_whole_is_not_applied(board, design):
    layout, bank, _, _ = design
    _, tables = retuned(layout, bank)
    for message, payload in ((protocol.TUNE_APPLY, b""), (protocol.TUNE_DATA, struct.pack("<I", 0) + b"1")):
        with pytest.raises(HilError, match="E_INCOMPLETE"):
            board.link.request(message, payload)
    board.link.request(protocol.TUNE_BEGIN, tables.begin)
    board.link.request(protocol.TUNE_DATA, struct.pack("<I", 0) + tables.tables[:100])
    with pytest.raises(HilError, match="E_INCOMPLETE"):
        board.link.request(protocol.TUNE_APPLY)
    for offset in (0, 99, 101, 2**32 - 1):
        with pytest.raises(HilError, match="E_RANGE"):
            board.link.request(protocol.TUNE_DATA, struct.pack("<I", offset) + b"1")
    rest = tables.tables[100:]
    for start in range(0, len(rest), 1000):
        board.link.request(protocol.TUNE_DATA, struct.pack("<I", 100 + start) + rest[start : start + 1000])
    with pytest.raises(HilError, match="E_RANGE"):
        board.link.request(protocol.TUNE_DATA, struct.pack("<I", len(tables.tables)) + b"1")
    with pytest.raises(HilError, match="E_LENGTH"):
        board.link.request(protocol.TUNE_DATA, b"123")


def test_equalisers_on_other_buses_are_refused_by_both_ends(board, design):
    layout, bank, _, _ = design
    wanted = (True, True, True) if bank.is_equalised else (True, False, False)
    tables = pack(layout, small_bank(layout, 2, bank.structure, wanted), "44" * 32)
    refuses(board, "E_EQUALISED", tables.tables, tables.begin)
    with pytest.raises(HilError, match=r"equalisers on other buses .*filters.form = \"direct\""):
        upload(board.link, tables)
