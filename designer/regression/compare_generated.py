"""Comparison of a signal that the board generates itself.  Only CRC-32s of the output cross the line.

The bit-exact model computes the same output at the same time.  If a CRC differs, the board runs the block again, and
the host reads every stage of it.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from designer.board.session import Board, GenerateRequest
from designer.dsp.engine import InjectionPoint
from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.model.generator import GeneratedSignal
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.regression.first_difference import StageDifference, first_difference, memory_blocks

# The answer must come well within the time-out of the link, with four requests under way.
REQUEST_S = 0.25
MAX_REQUEST_BLOCKS = 4096
BATCH_REQUESTS = 16
BLOCKS_PER_CRC = 16
# The search for a fault begins this many blocks before the one that differs.  If it finds nothing, it begins at the
# start.
WARM_UP_BLOCKS = 256


@dataclass(frozen=True)
class GeneratedReport:
    """Results of one generated signal.

    Attributes
    ----------
    signal, injection_point : str
    seed, attenuation : int
    frames : int
        Frames compared.
    crcs : int
        CRC-32s compared and equal.
    bit_exact : bool
    difference : StageDifference or None
        The first stage that differs.
    fault : str
        Description of the difference; empty when bit exact.
    wall_s : float
        Time taken, board and model together.
    times_real_time : float
    """

    signal: str
    injection_point: str
    seed: int
    attenuation: int
    frames: int
    crcs: int
    bit_exact: bool
    difference: StageDifference | None
    fault: str
    wall_s: float
    times_real_time: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; the injection point has the key ``entry`` there."""
        values = asdict(self)
        difference = None if self.difference is None else self.difference.to_dict()
        return {"entry": values.pop("injection_point"), **values, "difference": difference}


def verify_generated(
    board: Board,
    bank: FixedPointBank,
    signal: GeneratedSignal,
    injection_point: InjectionPoint,
    seconds: float,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> GeneratedReport:
    """Compare board and bit-exact model on a signal that the board generates itself.

    Parameters
    ----------
    board : Board
        Open; runs the design.
    bank : FixedPointBank
        The design.
    signal : GeneratedSignal
    injection_point : 'program' or 'filters'
    seconds : float
        Rounded up to whole blocks.
    progress : callable
        Called from time to time with the number of frames done and of all frames.

    Raises
    ------
    HilError
        If the board refuses or does not answer.
    """
    size, began = board.info.block_samples, time.monotonic()
    blocks = max(1, -(-round(seconds * bank.sample_rate_hz) // size))
    done, crcs, wrong = _compare_crcs(board, bank, signal, injection_point, blocks, progress)
    wall_s = time.monotonic() - began
    difference, fault = (None, "") if wrong is None else _explain(board, bank, signal, injection_point, wrong, blocks)
    frames = (done if wrong is None else wrong) * size
    return GeneratedReport(
        signal.name,
        injection_point,
        signal.seed,
        signal.attenuation,
        frames,
        crcs,
        wrong is None,
        difference,
        fault,
        wall_s,
        frames / bank.sample_rate_hz / wall_s,
    )


def _compare_crcs(
    board: Board,
    bank: FixedPointBank,
    signal: GeneratedSignal,
    injection_point: InjectionPoint,
    blocks: int,
    progress: Callable[[int, int], None],
) -> tuple[int, int, int | None]:
    """Compare CRC-32s of the output until all blocks are done or one CRC-32 differs.

    Returns
    -------
    done : int
        Blocks that the board ran.
    crcs : int
        CRC-32s that are equal.
    wrong : int or None
        First block of the CRC-32 that differs.
    """
    size = board.info.block_samples
    request_blocks = _request_blocks(board, signal, injection_point)
    board.start(injection_point)
    model, done, crcs, wrong = PipelineModel(bank), 0, 0, None
    with ThreadPoolExecutor(1) as pool:
        while done < blocks and wrong is None:
            batch = list(_requests(done, blocks, request_blocks, size))
            # NumPy and BLAS release the interpreter lock, so the link runs at the same time.
            expecting = pool.submit(_expected, model, signal, injection_point, bank, batch, size)
            seen = board.generate(signal, batch)
            expected = expecting.result()
            # A board that answers with too few or too many CRCs differs as well.
            pairs = [*zip(seen, expected, strict=False)]
            agreed = next((n for n, (ours, theirs) in enumerate(pairs) if ours != theirs), len(pairs))
            crcs += agreed
            if agreed < max(len(seen), len(expected)):
                wrong = min(done + agreed * BLOCKS_PER_CRC, blocks - 1)
            done += sum(request.blocks for request in batch)
            progress(done * size, blocks * size)
    return done, crcs, wrong


def _request_blocks(board: Board, signal: GeneratedSignal, injection_point: InjectionPoint) -> int:
    """Blocks that the board runs in `REQUEST_S`, a multiple of `BLOCKS_PER_CRC`; its speed is measured first."""
    board.start(injection_point)
    began = time.monotonic()
    board.generate(signal, [GenerateRequest(0, BLOCKS_PER_CRC, BLOCKS_PER_CRC)])
    per_stretch = time.monotonic() - began
    stretches = int(min(REQUEST_S / per_stretch, MAX_REQUEST_BLOCKS / BLOCKS_PER_CRC))
    return BLOCKS_PER_CRC * max(stretches, 1)


def _requests(done: int, blocks: int, request_blocks: int, size: int) -> Iterator[GenerateRequest]:
    for start in range(done, min(done + BATCH_REQUESTS * request_blocks, blocks), request_blocks):
        yield GenerateRequest(start * size, min(request_blocks, blocks - start), BLOCKS_PER_CRC)


def _expected(
    model: PipelineModel,
    signal: GeneratedSignal,
    injection_point: InjectionPoint,
    bank: FixedPointBank,
    batch: list[GenerateRequest],
    size: int,
) -> list[int]:
    crcs = []
    for request in batch:
        samples = signal.samples(bank.number_format, injection_point, request.position, request.blocks * size)
        output = model.process(samples, injection_point).astype(bank.number_format.sample_dtype)
        model.forget_decisions()
        stretch = request.blocks_per_crc * size
        crcs += [zlib.crc32(output[n : n + stretch].tobytes()) for n in range(0, output.shape[0], stretch)]
    return crcs


def _explain(
    board: Board,
    bank: FixedPointBank,
    signal: GeneratedSignal,
    injection_point: InjectionPoint,
    wrong: int,
    blocks: int,
) -> tuple[StageDifference | None, str]:
    """Run again from shortly before the difference, else from the start, and compare every stage."""
    last = min(wrong + BLOCKS_PER_CRC, blocks)
    for start in dict.fromkeys((max(0, wrong - WARM_UP_BLOCKS), 0)):
        block = _first_wrong_block(board, bank, signal, injection_point, start, last)
        if block is None:
            continue
        difference = _look(board, bank, signal, injection_point, start, block)
        if difference is not None:
            return difference, f"block {block}: {difference}"
    return None, f"blocks {wrong} to {last - 1}: the output differed once; repeated, it was right"


def _first_wrong_block(
    board: Board, bank: FixedPointBank, signal: GeneratedSignal, injection_point: InjectionPoint, start: int, stop: int
) -> int | None:
    size, model = board.info.block_samples, PipelineModel(bank)
    board.start(injection_point)
    # 256 CRCs fit in a reply.
    for first in range(start, stop, 256):
        request = GenerateRequest(first * size, min(256, stop - first), 1)
        seen = board.generate(signal, [request])
        expected = _expected(model, signal, injection_point, bank, [request], size)
        for n, (ours, theirs) in enumerate(zip(seen, expected, strict=True)):
            if ours != theirs:
                return first + n
    return None


def _look(
    board: Board, bank: FixedPointBank, signal: GeneratedSignal, injection_point: InjectionPoint, start: int, block: int
) -> StageDifference | None:
    """Run again from block `start`; compare every stage of `block` and of the blocks that the filters remember."""
    size, model = board.info.block_samples, PipelineModel(bank)
    first = max(start, block - memory_blocks(bank, size))
    board.start(injection_point)
    board.generate(signal, (GenerateRequest(n * size, min(64, first - n), 64) for n in range(start, first, 64)))
    model.process(
        signal.samples(bank.number_format, injection_point, start * size, (first - start) * size), injection_point
    )
    samples = signal.samples(bank.number_format, injection_point, first * size, (block + 1 - first) * size)
    return first_difference(
        board,
        bank,
        model,
        samples,
        injection_point,
        first * size,
        lambda n: board.generate(signal, [GenerateRequest(first * size + n, 1)]),
    )
