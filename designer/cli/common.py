"""Shared parts of all commands: the application, its arguments, and the printing of steps and results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from designer.errors import LayoutError, ProsceniumError

if TYPE_CHECKING:
    from designer.design.model import Design
    from designer.evaluation.scorecard import Scorecard
    from designer.toolchain.image import Image

app = typer.Typer(
    name="proscenium",
    help="From the layout of a small multi-driver loudspeaker to a proven, flashable speaker board.",
    epilog="Exit codes: 0 success, 1 the image does not compile or fit, 2 bad input, 3 infeasible design, "
    "4 HIL failed, 5 no board, probe or tool, or not written, 70 a fault of Proscenium itself.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _say_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"proscenium {version('proscenium')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    """Read the options before the command."""


def _complete_layout(incomplete: str) -> list[str]:
    from designer.resources import resource

    return [path.stem for path in sorted(resource("layouts").glob("*.toml")) if path.stem.startswith(incomplete)]


LayoutArgument = Annotated[
    str,
    typer.Argument(
        metavar="LAYOUT", help="A layout file, or the name of a shipped one.", autocompletion=_complete_layout
    ),
]
DesignArgument = Annotated[Path, typer.Argument(metavar="DIR", help="A design, as 'proscenium design' wrote it.")]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where to write [build/<layout>].")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of tables.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print warnings and errors only.")]
PublicKeyOption = Annotated[
    str | None,
    typer.Option(
        "--public-key",
        metavar="KEY",
        help="Build it in: the board then takes signed tables only. A file of 'proscenium keys', or 64 digits.",
    ),
]
PortOption = Annotated[
    str | None, typer.Option("--port", help="Port of a real board: /dev/ttyACM0, rfc2217://host:port, ...")
]
BootloaderPortOption = Annotated[
    str | None,
    typer.Option(
        "--bootloader-port",
        metavar="PORT",
        help="With --via uart: where the bootloader in ROM listens, if that is another port than --port.",
    ),
]
NeededPortOption = Annotated[
    str, typer.Option("--port", help="Port of the board: /dev/ttyACM0, rfc2217://host:port, ...")
]


class BoardName(StrEnum):
    """Boards that can be named on the command line."""

    virtual = "virtual"
    qemu = "qemu"
    stm32f405 = "stm32f405"
    virtual_stm32f407 = "virtual:stm32f407"
    stm32f407 = "stm32f407"
    virtual_stm32h743 = "virtual:stm32h743"
    stm32h743 = "stm32h743"
    mps2_an500 = "mps2-an500"
    mps3_an547 = "mps3-an547"

    @property
    def is_real(self) -> bool:
        """Whether it is hardware, with a port and a probe."""
        return self in (BoardName.stm32f405, BoardName.stm32f407, BoardName.stm32h743)

    @property
    def suffix(self) -> str:
        """Suffix of the files of this board, empty for the virtual and the real STM32F405."""
        return "" if self.value in ("virtual", "stm32f405") else f"-{self.value.removeprefix('virtual:')}"


BoardOption = Annotated[
    BoardName,
    typer.Option(
        "--board",
        help="virtual, virtual:stm32f407, virtual:stm32h743: an executed STM32F405, STM32F407 or STM32H743 with "
        "converters; qemu, mps2-an500, mps3-an547: in QEMU; stm32f405, stm32f407, stm32h743: a real one.",
    ),
]


def run_design(layout: str, out: Path | None, quiet: bool = False) -> tuple[Design, Scorecard, Path]:
    """Design a layout and write everything but the report."""
    from designer.acoustics.inputs import check_inputs
    from designer.design.build import build_design
    from designer.design.store import save_design
    from designer.layout.shipped import find_layout
    from designer.report.save import remove_other_report
    from designer.report.scorecard import scorecard

    found = find_layout(layout)
    check_inputs(found, lambda what: step(what, quiet=quiet))
    directory = out or Path("build") / found.name
    hold(directory)
    step(f"designing '{found.name}': {len(found.drivers)} drivers, {found.sample_rate_hz} Hz", quiet=quiet)
    result = build_design(found)
    step("evaluating what the listener gets", quiet=quiet)
    card = scorecard(result)
    remove_other_report(directory, result.digest)
    save_design(result, directory, card)
    return result, card, directory


def run_build(
    result: Design,
    directory: Path,
    quiet: bool = False,
    board: BoardName = BoardName.virtual,
    public_key: str | None = None,
) -> Image:
    """Compile the image of a design."""
    from designer.toolchain.boards import find_board
    from designer.toolchain.compiler import build_image
    from designer.toolchain.keys import read_public_key

    step(f"compiling the image for {find_board(board.value).name}", quiet=quiet)
    key = None if public_key is None else read_public_key(public_key)
    return build_image(directory / "generated", board.value, directory / f"firmware{board.suffix}.elf", key)


def run_image(
    layout: str,
    out: Path | None,
    quiet: bool = False,
    board: BoardName = BoardName.virtual,
    public_key: str | None = None,
) -> tuple[Design, Image]:
    """Design a layout and compile its image."""
    result, _, directory = run_design(layout, out, quiet)
    return result, run_build(result, directory, quiet, board, public_key)


def write_report(result: Design, card: Scorecard, directory: Path, quiet: bool = False) -> Path:
    """Write report.html."""
    from designer.report.save import save_report

    step("drawing the report", quiet=quiet)
    return save_report(result, card, directory)


class OutputLocks(ExitStack):
    """The output directories that the running command holds."""

    def __init__(self) -> None:
        super().__init__()
        self._held: set[Path] = set()

    def hold(self, directory: Path) -> None:
        """Lock a directory until the command ends; one that is held already stays so."""
        from designer.files import locked

        place = directory.resolve()
        if place not in self._held:
            self.enter_context(locked(place))
            self._held.add(place)


_LOCKS: ContextVar[OutputLocks] = ContextVar("output locks")


@contextmanager
def output_locks() -> Iterator[None]:
    """Let `hold` lock directories, and release them at the end."""
    with OutputLocks() as locks:
        token = _LOCKS.set(locks)
        yield
        _LOCKS.reset(token)


def hold(directory: Path) -> None:
    """Lock an output directory until the command ends.

    Raises
    ------
    OutputConflictError
        If another process holds it.
    """
    _LOCKS.get().hold(directory)


def usage_error(message: str) -> ProsceniumError:
    """Build the error of a wrong command line, with exit code 2."""
    return LayoutError(message)


def step(text: str, quiet: bool = False) -> None:
    """Print the current step on standard error."""
    if not quiet:
        typer.echo(f"==> {text}", err=True)


def say(text: str, quiet: bool = False) -> None:
    """Print a result."""
    if not quiet:
        typer.echo(text)


def print_json(value: Any) -> None:
    """Print a value as JSON and nothing else."""
    import json

    typer.echo(json.dumps(value, indent=2, allow_nan=False))
