"""The limits of a board that plays: in decibels, over the line, and from the command line."""

import json
import math
import subprocess
import sys

import pytest
from designs import generate_small
from playing import await_blocks

from designer.board.limits import Limits
from designer.board.open import STEADY_CLOCK, QemuBoard
from designer.dsp.limiter import LimiterSettings
from designer.errors import LayoutError
from designer.fixedpoint.limiter_settings import FixedLimiter, fixed_limiter
from designer.fixedpoint.number_format import NumberFormat
from designer.toolchain.compiler import build_image


def limits_of(number_format, *levels_db):
    chosen = NumberFormat.named(number_format)
    settings = LimiterSettings(tuple(10 ** (level / 20) for level in levels_db), 4, 0.01, True)
    raw = fixed_limiter(settings, chosen)
    return Limits(chosen, raw.release, raw.limits, raw.limits)


@pytest.mark.parametrize("level_db", [0.0, -0.1, -3.0, -11.37, -60.0])
def test_a_level_is_the_limit_that_a_layout_of_that_level_has(number_format, level_db):
    """What the design rounds down the command rounds down."""
    wanted = limits_of(number_format, level_db).raw[0]
    assert limits_of(number_format, 0.0).raw_at(0, level_db, "it") == wanted


def test_what_is_shown_may_be_set_again(number_format):
    for level_db in (-3.0, -3.017, -7.123, -20.0):
        found = limits_of(number_format, level_db)
        shown = round(found.levels_db(found.raw)[0], 2)
        assert abs(found.levels_db((found.raw_at(0, shown, "it"),))[0] - shown) < 0.02
        assert found.raw_at(0, round(shown + 0.0, 2), "it") <= found.design_raw[0]


def test_a_level_is_kept_by_the_most_negative_sample_too(number_format):
    """A limit of L lets -L - 1 through."""
    raw = limits_of(number_format, 0.0).raw_at(0, -6.0, "it")
    assert (raw + 1) * NumberFormat.named(number_format).sample.lsb <= 10 ** (-6.0 / 20)


@pytest.mark.parametrize("level_db", [-2.99, 0.0, 1.0, 1000.0, -300.0, -math.inf, math.inf, math.nan])
def test_what_no_limit_can_be_is_refused_with_what_can(number_format, level_db):
    with pytest.raises(LayoutError, match=r"limit of 'left' = .* dB: allowed are -\d+.\d\d to -3.0\d dB.*limit_db"):
        limits_of(number_format, -3.0).raw_at(0, level_db, "'left'")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    directory = tmp_path_factory.mktemp("limits")
    limiter = FixedLimiter((2**31 - 1, 2**30 - 1), 4, 1 << 24, True)
    layout, _, digest = generate_small("q31", directory / "generated", limiter=limiter)
    return layout, digest, build_image(directory / "generated", "virtual", directory / "firmware.elf").elf


def test_the_command_shows_and_sets_the_limits_of_a_board_that_goes_on_playing(small):
    layout, digest, elf = small
    with QemuBoard(elf, digest, layout, icount=STEADY_CLOCK) as board:
        await_blocks(board, 10)
        board.link.close()
        port = board.port

        def limit(*arguments):
            command = [sys.executable, "-m", "designer.cli", "limit", *arguments, "--port", port]
            return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

        shown = limit()
        assert (shown.returncode, shown.stderr) == (0, "")
        first, second = shown.stdout.splitlines()
        assert first.endswith(": channel 0: 0.00 dBFS (the design's)")
        assert second.endswith(": channel 1: -6.02 dBFS (the design's)")
        lowered = limit("1", "-12.5")
        assert lowered.stdout.endswith(": channel 1: -12.50 dBFS (the design's: -6.02)\n")
        # By name, from a layout whose drivers they are; and as machines read it, both.
        assert limit("left", "-3", "--layout", "pair2", "--quiet").stdout == ""
        told = json.loads(limit("--json", "--layout", "pair2").stdout)
        assert told["limits"] == [
            {"channel": 0, "driver": "left", "limit_db": -3.0, "design_db": 0.0},
            {"channel": 1, "driver": "right", "limit_db": -12.5, "design_db": -6.02},
        ]
        for arguments, message in (
            (
                ("1", "-6"),
                "limit of channel 1 = -6 dB: allowed are -180.62 to -6.02 dB, the limit in the design",
            ),
            (("2", "-6"), "driver '2': allowed are channels 0 to 1; for names give --layout"),
            (("up", "--layout", "pair2"), "driver 'up': allowed are channels 0 to 1 or 'left', 'right'"),
            (("--layout", "front3"), "--layout front3: 3 drivers, and the board has 2 (layout 'small')"),
        ):
            refused = limit(*arguments)
            assert (refused.returncode, refused.stdout) == (2, ""), arguments
            assert f"error: {message}" in refused.stderr
        # Refused, nothing has changed; and back up to the design's, as it was shown.
        assert json.loads(limit("1", "--json").stdout)["limits"][0]["limit_db"] == -12.5
        assert limit("1", "-6.02").stdout.endswith(": channel 1: -6.02 dBFS (the design's)\n")
