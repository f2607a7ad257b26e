"""The virtual board at another machine's port: a server in front of its pseudo terminal, by both kinds of URL."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from designer.board.line_server import LineServer
from designer.board.open import SerialBoard
from designer.board.virtual_process import VirtualProcess
from designer.fixedpoint.model.pipeline import PipelineModel

PROSCENIUM = Path(sys.executable).with_name("proscenium")


@pytest.fixture(scope="module", params=["rfc2217", "socket"])
def url(request, small):
    process = VirtualProcess(small.elf)
    with LineServer(f"{request.param}://127.0.0.1:0", process.port) as server:
        yield server.url
    process.stop()


def run(*arguments):
    return subprocess.run([PROSCENIUM, *arguments], capture_output=True, text=True, timeout=120, check=False)


def test_it_streams_bit_for_bit(url, small):
    samples = np.random.default_rng(5).integers(-(2**15), 2**15, (3000, 2))
    with SerialBoard(url, small.digest, small.layout) as board:
        assert board.name == f"stm32f405 at {url}"
        np.testing.assert_array_equal(board.process(samples), PipelineModel(small.bank).process(samples))


def test_commands_take_the_url_as_a_port(url, small):
    status = run("status", "--port", url)
    assert (status.returncode, status.stderr) == (0, "")
    volume = run("volume", "-6", "--port", url)
    assert (volume.returncode, volume.stderr) == (0, "")
    assert f"stm32f405 at {url}: -6.0 dB" in volume.stdout
    doctor = run("doctor", "--port", url, "--json")
    assert f"stm32f405, layout 'small', digest {small.digest}" in doctor.stdout


def test_the_doctor_says_why_no_board_answers():
    doctor = run("doctor", "--port", "rfc2217://127.0.0.1:9", "--json")
    assert doctor.returncode == 5
    assert "Nothing listens there: start the server of the port" in doctor.stdout


def test_the_command_board_serves_its_line(small, tmp_path):
    command = [PROSCENIUM, "board", "pair2", "--out", tmp_path / "out", "--listen", "rfc2217://127.0.0.1:0"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        line = running.stdout.readline()
        found = re.fullmatch(r"serial line: (rfc2217://127\.0\.0\.1:\d+)\n", line)
        assert found, line
        with SerialBoard(found.group(1)) as board:
            assert board.info.layout_name == "pair2"
    finally:
        running.send_signal(2)
        assert running.wait(30) == 0
