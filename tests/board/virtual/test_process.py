"""The virtual board as a process: its serial line at a pseudo terminal, time that is held, and every way to stop it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from places import ROOT

from designer.board import virtual_process
from designer.board.choice import choose_board
from designer.board.control import Channel
from designer.board.converters import playing
from designer.board.open import SerialBoard, VirtualBoard, open_board
from designer.errors import BoardNotFoundError, HilError
from designer.fixedpoint.model.pipeline import PipelineModel


def open_small(small):
    return open_board(small.elf, small.digest, small.layout)


def noise(count, seed=8):
    return np.random.default_rng(seed).integers(-(2**15), 2**15, (count, 2))


def gone(pid, within_s=60.0):
    """Whether a process ends; one that has ended and waits to be asked has."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_it_streams_bit_for_bit_over_the_pseudo_terminal_and_ends(small):
    with open_small(small) as board:
        assert isinstance(board, VirtualBoard)
        assert board.name == "virtual:stm32f405"
        pid, port = board.pid, board.port
        samples = noise(1500)
        np.testing.assert_array_equal(board.process(samples), PipelineModel(small.bank).process(samples))
        status = board.status()
    assert gone(pid)
    assert not Path(port).exists()
    assert (status["clock_source"], status["receive_overruns"]) == ("HSE_PLL", 0)


def test_ctrl_c_in_the_middle_of_a_request_ends_a_board_that_stands_still(small, monkeypatch):
    def interrupt(channel):
        raise KeyboardInterrupt

    pids = []

    def interrupted():
        with open_small(small) as board, playing(board) as converters:
            pids.append(board.pid)
            os.kill(board.pid, signal.SIGSTOP)
            monkeypatch.setattr(Channel, "receive", interrupt)
            converters.races()

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert gone(pids[0])


def models_of(small):
    """Make the models for either half of a hop: a block is half a hop, and the signal begins at either."""
    models = [PipelineModel(small.bank) for _ in range(2)]
    models[1].process(np.zeros((32, 2), np.int64))
    return models


def test_what_a_held_board_plays_does_not_depend_on_the_host(small):
    samples = noise(4800) >> 2
    expected = [model.process(samples) for model in models_of(small)]
    for _ in range(2):
        with open_small(small) as board, playing(board) as converters:
            heard = converters.play(samples)
            assert converters.races() == 0
            heard = heard[converters.skip_frames :]
        assert len(heard) > 4600
        assert any(np.array_equal(heard, model[: len(heard)]) for model in expected)


def test_pieces_of_any_size_make_one_signal(small):
    samples = noise(3000) >> 1
    with open_small(small) as board, playing(board) as converters:
        parts, first = [], 0
        for size in (1, 31, 32, 33, 500, 1403, 1000):
            parts.append(converters.play(samples[first : first + size]))
            first += size
        skip = converters.skip_frames
        heard = np.concatenate(parts)[skip:]
    assert len(heard) > 2800
    assert any(np.array_equal(heard, model.process(samples)[: len(heard)]) for model in models_of(small))


def test_silence_within_a_signal_is_refused(small):
    with open_small(small) as board, playing(board) as converters:
        converters.play(noise(320))
        converters.run(0.1)
        with pytest.raises(HilError, match="frames of silence would be within the signal"):
            converters.play(noise(320))
        assert board.health()["player"] == "PLAYING"


def test_the_reset_button_and_the_supply_are_told_apart(small):
    with open_small(small) as board:
        board.reset()
        assert board.link.hello()["reset_cause"] != 0
        board.power_cycle()
        board.link.hello()
        assert board.health()["player"] == "PLAYING"


def test_a_second_host_finds_the_port_taken(small):
    with open_small(small) as board, pytest.raises((BoardNotFoundError, HilError)):
        SerialBoard(board.port, small.digest, small.layout)


def test_a_board_that_dies_on_the_way_is_an_error_not_a_hang(small):
    with open_small(small) as board:
        os.kill(board.pid, signal.SIGKILL)
        with pytest.raises(HilError, match="the virtual board has ended: its process ended with code -9"):
            board.status()
    with open_small(small) as board, board.held():
        os.kill(board.pid, signal.SIGKILL)
        with pytest.raises(HilError, match="the virtual board has ended: its process ended with code -9"):
            board.status()


def test_another_digest_is_refused_and_the_process_ends(small, monkeypatch):
    started = []
    start = virtual_process.VirtualProcess.__init__

    def note(self, *arguments):
        start(self, *arguments)
        started.append(self.pid)

    monkeypatch.setattr(virtual_process.VirtualProcess, "__init__", note)
    with pytest.raises(HilError, match="design digest: the board runs"):
        open_board(small.elf, small.digest[::-1], small.layout)
    assert gone(started[0])


def test_what_is_missing_is_named(small, tmp_path, monkeypatch):
    with pytest.raises(BoardNotFoundError, match=r"none\.elf' does not exist: build it first"):
        VirtualBoard(tmp_path / "none.elf")
    (tmp_path / "text.elf").write_text("no image")
    with pytest.raises(BoardNotFoundError, match=r"did not start: .*not a 32-bit little-endian ELF file"):
        VirtualBoard(tmp_path / "text.elf")
    monkeypatch.setattr(virtual_process, "find_spec", lambda name: None)
    with pytest.raises(BoardNotFoundError, match=r"pip install 'proscenium\[virtual\]'.*--board qemu"):
        VirtualBoard(small.elf)


@pytest.mark.parametrize(
    ("name", "port", "in_qemu", "suffix"),
    [
        ("virtual", None, False, ""),
        ("virtual:stm32f405", None, False, ""),
        ("qemu", None, True, "-qemu"),
        ("qemu:mps3-an547", None, True, "-mps3-an547"),
        ("/dev/ttyACM0", "/dev/ttyACM0", False, "-ttyACM0"),
    ],
)
def test_names_of_boards(name, port, in_qemu, suffix):
    choice = choose_board(name)
    assert (choice.port, choice.in_qemu, choice.suffix) == (port, in_qemu, suffix)


def test_a_board_that_only_qemu_has_is_not_virtual():
    with pytest.raises(BoardNotFoundError, match="QEMU has it: qemu:mps2-an500"):
        choose_board("virtual:mps2-an500")


START_AND_WAIT = """
import sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
from designer.board.open import VirtualBoard
board = VirtualBoard(Path({elf!r}))
print(board.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_does_not_survive_its_user(small, signal_number):
    script = START_AND_WAIT.format(root=str(ROOT), elf=str(small.elf))
    user = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        pid = int(user.stdout.readline())
        user.send_signal(signal_number)
        user.wait(60)
        assert gone(pid)
    finally:
        user.kill()
        user.stdout.close()
        user.wait()


def test_the_program_that_talks_to_it_does_not_load_unicorn():
    script = (
        "import sys, designer.cli, designer.board.converters, designer.board.play_file; print('unicorn' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "False"
