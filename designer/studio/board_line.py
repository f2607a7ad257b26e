"""One board at a time, real or virtual: opened, asked, tuned, and opened again after a fault of the line."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from designer.board.bootloader import enter_bootloader
from designer.board.converters import Converters
from designer.board.open import SerialBoard, VirtualBoard
from designer.board.session import Board
from designer.board.tune import commit, status_of, tables_of, tune_board
from designer.codegen.table_set import pack
from designer.codegen.writer import write
from designer.errors import BoardNotFoundError, HilError, LayoutError
from designer.regression.compare_streamed import compare
from designer.regression.signals import Signal
from designer.studio.design_steps import Made
from designer.toolchain.boards import find_board
from designer.toolchain.compiler import build_image
from designer.toolchain.flash import check_channels, flash
from designer.toolchain.flashing.via import Via

VIRTUAL = "virtual"
_TARGET = "stm32f405"
# Noise of the short check: long enough for every filter, short enough for a serial line.
_CHECK_FRAMES = 2048
_SEED = 20261129

Say = Callable[[str], None]


class BoardLine:
    """The board that is connected, or none.

    Parameters
    ----------
    work : Path
        Directory for images.
    """

    def __init__(self, work: Path) -> None:
        self._work = work
        self._board: Board | None = None
        self._elf: Path | None = None
        self.name = ""

    @property
    def board(self) -> Board:
        """The open board.

        Raises
        ------
        BoardNotFoundError
            If there is none.
        """
        if self._board is None:
            raise BoardNotFoundError("no board is connected: connect one first")
        return self._board

    @property
    def is_open(self) -> bool:
        """Whether a board is open."""
        return self._board is not None

    def start_virtual(self, made: Made, say: Say) -> None:
        """Build the image of a design, and boot it on a virtual board.

        Raises
        ------
        BuildError
            If the image does not compile or fit.
        BoardNotFoundError
            If Unicorn is missing.
        """
        self.close()
        self.name = VIRTUAL
        say("compiling the image")
        self._elf = self._build(made)
        say("booting the virtual board")
        self._board = VirtualBoard(self._elf)

    def open_port(self, port: str, given: str | None = None) -> None:
        """Open a real board.

        Parameters
        ----------
        port : str
            A serial port of this machine, or `given`.
        given : str, optional
            Port of the command line, which may be one of the network.

        Raises
        ------
        LayoutError
            If the name is not that of a port.
        BoardNotFoundError
            If nothing answers.
        """
        if port != given and (not port.startswith("/dev/") or ".." in port):
            raise LayoutError(
                f"port '{port}': allowed are serial ports such as /dev/ttyACM0; one of the network is given by "
                "'proscenium studio --port'"
            )
        self.close()
        self.name = port
        self._board = SerialBoard(port)

    def open_again(self) -> None:
        """Open the same board after its line was lost; a virtual one boots the same image.

        Raises
        ------
        BoardNotFoundError
            If it does not answer yet.
        """
        self._drop()
        if self.name == VIRTUAL and self._elf is not None:
            self._board = VirtualBoard(self._elf)
        elif self.name:
            self._board = SerialBoard(self.name)

    def close(self) -> None:
        """Release the board, and forget it."""
        self._drop()
        self.name = ""

    def lose(self) -> None:
        """Release a board that does not answer, and remember it for `open_again`."""
        self._drop()

    def state(self) -> dict[str, Any]:
        """Ask for everything that the page shows: identity, tables, health and limits."""
        found = status_of(self.board)
        try:
            limits = self.board.limits()
            levels = {
                "now": [round(level, 2) for level in limits.levels_db(limits.raw)],
                "most": [round(level, 2) for level in limits.levels_db(limits.design_raw)],
            }
        except HilError:  # a board without audio has no limits of its own
            levels = {"now": [], "most": []}
        return {**_finite(found), "limits": levels}

    def push(self, made: Made) -> dict[str, Any]:
        """Let the board fade to a design."""
        tuned = tune_board(self.board, pack(made.layout, made.fixed, made.digest))
        return {"before": tuned.before, "late_blocks": tuned.late_blocks}

    def commit(self) -> int:
        """Keep the tables in the board's flash."""
        return commit(self.board.link).number

    def set_limit(self, channel: int, level_db: float) -> None:
        """Lower or raise a driver's limit, at most to that of the design.

        Raises
        ------
        LayoutError
            If it is out of range.
        """
        limits = self.board.limits()
        if not 0 <= channel < len(limits.raw):
            raise LayoutError(f"channel {channel}: the board has {len(limits.raw)}, counted from 0")
        raw = limits.raw_at(channel, level_db, f"channel {channel}")
        self.board.set_limiter(channel, raw, limits.release)

    def check(self, made: Made) -> dict[str, Any]:
        """Stream noise through the board, and compare every bit with the model of a design.

        Raises
        ------
        HilError
            If the board plays another design.
        """
        board = self.board
        digest = tables_of(board.link).digest
        if digest != made.digest:
            raise HilError(f"the board plays {digest[:12]}, the design is {made.digest[:12]}: push it first")
        word = made.fixed.number_format.sample
        noise = np.random.default_rng(_SEED).uniform(-0.5, 0.5, (_CHECK_FRAMES, 2))
        signal = Signal("check", "program", word.quantise(noise))
        try:
            report = compare(signal, board.process(signal.samples, "program"), made.bank, made.fixed)
        finally:
            if board.info.drivers <= find_board(board.info.board_name).audio_channels:
                board.play()
        return {
            "digest": digest,
            "frames": _CHECK_FRAMES,
            "bit_exact": report.bit_exact,
            "first_difference": report.first_difference,
        }

    def flash(self, made: Made, via: Via, say: Say, progress: Callable[[int, int], None]) -> None:
        """Write the image of a design into a real board's flash, and open the board again.

        Parameters
        ----------
        made : Made
        via : Via
            The tool, or the chip's own bootloader at the serial port.
        say : callable
            Is told what happens.
        progress : callable
            Is told the bytes that are written and all bytes, for `Via.uart` only.

        Raises
        ------
        LayoutError
            If the board is a virtual one, or has fewer channels than the layout.
        ProsceniumError
            If the tool is missing or fails.
        """
        port = self.name
        if not port or port == VIRTUAL:
            raise LayoutError("flash: only a real board is flashed: connect one at a serial port")
        check_channels(made.layout, _TARGET)
        say("compiling the image")
        elf = self._build(made)
        self._drop()
        if via is Via.uart:
            say("asking the board to enter its bootloader")
            enter_bootloader(port)
        say(f"writing and verifying the flash through {via.value}")
        image = build_image(self._work / "generated", _TARGET, elf)
        flash(image, made.layout, _TARGET, via, port if via is Via.uart else None, progress)
        self._board = SerialBoard(port)

    def feed(self, stereo: np.ndarray) -> None:
        """Let a virtual board record and play a piece of audio, (n, 2) with full scale 1."""
        board = self.board
        if not isinstance(board, VirtualBoard):
            raise LayoutError("music is fed to a virtual board only: a real one has its own input")
        info = board.info
        channels = board.target.audio_channels
        converters = Converters(board.process_of_board, info.number_format, info.block_samples, info.drivers, channels)
        samples = info.number_format.sample.quantise(stereo)
        # No time passes between the beginning of the signal and its samples.
        board.process_of_board.ask("hold", held=True)
        try:
            converters.play(samples)
        finally:
            board.process_of_board.ask("hold", held=False)

    def _build(self, made: Made) -> Path:
        write(made.sources, self._work / "generated")
        return build_image(self._work / "generated", _TARGET, self._work / "firmware.elf").elf

    def _drop(self) -> None:
        if self._board is not None:
            self._board.close()
            self._board = None


def _finite(value: Any) -> Any:
    """Silence has no level, and JSON has no infinity."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
