"""Commands, what lies in their directory beforehand, and designs and measurements that are made only once."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import designer
import designer.board.open
import designer.design.build
import designer.regression.suite
import designer.report.scorecard
import designer.sweep.evaluate
from designer.design.model import Design
from designer.evaluation.scorecard import Scorecard
from designer.layout.model import Layout
from designer.layout.shipped import shipped_layouts
from designer.regression.report import HilReport
from designer.regression.signals import standard_signals
from designer.regression.suite import Suite
from designer.toolchain.compiler import build_image
from designer.toolchain.stack import sizes_of

_LAYOUT = "pair2"
_SECONDS = 0.1
_GENERAL = ("kill", "cut", "large", "disk", "clock", "worker")
KINDS = (*_GENERAL, "board")
_AUDIO_S = 2.0


@dataclass(frozen=True)
class Scenario:
    """A command.

    Attributes
    ----------
    name : str
    arguments : list of str
        Of the command.
    before : list of list of str
        Commands of an earlier time, whose results lie there already.
    workers : int
        Child processes that the command certainly starts.
    kinds : tuple of str
        Faults that it is to meet.
    own_cache : bool
        It starts without a compiled object.
    """

    name: str
    arguments: list[str]
    before: list[list[str]]
    workers: int = 0
    kinds: tuple[str, ...] = _GENERAL
    own_cache: bool = False


_AXIS = "listener.distance_m"
SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("design", ["design", "new.toml", "--out", "out"], [["design", "old.toml", "--out", "out"]]),
        Scenario("build", ["build", "new.toml", "--out", "out"], [["build", "old.toml", "--out", "out"]], 6),
        Scenario(
            "build-cold",
            ["build", "new.toml", "--out", "out"],
            [["build", "old.toml", "--out", "out"]],
            6,
            own_cache=True,
        ),
        Scenario(
            "sweep",
            ["sweep", "new.toml", "--vary", f"{_AXIS}=1.0,1.2", "--jobs", "1", "--out", "out"],
            [["sweep", "new.toml", "--vary", f"{_AXIS}=1.0", "--jobs", "1", "--out", "out"]],
        ),
        Scenario(
            "sweep-jobs",
            ["sweep", "new.toml", "--vary", f"{_AXIS}=1.0,1.2", "--jobs", "2", "--out", "out"],
            [],
            3,
        ),
        Scenario(
            "render",
            ["render", "old", "song.wav", "out/song.wav"],
            [["design", "old.toml", "--out", "old"], ["render", "old", "other.wav", "out/song.wav"]],
        ),
        Scenario(
            "binaural",
            ["render", "old", "song.wav", "out/ears.flac", "--binaural"],
            [["design", "old.toml", "--out", "old"]],
        ),
        # The board is executed: measurements are kept after this scenario only.
        Scenario(
            "hil-board",
            ["hil", "new.toml", "--out", "out", "--seconds", str(_SECONDS)],
            [["hil", "old.toml", "--out", "out", "--seconds", str(_SECONDS)]],
            kinds=("board",),
        ),
        Scenario(
            "hil",
            ["hil", "new.toml", "--out", "out", "--seconds", str(_SECONDS)],
            [["hil", "old.toml", "--out", "out", "--seconds", str(_SECONDS)]],
        ),
    )
}


def write_inputs(place: Path) -> None:
    """Write two layouts and two recordings."""
    text = shipped_layouts()[_LAYOUT].read_text(encoding="utf-8")
    (place / "new.toml").write_text(text, encoding="utf-8")
    # A name of its own: the regression does not take its figures for a baseline.
    old = text.replace("25.0\n", "26.0\n").replace(f'name = "{_LAYOUT}"', f'name = "{_LAYOUT}-old"')
    (place / "old.toml").write_text(old, encoding="utf-8")
    rng = np.random.default_rng(1)
    for name in ("song.wav", "other.wav"):
        soundfile.write(place / name, 0.1 * rng.standard_normal((round(48000 * _AUDIO_S), 2)), 48000)


def load_everything() -> None:
    """Import all modules of the package, so that forked processes find them."""
    for module in pkgutil.walk_packages(designer.__path__, "designer."):
        if not module.name.startswith("designer.board.virtual.") and not module.name.endswith("__main__"):
            # Some need packages that are optional.
            with suppress(ImportError):
                importlib.import_module(module.name)


def keep_designs() -> None:
    """Let each design and each scorecard be made once in this process and its forks."""
    designs: dict[str, Design] = {}
    cards: dict[str, Scorecard] = {}
    make_design, make_card = designer.design.build.build_design, designer.report.scorecard.scorecard

    def build_design(layout: Layout) -> Design:
        key = layout.model_dump_json()
        if key not in designs:
            designs[key] = make_design(layout)
        return designs[key]

    def scorecard(result: Design) -> Scorecard:
        if result.digest not in cards:
            cards[result.digest] = make_card(result)
        return cards[result.digest]

    # Where each is looked up.
    for module in (designer.design.build, designer.sweep.evaluate):
        setattr(module, "build_design", build_design)  # noqa: B010
    for module in (designer.report.scorecard, designer.sweep.evaluate):
        setattr(module, "scorecard", scorecard)  # noqa: B010


def make_designs(layouts: list[Layout]) -> None:
    """Make the designs and scorecards of layouts, to be kept."""
    for layout in layouts:
        designer.report.scorecard.scorecard(designer.design.build.build_design(layout))


def keep_measurements(layouts: list[Layout], place: Path) -> None:
    """Measure the boards of layouts once; a run of ``hil`` then takes these figures."""
    found: dict[str, tuple[HilReport, Any]] = {}
    for layout in layouts:
        result = designer.design.build.build_design(layout)
        directory = place / result.digest[:8]
        designer.codegen.writer.write(result.sources, directory / "generated")  # type: ignore[attr-defined]
        image = build_image(directory / "generated", "virtual", directory / "firmware.elf")
        instructions = designer.board.open.measure_instructions(image.elf, result.digest, layout)
        with designer.board.open.open_board(image.elf, result.digest, layout) as board:
            suite = Suite(result, board, standard_signals(result.fixed, None), instructions, sizes_of(image))
            suite.play_through_converters(image.elf)
            found[result.digest] = suite.everything(_SECONDS), instructions
    _answer_from(found)


def _answer_from(found: dict[str, tuple[HilReport, Any]]) -> None:
    @contextmanager
    def open_board(elf: Path, digest: str, *others: Any, **more: Any) -> Iterator[None]:
        yield None

    class KnownSuite:
        def __init__(self, result: Design, *others: Any) -> None:
            self._found = found[result.digest][0]

        def play_through_converters(self, elf: Path) -> None:
            """Do nothing: the figures are known."""

        def everything(self, seconds: float) -> HilReport:
            return self._found

    measure: Callable[..., Any] = lambda elf, digest, *others, **more: found[digest][1]  # noqa: E731
    designer.board.open.open_board = open_board  # type: ignore[assignment]
    designer.board.open.measure_instructions = measure
    designer.regression.suite.Suite = KnownSuite  # type: ignore[assignment,misc]
