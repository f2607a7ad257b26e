"""An open board, real or virtual.  `designer.board.open` opens it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np

from designer import protocol
from designer.board.health import per_driver, read_health
from designer.board.identity import CLOCK_NAMES, check_info, read_info
from designer.board.limits import Limits
from designer.board.link import Link, check_fields, unpack_reply
from designer.board.samples import portions, to_raw
from designer.board.transport import Transport
from designer.dsp.engine import InjectionPoint
from designer.errors import HilError
from designer.fixedpoint.limiter_settings import GAIN_ONE, to_db
from designer.fixedpoint.model.generator import GeneratedSignal
from designer.layout.model import Layout

PROFILE_BLOCKS = 20


@dataclass(frozen=True)
class GenerateRequest:
    """Part of a signal that the board generates: first frame, number of blocks, and blocks for each CRC."""

    position: int
    blocks: int
    blocks_per_crc: int = 1


class Board:
    """An open board that runs the expected design.

    Parameters
    ----------
    transport : Transport
        Owned by the board from here on.
    expected_digest : str, optional
        Digest of the design that the board must run; None accepts any.
    expected_layout : Layout, optional
        Layout whose name, size and number format the board must have.
    name : str, optional
        Name in reports; by default the board's own.

    Raises
    ------
    BoardNotFoundError
        If nothing answers.
    HilError
        If the board runs another design or layout.
    """

    tick_hz: int | None = None
    # Whether a missed deadline is the fault of the image.  In QEMU this needs a count of instructions.
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
            self.info = read_info(self.link.hello())
            check_info(self.info, expected_digest, expected_layout)
        except BaseException:
            self.close()
            raise
        self.name = name or self.info.board_name

    def process(
        self,
        samples: np.ndarray,
        injection_point: InjectionPoint = "program",
        progress: Callable[[int], None] = lambda frames: None,
    ) -> np.ndarray:
        """Run samples through the board from reset.

        Parameters
        ----------
        samples : (n, 2) or (n, 3) integers
            Raw samples: L, R at the injection point 'program', L', R', C at 'filters'.
        injection_point : 'program' or 'filters'
            Before the upmix, or at the inputs of the FIR matrix.
        progress : callable
            Called from time to time with the number of samples sent.

        Returns
        -------
        (n, D) int64
            Raw driver samples.

        Raises
        ------
        ValueError
            If the shape does not fit the injection point or a sample lies outside the word.
        HilError
            If the board refuses or does not answer.
        """
        to_raw(samples, injection_point, self.info.number_format.sample_dtype)  # refuses bad samples before START
        self.start(injection_point)
        return self.stream(samples, injection_point, progress)

    def stream(
        self,
        samples: np.ndarray,
        injection_point: InjectionPoint = "program",
        progress: Callable[[int], None] = lambda frames: None,
    ) -> np.ndarray:
        """Run samples through the board as `process` does, but from its present state; `start` comes first."""
        raw = to_raw(samples, injection_point, self.info.number_format.sample_dtype)
        replies = self.link.request_all(protocol.AUDIO, portions(raw, self._frames_per_message(raw), progress))
        data = b"".join(replies)
        frame_bytes = raw.dtype.itemsize * self.info.drivers
        if len(data) != raw.shape[0] * frame_bytes:
            raise HilError(f"{raw.shape[0]} samples in, {len(data) / frame_bytes:g} out")
        output = np.frombuffer(data, dtype=raw.dtype)
        return output.reshape(-1, self.info.drivers).astype(np.int64)

    def start(self, injection_point: InjectionPoint = "program") -> None:
        """Clear filters, upmix and limiters, go to full volume, and choose where samples enter."""
        self.link.request(
            protocol.START,
            protocol.START.payload.pack(injection_point=protocol.INJECTION_POINT[injection_point.upper()]),
        )

    def generate(self, signal: GeneratedSignal, requests: Iterable[GenerateRequest]) -> list[int]:
        """Let the board play a signal that it generates, from its present state, and return the CRCs of the output.

        Parameters
        ----------
        signal : GeneratedSignal
        requests : iterable of GenerateRequest
            Requests.  At any time, as many are under way as the board's credits allow.

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
        return [int(crc) for crc in _numbers("GENERATE", b"".join(replies), "<u4")]

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
            heading, data = reply[: protocol.TAP_REPLY.payload.size], reply[protocol.TAP_REPLY.payload.size :]
            frames = int(unpack_reply(protocol.TAP_REPLY, heading)["frames"])
            parts.append(_numbers("TAP", data, "<i8").astype(np.int64))
            first += parts[-1].size
            if parts[-1].size == 0 and first < frames:
                raise HilError(f"TAP: {first} of {frames} frames, and no more")
        return np.concatenate(parts)

    def status(self) -> dict[str, Any]:
        """Counters and timing of the board, and the counters of the host.

        Times are SysTick ticks: of the core's clock on a real board, of virtual time in QEMU.
        """
        fields = self.link.fields(protocol.STATUS, protocol.STATUS_REPLY)
        check_fields("STATUS_REPLY", fields, {"tick_hz": (1, 0xFFFF_FFFF)})
        tick_hz = self.tick_hz or int(fields["tick_hz"])
        return {
            "uptime_s": int(fields["uptime_ticks"]) / tick_hz,
            "tick_hz": tick_hz,
            "clock_source": CLOCK_NAMES.get(int(fields["clock_source"]), "UNKNOWN"),
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
            "limiter_gain_db": [to_db(gain) for gain in per_driver(fields["limiter_gains"], self.info.drivers)],
            "host_bad_replies": self.link.counters.bad_replies,
            "host_resends": self.link.counters.resends,
            "host_naks": self.link.counters.naks,
            "host_timeouts": self.link.counters.timeouts,
        }

    def profile(self, injection_point: InjectionPoint = "program", blocks: int = PROFILE_BLOCKS) -> dict[str, int]:
        """Time full blocks of a test pattern with nothing on the line.

        Returns
        -------
        dict
            ``ticks_min``, ``ticks_max``, ``ticks_total`` in SysTick ticks, ``block_samples``, ``blocks``.
        """
        request = protocol.PROFILE.payload.pack(
            injection_point=protocol.INJECTION_POINT[injection_point.upper()], blocks=blocks
        )
        fields = self.link.fields(protocol.PROFILE, protocol.PROFILE_REPLY, request)
        return {name: int(value) for name, value in fields.items()}

    def play(self) -> None:
        """Give the pipeline back to the board's own input."""
        self.link.request(protocol.PLAY)

    def health(self) -> dict[str, Any]:
        """Ask for the health of the board's own playing.  Reading resets the peaks and the longest block."""
        return read_health(self.link.request(protocol.HEALTH), self.info.number_format, self.info.drivers)

    def set_volume(self, volume_db: float) -> None:
        """Move the volume without a click; -inf is silence.

        It applies to the signal that runs now, and to the board's own playing.  A `start` uses full volume.

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

    def limits(self) -> Limits:
        """Ask for the limits of the board's own playing, and for those of the design."""
        return Limits.from_reply(self.link.request(protocol.LIMITS), self.info.number_format, self.info.drivers)

    @contextmanager
    def quickest_line(self) -> Iterator[None]:
        """Carry long audio over the quickest line that the board has; a real board has the serial line only."""
        yield

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
        """Frames that fit a message in both directions; a multiple of the block if at least one block fits."""
        channels = max(int(raw.shape[1]), self.info.drivers)
        frames = self.info.max_payload_bytes // (int(raw.itemsize) * channels)
        return frames - frames % self.info.block_samples or frames


def _numbers(name: str, data: bytes, dtype: str) -> np.ndarray:
    """Read a reply that consists of whole numbers."""
    if len(data) % np.dtype(dtype).itemsize:
        raise HilError(f"{name}: reply of {len(data)} bytes, not a whole number of values: flash the board")
    return np.frombuffer(data, dtype=dtype)
