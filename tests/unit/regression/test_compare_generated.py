"""The verdict on signals that a board generates, with a board of this process that can be wrong in many ways."""

import dataclasses
import json
import time
import zlib
from types import SimpleNamespace

import numpy as np
import pytest
from banks import random_bank

from designer.fixedpoint.model.generator import GeneratedSignal
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.regression.compare_generated import BLOCKS_PER_CRC, WARM_UP_BLOCKS, verify_generated

SIZE = 32
SIGNAL = GeneratedSignal("noise", 7, 1)


class ModelBoard:
    """A board whose arithmetic is the model's.  `wrong` says what it adds to the output of a block.

    It is called with the number of the block in the signal, and of the block and the start since power was given.
    """

    def __init__(self, bank, wrong=lambda block, since_start, start: 0, answer=lambda crcs, call: crcs):
        self.info = SimpleNamespace(block_samples=SIZE)
        self._bank, self._wrong, self._answer = bank, wrong, answer
        self._starts = self._calls = 0
        self.requests = []

    def start(self, injection_point="program"):
        self._point, self._model, self._blocks = injection_point, PipelineModel(self._bank), 0
        self._starts += 1

    def generate(self, signal, requests):
        crcs = []
        for request in requests:
            self.requests.append(request)
            output = [self._block(signal, request.position + n * SIZE) for n in range(request.blocks)]
            step = request.blocks_per_crc
            # The length of a reply allows no more.
            assert -(-len(output) // step) <= 256
            crcs += [zlib.crc32(b"".join(output[n : n + step])) for n in range(0, len(output), step)]
        self._calls += 1
        return self._answer(crcs, self._calls)

    def _block(self, signal, position):
        samples = signal.samples(self._bank.number_format, self._point, position, SIZE)
        stages = self._model.trace(samples, self._point)
        output = stages.output + self._wrong(position // SIZE, self._blocks, self._starts)
        self._stages = dataclasses.replace(stages, output=output)
        self._blocks += 1
        return output.astype(self._bank.number_format.sample_dtype).tobytes()

    def tap(self, stage, index):
        return getattr(self._stages, stage)[:, index]


@pytest.fixture
def bank():
    return random_bank(4, "q15")[1]


def verify(board, bank, blocks, point="program", progress=None):
    more = {} if progress is None else {"progress": progress}
    return verify_generated(board, bank, SIGNAL, point, blocks * SIZE / bank.sample_rate_hz, **more)


@pytest.mark.parametrize("point", ["program", "filters"])
@pytest.mark.parametrize("blocks", [1, 16, 17, 100])
def test_a_board_that_agrees_is_bit_exact(bank, blocks, point):
    seen, began = [], time.monotonic()
    board = ModelBoard(bank)
    report = verify(board, bank, blocks, point, lambda done, total: seen.append((done, total)))
    assert 0 < report.wall_s <= time.monotonic() - began
    assert report.bit_exact
    assert (report.frames, report.crcs) == (blocks * SIZE, -(-blocks // BLOCKS_PER_CRC))
    assert (report.difference, report.fault) == (None, "")
    assert (report.signal, report.injection_point, report.seed, report.attenuation) == ("noise", point, 7, 1)
    assert seen[-1] == (blocks * SIZE, blocks * SIZE)
    assert seen == sorted(seen)
    assert report.times_real_time == pytest.approx(report.frames / bank.sample_rate_hz / report.wall_s)
    # The first request only measures the speed.
    assert sum(request.blocks for request in board.requests[1:]) == blocks


@pytest.mark.parametrize(("seconds", "blocks"), [(0.0, 1), (SIZE / 48000, 1), ((SIZE + 1) / 48000, 2)])
def test_a_time_is_rounded_up_to_whole_blocks(bank, seconds, blocks):
    assert verify_generated(ModelBoard(bank), bank, SIGNAL, "program", seconds).frames == blocks * SIZE


@pytest.mark.parametrize("block", [0, 15, 16, 40, 47])
@pytest.mark.parametrize("step", [1, -1])
def test_one_wrong_bit_is_found_where_it_is(bank, block, step):
    error = np.zeros((SIZE, 2), dtype=np.int64)
    error[5, 1] = step
    board = ModelBoard(bank, lambda at, since, start: error if at == block else 0)
    report = verify(board, bank, 48)
    assert not report.bit_exact
    # What agreed before is counted, and nothing after.
    whole = block // BLOCKS_PER_CRC
    assert (report.crcs, report.frames) == (whole, whole * BLOCKS_PER_CRC * SIZE)
    found = report.difference
    assert (found.stage, found.channel, found.sample) == ("output", "driver 'd1'", block * SIZE + 5)
    assert found.board - found.model == step
    assert report.fault == f"block {block}: {found}"


def test_the_search_begins_shortly_before_the_difference(bank):
    block = WARM_UP_BLOCKS + 100
    board = ModelBoard(bank, lambda at, since, start: int(at == block))
    report = verify(board, bank, block + 20)
    assert report.difference.sample == block * SIZE
    begun = block // BLOCKS_PER_CRC * BLOCKS_PER_CRC - WARM_UP_BLOCKS
    repeated = [request.position for request in board.requests if request.blocks_per_crc == 1]
    assert min(repeated) == begun * SIZE


def test_a_fault_that_needs_the_whole_past_is_found_from_the_start(bank):
    """It comes so many blocks after the start: the search from shortly before it finds nothing."""
    block = WARM_UP_BLOCKS + 100
    board = ModelBoard(bank, lambda at, since, start: int(since == block))
    report = verify(board, bank, block + 20)
    assert report.difference.sample == block * SIZE
    assert report.fault.startswith(f"block {block}: driver 'd0', sample {block * SIZE}: board ")


def test_a_fault_that_does_not_repeat_still_fails(bank):
    # The first start is for the speed, the second for the comparison.
    board = ModelBoard(bank, lambda at, since, start: int(at == 20 and start == 2))
    report = verify(board, bank, 40)
    assert not report.bit_exact
    assert report.difference is None
    assert report.fault == "blocks 16 to 31: the output differed once; repeated, it was right"


def test_the_last_blocks_of_all_are_named_as_they_are(bank):
    board = ModelBoard(bank, lambda at, since, start: int(at == 33 and start == 2))
    assert verify(board, bank, 35).fault == "blocks 32 to 34: the output differed once; repeated, it was right"


@pytest.mark.parametrize(
    ("answer", "crcs", "blocks"),
    [
        (lambda crcs: crcs[:-1], 2, "32 to 47"),
        (lambda crcs: [], 0, "0 to 15"),
        (lambda crcs: [*crcs, crcs[-1]], 3, "47 to 47"),
    ],
)
def test_a_board_that_answers_too_little_or_too_much_fails(bank, answer, crcs, blocks):
    board = ModelBoard(bank, answer=lambda found, call: answer(found) if call == 2 else found)
    report = verify(board, bank, 48)
    assert not report.bit_exact
    assert report.crcs == crcs
    assert report.fault == f"blocks {blocks}: the output differed once; repeated, it was right"


def test_the_report_keeps_its_keys(bank):
    plain = verify(ModelBoard(bank, lambda at, since, start: int(at == 3)), bank, 16).to_dict()
    assert list(plain) == [
        "entry",
        "signal",
        "seed",
        "attenuation",
        "frames",
        "crcs",
        "bit_exact",
        "difference",
        "fault",
        "wall_s",
        "times_real_time",
    ]
    assert plain["entry"] == "program"
    assert plain["difference"]["stage"] == "output"
    assert json.loads(json.dumps(plain)) == plain
    assert verify(ModelBoard(bank), bank, 16).to_dict()["difference"] is None
