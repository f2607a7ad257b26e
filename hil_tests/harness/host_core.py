"""The firmware's core built for the host: its pipeline as a function, and its link as a line without a wire."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path

import numpy as np

from designer import protocol
from designer.dsp.engine import INJECTION_CHANNELS, InjectionPoint, check_channels
from designer.fixedpoint.model.generator import GeneratedSignal

_OUT_BYTES = 1 << 16


class _Frame(ctypes.Structure):
    """`ps_frame_t` of firmware/core/link/frame.h."""

    _fields_ = (
        ("type", ctypes.c_uint8),
        ("sequence", ctypes.c_uint16),
        ("session", ctypes.c_uint16),
        ("length", ctypes.c_uint16),
        ("payload", ctypes.POINTER(ctypes.c_uint8)),
    )


class _Identity(ctypes.Structure):
    """`ps_identity_t` of firmware/core/dsp/design_types.h."""

    _fields_ = (
        ("magic", ctypes.c_uint32),
        ("abi", ctypes.c_uint16),
        ("number_format", ctypes.c_uint8),
        ("drivers", ctypes.c_uint8),
        ("inputs", ctypes.c_uint8),
        ("reserved", ctypes.c_uint8),
        ("block_samples", ctypes.c_uint16),
        ("sample_rate_hz", ctypes.c_uint32),
        ("layout_name", ctypes.c_char * 32),
        ("digest", ctypes.c_uint8 * 32),
    )


class HostCore:
    """A library made by `designer.toolchain.compiler.build_host_library`.

    Parameters
    ----------
    library : Path
        The ``.so`` file; a library of the same path is loaded once in a process.
    """

    def __init__(self, library: Path) -> None:
        self.library = ctypes.CDLL(str(library))
        for name in ("host_pipeline_bytes", "host_parser_bytes", "host_board_bytes", "host_cobs_encode"):
            getattr(self.library, name).restype = ctypes.c_size_t
        self.library.host_crc32.restype = ctypes.c_uint32
        self.library.host_crc32.argtypes = (ctypes.c_uint32, ctypes.c_char_p, ctypes.c_size_t)
        self.library.host_cobs_encode.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p)
        self.library.host_board_feed.restype = ctypes.c_size_t
        self.library.host_board_feed.argtypes = (
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_void_p,
            ctypes.c_size_t,
        )
        self.library.host_parser_feed.argtypes = (ctypes.c_void_p, ctypes.c_uint8, ctypes.POINTER(_Frame))
        self.library.host_identity.restype = ctypes.POINTER(_Identity)
        identity = self.library.host_identity().contents
        self.drivers = int(identity.drivers)
        self.block_samples = int(identity.block_samples)
        self.digest = bytes(identity.digest).hex()
        self.sample_type = np.dtype("<i2" if identity.number_format == 15 else "<i4")
        self._pipeline = ctypes.create_string_buffer(self.library.host_pipeline_bytes())

    def reset(self, injection_point: InjectionPoint = "program") -> int:
        """Reset the pipeline and return its status code."""
        return int(self.library.host_pipeline_reset(self._pipeline, protocol.INJECTION_POINT[injection_point.upper()]))

    def process_block(self, samples: np.ndarray) -> tuple[int, np.ndarray]:
        """Run (n, channels) raw samples in one call; return the status code and (n, D) int64."""
        raw = np.ascontiguousarray(samples, dtype=self.sample_type)
        out = np.zeros((raw.shape[0], self.drivers), dtype=self.sample_type)
        status = self.library.host_pipeline_process(
            self._pipeline, raw.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p), raw.shape[0]
        )
        return int(status), out.astype(np.int64)

    def process(
        self, samples: np.ndarray, injection_point: InjectionPoint = "program", block: int | None = None
    ) -> np.ndarray:
        """Run (n, channels) raw samples from reset in blocks, by default of the design's size; (n, D) int64.

        Raises
        ------
        ValueError
            If the core refuses, or the shape does not fit the injection point.
        """
        check_channels(samples, injection_point)
        size = block or self.block_samples
        statuses, parts = {self.reset(injection_point)}, [np.zeros((0, self.drivers), dtype=np.int64)]
        for start in range(0, samples.shape[0], size):
            status, part = self.process_block(samples[start : start + size])
            statuses.add(status)
            parts.append(part)
        if statuses != {0}:
            raise ValueError(f"the core refuses: {sorted(protocol.STATUS_NAMES[status] for status in statuses)}")
        return np.concatenate(parts)

    def generate(
        self, signal: GeneratedSignal, injection_point: InjectionPoint, position: int, frames: int
    ) -> np.ndarray:
        """Make a test signal as the firmware does; (frames, channels) int64."""
        out = np.zeros((frames, INJECTION_CHANNELS[injection_point]), dtype=self.sample_type)
        code = protocol.SIGNAL[signal.name.upper()]
        to = out.ctypes.data_as(ctypes.c_void_p)
        self.library.host_generate(
            code, signal.attenuation, ctypes.c_uint32(signal.seed), ctypes.c_uint32(position), to, out.shape[1], frames
        )
        return out.astype(np.int64)

    def crc32(self, data: bytes) -> int:
        """CRC-32 as the firmware computes it."""
        return int(self.library.host_crc32(0, data, len(data)))

    def cobs_encode(self, data: bytes) -> bytes:
        """COBS with its delimiter, as the firmware encodes it."""
        out = ctypes.create_string_buffer(len(data) + len(data) // 254 + 2)
        size = self.library.host_cobs_encode(data, len(data), out)
        return out.raw[:size]


class HostParser:
    """The firmware's frame parser, fed with bytes."""

    def __init__(self, core: HostCore) -> None:
        self._library = core.library
        self._state = ctypes.create_string_buffer(self._library.host_parser_bytes())
        self._library.host_parser_reset(self._state)

    def feed(self, data: bytes) -> list[protocol.Frame | str]:
        """Frames taken, and the names of the status codes of those refused, in order."""
        found: list[protocol.Frame | str] = []
        frame = _Frame()
        for byte in data:
            status = self._library.host_parser_feed(self._state, byte, ctypes.byref(frame))
            if status == 1:
                payload = ctypes.string_at(frame.payload, frame.length)
                found.append(protocol.Frame(frame.type, frame.sequence, frame.session, payload))
            elif status < 0:
                found.append(protocol.STATUS_NAMES[status])
        return found


class HostTransport:
    """The firmware's end of the line in this process: what is written is handled at once."""

    def __init__(self, core: HostCore) -> None:
        self._library = core.library
        self._state = ctypes.create_string_buffer(self._library.host_board_bytes())
        self._out = ctypes.create_string_buffer(_OUT_BYTES)
        self._replies = bytearray()
        self.restart()

    def restart(self) -> None:
        """Do what the very first start does: no slot of the flash was ever written."""
        self._library.host_board_reset(self._state)

    def power_cycle(self) -> None:
        """Do the same, and let the flash be as it was."""
        self._library.host_board_power_cycle(self._state)

    def cut_power_after(self, operations: int) -> None:
        """Let the flash do so many erasures and words more, the next one by half, and then none."""
        self._library.host_board_cut_after(self._state, ctypes.c_uint32(operations))

    def weaken_flash(self, operation: int) -> None:
        """Let a later word stay erased, though the flash says that it was programmed; 0 is the next operation."""
        self._library.host_board_weaken(self._state, ctypes.c_uint32(operation))

    def use_flash_words(self, size: int) -> None:
        """Let the flash be programmed by words of so many bytes, each once; 4 after every restart."""
        self._library.host_board_flash_words(self._state, ctypes.c_uint32(size))

    @property
    def torn_words_read(self) -> int:
        """How often a slot was read that holds a word with a double error."""
        return int(self._library.host_board_torn_reads(self._state))

    @property
    def flash_operations(self) -> int:
        """Erasures and words since `cut_power_after` or the last start."""
        return int(self._library.host_board_flash_operations(self._state))

    def flip_flash(self, slot: int, offset: int, mask: int) -> None:
        """Change bits of a slot."""
        self._library.host_board_slot.restype = ctypes.POINTER(ctypes.c_uint8)
        self._library.host_board_slot(self._state, ctypes.c_uint32(slot))[offset] ^= mask

    def write(self, data: bytes) -> None:
        """Hand bytes to the board."""
        # In portions whose replies surely fit: a request of 13 bytes can be answered by the longest frame.
        for start in range(0, len(data), 256):
            part = data[start : start + 256]
            size = self._library.host_board_feed(self._state, part, len(part), self._out, _OUT_BYTES)
            self._replies += self._out.raw[:size]

    def read(self, timeout_s: float) -> bytes:
        """Return what the board has answered; nothing more can come, however long one waits."""
        if not self._replies:
            time.sleep(min(timeout_s, 0.001))
        replies = bytes(self._replies)
        self._replies.clear()
        return replies

    def wait(self, seconds: float) -> None:
        """Do nothing: its time goes on with requests alone."""

    def close(self) -> None:
        """Do nothing: there is nothing to release."""
