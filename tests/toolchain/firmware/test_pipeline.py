"""The firmware's pipeline against the definition: every bit, every block size, from every past."""

import subprocess
import sys

import numpy as np
import pytest
from definition import filter_matrix, limits
from designs import generate_small
from odd_layouts import ODD
from places import ROOT

from designer.codegen.writer import write
from designer.design.build import build_design
from designer.fixedpoint.dequantised import dequantised_impulse_responses
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.fixedpoint.proof.error_bound import rounding_bound
from designer.layout.load import parse_layout
from designer.toolchain.compiler import build_host_library
from hil_tests.harness.host_core import HostCore

every_design = pytest.mark.parametrize("built", ["direct", "mirrored", "equalised"], indirect=True)

CHANNELS = {"program": 2, "filters": 3}


def signals(number_format, channels, count=700):
    """Noise, full-scale squares of several kinds, and silence with single full-scale samples."""
    low, high = limits(number_format)
    rng = np.random.default_rng(11)
    yield "noise", rng.integers(low, high, (count, channels), endpoint=True)
    yield "loudest", rng.choice([low, high], (count, channels))
    yield "lowest", np.full((count, channels), low)
    yield "highest", np.full((count, channels), high)
    yield "opposite", np.where(np.arange(channels) % 2, low, high) * np.ones((count, 1), dtype=np.int64)
    yield "sparse", np.where(rng.random((count, channels)) < 0.01, low, 0)
    yield "quiet", rng.integers(-3, 4, (count, channels))


@every_design
def test_filters_equal_the_definition(core, bank, number_format):
    for name, samples in signals(number_format, 3):
        np.testing.assert_array_equal(core.process(samples, "filters"), filter_matrix(bank, samples), err_msg=name)


@every_design
@pytest.mark.parametrize("injection_point", ["program", "filters"])
def test_equals_the_model(core, bank, number_format, injection_point):
    for name, samples in signals(number_format, CHANNELS[injection_point], 3000):
        np.testing.assert_array_equal(
            core.process(samples, injection_point), PipelineModel(bank).process(samples, injection_point), err_msg=name
        )


def test_an_impulse_shows_the_taps_in_natural_order(core, bank, number_format):
    _, high = limits(number_format)
    for i in range(3):
        delay = bank.limiter.delay_samples
        # Low enough for no limiter to turn it down.
        height = high // 16
        samples = np.zeros((200 + delay, 3), dtype=np.int64)
        samples[0, i] = height
        output = core.process(samples, "filters")[delay:]
        expected = dequantised_impulse_responses(bank, 200)[:, i].T * height
        # What roundings can do at most; a float64 of 31 bits is exact to a part of a step.
        allowed = rounding_bound(bank) * (high + 1) + 1e-3
        assert (np.abs(output - expected) <= allowed).all()


@pytest.mark.parametrize("injection_point", ["program", "filters"])
@pytest.mark.parametrize("block", [1, 7, 16, 31])
def test_output_does_not_depend_on_the_block_size(core, number_format, injection_point, block):
    low, high = limits(number_format)
    samples = np.random.default_rng(3).integers(low, high, (500, CHANNELS[injection_point]))
    np.testing.assert_array_equal(core.process(samples, injection_point, block), core.process(samples, injection_point))


def test_blocks_may_change_size_on_the_way(core, number_format):
    low, high = limits(number_format)
    rng = np.random.default_rng(4)
    samples = rng.integers(low, high, (600, 2))
    whole = core.process(samples)
    core.reset()
    parts, at = [], 0
    while at < 600:
        size = int(rng.integers(0, 33))
        status, part = core.process_block(samples[at : at + size])
        assert status == 0
        parts.append(part)
        at += size
    np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("injection_point", ["program", "filters"])
def test_reset_forgets_everything(core, number_format, injection_point):
    low, high = limits(number_format)
    rng = np.random.default_rng(5)
    samples = rng.integers(low, high, (300, CHANNELS[injection_point]))
    fresh = core.process(samples, injection_point)
    core.process(rng.integers(low, high, (777, 2)), "program")
    np.testing.assert_array_equal(core.process(samples, injection_point), fresh)


def test_a_block_that_is_too_long_is_refused_and_changes_nothing(core, number_format):
    samples = np.random.default_rng(6).integers(-100, 100, (64, 2))
    core.reset()
    first = core.process_block(samples[:32])[1]
    status, output = core.process_block(samples[:33])
    assert status == -7
    assert not output.any()
    second = core.process_block(samples[32:])[1]
    np.testing.assert_array_equal(np.concatenate([first, second]), core.process(samples))


def test_an_unknown_entry_is_refused(core):
    assert core.library.host_pipeline_reset(core._pipeline, 0) == -8
    assert core.library.host_pipeline_reset(core._pipeline, 3) == -8


def test_a_path_that_looks_beyond_the_history_is_refused(tmp_path):
    generate_small("q15", tmp_path)
    header = tmp_path / "design.h"
    header.write_text(header.read_text().replace("PS_HISTORY_SAMPLES 218", "PS_HISTORY_SAMPLES 208"))
    assert HostCore(build_host_library(tmp_path, tmp_path / "core.so")).reset() == -10


RUN_SANITIZED = """
import sys
sys.path[:0] = {path!r}
from pathlib import Path
import numpy as np
from hil_tests.harness.host_core import HostCore, HostTransport
core = HostCore(Path({library!r}))
low, high = {limits!r}
rng = np.random.default_rng(7)
for injection_point, channels in (("program", 2), ("filters", 3)):
    core.process(rng.choice([low, high], (700, channels)), injection_point)
    core.process(rng.integers(low, high, (700, channels)), injection_point, 13)
line = HostTransport(core)
line.write(rng.integers(0, 256, 50000, dtype=np.uint8).tobytes())
print("clean")
"""


def test_no_undefined_behaviour(number_format, tmp_path):
    generate_small(number_format, tmp_path / "generated")
    flags = ("-fsanitize=undefined", "-fno-sanitize-recover=all")
    library = build_host_library(tmp_path / "generated", tmp_path / "core.so", flags)
    script = RUN_SANITIZED.format(path=[str(ROOT)], library=str(library), limits=limits(number_format))
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (result.stdout, result.stderr) == ("clean\n", "")


def test_the_loudest_paths_behind_an_equaliser_compile_and_are_exact(tmp_path):
    """Its inverse gain makes them louder than any path of one stage: the proof of the board has to have room for it."""
    layout = parse_layout(ODD + "\n[output]\npeak_gain_db = 12\n").model_copy(update={"number_format": "q31x15"})
    result = build_design(layout)
    assert result.fixed.is_equalised
    write(result.sources, tmp_path)
    core = HostCore(build_host_library(tmp_path, tmp_path / "core.so"))
    for name, samples in signals("q31x15", 3, 300):
        expected = PipelineModel(result.fixed).process(samples, "filters")
        np.testing.assert_array_equal(core.process(samples, "filters"), expected, err_msg=name)
