"""The same image in QEMU: every bit, every way to stop it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from designs import generate_small
from places import ROOT

from designer import protocol
from designer.board.open import STEADY_CLOCK, QemuBoard, SerialBoard, measure_instructions, open_board
from designer.board.qemu import Qemu
from designer.errors import BoardNotFoundError, HilError
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.toolchain.boards import find_board
from designer.toolchain.compiler import build_image


def build(number_format, directory):
    layout, bank, digest = generate_small(number_format, directory / "generated")
    image = build_image(directory / "generated", "virtual", directory / "firmware.elf")
    return layout, bank, digest, image.elf


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    return build("q31", tmp_path_factory.mktemp("virtual"))


@pytest.fixture(scope="module")
def each_design(number_format, tmp_path_factory):
    return build(number_format, tmp_path_factory.mktemp(f"virtual-{number_format}"))


def alive(pid):
    """Whether a process runs; one that has ended and waits to be asked does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def gone(pid, within_s=60.0):
    deadline = time.monotonic() + within_s
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


def test_streams_audio_bit_for_bit_and_ends(each_design):
    layout, bank, digest, elf = each_design
    bits = 15 if layout.number_format == "q15" else 31
    rng = np.random.default_rng(8)
    with open_board(elf, digest, layout, in_qemu=True) as board:
        pid = board.pid
        assert board.info.board_name == "stm32f405"
        for injection_point, channels, count in (("program", 2, 1500), ("filters", 3, 333)):
            samples = rng.integers(-(2**bits), 2**bits, (count, channels))
            np.testing.assert_array_equal(
                board.process(samples, injection_point), PipelineModel(bank).process(samples, injection_point)
            )
        status = board.status()
    assert gone(pid)
    # QEMU has no RCC: the image must see that.
    assert status["clock_source"] == "SIMULATED"
    assert status["receive_overruns"] == 0
    assert 0 < status["uptime_s"] < 60


def test_every_block_takes_time(design):
    """Where the virtual clock counts instructions, and no longer how busy the host is.

    Without that, QEMU's counters follow the host's clock.  Once expired, they stand at zero until its main loop reloads
    them (hw/core/ptimer.c, ptimer_get_count).  On a busy host whole blocks then take no time at all.
    """
    layout, _, digest, elf = design
    samples = np.random.default_rng(8).integers(-(2**31), 2**31, (4 * layout.block_samples, 2))
    with QemuBoard(elf, digest, layout, icount=STEADY_CLOCK) as board:
        board.process(samples)
        status = board.status()
    # 107 taps a frame, at an instruction each at the least, 8 ns long, in ticks of 168 MHz.
    least = 107 * layout.block_samples * 8e-9 * board.tick_hz
    assert least < status["block_ticks_last"] <= status["block_ticks_max"]


@pytest.mark.parametrize("name", ["mps2-an500", "mps3-an547"])
def test_every_core_gives_the_same_bits(number_format, name, tmp_path):
    layout, bank, digest = generate_small(number_format, tmp_path / "generated")
    elf = build_image(tmp_path / "generated", name, tmp_path / "firmware.elf").elf
    bits = 15 if number_format == "q15" else 31
    samples = np.random.default_rng(9).integers(-(2**bits), 2**bits, (700, 2))
    with open_board(elf, digest, layout, target=find_board(name)) as board:
        assert board.info.board_name == name
        np.testing.assert_array_equal(board.process(samples), PipelineModel(bank).process(samples))
        status = board.status()
    assert (status["clock_source"], status["receive_overruns"]) == ("FIXED", 0)
    assert 0 < status["uptime_s"] < 60


def test_another_digest_is_refused_and_qemu_ends(design, monkeypatch):
    layout, _, digest, elf = design
    started = []
    start = Qemu.__init__

    def note(self, *arguments):
        start(self, *arguments)
        started.append(self.pid)

    monkeypatch.setattr(Qemu, "__init__", note)
    with pytest.raises(HilError, match="design digest: the board runs"):
        open_board(elf, digest[::-1], layout, in_qemu=True)
    assert gone(started[0])


def test_counting_instructions_repeats_to_the_tick(each_design):
    layout, _, digest, elf = each_design
    first, second = (measure_instructions(elf, digest, layout) for _ in range(2))
    assert abs(first - second) <= 0.001 * first + 12
    # 32 samples: 107 taps at 1.5 to 8 instructions with the sums, and the upmix, whose every other block ends a hop
    assert 107 * 32 < first < (107 * 8 + 600) * 32


def test_a_second_host_finds_the_port_taken(design):
    layout, _, digest, elf = design
    with QemuBoard(elf, digest, layout) as board, pytest.raises((BoardNotFoundError, HilError)):
        SerialBoard(board.port, digest, layout)


def test_a_port_that_does_not_exist_is_named():
    with pytest.raises(BoardNotFoundError, match="'/dev/ttyNONE': cannot be opened"):
        SerialBoard("/dev/ttyNONE")


def test_an_image_that_does_not_exist_is_said(tmp_path):
    with pytest.raises(BoardNotFoundError, match=r"none\.elf' does not exist: build it first"):
        QemuBoard(tmp_path / "none.elf")


def test_without_qemu_its_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BoardNotFoundError, match="apt-get install qemu-system-arm"):
        QemuBoard(tmp_path / "none.elf")


def test_a_board_that_dies_on_the_way_is_an_error_not_a_hang(design):
    layout, _, digest, elf = design
    with QemuBoard(elf, digest, layout) as board:
        board.link.reply_timeout_s = 0.1
        os.kill(board.pid, signal.SIGKILL)
        with pytest.raises(HilError):
            board.link.request_all(protocol.STATUS, [b""] * 8)


START_AND_WAIT = """
import sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
from designer.board.open import QemuBoard
board = QemuBoard(Path({elf!r}))
print(board.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_qemu_does_not_survive_its_user(design, signal_number):
    script = START_AND_WAIT.format(root=str(ROOT), elf=str(design[3]))
    user = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        pid = int(user.stdout.readline())
        assert alive(pid)
        user.send_signal(signal_number)
        user.wait(60)
        assert gone(pid)
    finally:
        user.kill()
        user.stdout.close()
        user.wait()
