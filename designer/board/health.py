"""The fields of HEALTH_REPLY in physical units."""

from __future__ import annotations

from typing import Any

import numpy as np

from designer import protocol
from designer.board.identity import CLOCK_NAMES
from designer.board.link import check_fields, unpack_reply
from designer.fixedpoint.limiter_settings import to_db
from designer.fixedpoint.number_format import NumberFormat

_PLAYER_NAMES = {code: name for name, code in protocol.PLAYER.items()}
_AUDIO_CLOCK_NAMES = {code: name for name, code in protocol.AUDIO_CLOCK.items()}
_NO_SENSOR = -128


def read_health(reply: bytes, number_format: NumberFormat, drivers: int) -> dict[str, Any]:
    """Convert a payload of HEALTH_REPLY.

    Parameters
    ----------
    reply : bytes
    number_format : NumberFormat
        The image's: full scale of the peaks is that of its samples.
    drivers : int

    Returns
    -------
    dict
        The fields; codes by name, ``load`` of the slowest block, peaks with full scale 1, levels in decibels.
    """
    fields = unpack_reply(protocol.HEALTH_REPLY, reply)
    check_fields("HEALTH_REPLY", fields, {"block_ticks_budget": (1, 0xFFFF_FFFF)})
    lsb = number_format.sample.lsb
    peaks = per_driver(fields.pop("peaks"), drivers)
    gains = per_driver(fields.pop("limiter_gains"), drivers)
    return {
        **fields,
        "player": _PLAYER_NAMES.get(int(fields["player"]), "UNKNOWN"),
        "audio_clock": _AUDIO_CLOCK_NAMES.get(int(fields["audio_clock"]), "UNKNOWN"),
        "clock_source": CLOCK_NAMES.get(int(fields["clock_source"]), "UNKNOWN"),
        "temperature": None if fields["temperature"] == _NO_SENSOR else fields["temperature"],
        "load": int(fields["block_ticks_max"]) / int(fields["block_ticks_budget"]),
        "peak_left": int(fields["peak_left"]) * lsb,
        "peak_right": int(fields["peak_right"]) * lsb,
        "peaks": [peak * lsb for peak in peaks],
        "volume_db": to_db(int(fields["volume"])),
        "limiter_gain_db": [to_db(gain) for gain in gains],
    }


def per_driver(raw: Any, drivers: int) -> list[int]:
    """Read a field of bytes with one u32 for each driver, then zeros."""
    return [int(word) for word in np.frombuffer(raw, dtype="<u4")[:drivers]]
