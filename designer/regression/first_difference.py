"""The first difference between a board and its bit-exact model, stage by stage through the last block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from designer import protocol
from designer.board.session import Board
from designer.dsp.engine import InjectionPoint
from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.model.pipeline import PipelineModel, Stages

STAGE_MEANINGS = {
    "bus": "input bus of the filters, after upmix, volume and rotation to mid and side",
    "equalised": "equaliser of the bus",
    "path": "path of the FIR matrix",
    "sum": "sum of paths, before drivers are made of sums",
    "driver_signal": "driver signal before the limiter",
    "output": "output, after the limiter",
}


@dataclass(frozen=True)
class StageDifference:
    """The first sample at which a stage of the board differs from the bit-exact model.

    Attributes
    ----------
    stage : str
        The first stage in the pipeline's order that differs: a key of `STAGE_MEANINGS`.
    channel : str
        Bus, path or driver by name.
    sample : int
        Frame number since the start.
    board, model : int
        Raw values.
    """

    stage: str
    channel: str
    sample: int
    board: int
    model: int

    def __str__(self) -> str:
        return (
            f"{self.channel}, sample {self.sample}: board {self.board}, model {self.model}; "
            f"the first stage that differs: {STAGE_MEANINGS[self.stage]}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; the model's value has the key ``model`` there."""
        values = asdict(self)
        return {**values, "twin": values.pop("model")}


def channel_names(bank: FixedPointBank, stage: str) -> list[str]:
    """Names of a stage's channels, in the order of TAP's index."""
    if stage in ("bus", "equalised"):
        return [f"bus '{name}'" for name in bank.bus_names]
    if stage == "path":
        return [f"driver '{name}' <- '{bus}'" for name in bank.sum_names for bus in bank.bus_names]
    if stage == "sum":
        return [f"driver '{name}'" for name in bank.sum_names]
    return [f"driver '{name}'" for name in bank.driver_names]


def compare_stages(board: Board, bank: FixedPointBank, model: Stages, first_frame: int) -> StageDifference | None:
    """Compare the last block of the board and of its model at every stage, in the order of the pipeline.

    Parameters
    ----------
    board : Board
        Has just run the block.
    bank : FixedPointBank
    model : Stages
        The same block.
    first_frame : int
        Its first frame's number since the start.

    Returns
    -------
    StageDifference or None
        Earliest sample of the first stage that differs; None if all agree.
    """
    for stage in protocol.STAGE:
        name = stage.lower()
        if name == "equalised" and not bank.is_equalised:
            continue
        expected = getattr(model, name)
        seen = np.stack([board.tap(name, index) for index in range(expected.shape[1])], axis=1)
        wrong = np.argwhere(seen != expected)
        if wrong.size:
            n, channel = (int(index) for index in wrong[0])
            return StageDifference(
                name,
                channel_names(bank, name)[channel],
                first_frame + n,
                int(seen[n, channel]),
                int(expected[n, channel]),
            )
    return None


def memory_blocks(bank: FixedPointBank, block_samples: int) -> int:
    """Count the blocks that filters and limiters remember.  Rounding can hide a difference for that long."""
    return -(-(bank.history_samples + 1 + 2 * bank.limiter.delay_samples) // block_samples)


def first_difference(
    board: Board,
    bank: FixedPointBank,
    model: PipelineModel,
    samples: np.ndarray,
    injection_point: InjectionPoint,
    first_frame: int,
    run: Callable[[int], object],
) -> StageDifference | None:
    """Run board and model block by block, and stop at the first block that differs at any stage.

    Parameters
    ----------
    board, model : Board, PipelineModel
        In the same state.
    bank : FixedPointBank
    samples : (n, channels) integers
        The blocks' input.
    injection_point : 'program' or 'filters'
    first_frame : int
        Number of the first frame of `samples`, counted from the start.
    run : callable
        Makes the board run the block that begins at an index into `samples`.
    """
    size = board.info.block_samples
    for start in range(0, samples.shape[0], size):
        run(start)
        stages = model.trace(samples[start : start + size], injection_point)
        difference = compare_stages(board, bank, stages, first_frame + start)
        if difference is not None:
            return difference
    return None


def locate_streamed(
    board: Board, bank: FixedPointBank, samples: np.ndarray, injection_point: InjectionPoint, sample: int
) -> StageDifference | None:
    """Stream a signal again, and compare every stage from shortly before the block that holds `sample`.

    Returns
    -------
    StageDifference or None
        None if no stage differs this time: the fault does not repeat.
    """
    size = board.info.block_samples
    block = sample // size
    start = max(0, block - memory_blocks(bank, size)) * size
    tail = samples[start : (block + 1) * size]
    model = PipelineModel(bank)
    model.process(samples[:start], injection_point)
    board.process(samples[:start], injection_point)
    return first_difference(
        board, bank, model, tail, injection_point, start, lambda n: board.stream(tail[n : n + size], injection_point)
    )
