"""The player: the model's output in time; silence, never old samples, when it comes too late."""

import numpy as np
import pytest
from designs import retuned_bank

from designer import protocol
from designer.board.health import read_health
from designer.codegen.digest import design_digest
from designer.codegen.table_set import pack
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.fixedpoint.number_format import NumberFormat
from hil_tests.harness.host_player import HostPlayer


@pytest.fixture
def player(core):
    return HostPlayer(core)


@pytest.fixture
def blocks(core, number_format):
    """Thirty blocks of loud stereo."""
    full = NumberFormat.named(number_format).sample.largest
    return np.random.default_rng(4).integers(-full, full + 1, (30, core.block_samples, 2))


def largest_step(heard):
    """Between one sample and the next, over all drivers."""
    return int(np.max(np.abs(np.diff(heard, axis=0))))


def steady(player, core, full, count=40):
    """Play a constant level, whose output is constant once the upmix has settled; the level of each driver."""
    block = np.full((core.block_samples, 2), full // 4)
    for _ in range(count):
        heard = player.half_complete(block)
    assert largest_step(heard) == 0
    return block, heard[-1]


def test_plays_what_the_model_plays_two_blocks_later(player, core, bank, blocks):
    heard = np.concatenate([player.half_complete(block) for block in blocks])
    size = core.block_samples
    expected = PipelineModel(bank).process(blocks.reshape(-1, 2))
    # A block is recorded, processed during the next block, heard from the block after it. The first one fades in.
    np.testing.assert_array_equal(heard[:size], 0)
    np.testing.assert_array_equal(heard[2 * size :], expected[size:-size])
    assert (player.state, player.misses, player.muted) == ("PLAYING", 0, False)
    assert player.peak(0) == np.max(np.abs(expected[:, 0]))


def test_health_tells_peaks_with_full_scale_1(player, core, bank, number_format, blocks):
    """Full scale is that of the samples, whatever the coefficients have."""
    for block in blocks:
        player.half_complete(block)
    player.half_complete(blocks[0], process=False)
    told = read_health(player.request(protocol.HEALTH), NumberFormat.named(number_format), core.drivers)
    lsb = NumberFormat.named(number_format).sample.lsb
    assert [told["peak_left"], told["peak_right"]] == (np.abs(blocks).max(axis=(0, 1)) * lsb).tolist()
    expected = PipelineModel(bank).process(blocks.reshape(-1, 2))
    assert told["peaks"] == (np.abs(expected).max(axis=0) * lsb).tolist()
    # They start anew.
    assert (
        read_health(player.request(protocol.HEALTH), NumberFormat.named(number_format), core.drivers)["peaks"]
        == [0.0] * core.drivers
    )


def test_the_first_block_fades_in(player, core, bank, blocks):
    heard = [player.half_complete(block) for block in blocks[:2]][1]
    size = core.block_samples
    ramp = np.arange(1, size + 1)[:, None]
    expected = PipelineModel(bank).process(blocks[0])
    # C divides toward zero.
    np.testing.assert_array_equal(heard, np.sign(expected) * (np.abs(expected) * ramp // size))


@pytest.mark.parametrize("late_halves", [1, 2, 3])
def test_a_late_block_is_counted_and_heard_as_a_fade_to_silence(player, core, number_format, late_halves):
    full = NumberFormat.named(number_format).sample.largest
    block, level = steady(player, core, full)
    late = player.half_complete(block, late_halves=late_halves)
    assert player.misses == late_halves
    heard = np.concatenate([level[None], late, *(player.half_complete(block) for _ in range(8))])
    assert np.any(np.all(heard == 0, axis=1))
    # No step is larger than that of a straight line from the level to nothing in one block.
    assert largest_step(heard) <= int(np.max(np.abs(level))) // core.block_samples + 1
    np.testing.assert_array_equal(heard[-1], level)
    assert player.state == "PLAYING"


def test_work_that_never_begins_is_a_fade_and_then_silence(player, core, number_format):
    full = NumberFormat.named(number_format).sample.largest
    block, level = steady(player, core, full)
    heard = [level[None], *(player.half_complete(block, process=False) for _ in range(4))]
    assert largest_step(np.concatenate(heard)) <= int(np.max(np.abs(level))) // core.block_samples + 1
    np.testing.assert_array_equal(heard[-1], 0)
    assert player.misses == 3


def test_a_block_that_the_output_has_reached_is_late(player, core, number_format):
    """The output runs ahead of the input: a block may be too late although the input's half has not ended."""
    full = NumberFormat.named(number_format).sample.largest
    block, level = steady(player, core, full)
    player.set_time(False)
    late = player.half_complete(block)
    player.set_time(True)
    assert player.misses == 1
    heard = np.concatenate([level[None], late, *(player.half_complete(block) for _ in range(4))])
    assert np.any(np.all(heard == 0, axis=1))
    assert largest_step(heard) <= int(np.max(np.abs(level))) // core.block_samples + 1
    np.testing.assert_array_equal(heard[-1], level)


def test_converters_that_start_anew_begin_muted_from_silence_with_a_fade(player, core, number_format):
    full = NumberFormat.named(number_format).sample.largest
    block, level = steady(player, core, full)
    player.restart()
    assert player.muted
    heard = np.concatenate([player.half_complete(block) for _ in range(5)])
    assert not player.muted
    np.testing.assert_array_equal(heard[: core.block_samples], 0)
    assert largest_step(heard) <= int(np.max(np.abs(level))) // core.block_samples + 1
    np.testing.assert_array_equal(heard[-1], level)
    assert (player.state, player.misses) == ("PLAYING", 0)


def test_converters_that_start_anew_stay_muted_while_a_host_has_the_pipeline(player, blocks):
    for block in blocks[:4]:
        player.half_complete(block)
    player.claim()
    player.restart()
    for block in blocks[:4]:
        player.half_complete(block)
    assert (player.state, player.muted, player.paused) == ("SERIAL", True, True)


def test_always_late_is_an_overload_that_mutes(player, blocks):
    for n in range(200):
        player.half_complete(blocks[n % len(blocks)], late_halves=1)
        if player.state == "OVERLOAD":
            break
    assert n < 32
    assert player.muted
    for _ in range(3):
        player.half_complete(blocks[0])
    assert player.paused
    np.testing.assert_array_equal(player.half_complete(blocks[0]), 0)


def test_one_late_block_in_five_is_borne_for_ever(player, blocks):
    for n in range(600):
        player.half_complete(blocks[n % len(blocks)], late_halves=1 if n % 5 == 4 else 0)
    assert player.state == "PLAYING"
    assert player.misses == 120


def test_a_claim_fades_to_silence_and_a_release_starts_anew(player, core, bank, number_format, blocks):
    full = NumberFormat.named(number_format).sample.largest
    block, level = steady(player, core, full)
    player.claim()
    heard = np.concatenate([level[None], *(player.half_complete(block) for _ in range(4))])
    assert largest_step(heard) <= int(np.max(np.abs(level))) // core.block_samples + 1
    np.testing.assert_array_equal(heard[-core.block_samples :], 0)
    assert (player.state, player.muted, player.paused) == ("SERIAL", True, True)
    player.release()
    assert (player.state, player.muted, player.paused) == ("PLAYING", False, False)
    heard = np.concatenate([player.half_complete(block) for block in blocks])
    size = core.block_samples
    np.testing.assert_array_equal(heard[2 * size :], PipelineModel(bank).process(blocks.reshape(-1, 2))[size:-size])


# --- tables that are too many for the deadlines


def retune(player, built, seed):
    """Bring other tables, as a host does; their digest."""
    layout, bank, _, _ = built
    other = retuned_bank(layout, bank, seed)
    tables = pack(layout, other, design_digest(layout, other))
    player.request(protocol.TUNE_BEGIN, tables.begin)
    for offset in range(0, len(tables.tables), 512):
        part = tables.tables[offset : offset + 512]
        player.request(protocol.TUNE_DATA, protocol.TUNE_DATA.payload.pack(offset=offset) + part)
    player.request(protocol.TUNE_APPLY)
    return tables.digest


def overload(player, block):
    for _ in range(64):
        player.half_complete(block, late_halves=1)
    assert player.state == "OVERLOAD"


def kept(player):
    return protocol.TABLES_REPLY.payload.unpack(player.request(protocol.TABLES))["committed"]


def test_tables_that_overload_the_board_are_not_kept(player, built, blocks):
    retune(player, built, 2)
    overload(player, blocks[0])
    for _ in range(2):
        with pytest.raises(ValueError, match="TUNE_COMMIT: E_OVERLOAD"):
            player.request(protocol.TUNE_COMMIT)
        # Refused, it has changed nothing: nothing is written, and the overload has not begun anew.
        assert (player.state, player.flash_operations, kept(player)) == ("OVERLOAD", 0, 0)
    # Nor does a host that takes the pipeline make them quicker.
    player.request(protocol.START, protocol.START.payload.pack(injection_point=protocol.INJECTION_POINT["PROGRAM"]))
    with pytest.raises(ValueError, match="TUNE_COMMIT: E_OVERLOAD"):
        player.request(protocol.TUNE_COMMIT)
    assert (player.state, player.flash_operations) == ("SERIAL", 0)
    # And once more from silence: late as before.
    player.request(protocol.PLAY)
    player.half_complete(blocks[0], late_halves=1)
    with pytest.raises(ValueError, match="TUNE_COMMIT: E_OVERLOAD"):
        player.request(protocol.TUNE_COMMIT)


def test_tables_in_the_place_of_those_are_kept(player, built, blocks):
    retune(player, built, 2)
    overload(player, blocks[0])
    player.request(protocol.PLAY)  # ends the fade, which stood still
    overload(player, blocks[0])
    retune(player, built, 3)
    player.request(protocol.PLAY)
    player.request(protocol.TUNE_COMMIT)
    assert (player.state, kept(player)) == ("PLAYING", 1)


def test_the_mark_of_an_overload_goes_with_its_tables(player, built, blocks):
    """The third tables lie where the first did, which overloaded the board.  They are others."""
    retune(player, built, 2)
    overload(player, blocks[0])
    player.request(protocol.PLAY)  # ends the fade, which stood still
    overload(player, blocks[0])
    for seed in (3, 4):
        retune(player, built, seed)
        player.claim()
        player.release()
    player.request(protocol.TUNE_COMMIT)
    assert kept(player) == 1


def test_tables_that_keep_up_after_all_are_kept(player, built, blocks):
    """What was late may have been something else: a block in time after PLAY shows it."""
    retune(player, built, 2)
    overload(player, blocks[0])
    player.request(protocol.PLAY)
    for block in blocks[:2]:
        player.half_complete(block)
    player.request(protocol.TUNE_COMMIT)
    assert kept(player) == 1
