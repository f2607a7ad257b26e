"""Measures what the design makes of a room: depth, width, level and bass, beside plain mixing on the same drivers.

Depth is the direct-to-reverberant ratio in the layout's room, of the quantised tables.  Width is the level and time
difference between the ears without the room.  Level is the programme loudness of music at the listener (ITU-R
BS.1770), at equal work of the limiter: its gain is below −1 dB for 1 % of the time.  Bass is the level within
60 … 200 Hz over that within 200 Hz … 5 kHz.  Plain mixing is the stereo downmix.

    .venv/bin/python -m benchmarks.room_trade [LAYOUT …] [--room ABSORPTION] [--anechoic]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.signal import fftconvolve, welch

from designer.acoustics.model import ear_plant
from designer.acoustics.poses import HeadPoses
from designer.design.build import build_design
from designer.dsp.limiter import Limiter, limiter_settings
from designer.dsp.upmix import Upmix
from designer.evaluation.cancellation import evaluate_cancellation
from designer.evaluation.listener.loudness import programme_loudness
from designer.evaluation.room import RoomPlant, evaluate_room
from designer.filters.reference import reference_pressure
from designer.filters.stereo_downmix import downmix_bank
from designer.fixedpoint.dequantised import dequantised_impulse_responses
from designer.layout.model import Layout
from designer.layout.shipped import find_layout, shipped_layouts

# Recordings of the Debian packages asc-music and frozen-bubble-data, with the second at which 20 s of each begin.
_RECORDINGS = (
    ("/usr/share/games/asc/music/frontiers.mp3", 40.0),
    ("/usr/share/games/asc/music/machine_wars.mp3", 30.0),
    ("/usr/share/games/asc/music/time_to_strike.mp3", 60.0),
    ("/usr/share/games/frozen-bubble/snd/frozen-mainzik-1p.ogg", 30.0),
    ("/usr/share/games/frozen-bubble/snd/introzik.ogg", 10.0),
)
_SECONDS = 20.0
RATE_HZ = 48000
# The limiter's work at which loudness is compared.
_LIMITED_DB, _LIMITED_TIME = -1.0, 0.01
_GAINS_DB, _ROUNDS = (-20.0, 60.0), 11
_EAR_TAPS = 2048
_BASS_HZ, _REST_HZ = (60.0, 200.0), (200.0, 5000.0)


@dataclass(frozen=True)
class Programme:
    """Music through one set of filters.

    Attributes
    ----------
    loudness_lkfs : float
        At the ears of the nominal head; 0 dB is 1 Pa.
    gain_db : float
        Gain that brings the limiter to its work, from music at full scale.
    bass_db : float
        Bass over the rest.
    limited_time : float
        Part of the time in which the limiter takes more than 1 dB at the design's own level.
    """

    loudness_lkfs: float
    gain_db: float
    bass_db: float
    limited_time: float


@lru_cache(maxsize=1)
def music() -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]:
    """Load recordings at 48 kHz with a peak of full scale, and what the upmix makes of each: (n, 2) and (n, 3)."""
    found = []
    for name, start_s in _RECORDINGS:
        samples, rate = soundfile.read(Path(name), always_2d=True)
        part = samples[round(start_s * rate) : round((start_s + _SECONDS) * rate), :2]
        stereo = soxr.resample(np.repeat(part, 3 - part.shape[1], axis=1), rate, RATE_HZ)
        stereo = stereo / np.abs(stereo).max()
        found.append((stereo, Upmix().process(stereo)))
    return tuple(found)


def ear_responses(layout: Layout) -> NDArray[np.float64]:
    """Impulse responses from drivers to the ears of the nominal head, without their common delay: (D, 2, N)."""
    grid = np.fft.rfftfreq(_EAR_TAPS, 1 / RATE_HZ)
    lines = np.maximum(grid, 1.0)
    spread = np.abs(reference_pressure(layout, lines)) / reference_pressure(layout, lines)
    spectra = ear_plant(layout, lines, HeadPoses.nominal()).transfer * spread[:, None, None]
    late = np.exp(-2j * np.pi * grid * (_EAR_TAPS // 4) / RATE_HZ)
    return np.fft.irfft(spectra * late[:, None, None], axis=0).transpose(2, 1, 0)


def play(
    layout: Layout, impulse_responses: NDArray[np.float64], ears: NDArray[np.float64], signals: NDArray[np.float64]
) -> Programme:
    """Play signals (n, 3) through filters (D, 3, N), and measure them at the ears."""
    drivers = np.stack([fftconvolve(signals, h.T, axes=0).sum(axis=1) for h in impulse_responses], axis=1)
    heard = sum(fftconvolve(drivers[:, d, None], ears[d].T, axes=0) for d in range(len(ears)))

    settings = limiter_settings(layout)
    one = replace(settings, limits=(1.0,), linked=True)
    # The linked limiter hears the loudest driver, relative to its limit.
    loudest = np.maximum(np.abs(drivers / np.array(settings.limits)).max(axis=1, keepdims=True), 1e-9)

    def time_limited(gain: float) -> float:
        limited = Limiter(one).process(gain * loudest)[one.delay_samples :]
        reduction = limited / (gain * loudest[: len(limited)])
        return float(np.mean(20 * np.log10(reduction) < _LIMITED_DB))

    low, high = _GAINS_DB
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        low, high = (low, middle) if time_limited(10 ** (middle / 20)) > _LIMITED_TIME else (middle, high)
    gain = 10 ** (low / 20)
    frequencies, power = welch(heard, RATE_HZ, nperseg=16384, axis=0)

    def within(band_hz: tuple[float, float]) -> float:
        chosen = (frequencies >= band_hz[0]) & (frequencies < band_hz[1])
        return float(power[chosen].sum())

    bass_db = 10 * np.log10(within(_BASS_HZ) / within(_REST_HZ))
    return Programme(programme_loudness((heard * gain).T, RATE_HZ), low, bass_db, time_limited(1.0))


def measure(layout: Layout) -> dict[str, str]:
    """Build and measure one layout: texts by the name of the column."""
    design = build_design(layout)
    tables, plain = dequantised_impulse_responses(design.fixed), downmix_bank(layout).impulse_responses
    plant = RoomPlant(layout)
    inside, outside = (evaluate_room(layout, h, plant) for h in (tables, plain))
    at_ears = evaluate_cancellation(layout, tables).left
    ears = ear_responses(layout)
    ours = [play(layout, tables, ears, buses) for _, buses in music()]
    theirs = [play(layout, plain, ears, np.pad(stereo, ((0, 0), (0, 1)))) for stereo, _ in music()]
    louder = [a.loudness_lkfs - b.loudness_lkfs for a, b in zip(ours, theirs, strict=True)]
    bass = [a.bass_db - b.bass_db for a, b in zip(ours, theirs, strict=True)]
    spare = [a.gain_db for a in ours]
    return {
        "L direct/reverb.": f"{inside.left.direct_to_reverberant_db:.1f} / {outside.left.direct_to_reverberant_db:.1f}",
        "C direct/reverb.": f"{inside.centre.direct_to_reverberant_db:.1f} / "
        f"{outside.centre.direct_to_reverberant_db:.1f}",
        "C C50": f"{inside.centre.clarity_c50_db:.1f} / {outside.centre.clarity_c50_db:.1f}",
        "ILD, ITD": f"{at_ears.mean_ild_db:.1f} dB {at_ears.itd_us:.0f} µs",
        "common gain": f"{design.gain_db:.1f}",
        "loudness": f"{np.mean(louder):.1f} ({min(louder):.1f})",
        "level to spare": f"{np.mean(spare):.1f} ({min(spare):.1f})",
        "bass": f"{np.mean(bass):+.1f} ({max(bass, key=abs):+.1f})",
        "taps": f"{sum(path.taps for row in design.fixed.paths for path in row)}",
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("layouts", nargs="*", default=sorted(shipped_layouts()))
    parser.add_argument("--room", type=float, help="absorption of the walls")
    parser.add_argument("--anechoic", action="store_true", help="design without the room")
    chosen = parser.parse_args()
    table = Table(title="designed / plain mixing, dB; loudness, bass: difference of both, mean (worst recording)")
    table.add_column("layout")
    for index, name in enumerate(chosen.layouts):
        layout = find_layout(name)
        if chosen.room is not None:
            room = layout.listening_room.model_copy(update={"absorption": chosen.room})
            layout = layout.model_copy(update={"room": room})
        width = None if chosen.anechoic else layout.crosstalk.width or "room"
        crosstalk = layout.crosstalk.model_copy(update={"width": width})
        row = measure(layout.model_copy(update={"crosstalk": crosstalk}))
        if index == 0:
            for column in row:
                table.add_column(column, justify="right")
        table.add_row(name, *row.values())
    Console(width=200).print(table)


if __name__ == "__main__":
    main()
