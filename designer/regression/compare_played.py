"""Comparison of what a board plays through its converters, while a host changes volume, limits and tables.

The host cannot choose the block with which a change begins: it knows only between which two it came. So the bit-exact
model is run with each block that is possible. One of them must give every sample up to the next change.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from designer.board.converters import Converters, playing
from designer.board.open import VirtualBoard
from designer.board.tune import commit, tables_of, upload
from designer.codegen.digest import design_digest
from designer.codegen.table_set import pack
from designer.design.model import Design
from designer.dsp.upmix_tables import HOP_SAMPLES
from designer.errors import HilError
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.limiter_settings import GAIN_ONE
from designer.fixedpoint.model.crossfade import group_samples, warm_up_samples
from designer.fixedpoint.model.generator import GeneratedSignal
from designer.fixedpoint.model.pipeline import PipelineModel

_SEED = 20260217
_VOLUME = round(GAIN_ONE * 10 ** (-6 / 20))
_VOLUME_DB = -6.0
_BETWEEN_S = 0.15
# An erasure of 128 KiB takes up to two seconds (DS8626, table 41), and the board is silent meanwhile.
_COMMIT_S = 2.5
# Blocks by which the host's knowledge of the board's time may be off: the buffer's two halves.
_BLOCKS_AROUND = 2
# The first frames of a restarted pipeline are silent: filters and limiter look back.
_SILENT_BLOCKS = 16

# So many hops tell where they begin.
_HOPS_TRIED = 16

_Change = Callable[[PipelineModel], None]


@dataclass(frozen=True)
class _Event:
    """A change of the host: between which input frames it came, and what it does to the model."""

    name: str
    first: int
    last: int
    change: _Change


@dataclass(frozen=True)
class PlayedReport:
    """Results of one signal that went through the converters.

    Attributes
    ----------
    signal : str
    frames : int
        Frames compared, in each driver channel.
    bit_exact : bool
    fault : str
        Description of the first difference; empty when bit exact.
    changes : dict of str to int
        Input frame with which each change of the host began.
    late_blocks, races, muted_frames : int
        Blocks that were not ready in time; halves written while a DAC read them; frames that the mute pin silenced.
    wall_s : float
    times_real_time : float
    """

    signal: str
    frames: int
    bit_exact: bool
    fault: str
    changes: dict[str, int]
    late_blocks: int
    races: int
    muted_frames: int
    wall_s: float
    times_real_time: float

    @property
    def passed(self) -> bool:
        """Whether all samples are right, and none was late."""
        return self.bit_exact and self.late_blocks == 0 and self.races == 0

    @property
    def explanation(self) -> str:
        """What is wrong; empty where nothing is."""
        late = f"{self.late_blocks} blocks late" if self.late_blocks else ""
        races = f"{self.races} halves written while they were played" if self.races else ""
        return "; ".join(text for text in (self.fault, late, races) if text)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "passed": self.passed}


def reversed_bank(bank: FixedPointBank) -> FixedPointBank:
    """Another bank that surely fits where `bank` does: every path's taps in the reverse order."""

    def turned(path: FixedPointPath) -> FixedPointPath:
        return replace(path, coefficients=path.coefficients[::-1])

    return replace(bank, paths=tuple(tuple(turned(path) for path in row) for row in bank.paths))


def verify_played(board: VirtualBoard, design: Design, name: str, samples: np.ndarray) -> PlayedReport:
    """Play samples through the converters, and compare each with the bit-exact model.

    Parameters
    ----------
    board : VirtualBoard
        Runs the design, and has at most four drivers.
    design : Design
    name : str
        Of the signal.
    samples : (n, 2) integers
        Raw.

    Raises
    ------
    HilError
        If the board does not play.
    """
    began = time.monotonic()
    with playing(board) as converters:
        late = int(board.health()["deadline_misses"])
        heard = converters.play(samples)
        late = int(board.health()["deadline_misses"]) - late
        heard, races = heard[converters.skip_frames :], converters.races()
    walk = _Walk(design.fixed, samples, heard, board.info.block_samples)
    fault = walk.until(len(heard)) or ("the board was muted" if converters.muted_frames else "")
    return _report(name, walk, fault, {}, late, races, converters.muted_frames, time.monotonic() - began)


def verify_changes(board: VirtualBoard, design: Design) -> PlayedReport:
    """Play seeded scenes while volume, a limit and the tables change and are committed to the flash; compare.

    The board keeps the other tables in its flash: it is to be closed afterwards.

    Raises
    ------
    HilError
        If the board does not play or refuses a change.
    """
    began = time.monotonic()
    with playing(board) as converters:
        late = int(board.health()["deadline_misses"])
        host = _Host(board, design, converters)
        events = host.changes()
        late_so_far, muted_so_far = int(board.health()["deadline_misses"]) - late, converters.muted_frames
        restart = host.commit()
        heard = np.concatenate([*host.heard, converters.play(host.signal(_BETWEEN_S))])[converters.skip_frames :]
        races = converters.races()
    walk = _Walk(design.fixed, host.samples(), heard, board.info.block_samples, host.other)
    fault, changes = "", {}
    for number, event in enumerate(events):
        end = events[number + 1].first if number + 1 < len(events) else restart.first
        begin, fault = walk.change(event, end)
        if fault:
            break
        changes[event.name] = begin
    if not fault:
        changes[restart.name], fault = walk.restart(restart, host.other)
    if not fault and muted_so_far:
        fault = f"the board was muted for {muted_so_far} frames ahead of the commit"
    muted = converters.muted_frames
    return _report("scenes, changes", walk, fault, changes, late_so_far, races, muted, time.monotonic() - began)


def _report(
    name: str,
    walk: _Walk,
    fault: str,
    changes: dict[str, int],
    late: int,
    races: int,
    muted: int,
    wall_s: float,
) -> PlayedReport:
    fault = fault or ("" if walk.done else "no sample was compared")
    seconds = walk.done / walk.bank.sample_rate_hz
    return PlayedReport(name, walk.done, not fault, fault, changes, late, races, muted, wall_s, seconds / wall_s)


class _Host:
    """What the host does while the board plays; the signal is recorded ahead of each request."""

    def __init__(self, board: VirtualBoard, design: Design, converters: Converters) -> None:
        self._board, self._design, self._converters = board, design, converters
        self._signal = GeneratedSignal("scenes", _SEED)
        self._pieces: list[np.ndarray] = []
        self._frames = 0
        self.heard: list[np.ndarray] = []
        self.other = reversed_bank(design.fixed)

    def samples(self) -> np.ndarray:
        """All that was recorded, (n, 2)."""
        return np.concatenate(self._pieces)

    def signal(self, seconds: float) -> np.ndarray:
        """Make the next samples, in whole blocks."""
        block = self._board.info.block_samples
        count = -(-round(seconds * self._board.info.sample_rate_hz) // block) * block
        piece = self._signal.samples(self._design.fixed.number_format, "program", self._frames, count)
        self._pieces.append(piece)
        self._frames += count
        return piece

    def _ask(self, name: str, request: Callable[[], object], change: _Change) -> _Event:
        """Play on for a while, then make a request; the signal lasts well beyond it."""
        self.heard.append(self._converters.play(self.signal(_BETWEEN_S)))
        self._converters.record(self.signal(_BETWEEN_S))
        first = self._converters.position()
        request()
        return _Event(name, first, self._converters.position(), change)

    def changes(self) -> list[_Event]:
        """Change the volume, lower a limit, tune, and go back to full volume."""
        board, fixed = self._board, self._design.fixed
        tables = pack(self._design.layout, self.other, design_digest(self._design.layout, self.other))
        warm_up = warm_up_samples(self.other, board.info.block_samples)
        groups = group_samples(fixed.sample_rate_hz, len(fixed.structure.groups), board.info.block_samples, warm_up)
        limit, release = fixed.limiter.limits[0] >> 3, fixed.limiter.release

        def lower(model: PipelineModel) -> None:
            model.limiter.limits[0] = limit

        self._limit = lower
        events = [
            self._ask("volume", lambda: board.set_volume(_VOLUME_DB), _volume(_VOLUME)),
            self._ask("limiter", lambda: board.set_limiter(0, limit, release), lower),
            self._ask("tune", lambda: upload(board.link, tables), lambda m: m.tune(self.other, groups, warm_up)),
            self._ask("full volume", lambda: board.set_volume(0.0), _volume(GAIN_ONE)),
        ]
        self.heard.append(self._converters.play(self.signal(_BETWEEN_S)))
        found = tables_of(board.link)
        if (found.digest, found.fading) != (tables.digest, False):
            raise HilError(f"the board plays {found.digest[:16]}…, not the tables that it was tuned to")
        return events

    def commit(self) -> _Event:
        """Let the board keep its tables: it is silent meanwhile, and starts anew."""
        self._converters.record(self.signal(_COMMIT_S))
        first = self._converters.position()
        commit(self._board.link)
        return _Event("commit", first, self._converters.position(), self._limit)


def _volume(gain: int) -> _Change:
    def change(model: PipelineModel) -> None:
        model.volume.target = gain

    return change


class _Walk:
    """The model on its way through a signal, beside what was heard."""

    def __init__(
        self,
        bank: FixedPointBank,
        samples: np.ndarray,
        heard: np.ndarray,
        block: int,
        other: FixedPointBank | None = None,
    ) -> None:
        self.bank, self.done = bank, 0
        self._samples, self._heard, self._block = samples, heard, block
        self._model = self._begin(0 if other is None else other.history_samples)

    def _begin(self, history_samples: int) -> PipelineModel:
        """Give a model whose hops begin where the board's do, which is not known where blocks are no whole hops."""
        for lead in range(0, HOP_SAMPLES, math.gcd(self._block, HOP_SAMPLES)):
            model = PipelineModel(self.bank, history_samples)
            model.process(np.zeros((lead, 2), np.int64))
            if not self._difference(copy.deepcopy(model).process(self._samples[: _HOPS_TRIED * HOP_SAMPLES]), 0):
                return model
        return PipelineModel(self.bank, history_samples)

    def _difference(self, output: np.ndarray, begin: int) -> str:
        """Say where an output that begins at a frame differs first; empty where it does not."""
        heard = self._heard[begin : begin + len(output)]
        wrong = heard != output[: len(heard)]
        if not wrong.any():
            return ""
        frame, driver = (int(n) for n in np.argwhere(wrong)[0])
        return (
            f"frame {begin + frame}, driver '{self.bank.driver_names[driver]}': "
            f"board {heard[frame, driver]}, model {output[frame, driver]}"
        )

    def until(self, end: int) -> str:
        """Compare up to a frame."""
        output = self._model.process(self._samples[self.done : end])
        self._model.forget_decisions()
        fault = self._difference(output, self.done)
        self.done = end
        return fault

    def change(self, event: _Event, end: int) -> tuple[int, str]:
        """Compare up to a change, find the block with which it begins, and go on to shortly before frame `end`."""
        size = self._block
        first = max(event.first // size - _BLOCKS_AROUND, self.done // size)
        last = event.last // size + _BLOCKS_AROUND
        stop = (end // size - _BLOCKS_AROUND) * size
        fault = self.until(first * size)
        if fault:
            return 0, fault
        faults = []
        for block in range(first, last + 1):
            model = copy.deepcopy(self._model)
            ahead = model.process(self._samples[first * size : block * size])
            event.change(model)
            output = np.concatenate([ahead, model.process(self._samples[block * size : stop])])
            model.forget_decisions()
            fault = self._difference(output, first * size)
            if not fault:
                self._model, self.done = model, stop
                return block * size, ""
            faults.append((int(fault.split(",")[0].split()[1]), fault))
        return 0, f"'{event.name}': {max(faults)[1]}"

    def restart(self, event: _Event, bank: FixedPointBank) -> tuple[int, str]:
        """Compare the fade to silence, the silence, and the pipeline that starts anew behind it."""
        size = self._block
        first = max(event.first // size - _BLOCKS_AROUND, self.done // size)
        fault = self.until(first * size)
        for last in range(first, event.last // size + 1) if not fault else ():
            model = copy.deepcopy(self._model)
            output = model.process(self._samples[first * size : last * size])
            tail = output[-1] if len(output) else self._heard[first * size - 1]
            faded = np.concatenate([output, _faded(tail, size)])
            if not self._difference(faded, first * size):
                return last * size, self._anew(event, bank, (last + 1) * size)
        return 0, fault or f"'{event.name}': no block from {first} on is followed by a fade to silence"

    def _anew(self, event: _Event, bank: FixedPointBank, silent: int) -> str:
        """Compare from the first frame of silence to the end."""
        size = self._block
        sounding = np.flatnonzero(self._heard[silent:].any(axis=1))
        if not len(sounding):
            return f"'{event.name}': the board does not play again"
        first, fault = (silent + int(sounding[0])) // size, ""
        for block in range(first, max(first - _SILENT_BLOCKS, silent // size) - 1, -1):
            model = PipelineModel(bank)
            event.change(model)
            output = model.process(self._samples[block * size : len(self._heard)])
            output[:size] = _scaled(output[:size], np.arange(1, size + 1)[:, None], size)
            fault = self._difference(output, block * size)
            if not fault:
                self.done = len(self._heard)
                return ""
        return f"'{event.name}': {fault}"


def _scaled(samples: np.ndarray, weights: np.ndarray, size: int) -> np.ndarray:
    """Scale as `core/play/player.c` does: towards zero."""
    products = samples.astype(object) * weights
    return np.asarray(np.sign(products) * (abs(products) // size), np.int64)


def _faded(tail: np.ndarray, size: int) -> np.ndarray:
    """Fade a frame to zero, in a straight line over a block."""
    return _scaled(np.tile(tail, (size, 1)), np.arange(size - 1, -1, -1)[:, None], size)
