"""One interface for real and virtual boards; they differ only in how they start."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import numpy as np

from designer import protocol
from designer.errors import HilError
from designer.filters.engine import ENTRY_CHANNELS, Entry
from designer.fixedpoint.generator_twin import GeneratedSignal
from designer.fixedpoint.limiter import GAIN_ONE, to_db
from designer.layout import Layout
from designer.toolchain.boards import BoardTarget, find_board
from hil_tests.link import Link
from hil_tests.qemu import Qemu
from hil_tests.transport import PipeTransport, SerialTransport, Transport

# Under -icount shift=0 one instruction takes 1 ns of virtual time.
INSTRUCTIONS_PER_S = 1_000_000_000
COUNT_INSTRUCTIONS = "shift=0"
# 8 ns an instruction; idle time is skipped, as QEMU would otherwise wait for it by the host's clock, and be late.
STEADY_CLOCK = "shift=3,sleep=off"
PROFILE_BLOCKS = 20

_SAMPLE_TYPES: dict[str, np.dtype[Any]] = {
    "q15": np.dtype("<i2"),
    "q31": np.dtype("<i4"),
    "q31x15": np.dtype("<i4"),
}
_ARITHMETIC_NAMES = {code: name.lower() for name, code in protocol.ARITHMETIC.items()}
_CLOCK_NAMES = {code: name for name, code in protocol.CLOCK.items()}
_RESET_NAMES = {code: name for name, code in protocol.RESET.items()}
_PLAYER_NAMES = {code: name for name, code in protocol.PLAYER.items()}
_AUDIO_CLOCK_NAMES = {code: name for name, code in protocol.AUDIO_CLOCK.items()}


@dataclass(frozen=True)
class GenerateRequest:
    """A stretch of a signal that the board makes itself: first frame, full blocks, and blocks to each CRC."""

    position: int
    blocks: int
    blocks_per_crc: int = 1


@dataclass(frozen=True)
class BoardInfo:
    """What the board says of itself in HELLO."""

    board_name: str
    layout_name: str
    digest: str
    arithmetic: str
    sample_rate_hz: int
    block_samples: int
    drivers: int
    inputs: int
    credits: int
    max_payload_bytes: int
    clock_source: str
    reset_cause: str
    faults: int
    fault: dict[str, int] | None


class Board:
    """An open board that has proved to run the expected design.

    Parameters
    ----------
    transport : Transport
        Owned by the board from here on.
    expected_digest : str, optional
        Design digest that the board must give; None accepts any.
    expected_layout : Layout, optional
        Layout whose name, size and arithmetic it must give.
    name : str, optional
        For reports; by default what the board calls itself.

    Raises
    ------
    BoardNotFoundError
        If nothing answers.
    HilError
        If a board answers that runs something else.
    """

    tick_hz: int | None = None
    # Whether a missed deadline is the image's fault; in QEMU only where it counts instructions.
    keeps_time = True

    def __init__(
        self,
        transport: Transport,
        expected_digest: str | None = None,
        expected_layout: Layout | None = None,
        name: str | None = None,
    ) -> None:
        self.link = Link(transport)
        try:
            self.info = _read_info(self.link.hello())
            _check_info(self.info, expected_digest, expected_layout)
        except BaseException:
            self.close()
            raise
        self.name = name or self.info.board_name

    def process(
        self,
        samples: np.ndarray,
        entry: Entry = "program",
        progress: Callable[[int], None] = lambda frames: None,
    ) -> np.ndarray:
        """Run samples through the board from reset.

        Parameters
        ----------
        samples : (n, 2) or (n, 3) integers
            Raw samples: L, R at the entry 'program', L', R', C at 'filters'.
        entry : 'program' or 'filters'
            Ahead of the upmix, or straight into the FIR matrix.
        progress : callable
            Told the number of samples handed over, now and then.

        Returns
        -------
        (n, D) int64
            Raw driver samples.

        Raises
        ------
        ValueError
            If the shape does not fit the entry or a sample lies outside the word.
        HilError
            If the board refuses or does not answer.
        """
        _to_words(samples, entry, _SAMPLE_TYPES[self.info.arithmetic])  # refused before the board hears of it
        self.start(entry)
        return self.stream(samples, entry, progress)

    def stream(
        self,
        samples: np.ndarray,
        entry: Entry = "program",
        progress: Callable[[int], None] = lambda frames: None,
    ) -> np.ndarray:
        """Run samples through the board as `process` does, but from where it stands: after a `start`."""
        raw = _to_words(samples, entry, _SAMPLE_TYPES[self.info.arithmetic])
        replies = self.link.request_all(protocol.AUDIO, _portions(raw, self._frames_per_message(raw), progress))
        output = np.frombuffer(b"".join(replies), dtype=raw.dtype)
        if output.size != raw.shape[0] * self.info.drivers:
            raise HilError(f"{raw.shape[0]} samples in, {output.size / self.info.drivers:g} out")
        return output.reshape(-1, self.info.drivers).astype(np.int64)

    def start(self, entry: Entry = "program") -> None:
        """Clear filters, upmix and limiters, go to full volume, and choose where samples enter."""
        self.link.request(protocol.START, protocol.START.payload.pack(entry=protocol.ENTRY[entry.upper()]))

    def generate(self, signal: GeneratedSignal, requests: Iterable[GenerateRequest]) -> list[int]:
        """Let the board play a signal that it makes itself, from where it stands, and return the outputs' CRCs.

        Parameters
        ----------
        signal : GeneratedSignal
        requests : iterable of GenerateRequest
            As many as the board's credits allow are under way at a time.

        Returns
        -------
        list of int
            CRC-32 of the interleaved outputs, one for each `blocks_per_crc` blocks of each request.

        Raises
        ------
        HilError
            If the board refuses or does not answer.
        """
        fields = {
            "signal": protocol.SIGNAL[signal.name.upper()],
            "attenuation": signal.attenuation,
            "seed": signal.seed,
            "reserved": 0,
        }
        payloads = (protocol.GENERATE.payload.pack(**fields, **asdict(request)) for request in requests)
        replies = self.link.request_all(protocol.GENERATE, payloads)
        return [int(crc) for crc in np.frombuffer(b"".join(replies), dtype="<u4")]

    def tap(self, stage: str, index: int) -> np.ndarray:
        """Read the last block at one stage (see `protocol.STAGE`), one channel of it; (frames,) int64.

        Raises
        ------
        HilError
            If there is no such stage or channel, or no block ran since the start.
        """
        parts: list[np.ndarray] = []
        first, frames = 0, 1
        while first < frames:
            request = protocol.TAP.payload.pack(stage=protocol.STAGE[stage.upper()], index=index, first=first)
            reply = self.link.request(protocol.TAP, request)
            frames = int(protocol.TAP_REPLY.payload.unpack(reply[: protocol.TAP_REPLY.payload.size])["frames"])
            parts.append(np.frombuffer(reply[protocol.TAP_REPLY.payload.size :], dtype="<i8").astype(np.int64))
            first += parts[-1].size
            if parts[-1].size == 0 and first < frames:
                raise HilError(f"TAP: {first} of {frames} frames, and no more")
        return np.concatenate(parts)

    def status(self) -> dict[str, Any]:
        """Counters and timing of the board, and what the host counted on the line.

        Times are SysTick ticks: of the core's clock on a real board, of virtual time in QEMU.
        """
        fields = protocol.STATUS_REPLY.payload.unpack(self.link.request(protocol.STATUS))
        tick_hz = self.tick_hz or int(fields["tick_hz"])
        return {
            "uptime_s": int(fields["uptime_ticks"]) / tick_hz,
            "tick_hz": tick_hz,
            "clock_source": _CLOCK_NAMES.get(int(fields["clock_source"]), "UNKNOWN"),
            **{
                key: int(fields[key])
                for key in (
                    "blocks",
                    "block_ticks_last",
                    "block_ticks_max",
                    "bad_cobs",
                    "bad_crc",
                    "bad_header",
                    "bad_session",
                    "bad_sequence",
                    "duplicates",
                    "receive_overruns",
                )
            },
            "limiter_gain_db": self._gains_db(fields["limiter_gains"]),
            "host_bad_replies": self.link.counters.bad_replies,
            "host_resends": self.link.counters.resends,
            "host_naks": self.link.counters.naks,
            "host_timeouts": self.link.counters.timeouts,
        }

    def profile(self, entry: Entry = "program", blocks: int = PROFILE_BLOCKS) -> dict[str, int]:
        """Time full blocks of a test pattern with nothing on the line.

        Returns
        -------
        dict
            ``ticks_min``, ``ticks_max``, ``ticks_total`` in SysTick ticks, ``block_samples``, ``blocks``.
        """
        request = protocol.PROFILE.payload.pack(entry=protocol.ENTRY[entry.upper()], blocks=blocks)
        fields = protocol.PROFILE_REPLY.payload.unpack(self.link.request(protocol.PROFILE, request))
        return {name: int(value) for name, value in fields.items()}

    def play(self) -> None:
        """Give the pipeline back to the board's own input."""
        self.link.request(protocol.PLAY)

    def health(self) -> dict[str, Any]:
        """Ask what the board's own playing has come to; peaks and the longest block start anew."""
        fields = protocol.HEALTH_REPLY.payload.unpack(self.link.request(protocol.HEALTH))
        full_scale = 2.0 ** protocol.ARITHMETIC[self.info.arithmetic.upper()]
        peaks = np.frombuffer(fields.pop("peaks"), dtype="<u4")[: self.info.drivers]  # type: ignore[arg-type]
        gains_db = self._gains_db(fields.pop("limiter_gains"))
        budget = int(fields["block_ticks_budget"])
        return {
            **fields,
            "player": _PLAYER_NAMES.get(int(fields["player"]), "UNKNOWN"),
            "audio_clock": _AUDIO_CLOCK_NAMES.get(int(fields["audio_clock"]), "UNKNOWN"),
            "clock_source": _CLOCK_NAMES.get(int(fields["clock_source"]), "UNKNOWN"),
            "temperature": None if fields["temperature"] == -128 else fields["temperature"],
            "load": int(fields["block_ticks_max"]) / budget,
            "peak_left": int(fields["peak_left"]) / full_scale,
            "peak_right": int(fields["peak_right"]) / full_scale,
            "peaks": [float(peak) / full_scale for peak in peaks],
            "volume_db": to_db(int(fields["volume"])),
            "limiter_gain_db": gains_db,
        }

    def set_volume(self, volume_db: float) -> None:
        """Move the volume without a click; -inf is silence.

        It holds for what runs now and for the board's own playing; a `start` goes back to full volume for itself.

        Raises
        ------
        HilError
            If it lies above 0 dB.
        """
        if not volume_db <= 0.0:
            raise HilError(f"volume {volume_db:g} dB: allowed are up to 0 dB, full volume")
        gain = round(GAIN_ONE * 10 ** (volume_db / 20))
        self.link.request(protocol.SET_VOLUME, protocol.SET_VOLUME.payload.pack(gain=gain))

    def set_limiter(self, driver: int, limit: int, release: int) -> None:
        """Lower a driver's limit, or raise it up to the design's; both raw, see `FixedLimiter`.

        Raises
        ------
        HilError
            If the board refuses.
        """
        payload = protocol.SET_LIMITER.payload.pack(driver=driver, reserved=bytes(3), limit=limit, release=release)
        self.link.request(protocol.SET_LIMITER, payload)

    def _gains_db(self, raw: Any) -> list[float]:
        """Levels of the least gain that each driver's limiter has asked for."""
        return [to_db(int(gain)) for gain in np.frombuffer(raw, dtype="<u4")[: self.info.drivers]]

    def close(self) -> None:
        """Release the board; more than once does no harm."""
        self.link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _frames_per_message(self, raw: np.ndarray) -> int:
        """As many samples as a message holds in both directions; whole blocks where one fits."""
        channels = max(int(raw.shape[1]), self.info.drivers)
        frames = self.info.max_payload_bytes // (int(raw.itemsize) * channels)
        return frames - frames % self.info.block_samples or frames


class SerialBoard(Board):
    """A real board at a serial port."""

    def __init__(self, port: str, expected_digest: str | None = None, expected_layout: Layout | None = None) -> None:
        super().__init__(SerialTransport(port), expected_digest, expected_layout, name=port)
        self.name = f"{self.info.board_name} at {port}"


class VirtualBoard(Board):
    """The same image in QEMU.

    Parameters
    ----------
    elf : Path
    expected_digest, expected_layout : optional
        As for `Board`.
    icount : str, optional
        QEMU's option of that name; audio then streams more slowly. `COUNT_INSTRUCTIONS` makes SysTick count
        instructions, `STEADY_CLOCK` gives a board of 125 million instructions a second whose deadlines repeat.
    qemu_options : tuple of str, optional
        Further options, such as `hil_tests.debugger.debugger_options`.
    target : BoardTarget, optional
        The board to simulate, by default the STM32F405.
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
        self._directory = TemporaryDirectory(prefix="proscenium-board-")
        self._qemu: Qemu | None = None
        try:
            self._qemu = Qemu(target.qemu_machine, elf, options, Path(self._directory.name))
            transport = SerialTransport(self._qemu.port)
            super().__init__(transport, expected_digest, expected_layout, name=f"virtual:{target.name}")
        except BaseException:
            self._stop()
            raise

    @property
    def pid(self) -> int | None:
        """QEMU's process number while it runs."""
        return self._qemu.pid if self._qemu is not None else None

    @property
    def directory(self) -> Path:
        """Where the image finds the files that it opens."""
        return Path(self._directory.name)

    def reset(self) -> None:
        """Press the reset button."""
        if self._qemu is not None:
            self._qemu.reset()

    def open_fast_lane(self) -> None:
        """Go on through pipes instead of the serial line: the same frames, without its waits.

        Raises
        ------
        HilError
            If the board refuses.
        """
        lane = PipeTransport(self.directory)
        try:
            self.link.request(protocol.FAST_LANE)
            self.link.change_line(lane)
        except BaseException:
            lane.close()
            raise

    def leave_fast_lane(self) -> None:
        """Close the pipes and go back to the serial line, in a new session."""
        self.link.change_back()
        self.link.hello()

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
        self._directory.cleanup()


def open_board(
    elf: Path, digest: str, layout: Layout, port: str | None = None, target: BoardTarget | None = None
) -> Board:
    """Open the board at `port`, or boot `elf` on a virtual one; either must run the design `digest`."""
    if port is not None:
        return SerialBoard(port, digest, layout)
    return VirtualBoard(elf, digest, layout, target=target)


def measure_instructions(
    elf: Path, digest: str, layout: Layout, entry: Entry = "program", target: BoardTarget | None = None
) -> int:
    """Instructions that the slowest of some full blocks takes on a virtual board, upmix included.

    A count of instructions, not of cycles: QEMU does not model the pipeline or the memory's wait states.
    SysTick resolves six of them on the STM32F405, forty on the MPS2.
    """
    target = target or find_board("virtual")
    with VirtualBoard(elf, digest, layout, icount=COUNT_INSTRUCTIONS, target=target) as board:
        ticks = board.profile(entry)["ticks_max"]
    return round(ticks * INSTRUCTIONS_PER_S / target.virtual_tick_hz)


def _read_info(fields: dict[str, Any]) -> BoardInfo:
    return BoardInfo(
        board_name=fields["board_name"],
        layout_name=fields["layout_name"],
        digest=fields["digest"].hex(),
        arithmetic=_ARITHMETIC_NAMES.get(fields["arithmetic"], f"code {fields['arithmetic']}"),
        sample_rate_hz=fields["sample_rate_hz"],
        block_samples=fields["block_samples"],
        drivers=fields["drivers"],
        inputs=fields["inputs"],
        credits=fields["credits"],
        max_payload_bytes=fields["max_payload_bytes"],
        clock_source=_CLOCK_NAMES.get(fields["clock_source"], "UNKNOWN"),
        reset_cause=_RESET_NAMES.get(fields["reset_cause"], "UNKNOWN"),
        faults=fields["faults"],
        fault={name.removeprefix("fault_"): value for name, value in fields.items() if name.startswith("fault_")}
        if fields["fault_exception"]
        else None,
    )


def _check_info(info: BoardInfo, digest: str | None, layout: Layout | None) -> None:
    if layout is not None:
        for what, has, wants in (
            ("layout", info.layout_name, layout.name),
            ("arithmetic", info.arithmetic, layout.arithmetic),
            ("sample rate", info.sample_rate_hz, layout.sample_rate_hz),
            ("number of drivers", info.drivers, len(layout.drivers)),
        ):
            if has != wants:
                raise HilError(f"{what}: the board runs {has}, expected {wants}: flash it again")
    if digest is not None and info.digest != digest:
        raise HilError(f"design digest: the board runs {info.digest[:16]}…, expected {digest[:16]}…: flash it again")
    if info.arithmetic not in _SAMPLE_TYPES:
        raise HilError(f"arithmetic: the board runs {info.arithmetic}, known are {', '.join(_SAMPLE_TYPES)}")


def _to_words(samples: np.ndarray, entry: Entry, word: np.dtype[Any]) -> np.ndarray:
    samples = np.asarray(samples)
    if samples.ndim != 2 or samples.shape[1] != ENTRY_CHANNELS[entry]:
        raise ValueError(f"samples {samples.shape}: entry '{entry}' takes (n, {ENTRY_CHANNELS[entry]})")
    if not np.issubdtype(samples.dtype, np.integer):
        raise ValueError(f"samples of {samples.dtype}: raw integers are needed")
    limits = np.iinfo(word)
    if samples.size and not (limits.min <= int(samples.min()) and int(samples.max()) <= limits.max):
        raise ValueError(f"samples: outside {limits.min} to {limits.max}")
    return np.ascontiguousarray(samples, dtype=word)


def _portions(raw: np.ndarray, frames: int, progress: Callable[[int], None]) -> Iterator[bytes]:
    for start in range(0, raw.shape[0], frames):
        part = raw[start : start + frames]
        yield part.tobytes()
        progress(start + part.shape[0])
