"""Tables in the flash: a commit, and a supply that fails at each of its operations."""

import pytest

from designer.board.session import Board
from designer.board.tune import commit, tables_of, tune_board
from designer.board.virtual.errors import PowerCutError
from designer.board.virtual.events import SECOND
from designer.board.virtual.transport import VirtualTransport

SLOTS, SLOT_BYTES = 0x080C0000, 0x40000


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


def test_what_is_committed_plays_after_power_on(small, committed, tables):
    board, found = boot_again(committed)
    assert (found.digest, found.source, found.committed) == (tables[0].digest, "SLOT", 1)
    tune_board(board, tables[1])
    assert commit(board.link).number == 2
    _, found = boot_again(committed)
    assert (found.digest, found.committed) == (tables[1].digest, 2)


def test_a_supply_that_fails_at_any_operation_leaves_tables_that_play(committed, tables):
    board, _ = boot_again(committed)
    flash, cpu = committed.flash, committed.machine.cpu
    contents = bytearray(cpu.read(SLOTS, SLOT_BYTES))
    tune_board(board, tables[1])
    commit(board.link)
    operations = list(flash.log)
    assert len(operations[0].new) == 0x20000
    assert len(operations) > 100
    for operation in operations:
        first = operation.address - SLOTS
        torn = bytearray(contents)
        torn[first : first + len(operation.torn)] = operation.torn
        cpu.write(SLOTS, bytes(torn))
        _, found = boot_again(committed)
        assert found.source == "SLOT"
        assert (found.digest, found.committed) in ((tables[0].digest, 1), (tables[1].digest, 2))
        contents[first : first + len(operation.new)] = operation.new
    cpu.write(SLOTS, bytes(contents))
    assert boot_again(committed)[1].digest == tables[1].digest


@pytest.mark.parametrize("operation", [1, 2, 50])
def test_the_supply_really_fails_there(committed, tables, operation):
    board, _ = boot_again(committed)
    tune_board(board, tables[1])
    committed.flash.cut_at = operation
    with pytest.raises(PowerCutError, match=f"operation {operation}"):
        commit(board.link)
    assert boot_again(committed)[1].digest == tables[0].digest


@pytest.mark.parametrize("after_s", [0.005, 0.4])
@pytest.mark.parametrize(
    ("fault", "clock"),
    [
        (lambda machine: machine.rcc.lose_crystal(), "HSI_PLL"),
        (lambda machine: machine.i2s2ext.overrun(), "HSE_PLL"),
        (lambda machine: machine.dma.fail(5), "HSE_PLL"),
    ],
)
def test_a_fault_of_clock_or_converter_in_the_midst_of_a_commit_spoils_nothing(small, tables, fault, clock, after_s):
    machine, board = small.boot()
    tune_board(board, tables[0])
    machine.machine.after(round(after_s * SECOND), lambda: fault(machine))
    commit(board.link)
    machine.run(0.2)
    health = board.health()
    assert (health["player"], health["audio_clock"], health["clock_source"]) == ("PLAYING", "I2S", clock)
    assert health["overruns"] + health["underruns"] == 1
    found = boot_again(machine)[1]
    assert (found.digest, found.source) == (tables[0].digest, "SLOT")


def test_the_core_stands_still_for_as_long_as_the_flash_is_busy(small, tables):
    machine, board = small.boot()
    tune_board(board, tables[0])
    begun = machine.machine.now
    commit(board.link)
    operations = len(machine.flash.log)
    assert machine.machine.now - begun > 10**15 + (operations - 1) * 16 * 10**9


def test_tables_that_the_flash_holds_are_not_written_again_and_play_on(small, committed, tables):
    del small
    board, _ = boot_again(committed)
    tune_board(board, tables[1])
    tune_board(board, tables[0])
    done, begun = len(committed.flash.log), committed.machine.now
    kept = commit(board.link)
    assert (kept.number, kept.written, kept.erasures, kept.endurance) == (1, False, 1, 20_000)
    assert len(committed.flash.log) == done
    # Without an erasure, which takes a second; and it has played all the time.
    assert committed.machine.now - begun < 10**15 // 2
    assert board.health()["player"] == "PLAYING"
    assert committed.pins.output("PC8") is True
    tune_board(board, tables[1])
    assert commit(board.link).written
