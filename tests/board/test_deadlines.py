"""A board of 125 million instructions a second, whose deadlines repeat: what fits keeps up, what does not is caught."""

import time
from itertools import pairwise

import numpy as np
import pytest
from designs import INPUTS, generate_small, small_layout
from playing import await_blocks, process_and_ask
from shipped import shipped_design

from designer.board.open import STEADY_CLOCK, QemuBoard
from designer.codegen.generate import generate
from designer.codegen.writer import write
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.number_format import Q31
from designer.toolchain.compiler import build_image

# Enough blocks for a drift of one in a thousand to show.
BLOCKS = 1500


def play(elf, blocks=BLOCKS):
    """Let the board play, unheard by anybody, and ask it then; every answer on the way."""
    with QemuBoard(elf, icount=STEADY_CLOCK) as board:
        answers = [board.health()]
        while answers[-1]["player"] == "PLAYING" and answers[-1]["blocks"] < blocks:
            time.sleep(0.2)
            answers.append(board.health())
        # Whatever became of its own input, the serial side still works.
        silence = np.zeros((100, 2), dtype=int)
        output, after = process_and_ask(board, silence)
        np.testing.assert_array_equal(output, np.zeros((100, board.info.drivers), dtype=int))
        return [*answers, after]


@pytest.fixture(scope="module")
def fitting(tmp_path_factory):
    directory = tmp_path_factory.mktemp("fitting")
    generate_small("q31", directory)
    return build_image(directory, "virtual", directory / "firmware.elf").elf


def test_what_fits_plays_every_block(fitting):
    *playing, after = play(fitting)
    assert playing[-1]["blocks"] >= BLOCKS
    assert [health["deadline_misses"] for health in playing] == [0] * len(playing)
    assert all(health["load"] < 1 for health in playing)
    # A load is that of the blocks since the reading before.  Where the host kept QEMU from running there was none.
    for before, now in pairwise(playing):
        assert now["load"] > 0 or now["blocks"] == before["blocks"]
    assert max(health["load"] for health in playing) > 0
    assert playing[-1]["audio_clock"] == "TIMER"
    # A block comes each 32 / 48000 s of the board's own time.
    passed_s = (playing[-1]["uptime_ms"] - playing[0]["uptime_ms"]) / 1000
    blocks = playing[-1]["blocks"] - playing[0]["blocks"]
    assert abs(blocks - passed_s * 48000 / 32) <= 2 + 0.001 * 48000 / 32
    assert after["player"] == "SERIAL"


def test_an_oversized_layout_is_caught_and_reported(tmp_path):
    layout = small_layout("q31", drivers=4)
    path = FixedPointPath(np.ones(1024, dtype=np.int32), delay=0)
    bank = FixedPointBank(Q31, 48000, layout.driver_names, INPUTS, ((path,) * 3,) * 4)
    write(generate(layout, bank), tmp_path)
    *playing, after = play(build_image(tmp_path, "virtual", tmp_path / "firmware.elf").elf)
    assert playing[-1]["player"] == "OVERLOAD"
    assert playing[-1]["deadline_misses"] >= 16
    assert max(health["load"] for health in playing) > 1
    assert after["player"] == "SERIAL"


def test_the_default_layout_keeps_up(tmp_path):
    result = shipped_design("front3")
    write(result.sources, tmp_path)
    *playing, _ = play(build_image(tmp_path, "virtual", tmp_path / "firmware.elf").elf)
    assert (playing[-1]["player"], playing[-1]["deadline_misses"]) == ("PLAYING", 0)
    assert playing[-1]["blocks"] >= BLOCKS
    # Room for a fade, in which a third more is done.
    assert max(health["load"] for health in playing[1:]) < 0.75


def test_play_gives_the_pipeline_back(fitting):
    with QemuBoard(fitting, icount=STEADY_CLOCK) as board:
        _, health = process_and_ask(board, np.ones((64, 2), dtype=int))
        assert health["player"] == "SERIAL"
        played = health["blocks"]
        board.play()
        health = await_blocks(board, played + 1)
        assert (health["player"], health["deadline_misses"]) == ("PLAYING", 0)
