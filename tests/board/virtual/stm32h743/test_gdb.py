"""GDB at the virtual STM32H743: break, registers of the Cortex-M7, memory of each kind, and a reset."""

import shutil
import socket
import subprocess

import pytest

from designer.board.open import VirtualBoard
from designer.toolchain.boards import find_board

GDB = "gdb-multiarch"
COMMANDS = (
    "break ps_player_process", "continue", "backtrace 2", "info registers msp d15",
    "x/1xw 0x58024400", "x/1xw 0x1FF09804", "x/1xw 0x60000000",
    "delete", "tbreak clock_start", "monitor reset", "continue", "detach",
)  # fmt: skip
EXPECTED = (
    "Breakpoint 1, ps_player_process (player=",
    "<signal handler called>",
    "d15 ",
    "0x1ff09804:\t0x1ff09809",
    "Cannot access memory at address 0x60000000",
    "Temporary breakpoint 2, clock_start ()",
    "[Inferior 1 (Remote target) detached]",
)


@pytest.mark.skipif(shutil.which(GDB) is None, reason="needs Debian's gdb-multiarch: make test installs it")
def test_gdb_breaks_reads_and_resets_and_the_board_answers_afterwards(small):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    options = ("--gdb", str(port))
    with VirtualBoard(small.elf, small.digest, small.layout, options, find_board("stm32h743")) as board:
        words = [GDB, "-batch", "-nx", str(small.elf), "-ex", f"target remote localhost:{port}"]
        words += [word for command in COMMANDS for word in ("-ex", command)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=240, check=False)
        said = done.stdout + done.stderr
        for text in EXPECTED:
            assert text in said, said
        rcc = next(line for line in said.splitlines() if line.startswith("0x58024400"))
        assert int(rcc.split()[-1], 16) & 1 << 25  # RM0433 8.7.2: PLL1RDY
        board.link.hello()
