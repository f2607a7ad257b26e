"""pytest as the runner of the regression.

``pytest hil_tests --board virtual:stm32f405 [--board /dev/ttyACM0] [--layout front3]`` and, for several boards at
once, ``-n 2``: each board's tests stay together on one worker.  ``--lg-env lab.yaml`` takes the boards of a lab.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from designer.board.bootloader import enter_bootloader
from designer.board.choice import DEFAULT_BOARD, BoardChoice, choose_board
from designer.board.open import measure_instructions, open_board
from designer.board.session import Board
from designer.design.build import build_design
from designer.design.model import Design
from designer.design.store import save_design
from designer.errors import ProsceniumError
from designer.layout.model import Layout
from designer.layout.shipped import find_layout
from designer.numerics.threads import limit_blas_threads
from designer.regression.save import save_results
from designer.regression.signals import standard_signals
from designer.regression.suite import GENERATED_S, Suite
from designer.regression.terminal_summary import screen
from designer.report.save import save_report
from designer.report.scorecard import scorecard
from designer.toolchain.boards import BoardTarget
from designer.toolchain.compiler import build_image
from designer.toolchain.flash import flash
from designer.toolchain.flashing.via import Via
from designer.toolchain.image import Image
from designer.toolchain.stack import sizes_of
from hil_tests.harness import lab

limit_blas_threads()

_RESULTS = pytest.StashKey[list[str]]()
# Tests that were skipped and tests that failed, with the reason; by board.
_SKIPPED = pytest.StashKey[dict[str, dict[str, str]]]()
_FAILED = pytest.StashKey[dict[str, dict[str, str]]]()
_Made = TypeVar("_Made")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of a run."""
    group = parser.getgroup("proscenium", "hardware in the loop")
    group.addoption(
        "--board",
        action="append",
        metavar="BOARD",
        help="virtual:stm32f405, qemu:NAME or a port; may be given again",
    )
    group.addoption("--flash", action="store_true", help="first write the image to real boards, over the serial line")
    group.addoption("--layout", default="front3", help="a layout file or the name of a shipped one [front3]")
    group.addoption("--out", default=None, metavar="DIR", help="directory of the reports [build/<layout>]")
    group.addoption("--history-file", default=None, metavar="FILE", help="[hil_history.jsonl beside the reports]")
    group.addoption("--input", default=None, metavar="FILE", help="stereo audio to stream instead of music")
    group.addoption(
        "--seconds",
        type=float,
        default=GENERATED_S,
        help=f"length of each generated signal [{GENERATED_S:g}]",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the stores of results."""
    config.stash[_RESULTS] = []
    config.stash[_SKIPPED] = {}
    config.stash[_FAILED] = {}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that uses a board on each board of the command line."""
    if "board_name" in metafunc.fixturenames:
        names = _board_names(metafunc.config)
        metafunc.parametrize("board_name", names, scope="session", ids=names)


def _board_names(config: pytest.Config) -> list[str]:
    """Boards of the command line, of the lab, or the virtual board."""
    named: list[str] | None = config.getoption("--board")
    lab_file: str | None = config.getoption("lg_env", default=None)
    if named or lab_file is None:
        return named or [DEFAULT_BOARD]
    path = Path(lab_file)
    return _or_exit(lambda: lab.names_of(path))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep all tests of one board on one worker, whatever ``--dist`` is: a board has one line."""
    from xdist.scheduler import LoadScopeScheduling

    names = sorted(_board_names(config), key=len, reverse=True)

    class ByBoard(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist is not typed
        def _split_scope(self, nodeid: str) -> str:
            parameters = nodeid.partition("[")[2]
            return next((name for name in names if parameters.startswith(name)), nodeid)

    return ByBoard(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep skipped and failed tests for the report of the board."""
    del call
    report = yield
    callspec = getattr(item, "callspec", None)
    if callspec is not None and "board_name" in callspec.params and report.outcome != "passed":
        board = callspec.params["board_name"]
        test = getattr(item, "originalname", item.name).removeprefix("test_").replace("_", " ")
        name = f"{test} {callspec.id.removeprefix(board).strip('-')}".strip()
        kept = item.config.stash[_SKIPPED if report.outcome == "skipped" else _FAILED]
        kept.setdefault(board, {}).setdefault(name, _reason(report))
    return report


def _reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ").removeprefix("not measured: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash is not None else report.longrepr).splitlines()[0]


@pytest.fixture(scope="session")
def layout(request: pytest.FixtureRequest) -> Layout:
    """The layout named on the command line."""
    return _or_exit(lambda: find_layout(request.config.getoption("--layout")))


@pytest.fixture(scope="session")
def directory(request: pytest.FixtureRequest, layout: Layout) -> Path:
    """Directory of all output files."""
    return Path(request.config.getoption("--out") or Path("build") / layout.name)


@pytest.fixture(scope="session")
def design(request: pytest.FixtureRequest, layout: Layout) -> Design:
    """The design, computed once."""
    _step(request, f"designing '{layout.name}': {len(layout.drivers)} drivers, {layout.sample_rate_hz} Hz")
    return _or_exit(lambda: build_design(layout))


@pytest.fixture(scope="session")
def choice(request: pytest.FixtureRequest, board_name: str) -> BoardChoice:
    """The board that a name of the command line means; one of a lab is switched off and on."""
    if not board_name.startswith(lab.PREFIX):
        return _or_exit(lambda: choose_board(board_name))
    environment = request.getfixturevalue("env")
    place = _or_exit(lambda: lab.open_place(environment, board_name.removeprefix(lab.PREFIX)))
    return dataclasses.replace(_or_exit(lambda: choose_board(place.port)), label=board_name)


@pytest.fixture(scope="session")
def image(request: pytest.FixtureRequest, design: Design, directory: Path, choice: BoardChoice) -> Image:
    """The image for the board.  A board at a port must run it already."""
    target = choice.target
    save_design(design, directory)
    _step(request, f"compiling the image for {target.name}")
    out = directory / f"firmware{choice.suffix}.elf"
    return _or_exit(lambda: build_image(directory / "generated", target.name, out))


@pytest.fixture(scope="session")
def board(request: pytest.FixtureRequest, design: Design, image: Image, choice: BoardChoice) -> Iterator[Board]:
    """The open board; it runs the design."""
    port = choice.port
    if port is not None and request.config.getoption("--flash"):
        _step(request, f"flashing {choice.label or port} over its serial line")
        _or_exit(lambda: _flash(image, design, choice.target, port))
    with _or_exit(
        lambda: open_board(image.elf, design.digest, design.layout, choice.port, choice.target, choice.in_qemu)
    ) as opened:
        if choice.label is not None:
            opened.name = f"{opened.info.board_name} at {choice.label}"
        yield opened


def _flash(image: Image, design: Design, target: BoardTarget, port: str) -> None:
    enter_bootloader(port)
    flash(image, design.layout, target.name, Via.uart, port)


@pytest.fixture(scope="session")
def suite(
    request: pytest.FixtureRequest,
    design: Design,
    image: Image,
    board: Board,
    board_name: str,
    choice: BoardChoice,
    directory: Path,
) -> Iterator[Suite]:
    """The regression that the tests read; its files are written at the end."""
    music = request.config.getoption("--input")
    signals = _or_exit(lambda: standard_signals(design.fixed, Path(music) if music else None))
    instructions = None
    if not choice.is_real:
        instructions = measure_instructions(image.elf, design.digest, design.layout, target=choice.target)
    sizes = sizes_of(image)
    suite = Suite(design, board, signals, instructions, sizes)
    yield suite
    suite.not_measured |= request.config.stash[_SKIPPED].get(board_name, {})
    suite.failed_tests |= request.config.stash[_FAILED].get(board_name, {})
    history = request.config.getoption("--history-file")
    _, content = save_results(suite.report(), design, directory, Path(history) if history else None, choice.suffix)
    request.config.stash[_RESULTS].append(json.dumps(content))
    if not choice.suffix:
        card = scorecard(design)
        save_design(design, directory, card)
        save_report(design, card, directory)


@pytest.fixture(scope="session")
def seconds(request: pytest.FixtureRequest) -> float:
    """Length of each generated signal."""
    return float(request.config.getoption("--seconds"))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Hand over the results of a worker; exit with code 4 if the regression fails."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["proscenium"] = session.config.stash[_RESULTS]
        return
    worse = any(json.loads(text)["verdict"] != "pass" for text in session.config.stash[_RESULTS])
    if exitstatus == pytest.ExitCode.TESTS_FAILED or (exitstatus == pytest.ExitCode.OK and worse):
        session.exitstatus = 4


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take the results of a worker."""
    del error
    node.config.stash[_RESULTS] += getattr(node, "workeroutput", {}).get("proscenium", [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print one screen for each board."""
    for text in config.stash[_RESULTS]:
        terminalreporter.write_line("")
        terminalreporter.write(screen(json.loads(text)))


def _step(request: pytest.FixtureRequest, text: str) -> None:
    """Print a long step although pytest captures output; a worker prints nothing."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.ensure_newline()
        reporter.write_line(f"==> {text}")


def _or_exit(make: Callable[[], _Made]) -> _Made:
    """End the run with the error's message and exit code where a board, a tool or a valid layout is missing."""
    try:
        return make()
    except ProsceniumError as error:
        pytest.exit(f"error: {error}", returncode=error.exit_code)
