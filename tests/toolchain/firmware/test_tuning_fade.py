"""A fade to new tables while the board plays: the bit-exact model's in every bit, and without a step."""

from dataclasses import replace

import numpy as np
import pytest
from tuned_tables import HISTORY, fade_of, noise, retuned

from designer import protocol
from designer.board.tune import tables_of, upload
from designer.codegen.digest import design_digest
from designer.codegen.table_set import pack
from designer.errors import HilError
from designer.fixedpoint.model.crossfade import group_samples, warm_up_samples
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.fixedpoint.number_format import NumberFormat


@pytest.mark.parametrize("block", [32, 7])
def test_the_fade_is_the_models_to_the_last_bit(board, design, number_format, block):
    layout, bank, digest, _ = design
    other, tables = retuned(layout, bank)
    # Below every limit: a limiter would remember what the old tables made of it.
    samples = noise(number_format, 3000) // 8
    model = PipelineModel(bank, HISTORY)
    expected = [model.process(samples[:500])]
    model.tune(other, *fade_of(layout, other))
    expected.append(model.process(samples[500:]))
    board.start()
    heard = [board.stream(samples[:500])]
    upload(board.link, tables)
    assert tables_of(board.link).fading
    # However the samples are cut: the blocks of a message are at most those of the board.
    for start in range(500, 3000, block):
        heard.append(board.stream(samples[start : start + block]))
    np.testing.assert_array_equal(np.concatenate(heard), np.concatenate(expected))
    found = tables_of(board.link)
    assert (found.fading, found.digest, found.source) == (False, tables.digest, "LINE")
    # All of it within 20 ms, and from there on only the new tables.
    assert found.fade_samples <= 0.020 * bank.sample_rate_hz
    fresh = PipelineModel(other, HISTORY)
    fresh.process(samples[:500])
    fresh.forget_decisions()
    over = found.fade_samples + bank.limiter.delay_samples
    np.testing.assert_array_equal(np.concatenate(heard)[500 + over :], fresh.process(samples[500:])[over:])
    # What plays is what HELLO names.
    assert (
        bytes(protocol.HELLO_REPLY.payload.unpack(board.link.request(protocol.HELLO))["digest"]).hex() == tables.digest
    )
    assert tables.digest != digest


def test_until_the_fade_is_over_the_old_design_is_named(board, design):
    layout, bank, digest, _ = design
    _, tables = retuned(layout, bank)
    board.start()
    upload(board.link, tables)
    before = tables_of(board.link)
    assert (before.fading, before.digest, before.source) == (True, digest, "IMAGE")
    frames = before.fade_samples
    board.stream(np.zeros((frames - 1, 2), dtype=int))
    assert tables_of(board.link).digest == digest
    board.stream(np.zeros((1, 2), dtype=int))
    assert tables_of(board.link).digest == tables.digest


def test_no_step_is_larger_than_the_signals_own_and_the_ramps(board, design, number_format):
    layout, bank, _, _ = design
    other, tables = retuned(layout, bank)
    level = np.full((4000, 2), NumberFormat.named(number_format).sample.largest // 4)
    before, after = (PipelineModel(b, HISTORY).process(level)[-1] for b in (bank, other))
    board.start()
    heard = [board.stream(level)[-1:]]
    upload(board.link, tables)
    heard.append(board.stream(level))
    steps = np.abs(np.diff(np.concatenate(heard), axis=0))
    # A constant level through both banks: a straight line between two constants, its weights floored to 1 / 2^15 and
    # each sample rounded.
    steepest = -(-(2**15) // fade_of(layout, other)[0]) / 2**15
    assert np.all(steps <= np.abs(after - before) * steepest + 1)
    np.testing.assert_array_equal(heard[1][-1], after)


def test_a_start_ends_a_fade(board, design, number_format):
    layout, bank, _, _ = design
    other, tables = retuned(layout, bank)
    board.start()
    upload(board.link, tables)
    samples = noise(number_format, 300)
    np.testing.assert_array_equal(board.process(samples), PipelineModel(other).process(samples))
    assert tables_of(board.link).digest == tables.digest


def test_tuning_again_and_again_takes_turns_with_the_banks(board, design, number_format):
    layout, bank, _, _ = design
    model = PipelineModel(bank, HISTORY)
    board.start()
    for seed in range(2, 7):
        other, tables = retuned(layout, bank, seed)
        samples = noise(number_format, 1500, seed=seed)
        upload(board.link, tables)
        model.tune(other, *fade_of(layout, other))
        np.testing.assert_array_equal(board.stream(samples), model.process(samples))
        assert tables_of(board.link).digest == tables.digest


def test_while_a_fade_is_under_way_no_second_one_begins(board, design):
    layout, bank, _, _ = design
    board.start()
    upload(board.link, retuned(layout, bank, 2)[1])
    with pytest.raises(HilError, match="TUNE_APPLY: the board refuses: E_BUSY"):
        upload(board.link, retuned(layout, bank, 3)[1])
    board.stream(np.zeros((1000, 2), dtype=int))
    upload(board.link, retuned(layout, bank, 3)[1])


@pytest.mark.parametrize("built", ["equalised"], indirect=True)
@pytest.mark.parametrize("block", [32, 7])
def test_a_direct_design_plays_on_an_equalised_image_and_goes_again(board, design, number_format, block):
    layout, bank, _, _ = design
    direct = replace(bank, equalisers=())
    tables = pack(layout, direct, design_digest(layout, direct))
    samples = noise(number_format, 3000) // 8
    model = PipelineModel(bank, HISTORY)
    board.start()
    for packed, other in ((tables, direct), (pack(layout, bank, "33" * 32), bank)):
        expected = [model.process(samples[:500])]
        heard = [board.stream(samples[:500])]
        upload(board.link, packed)
        # What reads the buses that the image equalises waits for its past as ever.
        warm_up = warm_up_samples(bank, layout.block_samples)
        groups = len(bank.structure.groups)
        model.tune(other, group_samples(bank.sample_rate_hz, groups, layout.block_samples, warm_up), warm_up)
        expected.append(model.process(samples[500:]))
        heard += [board.stream(samples[n : n + block]) for n in range(500, 3000, block)]
        np.testing.assert_array_equal(np.concatenate(heard), np.concatenate(expected))
        assert tables_of(board.link).digest == packed.digest


def test_tables_from_the_line_compute_what_those_of_the_image_do(board, design, number_format):
    layout, bank, _, _ = design
    _, tables = retuned(layout, bank, 1)
    samples = noise(number_format, 700, 3)
    expected = board.process(samples, "filters")
    upload(board.link, tables)
    np.testing.assert_array_equal(board.process(samples, "filters"), expected)
    assert tables_of(board.link).source == "LINE"
