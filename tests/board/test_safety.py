"""What a board does when it goes wrong: it mutes, starts again, and says why."""

import time
from pathlib import Path

import numpy as np
import pytest
from designs import generate_small

from designer import protocol
from designer.board.open import QemuBoard
from designer.errors import BuildError, HilError
from designer.toolchain.boards import find_board
from designer.toolchain.compiler import build_image
from designer.toolchain.elf import read_sections
from designer.toolchain.table_crc import write_table_crc
from hil_tests.harness.debugger import PROGRAM_COUNTER, STACK_POINTER, Debugger, debugger_options

RAM = 0x20000000
USAGE_FAULT, BUS_FAULT, MEMORY_FAULT, HARD_FAULT = 6, 5, 4, 3
BOARDS = ("stm32f405", "mps2-an500", "mps3-an547")


@pytest.fixture(scope="module")
def elfs(tmp_path_factory):
    """One image for each board."""
    directory = tmp_path_factory.mktemp("safety")
    generate_small("q31", directory)
    return {name: build_image(directory, name, directory / f"{name}.elf").elf for name in BOARDS}


@pytest.fixture
def break_in(tmp_path):
    """Boot a board that a debugger can be let into."""

    def boot(elf, name="stm32f405"):
        socket = tmp_path / "debugger"
        return QemuBoard(elf, qemu_options=debugger_options(socket), target=find_board(name)), socket

    return boot


def tables_of(elf):
    """Bytes of the tables."""
    return read_sections(elf)[".tables"].data


def hello(board):
    """Open a new session and read what the board says of itself."""
    return board.link.hello()


def test_a_healthy_board_tells_of_no_fault(elfs):
    with QemuBoard(elfs["stm32f405"]) as board:
        assert (board.info.fault, board.info.faults) == (None, 0)
        assert board.health()["table_checks"] >= 1


@pytest.mark.parametrize("name", BOARDS)
def test_a_jump_into_nowhere_is_told_at_the_next_hello(elfs, break_in, name):
    board, socket = break_in(elfs[name], name)
    with board:
        with Debugger(socket) as debugger:
            debugger.write_register(PROGRAM_COUNTER, 0xB0F00000)
        fields = hello(board)
        assert fields["reset_cause"] == protocol.RESET["FAULT"]
        assert fields["fault_exception"] in (HARD_FAULT, MEMORY_FAULT, BUS_FAULT, USAGE_FAULT)
        assert fields["faults"] == 1
        assert fields["fault_pc"] & ~1 == 0xB0F00000
        # It works again, and tells of it once.
        silence = np.zeros((10, 2), dtype=int)
        np.testing.assert_array_equal(board.process(silence), np.zeros((10, 2), dtype=int))


@pytest.mark.parametrize("name", BOARDS)
def test_a_stack_that_grows_into_the_guard_is_a_fault_not_damage(elfs, break_in, name):
    board, socket = break_in(elfs[name], name)
    with board:
        assert 0 < board.health()["stack_free"] < 4096
        with Debugger(socket) as debugger:
            debugger.write_register(STACK_POINTER, RAM + 256 + 8)
        fields = hello(board)
        assert fields["reset_cause"] == protocol.RESET["FAULT"]
        assert fields["fault_exception"] in (MEMORY_FAULT, USAGE_FAULT, HARD_FAULT)
        assert fields["faults"] == 1


def test_after_three_faults_in_a_row_it_answers_but_no_longer_plays(elfs, break_in):
    board, socket = break_in(elfs["stm32f405"])
    with board:
        for count in (1, 2, 3):
            assert board.health()["player"] in ("PLAYING", "OVERLOAD")
            with Debugger(socket) as debugger:
                debugger.write_register(PROGRAM_COUNTER, 0xB0F00000)
            assert hello(board)["faults"] == count
        assert board.health()["player"] == "FAULTS"


def test_tables_damaged_while_it_plays_mute_it(elfs, break_in):
    elf = elfs["stm32f405"]
    board, socket = break_in(elf)
    with board:
        assert board.health()["player"] in ("PLAYING", "OVERLOAD")
        with Debugger(socket) as debugger:
            # Behind vectors and table CRC; found by what they are.
            flash = debugger.read_memory(0x08000000, 2048)
            address = 0x08000000 + flash.index(tables_of(elf)[:64])
            debugger.write_memory(address, bytes([tables_of(elf)[0] ^ 0x10]))
        deadline = time.monotonic() + 20
        while (health := board.health())["player"] != "BAD_TABLES" and time.monotonic() < deadline:
            time.sleep(0.05)
        assert health["player"] == "BAD_TABLES"
        with pytest.raises(HilError, match="E_DESIGN"):
            board.process(np.zeros((10, 2), dtype=int))


@pytest.mark.parametrize("name", BOARDS)
def test_an_image_with_one_wrong_bit_in_its_tables_never_plays(elfs, name, tmp_path):
    data = bytearray(elfs[name].read_bytes())
    data[data.index(tables_of(elfs[name])) + 5] ^= 0x01
    damaged = tmp_path / "damaged.elf"
    damaged.write_bytes(data)
    with QemuBoard(damaged, target=find_board(name)) as board:
        assert (board.health()["player"], board.health()["table_checks"]) == ("BAD_TABLES", 0)
        with pytest.raises(HilError, match="E_DESIGN"):
            board.process(np.zeros((10, 2), dtype=int))


def test_an_image_without_tables_gets_no_crc(elfs, tmp_path):
    data = Path(elfs["stm32f405"]).read_bytes()
    (tmp_path / "x.elf").write_bytes(data.replace(b".tables\0", b".tablex\0"))
    with pytest.raises(BuildError, match="no tables"):
        write_table_crc(tmp_path / "x.elf")
