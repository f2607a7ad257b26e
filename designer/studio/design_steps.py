"""The steps of a design in the order in which a page wants to see them."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from designer.board.open import measure_instructions
from designer.codegen.generate import GeneratedSources
from designer.design.build import build_design
from designer.design.model import Design
from designer.design.store import save_design
from designer.evaluation.acoustic import acoustic_figures
from designer.evaluation.plant import EvaluationPlant
from designer.filters.bank import FilterBank
from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.dequantised import dequantised_impulse_responses
from designer.layout.load import parse_layout
from designer.layout.model import Layout
from designer.numerics.threads import with_one_blas_thread
from designer.report.curves import ListenerCurves
from designer.report.scorecard import scorecard
from designer.studio import figures
from designer.toolchain.boards import BOARDS
from designer.toolchain.compiler import build_image
from designer.toolchain.stack import sizes_of

Send = Callable[[dict[str, Any], bytes], None]
# Waits until someone wants more steps, and returns the last one that is wanted.
Wait = Callable[[], int]
# Ahead of the slowest step.
_PAUSE_S = 1.5
# Names of the steps, for people.
STEPS = ("nulls", "filters", "beam and zone", "bounds", "load of the boards")
# The steps that every design takes; the slower ones are taken when someone looks at their figures.
QUICK, BOUNDS, LOAD = 2, 3, 4


@dataclass(frozen=True, eq=False)
class Made:
    """What listening, the board and the report need of a design.

    Attributes
    ----------
    layout : Layout
    bank : FilterBank
        Float design.
    fixed : FixedPointBank
    gain_db : float
        The scale that was applied.
    sources : GeneratedSources
    """

    layout: Layout
    bank: FilterBank
    fixed: FixedPointBank
    gain_db: float
    sources: GeneratedSources

    @property
    def digest(self) -> str:
        """Design digest, 64 hexadecimal digits."""
        return self.sources.digest


@with_one_blas_thread
def run_steps(job: dict[str, Any], send: Send, wait: Wait) -> None:
    """Design a layout, and send each result as soon as it is there.

    Parameters
    ----------
    job : dict
        ``text`` and ``folder`` of a valid layout; ``work``, a directory for its image; ``until``, the last step that
        is wanted so far.
    send : callable
        Is given fields, and bytes: a pickled `Made` or `Scorecard`, or nothing.  ``done`` says that all steps that are
        wanted have been taken, ``running`` that more of them follow.
    wait : callable
        Waits until more steps are wanted, and returns the last one.

    Raises
    ------
    ProsceniumError
        If there is no such design.
    """
    layout = parse_layout(job["text"], "layout", Path(job["folder"]))
    plant = EvaluationPlant.for_layout(layout)
    send({"step": 0, **figures.preview(plant)}, b"")
    design = build_design(layout)
    tables = dequantised_impulse_responses(design.fixed, design.bank.impulse_responses.shape[2])
    found = acoustic_figures(design.layout, tables, plant)
    fields = {"step": 1, "digest": design.digest, **figures.acoustics(found), **figures.budget(design.fixed)}
    made = Made(design.layout, design.bank, design.fixed, design.gain_db, design.sources)
    send(fields, pickle.dumps(made))
    send({"step": 2, **figures.maps(ListenerCurves(design.layout), tables)}, b"")
    until = _wanted(BOUNDS, int(job["until"]), send, wait)
    card = scorecard(design)
    send({"step": 3, **figures.scorecard_figures(design, card)}, pickle.dumps(card))
    _wanted(LOAD, until, send, wait)
    # Four compilations: an edit that follows soon gives them up before they begin.
    time.sleep(_PAUSE_S)
    _measure_load(design, Path(job["work"]), send)


def _wanted(step: int, until: int, send: Send, wait: Wait) -> int:
    """Wait until a step is wanted; return the last step that is."""
    if until >= step:
        return until
    send({"done": True}, b"")
    while until < step:
        until = max(until, wait())
    send({"running": True}, b"")
    return until


def _measure_load(design: Design, work: Path, send: Send) -> None:
    """Build the image of each board, and count instructions in QEMU."""
    save_design(design, work)
    rows = []
    for name, board in sorted(BOARDS.items()):
        image = build_image(work / "generated", name, work / f"budget-{name}.elf")
        instructions = measure_instructions(image.elf, design.digest, design.layout, target=board)
        sizes = sizes_of(image)
        per_block = 168_000_000 * design.layout.block_samples / design.layout.sample_rate_hz
        rows.append(
            {
                "board": name,
                "flash_bytes": sizes["flash_bytes"],
                "flash_room": board.flash_bytes,
                "ram_bytes": sizes["ram_bytes"],
                "ram_room": board.ram_bytes,
                "instructions": round(instructions / design.layout.block_samples),
                "load_percent": round(100 * instructions / per_block) if not board.is_virtual_only else None,
            }
        )
        send({"step": 4, "load": rows}, b"")
