"""Boards at a serial port, virtual boards and boards in QEMU; they differ only in how they start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from designer import protocol
from designer.board.qemu import Qemu
from designer.board.session import Board
from designer.board.transport import PipeTransport, SerialTransport
from designer.board.virtual_process import HeldLine, VirtualLine, VirtualProcess
from designer.dsp.engine import InjectionPoint
from designer.errors import BoardNotFoundError
from designer.layout.model import Layout
from designer.temporary import temporary_directory
from designer.toolchain.boards import BoardTarget, find_board

# Under -icount shift=0 one instruction takes 1 ns of virtual time.
INSTRUCTIONS_PER_S = 1_000_000_000
COUNT_INSTRUCTIONS = "shift=0"
# 8 ns an instruction.  Idle time is skipped: otherwise QEMU waits by the clock of the host, and is late.
STEADY_CLOCK = "shift=3,sleep=off"
_PROFILE_TIMEOUT_S = 60.0


class SerialBoard(Board):
    """A real board at a serial port."""

    def __init__(self, port: str, expected_digest: str | None = None, expected_layout: Layout | None = None) -> None:
        super().__init__(SerialTransport(port), expected_digest, expected_layout, name=port)
        self.name = f"{self.info.board_name} at {port}"


class VirtualBoard(Board):
    """A board that `designer.board.virtual` executes, in a process of its own: clocks, DMA, converters, flash.

    Parameters
    ----------
    elf : Path
    expected_digest, expected_layout : optional
        As for `Board`.
    options : tuple of str, optional
        Of ``python -m designer.board.virtual``.
    target : BoardTarget, optional
        By default the STM32F405.

    Raises
    ------
    BoardNotFoundError
        If Unicorn or the image is missing, or nothing answers.
    """

    def __init__(
        self,
        elf: Path,
        expected_digest: str | None = None,
        expected_layout: Layout | None = None,
        options: tuple[str, ...] = (),
        target: BoardTarget | None = None,
    ) -> None:
        self.target = target or find_board("virtual")
        options = ("--chip", self.target.name, *_codec_of(expected_layout), *options)
        self._process: VirtualProcess | None = VirtualProcess(elf, options)
        try:
            line = VirtualLine(self._process)
            super().__init__(line, expected_digest, expected_layout, name=f"virtual:{self.target.name}")
        except BaseException:
            self._stop()
            raise

    @property
    def process_of_board(self) -> VirtualProcess:
        """The board's process; BoardNotFoundError once it is closed."""
        if self._process is None:
            raise BoardNotFoundError("the virtual board is closed")
        return self._process

    @property
    def pid(self) -> int:
        """Number of the board's process."""
        return self.process_of_board.pid

    @property
    def port(self) -> str:
        """The pseudo terminal at which the board answers."""
        return self.process_of_board.port

    def reset(self) -> None:
        """Press the reset button."""
        self.process_of_board.ask("reset")

    def power_cycle(self) -> None:
        """Switch the supply off and on: RAM is lost, flash stays."""
        self.process_of_board.ask("power_on")

    @contextmanager
    def held(self) -> Iterator[VirtualProcess]:
        """Hold the board's time: it goes on only for requests, so that a run is the same each time.

        The session continues over a line that keeps that time; it returns to the pseudo terminal at the end.
        """
        process = self.process_of_board
        process.ask("hold", held=True)
        self.link.change_line(HeldLine(process))
        try:
            yield process
        finally:
            self.link.change_back()
            if process.is_running:
                process.ask("hold", held=False)

    def close(self) -> None:
        """End the process and release the line."""
        try:
            super().close()
        finally:
            self._stop()

    def _stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None


class QemuBoard(Board):
    """The same image in QEMU.

    Parameters
    ----------
    elf : Path
    expected_digest, expected_layout : optional
        As for `Board`.
    icount : str, optional
        QEMU's option of that name; audio then streams more slowly.  With `COUNT_INSTRUCTIONS`, SysTick counts
        instructions.  With `STEADY_CLOCK`, the board runs 125 million instructions a second, with repeatable deadlines.
    qemu_options : tuple of str, optional
        Further options, such as `hil_tests.harness.debugger.debugger_options`.
    target : BoardTarget, optional
        The board to simulate, by default the STM32F405.

    Attributes
    ----------
    directory : Path
        Of the files that the image opens.
    """

    def __init__(
        self,
        elf: Path,
        expected_digest: str | None = None,
        expected_layout: Layout | None = None,
        *,
        icount: str | None = None,
        qemu_options: tuple[str, ...] = (),
        target: BoardTarget | None = None,
    ) -> None:
        target = target or find_board("virtual")
        self.tick_hz = target.virtual_tick_hz
        self.keeps_time = icount is not None
        options = (*qemu_options, *(() if icount is None else ("-icount", icount)))
        self._opened = ExitStack()
        self.directory = self._opened.enter_context(temporary_directory("proscenium-board"))
        self._qemu: Qemu | None = None
        try:
            self._qemu = Qemu(target.qemu_machine, elf, options, self.directory)
            transport = SerialTransport(self._qemu.port)
            super().__init__(transport, expected_digest, expected_layout, name=f"qemu:{target.name}")
        except BaseException:
            self._stop()
            raise

    @property
    def pid(self) -> int | None:
        """QEMU's process number while it runs."""
        return self._qemu.pid if self._qemu is not None else None

    @property
    def port(self) -> str:
        """The pseudo terminal at which the board answers; BoardNotFoundError once it is closed."""
        if self._qemu is None:
            raise BoardNotFoundError("the board in QEMU is closed")
        return self._qemu.port

    def reset(self) -> None:
        """Press the reset button."""
        if self._qemu is not None:
            self._qemu.reset()

    def open_semihosting(self) -> None:
        """Continue over semihosting pipes in place of the serial line: the same frames, but faster.

        Raises
        ------
        HilError
            If the board refuses.
        """
        pipes = PipeTransport(self.directory)
        try:
            self.link.request(protocol.SEMIHOSTING)
            self.link.change_line(pipes)
        except BaseException:
            pipes.close()
            raise

    def close_semihosting(self) -> None:
        """Close the pipes and return to the serial line, in a new session."""
        self.link.change_back()
        self.link.hello()

    @contextmanager
    def quickest_line(self) -> Iterator[None]:
        """Go through semihosting, and back to the serial line at the end."""
        self.open_semihosting()
        try:
            yield
        finally:
            self.close_semihosting()

    def close(self) -> None:
        """End QEMU and release the line."""
        try:
            super().close()
        finally:
            self._stop()

    def _stop(self) -> None:
        if self._qemu is not None:
            self._qemu.stop()
            self._qemu = None
        self._opened.close()


def _codec_of(layout: Layout | None) -> tuple[str, ...]:
    """Give the option that solders a layout's codec to the board, if it asks for one."""
    return ("--codec", layout.audio.codec) if layout is not None and layout.audio.bus == "tdm8" else ()


def open_board(
    elf: Path,
    digest: str,
    layout: Layout,
    port: str | None = None,
    target: BoardTarget | None = None,
    in_qemu: bool = False,
) -> Board:
    """Open the board at `port`, or boot `elf` on a virtual board or in QEMU; each must run the design `digest`.

    Parameters
    ----------
    elf, digest, layout
        The image and the design that it must be of.
    port : str, optional
        Serial port of a real board.
    target : BoardTarget, optional
        By default the STM32F405.
    in_qemu : bool
        Whether QEMU runs the image. QEMU alone has the boards other than the STM32F405.
    """
    if port is not None:
        return SerialBoard(port, digest, layout)
    if in_qemu or (target is not None and target.is_virtual_only):
        return QemuBoard(elf, digest, layout, target=target)
    return VirtualBoard(elf, digest, layout, target=target)


def measure_instructions(
    elf: Path,
    digest: str,
    layout: Layout,
    injection_point: InjectionPoint = "program",
    target: BoardTarget | None = None,
) -> int:
    """Instructions of the slowest of some full blocks, upmix included, in QEMU or, if QEMU lacks the board, virtually.

    A count of instructions, not of cycles: neither models the pipeline or the memory's wait states.
    SysTick resolves six of them on the STM32F405 in QEMU, forty on the MPS2, and one on the virtual STM32H743.
    """
    target = target or find_board("virtual")
    if not target.qemu_machine:
        with VirtualBoard(elf, digest, layout, target=target) as virtual:
            # The virtual Cortex-M7 takes a cycle for an instruction (designer/board/virtual/cpu.py).
            return int(virtual.profile(injection_point)["ticks_max"])
    with QemuBoard(elf, digest, layout, icount=COUNT_INSTRUCTIONS, target=target) as board:
        # A request that a busy host sends again would interrupt the blocks that are counted.
        board.link.reply_timeout_s = _PROFILE_TIMEOUT_S
        ticks = board.profile(injection_point)["ticks_max"]
    return round(ticks * INSTRUCTIONS_PER_S / target.virtual_tick_hz)
