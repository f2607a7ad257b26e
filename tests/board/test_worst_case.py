"""The proof's own worst inputs on the firmware: every accumulator, sum and driver peaks where the proof says."""

import numpy as np
import pytest
from designs import MIRRORED, generate_small

from designer.board.open import QemuBoard
from designer.board.session import Board
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.fixedpoint.proof.overflow import prove
from designer.fixedpoint.proof.worst_case import driver_input, path_input
from designer.toolchain.compiler import build_host_library, build_image
from hil_tests.harness.host_core import HostCore, HostTransport


@pytest.fixture(scope="module", params=["host", "virtual"])
def played(request, number_format, tmp_path_factory):
    """A small mirrored design on the host's core and on the virtual board: bank and open board."""
    directory = tmp_path_factory.mktemp(f"worst-{number_format}")
    layout, bank, digest = generate_small(number_format, directory / "generated", MIRRORED, drivers=3)
    if request.param == "host":
        core = HostCore(build_host_library(directory / "generated", directory / "core.so"))
        board = Board(HostTransport(core), digest, layout)
    else:
        elf = build_image(directory / "generated", "virtual", directory / "firmware.elf").elf
        board = QemuBoard(elf, digest, layout)
    with board:
        yield bank, board


def opposite(bank, samples):
    word = bank.number_format.sample
    return np.where(samples > 0, word.smallest, word.largest)


def test_every_accumulator_peaks_at_its_bound(played):
    bank, board = played
    bounds = {bound.where: bound for bound in prove(bank).of("accumulator")}
    for k, row in enumerate(bank.paths):
        shift = bank.group_exponent(bank.structure.sums[k][0])
        for b, path in enumerate(row):
            if path.taps == 0:
                continue
            bound = bounds[f"driver '{bank.sum_names[k]}' ← input '{bank.bus_names[b]}'"]
            samples = path_input(bank, k, b)
            for signal, extreme in ((samples, bound.most), (opposite(bank, samples), bound.least)):
                board.process(signal, "filters")
                # On the scale of its sum.
                assert board.tap("PATH", k * len(bank.bus_names) + b)[-1] == extreme << (shift - path.exponent)


def test_every_driver_peaks_with_its_worst_input(played):
    bank, board = played
    for d, bound in enumerate(prove(bank).drivers):
        samples = driver_input(bank, d)
        for signal in (samples, opposite(bank, samples)):
            stages = PipelineModel(bank).trace(signal, "filters")
            output = board.process(signal, "filters")
            np.testing.assert_array_equal(output, stages.output)
            sums = [board.tap("SUM", k)[-1] for k in range(len(bank.sum_names))]
            assert sums == stages.sum[-1].tolist()
            g = bank.structure.group_of(d)
            total = sum(bank.structure.sign_of(k, d) * sums[k] for k in bank.structure.sums_of(g))
            total += (1 << bank.group_shift(g)) >> 1
            assert bound.sum.least <= total <= bound.sum.most
            # q15 and q31 are exact; in q31x15 each product's floor may be one way or the other.
            reached = bound.sum.most if signal is samples else bound.sum.least
            taps = sum(
                p.taps << (bank.group_exponent(g) - p.exponent)
                for k in bank.structure.sums_of(g)
                for p in bank.paths[k]
            )
            assert abs(total - reached) <= (2 * taps if bank.number_format.name == "q31x15" else 0)
