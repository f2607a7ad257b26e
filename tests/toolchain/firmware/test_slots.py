"""Tables that are kept in flash: whenever the power goes, what was whole before is still there."""

import zlib

import numpy as np
import pytest
from designs import generate_small, retuned_bank

from designer import protocol
from designer.board.session import Board
from designer.board.tune import commit, tables_of, upload
from designer.codegen.digest import design_digest
from designer.codegen.table_set import announce, pack
from designer.errors import HilError
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.toolchain.compiler import build_host_library
from hil_tests.harness.host_core import HostCore, HostTransport

# Places in a slot (firmware/core/tables/slots.c): the mark is alone in the largest flash word.
AT_SEQUENCE, AT_TABLES = 32, 128


@pytest.fixture
def design(built):
    layout, bank, digest, core = built
    return layout, bank, digest, core


def retuned(layout, bank, seed):
    other = retuned_bank(layout, bank, seed)
    return other, pack(layout, other, design_digest(layout, other))


def keep(transport, tables):
    """Tune and commit; the board's answer is the slot's sequence number."""
    board = Board(transport)
    board.start()
    upload(board.link, tables)
    board.start()
    return commit(board.link).number


def plays(transport):
    found = tables_of(Board(transport).link)
    return found.digest, found.source, found.committed


def test_what_is_kept_plays_after_the_next_start(design):
    layout, bank, digest, core = design
    transport = HostTransport(core)
    assert plays(transport) == (digest, "IMAGE", 0)
    samples = np.random.default_rng(2).integers(-30000, 30000, (300, 2))
    for sequence, seed in enumerate(range(2, 6), 1):
        other, tables = retuned(layout, bank, seed)
        assert keep(transport, tables) == sequence
        transport.power_cycle()
        assert plays(transport) == (tables.digest, "SLOT", sequence)
        np.testing.assert_array_equal(Board(transport).process(samples), PipelineModel(other).process(samples))


def test_the_power_may_go_at_every_word(design):
    layout, bank, _, core = design
    transport = HostTransport(core)
    _, tables = retuned(layout, bank, 3)
    keep(transport, tables)
    whole = transport.flash_operations
    transport.restart()
    _, kept = retuned(layout, bank, 2)
    keep(transport, kept)
    transport.power_cycle()
    for cut in range(whole + 1):
        board = Board(transport)
        upload(board.link, tables)
        board.start()
        transport.cut_power_after(cut)
        if cut < whole:
            with pytest.raises(HilError, match="E_FLASH"):
                commit(board.link)
        else:
            assert commit(board.link).number == 2
        transport.power_cycle()
        assert plays(transport) == ((kept.digest, "SLOT", 1) if cut < whole else (tables.digest, "SLOT", 2)), cut
    assert whole > len(tables.tables) // 4


def test_flash_words_of_256_bits_are_programmed_once_and_never_read_when_torn(design):
    """A word of 32 bytes that power left half written, or that is programmed twice, has no value: it faults."""
    layout, bank, _, core = design
    transport = HostTransport(core)
    transport.use_flash_words(32)
    first, second = (retuned(layout, bank, seed)[1] for seed in (2, 3))
    keep(transport, second)
    whole = transport.flash_operations
    # The erasure, tables, head of three words, and the mark.
    assert whole == 1 + -(-len(second.tables) // 32) + 3 + 1
    transport.restart()
    transport.use_flash_words(32)
    keep(transport, first)
    for cut in range(whole + 1):
        board = Board(transport)
        upload(board.link, second)
        board.start()
        transport.cut_power_after(cut)
        if cut < whole:
            with pytest.raises(HilError, match="E_FLASH"):
                commit(board.link)
        else:
            assert commit(board.link).number == 2
        transport.power_cycle()
        assert plays(transport) == ((first.digest, "SLOT", 1) if cut < whole else (second.digest, "SLOT", 2)), cut
    assert transport.torn_words_read == 0


def test_the_very_first_write_cut_short_leaves_the_image(design):
    layout, bank, digest, core = design
    transport = HostTransport(core)
    _, tables = retuned(layout, bank, 2)
    for cut in (0, 1, 5, 40):
        board = Board(transport)
        upload(board.link, tables)
        board.start()
        transport.cut_power_after(cut)
        with pytest.raises(HilError, match="E_FLASH"):
            commit(board.link)
        transport.power_cycle()
        assert plays(transport) == (digest, "IMAGE", 0)


def test_a_word_that_did_not_take_is_noticed_at_once(design):
    """The flash says that it is programmed, and it is not: all that is written is read again, the mark too."""
    layout, bank, _, core = design
    transport = HostTransport(core)
    kept, tables = (retuned(layout, bank, seed)[1] for seed in (2, 3))
    keep(transport, tables)
    whole = transport.flash_operations
    transport.restart()
    keep(transport, kept)
    transport.power_cycle()
    # Operation 0 is the erasure.  A word of ones would be right even so: zeros fill the coefficients up, not ones.
    for weak in range(1, whole):
        board = Board(transport)
        upload(board.link, tables)
        board.start()
        transport.weaken_flash(weak)
        with pytest.raises(HilError, match="E_FLASH"):
            commit(board.link)
        transport.power_cycle()
        assert plays(transport) == (kept.digest, "SLOT", 1), weak


def test_a_slot_that_rots_gives_way_to_the_one_before(design):
    layout, bank, digest, core = design
    transport = HostTransport(core)
    first, second = (retuned(layout, bank, seed)[1] for seed in (2, 3))
    keep(transport, first)
    keep(transport, second)
    transport.power_cycle()
    assert plays(transport) == (second.digest, "SLOT", 2)
    for offset in (0, AT_SEQUENCE, 36, 67, 68, 104, 112, 116, 120, AT_TABLES, AT_TABLES - 1 + len(second.tables)):
        transport.flip_flash(1, offset, 0x10)
        transport.power_cycle()
        assert plays(transport) == (first.digest, "SLOT", 1), offset
        transport.flip_flash(1, offset, 0x10)
    transport.flip_flash(0, 100, 1)
    transport.flip_flash(1, 100, 1)
    transport.power_cycle()
    assert plays(transport) == (digest, "IMAGE", 0)


def head_of(image, sequence, begin, erasures):
    """A slot's head behind the mark, its CRC-32 at the end."""
    head = sequence.to_bytes(4, "little") + bytes.fromhex(image) + begin + erasures.to_bytes(4, "little")
    return head + zlib.crc32(head).to_bytes(4, "little")


def rewrite(transport, slot, offset, was, becomes):
    for n, (old, new) in enumerate(zip(was, becomes, strict=True)):
        transport.flip_flash(slot, offset + n, old ^ new)


def renumber(transport, slot, image, begin, old, new):
    """Give a slot another number, and its head the CRC-32 that then fits."""
    rewrite(transport, slot, AT_SEQUENCE, head_of(image, old, begin, 1), head_of(image, new, begin, 1))


def forge(transport, slot, image, sequence, tables, at, value):
    """Change a byte of a slot's tables, and every CRC-32 so that it fits: whole, but no longer what was proved."""
    forged = bytearray(tables.tables)
    forged[at] = value
    fields = protocol.TUNE_BEGIN.payload.unpack(tables.begin)
    del fields["crc"]
    begin = announce(fields, bytes(forged))
    before, after = (head_of(image, sequence, each, sequence) for each in (tables.begin, begin))
    rewrite(transport, slot, AT_SEQUENCE, before, after)
    rewrite(transport, slot, AT_TABLES, tables.tables, forged)


def unprovable(tables, bank):
    """Where a byte makes tables of which no proof can be had: a group's shift, a sum's FIRs, the last FIR's bus."""
    groups, sums = len(bank.structure.groups), len(bank.sum_names)
    entries = len(tables.tables) - groups - sums - tables.firs * protocol.FIR_ENTRY.size
    bus = entries + (tables.firs - 1) * protocol.FIR_ENTRY.size + protocol.FIR_ENTRY.offsets["bus"]
    return {"shift": (-1, 255), "count": (-1 - groups, 255), "bus": (bus, 255)}


@pytest.mark.parametrize("what", ["shift", "count", "bus"])
def test_a_slot_that_cannot_be_proved_gives_way_to_the_one_before(design, what):
    layout, bank, digest, core = design
    transport = HostTransport(core)
    first, second, third = (retuned(layout, bank, seed)[1] for seed in (2, 3, 4))
    keep(transport, first)
    keep(transport, second)
    forge(transport, 1, digest, 2, second, *unprovable(second, bank)[what])
    transport.power_cycle()
    assert plays(transport) == (first.digest, "SLOT", 1)
    samples = np.random.default_rng(2).integers(-30000, 30000, (300, 2))
    np.testing.assert_array_equal(
        Board(transport).process(samples), PipelineModel(retuned(layout, bank, 2)[0]).process(samples)
    )
    # What is kept next takes the forged one's place, and never that of what plays.
    assert keep(transport, third) == 3
    transport.flip_flash(1, AT_TABLES, 1)
    transport.power_cycle()
    assert plays(transport) == (first.digest, "SLOT", 1)
    transport.flip_flash(1, AT_TABLES, 1)
    transport.power_cycle()
    assert plays(transport) == (third.digest, "SLOT", 3)


def test_the_power_may_go_while_a_slot_that_cannot_be_proved_is_replaced(design):
    layout, bank, digest, core = design
    transport = HostTransport(core)
    first, second, third = (retuned(layout, bank, seed)[1] for seed in (2, 3, 4))
    keep(transport, first)
    keep(transport, second)
    forge(transport, 1, digest, 2, second, *unprovable(second, bank)["shift"])
    for cut in (0, 1, 2, 40):
        transport.power_cycle()
        board = Board(transport)
        upload(board.link, third)
        board.start()
        transport.cut_power_after(cut)
        with pytest.raises(HilError, match="E_FLASH"):
            commit(board.link)
        transport.power_cycle()
        assert plays(transport) == (first.digest, "SLOT", 1), cut


def test_two_slots_that_cannot_be_proved_leave_the_image(design):
    layout, bank, digest, core = design
    transport = HostTransport(core)
    for slot, seed in enumerate((2, 3)):
        tables = retuned(layout, bank, seed)[1]
        keep(transport, tables)
        forge(transport, slot, digest, slot + 1, tables, *unprovable(tables, bank)["shift"])
    transport.power_cycle()
    assert plays(transport) == (digest, "IMAGE", 0)
    third = retuned(layout, bank, 4)[1]
    assert keep(transport, third) == 3
    transport.power_cycle()
    assert plays(transport) == (third.digest, "SLOT", 3)


def test_after_the_largest_number_comes_the_first(design):
    """0 would say that there is none; and the slot that was written last is the newest all the same."""
    layout, bank, digest, core = design
    transport = HostTransport(core)
    first, second, third = (retuned(layout, bank, seed)[1] for seed in (2, 3, 4))
    keep(transport, first)
    renumber(transport, 0, digest, first.begin, 1, 2**32 - 1)
    transport.power_cycle()
    assert plays(transport) == (first.digest, "SLOT", 2**32 - 1)
    for sequence, tables in ((1, second), (2, third)):
        assert keep(transport, tables) == sequence
        transport.power_cycle()
        assert plays(transport) == (tables.digest, "SLOT", sequence)


def test_slots_of_another_image_are_passed_over(tmp_path, number_format):
    """The mirror of what a flash of another design does: the slots stay, the image's digest is another."""
    layout, bank, digest = generate_small(number_format, tmp_path / "one")
    core = HostCore(build_host_library(tmp_path / "one", tmp_path / "one.so"))
    transport = HostTransport(core)
    keep(transport, retuned(layout, bank, 2)[1])
    for offset in range(36, 68, 8):  # the image's digest in the slot
        transport.flip_flash(0, offset, 0xFF)
        transport.power_cycle()
        assert plays(transport)[:2] == (digest, "IMAGE")
        transport.flip_flash(0, offset, 0xFF)


def test_the_images_own_tables_are_not_kept_and_a_fade_is_not_interrupted(design):
    layout, bank, _, core = design
    board = Board(HostTransport(core))
    with pytest.raises(HilError, match="TUNE_COMMIT: the board refuses: E_INCOMPLETE"):
        commit(board.link)
    board.start()
    upload(board.link, retuned(layout, bank, 2)[1])
    with pytest.raises(HilError, match="TUNE_COMMIT: the board refuses: E_BUSY"):
        commit(board.link)


def test_tables_that_flash_holds_are_not_written_again(design):
    """Neither at once, nor from the other bank, nor after the next start."""
    layout, bank, _, core = design
    transport = HostTransport(core)
    first, second = (retuned(layout, bank, seed)[1] for seed in (2, 3))
    assert keep(transport, first) == 1
    done = transport.flash_operations
    board = Board(transport)
    again = commit(board.link)
    assert (again.number, again.written, again.erasures, again.endurance) == (1, False, 1, 20_000)
    for tables in (second, first):
        upload(board.link, tables)
        board.start()
    assert commit(board.link) == again
    assert transport.flash_operations == done
    transport.power_cycle()
    upload(Board(transport).link, first)
    Board(transport).start()
    assert commit(Board(transport).link) == again
    assert transport.flash_operations == 0


def test_a_slot_that_has_rotted_is_written_again(design):
    layout, bank, _, core = design
    transport = HostTransport(core)
    tables = retuned(layout, bank, 2)[1]
    keep(transport, tables)
    for offset in (0, AT_SEQUENCE, 68, AT_TABLES):
        transport.flip_flash(0, offset, 0x10)
        assert commit(Board(transport).link).written, offset
        transport.power_cycle()
        assert plays(transport)[:2] == (tables.digest, "SLOT")
        transport.restart()
        keep(transport, tables)


def test_erasures_are_counted_over_starts_images_and_power_cuts(design):
    layout, bank, digest, core = design
    transport = HostTransport(core)
    assert tables_of(Board(transport).link).erasures == 0
    kinds = [retuned(layout, bank, seed)[1] for seed in (2, 3, 4)]
    for count, tables in enumerate((kinds[0], kinds[1], kinds[0]), 1):
        keep(transport, tables)
        assert tables_of(Board(transport).link).erasures == count
        transport.power_cycle()
        assert tables_of(Board(transport).link).erasures == count
    board = Board(transport)
    upload(board.link, kinds[2])
    board.start()
    transport.cut_power_after(1)
    with pytest.raises(HilError, match="E_FLASH"):
        commit(board.link)
    transport.power_cycle()
    # The slot that was being written is lost, and with it the fourth erasure: the other one knows of three.
    assert tables_of(Board(transport).link).erasures == 3
    # A slot of another image is never played, and its erasures count.
    image = bytes.fromhex(digest)
    other = bytes(byte ^ 0xFF for byte in image)
    rewrite(
        transport, 0, AT_SEQUENCE, head_of(digest, 3, kinds[0].begin, 3), head_of(other.hex(), 3, kinds[0].begin, 3)
    )
    transport.power_cycle()
    assert plays(transport) == (digest, "IMAGE", 0)
    assert tables_of(Board(transport).link).erasures == 3
    assert keep(transport, kinds[1]) == 1
    assert tables_of(Board(transport).link).erasures == 4
