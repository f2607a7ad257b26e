"""The configuration file of CamillaDSP (https://github.com/HEnquist/camilladsp), format of versions 3 and 4."""

from __future__ import annotations

from typing import Any

import yaml

from designer.filters.bank import FilterBank
from designer.layout.model import Layout

_CHUNK_SAMPLES = 1024
_INPUTS = ("left", "right")


def camilladsp_config(layout: Layout, bank: FilterBank) -> str:
    """Write the configuration: split each input to all drivers, convolve, sum, and clip each driver at its limit.

    CamillaDSP's filter ``Limiter`` clips hard.  It protects a driver as far as the board's limiter does, but distorts.

    Parameters
    ----------
    layout : Layout
    bank : FilterBank

    Returns
    -------
    str
        YAML.  Filters refer to ``left.wav`` and ``right.wav`` in the same directory, with one channel for each driver.
        The user only sets the ALSA devices.
    """
    drivers = bank.driver_names
    names = [[f"{driver}_{source}" for source in _INPUTS] for driver in drivers]
    flat = [name for row in names for name in row]
    filters = {
        f"{driver}_{source}": {
            "type": "Conv",
            "parameters": {"type": "Wav", "filename": f"{source}.wav", "channel": d},
        }
        for d, driver in enumerate(drivers)
        for source in _INPUTS
    }
    filters |= {
        f"{driver.name}_limit": {"type": "Limiter", "parameters": {"soft_clip": False, "clip_limit": driver.limit_db}}
        for driver in layout.drivers
    }
    split = [_from(index, [index % len(_INPUTS)]) for index in range(len(flat))]
    count = len(_INPUTS)
    gather = [_from(d, [count * d + i for i in range(count)]) for d in range(len(drivers))]
    config: dict[str, Any] = {
        "title": f"Proscenium: {layout.name}",
        "description": f"Channels: {', '.join(drivers)}. Each driver is clipped at its limit. The board's limiter, "
        "which looks ahead, does not exist here.",
        "devices": {
            "samplerate": bank.sample_rate_hz,
            "chunksize": _CHUNK_SAMPLES,
            "capture": {"type": "Alsa", "channels": len(_INPUTS), "device": "hw:Loopback,1"},
            "playback": {"type": "Alsa", "channels": len(drivers), "device": "hw:0"},
        },
        "filters": filters,
        "mixers": {
            "split": {"channels": {"in": count, "out": len(flat)}, "mapping": split},
            "gather": {"channels": {"in": len(flat), "out": len(drivers)}, "mapping": gather},
        },
        "pipeline": [
            {"type": "Mixer", "name": "split"},
            *({"type": "Filter", "channels": [index], "names": [name]} for index, name in enumerate(flat)),
            {"type": "Mixer", "name": "gather"},
            *({"type": "Filter", "channels": [d], "names": [f"{name}_limit"]} for d, name in enumerate(drivers)),
        ],
    }
    return str(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))


def _from(destination: int, sources: list[int]) -> dict[str, Any]:
    return {
        "dest": destination,
        "sources": [{"channel": source, "gain": 0.0, "inverted": False} for source in sources],
    }
