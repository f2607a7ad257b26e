"""The regression of the page's design on the connected board."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from designer.board.open import VirtualBoard, measure_instructions
from designer.board.session import Board
from designer.codegen.writer import write
from designer.design.build import build_design
from designer.layout.load import parse_layout
from designer.regression.save import save_results
from designer.regression.signals import standard_signals
from designer.regression.suite import Suite
from designer.toolchain.compiler import build_image
from designer.toolchain.stack import sizes_of

Progress = Callable[[str, int, int], None]
# Length of each signal that the board generates.  `proscenium hil` takes 10 s; a page waits less.
_GENERATED_S = 2.0


def run_regression(text: str, folder: Path, board: Board, work: Path, progress: Progress) -> dict[str, Any]:
    """Stream all test signals through a board, compare, and write ``hil.json`` and ``hil.html``.

    Parameters
    ----------
    text : str
        A valid layout.
    folder : Path
        Relative paths in it start here.
    board : Board
        Plays the design of this layout.
    work : Path
        Where image and results go.
    progress : callable
        Called with the name of a signal, samples done and samples in all.

    Returns
    -------
    dict
        Content of ``hil.json``, without its curves.
    """
    progress("design", 0, 1)
    design = build_design(parse_layout(text, "layout", folder))
    write(design.sources, work / "generated")
    image = build_image(work / "generated", "stm32f405", work / "regression.elf")
    instructions = None
    if isinstance(board, VirtualBoard):
        progress("counting instructions", 0, 1)
        instructions = measure_instructions(image.elf, design.digest, design.layout)
    signals = standard_signals(design.fixed)
    suite = Suite(design, board, signals, instructions, sizes_of(image), progress)
    suite.play_through_converters(image.elf)
    found = suite.everything(_GENERATED_S)
    board.play()
    _, values = save_results(found, design, work)
    return {key: value for key, value in values.items() if key != "curves"}
