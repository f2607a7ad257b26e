"""Volume and limiters in C, over the line: every bit, every refusal, and what is told of them."""

import numpy as np
import pytest
from definition import limits
from designs import generate_small

from designer import protocol
from designer.board.session import Board
from designer.errors import HilError
from designer.fixedpoint.limiter_settings import GAIN_ONE, FixedLimiter, to_db
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.toolchain.compiler import build_host_library
from hil_tests.harness.host_core import HostCore, HostTransport
from hil_tests.harness.host_player import HostPlayer

RELEASE = 2**31 // 100


@pytest.fixture
def board(core):
    with Board(HostTransport(core)) as found:
        yield found


def loud(number_format, count=3000, seed=1):
    low, high = limits(number_format)
    return np.random.default_rng(seed).choice([low, high], (count, 3))


def test_the_volume_moves_as_the_model_s(board, bank, number_format):
    x = loud(number_format)
    model = PipelineModel(bank)
    board.start("filters")
    for part, volume_db in zip(np.split(x, [1001, 1500, 2700]), (0.0, -20.0, -np.inf, -0.5), strict=True):
        board.set_volume(volume_db)
        model.volume.target = round(GAIN_ONE * 10 ** (volume_db / 20))
        np.testing.assert_array_equal(board.stream(part, "filters"), model.process(part, "filters"))


def test_limits_are_lowered_as_the_model_s_and_the_limiter_tells_what_it_did(board, bank, number_format):
    x = loud(number_format)
    model = PipelineModel(bank)
    board.start("filters")
    for part, divisor in zip(np.split(x, [1001, 2000]), (1, 16, 2), strict=True):
        for d, limit in enumerate(bank.limiter.limits):
            board.set_limiter(d, limit // divisor, bank.limiter.release)
            model.limiter.limits[d] = limit // divisor
        output = board.stream(part, "filters")
        np.testing.assert_array_equal(output, model.process(part, "filters"))
        assert np.abs(output[80:]).max() <= bank.limiter.limits[0] // divisor + 1
    told = board.status()["limiter_gain_db"]
    assert told == [to_db(gain) for gain in model.limiter.least.tolist()]
    assert min(told) < 0.0


def test_limits_are_told_and_a_start_leaves_them(board, bank):
    design = bank.limiter.limits
    assert board.limits().raw == board.limits().design_raw == design
    assert board.limits().release == bank.limiter.release
    board.set_limiter(1, design[1] // 2, RELEASE)
    board.start()  # it has the design's for itself, and what was set is there again after it
    found = board.limits()
    assert (found.raw, found.design_raw, found.release) == ((design[0], design[1] // 2, *design[2:]), design, RELEASE)


def test_start_measures_at_full_volume_and_the_design_s_limits(board, bank, number_format):
    x = loud(number_format, 500)
    board.set_volume(-30.0)
    board.set_limiter(0, 1, RELEASE)
    np.testing.assert_array_equal(board.process(x, "filters"), PipelineModel(bank).process(x, "filters"))


@pytest.mark.parametrize("gain", [GAIN_ONE + 1, 2**31, 2**32 - 1])
def test_more_than_full_volume_is_refused(board, gain):
    with pytest.raises(HilError, match="E_RANGE"):
        board.link.request(protocol.SET_VOLUME, protocol.SET_VOLUME.payload.pack(gain=gain))


def test_settings_of_the_limiter_out_of_range_are_refused_and_change_nothing(board, bank, number_format):
    most = bank.limiter.limits[0]
    board.start("filters")
    for driver, limit, release in (
        (len(bank.driver_names), 1, RELEASE),
        (255, 1, RELEASE),
        (0, 0, RELEASE),
        (0, most + 1, RELEASE),
        (0, 2**32 - 1, RELEASE),
        (0, most, 2**15 - 1),
        (0, most, 2**31),
    ):
        with pytest.raises(HilError, match="E_RANGE"):
            board.set_limiter(driver, limit, release)
    for reserved in (b"\1\0\0", b"\0\1\0", b"\0\0\x80"):
        request = protocol.SET_LIMITER.payload.pack(driver=0, reserved=reserved, limit=1, release=RELEASE)
        with pytest.raises(HilError, match="SET_LIMITER: the board refuses: E_RANGE"):
            board.link.request(protocol.SET_LIMITER, request)
    x = loud(number_format, 500)
    np.testing.assert_array_equal(board.stream(x, "filters"), PipelineModel(bank).process(x, "filters"))


def test_the_board_s_own_playing_takes_what_was_set(core, bank, number_format):
    """From PLAY on, at the volume that was set, without a ramp: it begins in silence."""
    player = HostPlayer(core)
    full = limits(number_format)[1]
    blocks = np.random.default_rng(4).integers(-full, full, (30, core.block_samples, 2))
    player.set_volume(GAIN_ONE // 8)
    player.claim()
    player.release()
    model = PipelineModel(bank)
    model.volume.jump(GAIN_ONE // 8)
    heard = np.concatenate([player.half_complete(block) for block in blocks])
    size = core.block_samples
    expected = model.process(blocks.reshape(-1, 2))
    np.testing.assert_array_equal(heard[2 * size :], expected[size:-size])


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("hops", [1, 5])
def test_every_form_of_limiter_equals_the_model(number_format, linked, hops, tmp_path):
    low, high = limits(number_format)
    limiter = FixedLimiter((high, high // 4), hops, RELEASE, linked)
    _, bank, _ = generate_small(number_format, tmp_path / "generated", limiter=limiter)
    core = HostCore(build_host_library(tmp_path / "generated", tmp_path / "core.so"))
    for x in (loud(number_format, 1500), np.full((300, 3), low), loud(number_format, 700) // 3):
        expected = PipelineModel(bank).process(x, "filters")
        assert np.abs(expected[:, 1]).max() <= high // 4 + 1
        for block in (None, 1, 23):
            np.testing.assert_array_equal(core.process(x, "filters", block), expected)


@pytest.mark.parametrize("raw", [0, 2**31])
def test_limits_that_no_sample_can_have_are_refused(number_format, raw, tmp_path):
    _, bank, _ = generate_small(number_format, tmp_path / "generated")
    path = tmp_path / "generated" / "design.c"
    text = path.read_text().replace(f"{bank.limiter.limits[0]}, /* 'd0' */", f"{raw}u, /* 'd0' */")
    path.write_text(text)
    assert HostCore(build_host_library(tmp_path / "generated", tmp_path / "core.so")).reset() == -10
