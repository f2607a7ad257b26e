"""Tables, volume and limits that change while the loudest signals play: every bit the model's, every limit kept."""

from dataclasses import replace

import numpy as np
import pytest
from definition import limits
from designs import MIRRORED, generate_small, retuned_bank

from designer.board.session import Board
from designer.board.tune import tables_of, upload
from designer.codegen.digest import design_digest
from designer.codegen.table_set import pack
from designer.fixedpoint.limiter_settings import GAIN_ONE, FixedLimiter
from designer.fixedpoint.model.crossfade import group_samples, warm_up_samples
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.toolchain.compiler import build_host_library
from hil_tests.harness.host_core import HostCore, HostTransport

HISTORY = 218  # of the small design's image


@pytest.fixture(params=[True, False], ids=["linked", "apart"])
def design(request, number_format, tmp_path):
    high = limits(number_format)[1]
    limiter = FixedLimiter((high, high // 3, high // 50), 3, 2**31 // 50, request.param)
    layout, bank, _ = generate_small(
        number_format, tmp_path / "generated", MIRRORED, limiter, (True, True, False), drivers=3
    )
    return layout, bank, HostCore(build_host_library(tmp_path / "generated", tmp_path / "core.so"))


def signal(rng, number_format, count):
    """Full scale at rest, alternating, at random, a lone least sample, or silence."""
    low, high = limits(number_format)
    lone = np.zeros((count, 3), dtype=np.int64)
    lone[rng.integers(count)] = low
    return (
        np.full((count, 3), low),
        np.full((count, 3), high),
        np.where(np.arange(count)[:, None] % 2 == 0, low, high) * np.ones(3, dtype=np.int64),
        rng.choice([low, high], (count, 3)),
        lone,
        lone * 0,
    )[rng.integers(6)]


def test_whatever_is_set_in_whatever_order_every_bit_is_the_models_and_every_limit_is_kept(design, number_format):
    layout, bank, core = design
    rng = np.random.default_rng(11)
    board, model = Board(HostTransport(core)), PipelineModel(bank, HISTORY)
    board.start("filters")
    allowed = np.array(bank.limiter.limits)
    # A limit that is lowered holds for what enters from then on: what entered before leaves within the delay.
    since, before = 10**6, allowed.copy()
    fades = 0
    for step in range(60):
        match rng.integers(5):
            case 0 if not tables_of(board.link).fading:
                other = retuned_bank(layout, bank, int(rng.integers(2, 9)))
                other = replace(other, limiter=bank.limiter)
                upload(board.link, pack(layout, other, design_digest(layout, other)))
                warm_up = warm_up_samples(other, layout.block_samples)
                groups = len(bank.structure.groups)
                model.tune(other, group_samples(bank.sample_rate_hz, groups, layout.block_samples, warm_up), warm_up)
                fades += 1
            case 1:
                volume_db = float(rng.choice([0.0, -3.0, -40.0, -np.inf]))
                board.set_volume(volume_db)
                model.volume.target = round(GAIN_ONE * 10 ** (volume_db / 20))
            case 2:
                d = int(rng.integers(3))
                limit = max(int(bank.limiter.limits[d] * 10 ** rng.uniform(-3, 0)), 1)
                board.set_limiter(d, limit, bank.limiter.release)
                before = np.maximum(allowed, before if since < bank.limiter.delay_samples else 0)
                model.limiter.limits[d] = allowed[d] = limit
                since = 0
        x = signal(rng, number_format, int(rng.integers(1, 200)))
        output = board.stream(x, "filters")
        np.testing.assert_array_equal(output, model.process(x, "filters"), err_msg=f"step {step}")
        old = max(bank.limiter.delay_samples - since, 0)
        highest = np.where(np.arange(x.shape[0])[:, None] < old, np.maximum(before, allowed), allowed)
        assert np.all(output <= highest)
        assert np.all(output >= -highest - 1)
        since += x.shape[0]
    assert fades >= 3
    assert max(board.status()["limiter_gain_db"]) < 0
