"""Built for another block size, the core gives the same bits; a reset leaves nothing of what came before."""

import numpy as np
import pytest
from definition import limits
from designs import MIRRORED, small_bank, small_layout

from designer.codegen.generate import generate
from designer.codegen.writer import write
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.toolchain.compiler import build_host_library
from hil_tests.harness.host_core import HostCore


# A layout admits every multiple of 16 from 16 to 256.
@pytest.mark.parametrize("block", [16, 48, 112, 256])
def test_every_block_size_gives_the_same_bits(number_format, block, tmp_path):
    layout = small_layout(number_format, drivers=3).model_copy(update={"block_samples": block})
    bank = small_bank(layout, structure=MIRRORED, equalised=(True, True, False))
    write(generate(layout, bank), tmp_path / "generated")
    core = HostCore(build_host_library(tmp_path / "generated", tmp_path / "core.so"))
    low, high = limits(number_format)
    samples = np.random.default_rng(block).integers(low, high, (700, 3), endpoint=True)
    expected = PipelineModel(bank).process(samples, "filters")
    # Whole blocks, then one that is cut off, then what a reset must have forgotten.
    np.testing.assert_array_equal(core.process(samples, "filters"), expected)
    core.reset("filters")
    np.testing.assert_array_equal(core.process(samples, "filters", block // 2 + 1), expected)
    program = samples[:, :2]
    np.testing.assert_array_equal(core.process(program), PipelineModel(bank).process(program))
