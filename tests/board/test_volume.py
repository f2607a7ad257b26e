"""A board that plays: its volume over the line, from the command line, and what its limiters tell."""

import json
import subprocess
import sys

import numpy as np
import pytest
from designs import generate_small
from playing import await_blocks

from designer.board.open import STEADY_CLOCK, QemuBoard
from designer.errors import HilError
from designer.fixedpoint.limiter_settings import GAIN_ONE
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.toolchain.compiler import build_image


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    directory = tmp_path_factory.mktemp("volume")
    layout, bank, digest = generate_small("q31", directory / "generated")
    return layout, bank, digest, build_image(directory / "generated", "virtual", directory / "firmware.elf").elf


def volume(board, *arguments):
    command = [sys.executable, "-m", "designer.cli", "volume", *arguments, "--port", board.port]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_volume_and_limits_on_the_board_are_those_of_the_model(small):
    layout, bank, digest, elf = small
    rng = np.random.default_rng(5)
    x = rng.choice([-(2**31), 2**31 - 1], (2400, 3))
    model = PipelineModel(bank)
    with QemuBoard(elf, digest, layout) as board:
        board.start("filters")
        for n, (part, gain_db) in enumerate(zip(np.split(x, 3), (0.0, -12.0, -0.5), strict=True)):
            limit = bank.limiter.limits[0] >> (2 * n)
            board.set_volume(gain_db)
            board.set_limiter(0, limit, bank.limiter.release)
            model.volume.target = round(GAIN_ONE * 10 ** (gain_db / 20))
            model.limiter.limits[0] = limit
            np.testing.assert_array_equal(board.stream(part, "filters"), model.process(part, "filters"))
        assert board.status()["limiter_gain_db"][0] < 0.0
        for wrong in (0.001, 1000.0, float("nan")):
            with pytest.raises(HilError, match="allowed are up to 0"):
                board.set_volume(wrong)


def test_the_command_sets_the_volume_of_a_board_that_goes_on_playing(small):
    layout, _, digest, elf = small
    with QemuBoard(elf, digest, layout, icount=STEADY_CLOCK) as board:
        await_blocks(board, 10)
        assert board.health()["volume_db"] == 0.0
        board.link.close()
        done = volume(board, "-20")
        assert (done.returncode, done.stderr) == (0, "")
        assert "-20.0 dB; least gain of the limiters by channel: 0.0, 0.0 dB" in done.stdout
        told = json.loads(volume(board, "-inf", "--json").stdout)
        assert (told["volume_db"], told["limiter_gain_db"]) == (None, [0.0, 0.0])
        refused = volume(board, "3")
        assert refused.returncode == 2
        assert "less than or equal to 0" in refused.stderr
