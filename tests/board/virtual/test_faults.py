"""Faults of supply, program, memory and flash, and what the firmware does about each."""

import pytest
from executed import plays_bit_exact
from unicorn.arm_const import UC_ARM_REG_PC, UC_ARM_REG_PRIMASK, UC_ARM_REG_SP

from designer import protocol
from designer.board.session import Board
from designer.board.tune import commit, tables_of, tune_board
from designer.board.virtual.events import SECOND
from designer.board.virtual.image import flash_contents
from designer.board.virtual.peripherals import flash
from designer.board.virtual.transport import VirtualTransport
from designer.errors import HilError
from designer.toolchain.elf import read_sections
from designer.toolchain.table_crc import TABLES_SECTION

SLOTS, SLOT_BYTES = 0x080C0000, 0x20000
FIRST_SLOT_SECTOR = 10


def sleep(machine):
    """Run on until the core sleeps: in the program, in no handler."""
    assert machine.machine.run(SECOND, lambda: machine.machine.is_asleep)


def tables_in_flash(image):
    """First byte and size of the image's tables."""
    data = read_sections(image.elf)[TABLES_SECTION].data
    return flash.START + flash_contents(image.elf, flash.START, flash.BYTES).index(data), len(data)


def flip(machine, address, bit):
    cpu = machine.machine.cpu
    cpu.write(address, bytes([cpu.read(address, 1)[0] ^ 1 << bit]))


def test_a_short_supply_failure_is_told(small):
    machine, board = small.boot()
    machine.power_on()
    machine.run(0.02)
    assert board.link.hello()["reset_cause"] == protocol.RESET["POWER"]


def test_a_program_that_hangs_is_reset_by_the_watchdog(small):
    machine, board = small.boot()
    machine.run(0.02)
    sleep(machine)
    cpu = machine.machine.cpu
    cpu.write(0x2001E000, b"\x30\xbf\xfd\xe7")  # WFI for ever
    cpu.engine.reg_write(UC_ARM_REG_PC, 0x2001E001)
    cpu.engine.reg_write(UC_ARM_REG_PRIMASK, 0)
    machine.machine._sleeping = False
    machine.run(1.3)
    assert machine.pins.output("PC8") is True  # interrupts still play
    machine.run(2.6)
    assert board.link.hello()["reset_cause"] == protocol.RESET["WATCHDOG"]
    assert plays_bit_exact(machine, small)


def test_interrupts_that_hang_are_reset_by_the_watchdog(small):
    machine, board = small.boot()
    machine.run(0.02)
    sleep(machine)
    machine.machine.exceptions.enabled.clear()
    machine.run(3.9)
    assert board.link.hello()["reset_cause"] == protocol.RESET["WATCHDOG"]


def test_a_stack_in_its_guard_is_a_memory_fault_and_a_reset(small):
    machine, board = small.boot()
    machine.run(0.02)
    # Asleep, the next thing that is stacked is an interrupt's frame.
    sleep(machine)
    machine.machine.cpu.engine.reg_write(UC_ARM_REG_SP, 0x20000110)
    machine.run(0.05)
    fields = board.link.hello()
    assert fields["reset_cause"] == protocol.RESET["FAULT"]
    assert (fields["fault_exception"], fields["faults"]) == (4, 1)
    assert fields["fault_status"] & 1 << 4  # MSTKERR
    assert board.health()["player"] == "PLAYING"


def test_a_reset_behind_a_fault_is_told_by_its_own_cause(small):
    machine, board = small.boot()
    machine.run(0.02)
    sleep(machine)
    machine.machine.cpu.engine.reg_write(UC_ARM_REG_SP, 0x20000110)
    machine.run(0.05)
    assert board.link.hello()["reset_cause"] == protocol.RESET["FAULT"]
    sleep(machine)
    machine.machine.exceptions.enabled.clear()
    machine.run(3.9)
    fields = board.link.hello()
    assert (fields["reset_cause"], fields["faults"]) == (protocol.RESET["WATCHDOG"], 1)
    machine.reset()
    machine.run(0.05)
    fields = board.link.hello()
    assert (fields["reset_cause"], fields["faults"], fields["fault_pc"]) == (protocol.RESET["PIN"], 1, 0)


def test_the_third_fault_in_a_row_plays_no_more(small):
    machine, board = small.boot()
    for _ in range(3):
        machine.run(0.02)
        sleep(machine)
        machine.machine.cpu.engine.reg_write(UC_ARM_REG_SP, 0x20000110)
        machine.run(0.2)
    assert board.link.hello()["faults"] == 3
    assert board.health()["player"] == "FAULTS"
    assert machine.pins.output("PC8") is not True


# --- a bit of the flash that flips


@pytest.mark.parametrize("where", [0.0, 0.5, 1.0])
def test_a_bit_of_the_tables_that_flips_while_playing_mutes(small, where):
    machine, board = small.boot()
    machine.run(0.02)
    first, size = tables_in_flash(small)
    flip(machine, first + round(where * (size - 1)), 3)
    machine.run(0.5)
    assert board.health()["player"] == "BAD_TABLES"
    assert machine.pins.output("PC8") is False
    with pytest.raises(HilError, match="E_DESIGN"):
        board.start()


def test_a_bit_of_the_tables_that_has_flipped_keeps_the_board_mute(small):
    machine, _ = small.boot()
    flip(machine, tables_in_flash(small)[0] + 5, 0)
    machine.power_on()
    board = Board(VirtualTransport(machine))
    assert board.health()["player"] == "BAD_TABLES"
    assert machine.pins.output("PC8") is not True


@pytest.mark.parametrize("offset", [0, 35, 70, 300])
def test_a_bit_of_a_slot_that_has_flipped_brings_the_tables_before(small, tables, offset):
    machine, board = small.boot()
    for each in tables:
        tune_board(board, each)
        commit(board.link)
    machine.power_on()
    board = Board(VirtualTransport(machine))
    assert (tables_of(board.link).digest, tables_of(board.link).committed) == (tables[1].digest, 2)
    flip(machine, newest_slot(machine) + offset, 2)
    machine.power_on()
    board = Board(VirtualTransport(machine))
    assert (tables_of(board.link).digest, board.health()["player"]) == (tables[0].digest, "PLAYING")


def newest_slot(machine):
    """First byte of the slot that was written last; the second commit goes to the other slot than the first."""
    contents = [machine.machine.cpu.read(SLOTS + n * SLOT_BYTES, 64) for n in (0, 1)]
    assert all(content != b"\xff" * 64 for content in contents)
    return SLOTS + SLOT_BYTES


# --- option bytes


def test_read_out_protection_changes_nothing_for_the_program(small, tables):
    """RM0090 3.7.3: in level 1 the flash is closed to debuggers and to programs in RAM only."""
    machine, _ = small.boot()
    machine.flash.protect_reading()
    machine.power_on()
    board = Board(VirtualTransport(machine), small.digest, small.layout)
    assert plays_bit_exact(machine, small)
    tune_board(board, tables[0])
    assert commit(board.link).number == 1


@pytest.mark.parametrize("sectors", [(0, 1), (0,), (1,)])
def test_slots_that_are_write_protected_refuse_the_commit_and_play_on(small, tables, sectors):
    machine, board = small.boot()
    tune_board(board, tables[0])
    commit(board.link)
    for sector in sectors:
        machine.flash.protect_writing(FIRST_SLOT_SECTOR + sector)
    machine.power_on()
    board = Board(VirtualTransport(machine))
    tune_board(board, tables[1])
    if 1 in sectors:  # the first commit has taken the first slot
        with pytest.raises(HilError, match="E_FLASH"):
            commit(board.link)
        machine.power_on()
        board = Board(VirtualTransport(machine))
        assert tables_of(board.link).digest == tables[0].digest
    else:
        assert commit(board.link).number == 2
    assert board.health()["player"] == "PLAYING"
