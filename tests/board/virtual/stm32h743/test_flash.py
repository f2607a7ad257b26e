"""The flash of the STM32H743: error correction, two banks, and tables that survive a supply that fails anywhere."""

import random

import pytest
from h743 import results

from designer.board.session import Board
from designer.board.tune import commit, tables_of, tune_board
from designer.board.virtual.errors import HardwareRefusalError, PowerCutError
from designer.board.virtual.peripherals.stm32h7.ecc import ERASED, check_bits, correct
from designer.board.virtual.stm32h743 import Stm32h743
from designer.board.virtual.transport import VirtualTransport

FLASH, SLOTS = 0x52002000, 0x081C0000
WRPERR, PGSERR, STRBERR, INCERR = 1 << 17, 1 << 18, 1 << 19, 1 << 21
ONES = (1 << 256) - 1


def write(board, offset, value):
    board.machine.write_register(FLASH + offset, 4, value)


def read(board, offset):
    return board.machine.read_register(FLASH + offset, 4)


def unlock(board, bank=2):
    for key in (0x45670123, 0xCDEF89AB):
        write(board, 0x100 * (bank - 1) + 4, key)


def program(board, address, words):
    for n, word in enumerate(words):
        board._write_protected(address + 4 * n, 4, word)


# --- the code


def test_one_error_of_data_or_check_bits_is_corrected_and_two_are_detected():
    chooser = random.Random(1)
    assert check_bits(ONES) == ERASED
    for _ in range(20):
        word = chooser.getrandbits(256)
        checks = check_bits(word)
        assert correct(word, checks) == (word, 0)
        places = chooser.sample(range(266), 2)
        for place in places:
            flipped = word ^ 1 << place if place < 256 else word, checks ^ (1 << place - 256 if place >= 256 else 0)
            assert correct(*flipped) == (word, 1)
        data = word ^ sum(1 << place for place in places if place < 256)
        bits = checks ^ sum(1 << place - 256 for place in places if place >= 256)
        assert correct(data, bits)[1] == 2


# --- operations


def test_the_eighth_word_programs_all_and_the_bank_is_busy(board):
    unlock(board)
    write(board, 0x10C, 0x32)
    program(board, SLOTS, range(7))
    assert read(board, 0x110) & 7 == 2
    assert board.machine.cpu.read(SLOTS, 4) == b"\xff" * 4
    program(board, SLOTS + 28, [7])
    assert board.machine.cpu.read(SLOTS, 32) == b"".join(n.to_bytes(4, "little") for n in range(8))
    assert read(board, 0x110) & 7 == 5
    board.run(0.001)
    assert read(board, 0x110) == 1 << 16
    write(board, 0x114, 1 << 16)
    assert read(board, 0x110) == 0


def test_an_incomplete_word_is_written_by_force(board):
    unlock(board)
    write(board, 0x10C, 0x32)
    program(board, SLOTS, [5])
    write(board, 0x10C, 0x72)
    assert board.machine.cpu.read(SLOTS, 8) == b"\5\0\0\0\xff\xff\xff\xff"
    board.run(0.001)
    with pytest.raises(HardwareRefusalError, match="nothing in the write buffer"):
        write(board, 0x10C, 0x72)


@pytest.mark.parametrize(
    ("writes", "flag"),
    [
        ([(SLOTS, 4), (SLOTS + 32, 4)], INCERR),
        ([(SLOTS, 4), (SLOTS, 4)], STRBERR),
    ],
)
def test_writes_out_of_order_raise_their_flags(board, writes, flag):
    unlock(board)
    write(board, 0x10C, 0x32)
    for address, size in writes:
        board._write_protected(address, size, 0)
    assert read(board, 0x110) & 0x0FEE0000 == flag
    with pytest.raises(HardwareRefusalError, match="errors pending"):
        board._write_protected(SLOTS + 8, 4, 0)


def test_writes_without_programming_or_to_a_protected_sector_change_nothing(board):
    board._write_protected(SLOTS, 4, 0)
    assert read(board, 0x110) & PGSERR
    write(board, 0x114, PGSERR)
    board.flash.protect_writing(8 + 6)
    board.reset()
    unlock(board)
    write(board, 0x10C, 0x32)
    board._write_protected(SLOTS, 4, 0)
    assert read(board, 0x110) & WRPERR
    assert board.machine.cpu.read(SLOTS, 4) == b"\xff" * 4


def test_a_word_is_programmed_once(board):
    unlock(board)
    write(board, 0x10C, 0x32)
    program(board, SLOTS, [0] * 8)
    board.run(0.001)
    with pytest.raises(HardwareRefusalError, match="not erased"):
        program(board, SLOTS, [0] * 8)


def test_the_core_waits_for_its_own_bank_alone(run_program):
    text = """
    void start(void)
    {{
        REG(0x52002000u + {bank} + 4u) = 0x45670123u; REG(0x52002000u + {bank} + 4u) = 0xCDEF89ABu;
        REG(0x52002000u + {bank} + 0xCu) = 0x34u | 7u << 8; REG(0x52002000u + {bank} + 0xCu) = 0xB4u | 7u << 8;
        uint32_t polls = 0;
        while (REG(0x52002000u + {bank} + 0x10u) & 1u) {{ polls++; }}
        RESULT[0] = polls;
        idle();
    }}
    """
    _, own = run_program(text.format(bank="0u"), seconds=1.2)
    _, other = run_program(text.format(bank="0x100u"), seconds=1.2)
    assert own[0] < 2
    assert other[0] > 100


# --- errors of cells

READ = """
void on_fault(void) { RESULT[2] = REG(0xE000ED28u); RESULT[3] = REG(0xE000ED38u); idle(); }
void start(void)
{
    REG(0xE000ED24u) |= 1u << 17;
    RESULT[0] = REG(0x08100040u);
    RESULT[1] = REG(0x52002110u);
    RESULT[4] = REG(0x52002160u);
    idle();
}
"""


def test_one_wrong_bit_is_corrected_and_told(compile_program):
    board = Stm32h743(compile_program(READ))
    board.flash.flip(0x08100044, 1 << 3)
    board.run(0.001)
    values = results(board, 5)
    assert values[0] == 0xFFFFFFFF
    assert values[1] == 1 << 25
    assert values[4] == 2


def test_two_wrong_bits_are_a_bus_fault(compile_program):
    board = Stm32h743(compile_program(READ))
    board.flash.flip(0x08100040, 0b11)
    board.machine.cpu.write(0x20000100, bytes(32))
    board.run(0.001)
    values = results(board, 5)
    assert values[2] & 0x8200 == 0x8200
    assert 0x08100040 <= values[3] < 0x08100060
    assert read(board, 0x110) & 1 << 26


# --- tables of the firmware


def boot_again(machine):
    machine.power_on()
    board = Board(VirtualTransport(machine))
    assert board.health()["player"] == "PLAYING"
    return board, tables_of(board.link)


@pytest.fixture
def committed(small, tables):
    """A board that keeps the first tables."""
    machine, board = small.boot()
    tune_board(board, tables[0])
    assert commit(board.link).number == 1
    return machine


def test_what_is_committed_plays_after_power_on(committed, tables):
    board, found = boot_again(committed)
    assert (found.digest, found.source, found.committed) == (tables[0].digest, "SLOT", 1)
    tune_board(board, tables[1])
    assert commit(board.link).number == 2
    _, found = boot_again(committed)
    assert (found.digest, found.committed) == (tables[1].digest, 2)


def test_a_supply_that_fails_at_any_operation_leaves_tables_that_play(committed, tables):
    """Each operation is cut in the middle: its words keep check bits that are torn as well."""
    board, _ = boot_again(committed)
    flash = committed.flash
    before = flash.keep()
    tune_board(board, tables[1])
    commit(board.link)
    operations, after, unreadable = list(flash.log), flash.keep(), 0
    assert len(operations[0].new) == 0x20000
    assert len(operations) > 20
    flash.restore(before)
    for operation in operations:
        kept = flash.keep()
        flash.redo(operation, is_cut=True)
        unreadable += bool(flash.torn_words)
        _, found = boot_again(committed)
        assert found.source == "SLOT"
        assert (found.digest, found.committed) in ((tables[0].digest, 1), (tables[1].digest, 2))
        flash.restore(kept)
        flash.redo(operation)
    assert flash.keep() == after
    assert boot_again(committed)[1].digest == tables[1].digest
    assert unreadable > len(operations) // 2


@pytest.mark.parametrize("operation", [1, 2, 20])
def test_the_supply_really_fails_there(committed, tables, operation):
    board, _ = boot_again(committed)
    tune_board(board, tables[1])
    committed.flash.cut_at = committed.flash.operations + operation
    with pytest.raises(PowerCutError, match=f"operation {operation}"):
        commit(board.link)
    assert boot_again(committed)[1].digest == tables[0].digest
