"""A debugger at the virtual board: GDB itself, and its protocol byte by byte."""

import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from designer.board.open import VirtualBoard
from designer.board.virtual.gdb_target import Target
from designer.errors import BoardNotFoundError
from designer.fixedpoint.model.pipeline import PipelineModel

GDB = "gdb-multiarch"


@pytest.fixture
def port():
    """A port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@contextmanager
def board_with(small, port):
    with VirtualBoard(small.elf, small.digest, small.layout, ("--gdb", str(port))) as board:
        yield board


def gdb(small, port, *commands):
    """What GDB prints for commands, given while it is connected."""
    words = [GDB, "-batch", "-nx", str(small.elf), "-ex", "set confirm off", "-ex", f"target remote localhost:{port}"]
    words += [word for command in commands for word in ("-ex", command)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=240, check=False)
    return done.stdout + done.stderr


@pytest.mark.skipif(shutil.which(GDB) is None, reason="needs Debian's gdb-multiarch: make test installs it")
def test_gdb_breaks_steps_and_reads_and_the_board_is_right_afterwards(small, port):
    with board_with(small, port) as board:
        said = gdb(
            small,
            port,
            "break ps_player_process",
            "continue",
            "backtrace 3",
            "print player->state",
            "next",
            "next",
            "delete",
            "finish",
            "x/1xw 0x40023800",
            "x/1xw 0x60000000",
            "info registers xpsr msp d0",
            "tbreak clock_start",
            "monitor reset",
            "continue",
            "detach",
        )
        for text in (
            "Breakpoint 1, ps_player_process (player=",
            "<signal handler called>",
            " in serial_idle ()",
            "player->late = false;",
            "0x40023800:\t0x0f0b0083",
            "Cannot access memory at address 0x60000000",
            "Temporary breakpoint 2, clock_start ()",
            "[Inferior 1 (Remote target) detached]",
        ):
            assert text in said, said
        board.link.hello()
        samples = np.random.default_rng(8).integers(-(2**15), 2**15, (300, 2))
        np.testing.assert_array_equal(board.process(samples), PipelineModel(small.bank).process(samples))


class Debugger:
    """A client that sends packets and reads their answers."""

    def __init__(self, port):
        self._line = socket.create_connection(("127.0.0.1", port), timeout=60)

    def send(self, data):
        self._line.sendall(data)

    def packet(self, text):
        self.send(b"$%s#%02x" % (text.encode(), sum(text.encode()) & 0xFF))
        assert self._line.recv(1) == b"+"
        return self.reply()

    def reply(self):
        data = b""
        while b"#" not in data[:-2]:
            data += self._line.recv(1)
        self.send(b"+")
        return data[data.index(b"$") + 1 : -3].decode()

    def byte(self):
        return self._line.recv(1)

    def close(self):
        self._line.close()


@pytest.fixture
def debugger(small, port):
    with board_with(small, port) as board:
        client = Debugger(port)
        yield client, board
        client.close()


def test_registers_and_memory_are_read_and_written(debugger):
    client, _ = debugger
    assert client.packet("?") == "S05"
    assert "org.gnu.gdb.arm.m-profile" in client.packet("qXfer:features:read:target.xml:0,fff")
    assert len(client.packet("g")) == 2 * 4 * 17
    assert client.packet("P0=78563412") == "OK"
    assert client.packet("p0") == "78563412"
    assert client.packet("M2001f000,4:01020304") == "OK"
    assert client.packet("m2001f000,4") == "01020304"
    # RCC_CR: PLLs, crystal and its supervision are on.
    assert client.packet("m40023800,4") == "83000b0f"


def test_what_is_wrong_or_not_known_is_answered_so(debugger):
    client, _ = debugger
    for spoilt in (b"$g#00", b"$g#zz", b"$g#6-"):
        client.send(spoilt)
        assert client.byte() == b"-"
    assert client.packet("m60000000,4") == "E14"
    assert client.packet("mnothing") == "E16"
    assert client.packet("pff") == "E16"
    assert client.packet("P0=12") == "E16"
    assert client.packet("Z2,20000000,4") == ""
    assert client.packet("vMustReplyEmpty") == ""
    assert "known is" in bytes.fromhex(client.packet("qRcmd," + b"halt".hex())).decode()


def test_a_step_is_one_instruction(debugger):
    client, _ = debugger

    def pc():
        return int.from_bytes(bytes.fromhex(client.packet("pf")), "little")

    for _ in range(40):
        before = pc()
        code = int.from_bytes(bytes.fromhex(client.packet(f"m{before:x},2")), "little")
        size = 4 if code >> 11 >= 0x1D else 2
        assert client.packet("s") == "S05"
        assert pc() != before
        assert pc() == before + size or may_branch(code)


def may_branch(code):
    """Whether a half-word is, or may begin, a branch, a return or a load of PC (DDI 0403 A5.2, A5.3)."""
    conditional, always, on_zero = code & 0xF000 == 0xD000, code & 0xF800 == 0xE000, code & 0xF500 == 0xB100
    # IT and the instructions behind it are one step.
    is_it = code & 0xFF00 == 0xBF00 and code & 0xF
    return is_it or conditional or always or on_zero or code >> 8 in (0x47, 0xBD) or code >> 11 >= 0x1D


def test_ctrl_c_stops_a_run_and_a_debugger_that_is_gone_lets_it_go_on(debugger):
    client, board = debugger
    client.send(b"$c#63")
    assert client.byte() == b"+"
    client.send(b"\x03")
    assert client.reply() == "S02"
    client.close()
    assert board.health()["player"] == "PLAYING"


def test_it_listens_to_this_machine_only_and_a_taken_port_is_said(small, port):
    said = f"port {port} for GDB: Address already in use: give another port"
    with socket.create_server(("127.0.0.1", port)), pytest.raises(BoardNotFoundError, match=said):
        VirtualBoard(small.elf, options=("--gdb", str(port)))
    with board_with(small, port):
        sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        listening = [fields[1] for fields in sockets if fields[1].endswith(f":{port:04X}") and fields[3] == "0A"]
        assert listening == [f"0100007F:{port:04X}"]


@pytest.mark.parametrize(("r0", "r1"), [(0, 1), (7, 2)])
def test_a_conditional_block_is_one_step(small, r0, r1):
    machine, _ = small.boot()
    target = Target(machine.machine)
    # cmp r0, #0; ite eq; moveq r1, #1; movne r1, #2; nop
    target.write(0x2001F000, bytes.fromhex("0028 0cbf 0121 0221 00bf".replace(" ", "")))
    for number, value in ((0, r0), (1, 0), (15, 0x2001F000)):
        target.set_register(number, value.to_bytes(4, "little"))
    target.step()
    # The block is one step.
    target.step()
    assert int.from_bytes(target.register(15), "little") == 0x2001F008
    assert int.from_bytes(target.register(1), "little") == r1
