"""The firmware's player built for the host: the caller is the audio interface."""

from __future__ import annotations

import ctypes

import numpy as np

from designer import protocol
from hil_tests.harness.host_core import HostCore

_STATES = {code: name for name, code in protocol.PLAYER.items()}


class HostPlayer:
    """A player that has just been reset.

    Parameters
    ----------
    core : HostCore
        The library it comes from.
    """

    def __init__(self, core: HostCore) -> None:
        self._core = core
        self._library = core.library
        self._library.host_player_bytes.restype = ctypes.c_size_t
        self._library.host_player_half_complete.restype = ctypes.c_void_p
        self._library.host_player_peak.restype = ctypes.c_uint32
        self._state = ctypes.create_string_buffer(self._library.host_player_bytes())
        self._library.host_player_reset(self._state)

    def half_complete(self, block: np.ndarray, *, late_halves: int = 0, process: bool = True) -> np.ndarray:
        """Complete a half: what was processed is heard next, and the other half is processed.

        Parameters
        ----------
        block : (block_samples, 2) integers
            What the input recorded meanwhile.
        late_halves : int
            Halves that complete before this block is processed, at most 7.
        process : bool
            Whether the player begins to process the block at all.

        Returns
        -------
        (n, D) int64
            What is heard meanwhile: one block, and one more for each late half.
        """
        raw = np.ascontiguousarray(block, dtype=self._core.sample_type)
        heard = self._library.host_player_half_complete(
            self._state, raw.ctypes.data_as(ctypes.c_void_p), ctypes.c_int(process), ctypes.c_uint32(late_halves)
        )
        frames = int(self._library.host_player_heard(self._state)) * self._core.block_samples
        shape = (frames, self._core.drivers)
        data = ctypes.string_at(heard, frames * self._core.drivers * self._core.sample_type.itemsize)
        return np.frombuffer(data, dtype=self._core.sample_type).reshape(shape).astype(np.int64)

    def set_time(self, has_time: bool) -> None:
        """Say whether what is worked on can still be written before the output reaches it."""
        self._library.host_player_set_time(self._state, ctypes.c_int(has_time))

    def restart(self) -> None:
        """Let the converters start anew, as after a fault of theirs: muted, from silence."""
        self._library.host_player_restarted(self._state)

    def claim(self) -> None:
        """Take the pipeline for the serial side."""
        self._library.host_player_claim(self._state)

    def release(self) -> None:
        """Give it back."""
        self._library.host_player_release(self._state)

    def request(self, message: protocol.Message, payload: bytes = b"") -> bytes:
        """Hand over a request as the link does, and return the payload of its reply.

        Raises
        ------
        ValueError
            If the board refuses, with the name of its status.
        """
        reply, size = ctypes.create_string_buffer(protocol.MAX_PAYLOAD_BYTES), ctypes.c_size_t()
        status = self._library.host_player_request(
            self._state,
            ctypes.c_uint32(message.code),
            payload,
            ctypes.c_uint32(len(payload)),
            reply,
            ctypes.byref(size),
        )
        if status != 0:
            raise ValueError(f"{message.name}: {protocol.STATUS_NAMES[status]}")
        return reply.raw[: size.value]

    def set_volume(self, gain: int) -> None:
        """Set the volume as a host does over the line, full volume being 2**24."""
        self.request(protocol.SET_VOLUME, protocol.SET_VOLUME.payload.pack(gain=gain))

    @property
    def flash_operations(self) -> int:
        """Erasures of the flash and words written to it since the start."""
        return int(self._library.host_player_flash_operations(self._state))

    @property
    def state(self) -> str:
        """Name of the state, as in `protocol.PLAYER`."""
        return _STATES[int(self._library.host_player_state(self._state))]

    @property
    def misses(self) -> int:
        """Blocks that were not ready in time."""
        return int(self._library.host_player_misses(self._state))

    @property
    def muted(self) -> bool:
        """Whether the converters are muted."""
        return bool(self._library.host_player_is_muted(self._state))

    @property
    def paused(self) -> bool:
        """Whether the player has stopped the interrupts of the audio interface."""
        return bool(self._library.host_player_is_paused(self._state))

    def peak(self, driver: int) -> int:
        """Largest magnitude that a driver was given."""
        return int(self._library.host_player_peak(self._state, driver))
