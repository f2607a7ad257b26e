"""Prints where L and R are heard, and their direct sound in the room, for points of `crosstalk.width`.

This is the evidence for the default of `crosstalk.width`.  Each row has the angle that the listener model hears on the
sphere and on KEMAR, which no design saw: a mean over voice, castanets and pink noise.  Depth is the direct-to-
reverberant ratio of the binaural responses at the own ear.  With `--search`, a search over the price of radiated power
at four frequencies, and over the place of the virtual source, looks for the widest image that loses at most 4 dB of
depth.  At each frequency, no drive has less error and less radiated power than those of the search.

    .venv/bin/python -m benchmarks.width_front [LAYOUT …] [--search EVALUATIONS]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from designer.acoustics.model import ear_plant
from designer.acoustics.poses import HeadPoses
from designer.design.build import build_design
from designer.evaluation.listener.direction import azimuth_deg
from designer.evaluation.listener.distance import distance_cues
from designer.evaluation.listener.heads import SPHERE
from designer.evaluation.listener.listening_test import unseen_head
from designer.evaluation.listener.loudspeakers import Cabinet
from designer.evaluation.listener.programs import BASE_DEG
from designer.evaluation.listener.signals import SIGNAL_NAMES
from designer.evaluation.listener.systems import Heard, System, designed, plain_mixing
from designer.evaluation.listening_room import named_room
from designer.filters.stereo.design import unit_response
from designer.filters.stereo.room_design import StereoFront
from designer.fixedpoint.dequantised import dequantised_impulse_responses
from designer.layout.model import Layout
from designer.layout.shipped import find_layout, shipped_layouts

WIDTHS = (None, "room", 0.0, 0.25, 0.5, 0.75, 1.0)
_NEAR_DB = 4.0
_TAPS, _DELAY = 512, 160
# Frequencies of the search's prices, and places of the virtual source that it may ask for.
_PRICED_HZ = (300.0, 700.0, 1400.0, 4000.0)
_AIMS_DEG = (30.0, 35.0, 40.0, 45.0, 50.0, 60.0)
_AIMED_HZ = (700.0, 1500.0)
_STARTS = (
    (0.06, 0.06, 0.06, 0.06, 32.0, 36.0),
    (0.20, 0.03, 0.03, 0.10, 45.0, 40.0),
    (0.10, 0.05, 0.02, 0.30, 35.0, 45.0),
    (0.03, 0.03, 0.30, 1.00, 45.0, 30.0),
    (0.30, 0.10, 0.01, 0.03, 40.0, 35.0),
    (0.03, 0.10, 0.30, 0.30, 45.0, 45.0),
)
_STEP = 0.8
# More effort than layouts allow, so that the search is not held by it.
_EFFORT_CAP_DB = 15.0
# Cost of a decibel below the limit, and of a degree beyond the widest that counts.
_DEPTH_PENALTY, _TOO_WIDE_DEG, _TOO_WIDE_PENALTY = 6.0, 38.0, 0.7


@dataclass(frozen=True)
class Found:
    """What two heads hear of L.

    Attributes
    ----------
    azimuth_deg : (2, 3) float64
        Head, and signal.
    depth_db : (2,) float64
    """

    azimuth_deg: NDArray[np.float64]
    depth_db: NDArray[np.float64]

    def text(self) -> str:
        """Write the cells of each head: mean and each signal, and depth."""
        cells = []
        for azimuths, depth in zip(self.azimuth_deg, self.depth_db, strict=True):
            each = ", ".join(f"{azimuth:.0f}" for azimuth in azimuths)
            cells.append(f"{azimuths.mean():.0f} ({each}) | {depth:.1f}")
        return " | ".join(cells)


class Listeners:
    """Two heads in the layout's room."""

    def __init__(self, layout: Layout) -> None:
        room = named_room("living", layout)
        self.heard = [Heard.of((Cabinet(layout),), room, head) for head in (SPHERE, unseen_head())]

    def listen(self, system: System) -> Found:
        """Hear L of a system with each signal."""
        azimuths, depths = [], []
        for heard in self.heard:
            channels = heard.channels(system)
            azimuths.append(
                [azimuth_deg(channels.ears(system.program(name, BASE_DEG)), heard.head) for name in SIGNAL_NAMES]
            )
            depths.append(distance_cues(channels, 0, (0,)).direct_to_reverberant_db)
        return Found(np.array(azimuths), np.array(depths))


def with_width(layout: Layout, width: float | str | None) -> Layout:
    """Set ``crosstalk.width``; None is the design without a room."""
    return layout.model_copy(update={"crosstalk": layout.crosstalk.model_copy(update={"width": width})})


class Search:
    """Drives of L for prices of radiated power that differ between frequencies, and for wider virtual sources."""

    def __init__(self, layout: Layout, listeners: Listeners) -> None:
        self._layout, self._listeners = layout, listeners
        self._lines = np.fft.rfftfreq(_TAPS, 1 / layout.sample_rate_hz)[1:].astype(np.float64)
        heads = HeadPoses.from_layout(layout)
        ears = ear_plant(layout, self._lines, heads).transfer
        self._played = unit_response(layout, self._lines, ears, heads)[:, None]
        self._fronts = []
        for aim in _AIMS_DEG:
            aimed = {
                "virtualisation": layout.virtualisation.model_copy(update={"azimuth_deg": aim}),
                "crosstalk": layout.crosstalk.model_copy(update={"effort_cap_db": _EFFORT_CAP_DB}),
            }
            self._fronts.append(StereoFront.of(layout.model_copy(update=aimed), self._lines, ears, heads))
        self._limit_db = listeners.listen(plain_mixing(layout)).depth_db - _NEAR_DB

    def listen(self, asked: NDArray[np.float64]) -> Found:
        """Hear the drive of logarithms of four prices and two aims, degrees."""
        octaves = np.log(self._lines)
        price = np.exp(np.interp(octaves, np.log(_PRICED_HZ), asked[:4]))
        aim = np.interp(octaves, np.log(_AIMED_HZ), asked[4:])
        nearest = np.abs(aim[:, None] - np.array(_AIMS_DEG)).argmin(axis=1)
        drives = [
            front.trades[0].drive(np.maximum(price, front.fullest[0])) * front.to_drive * self._played
            for front in self._fronts
        ]
        drive = np.stack(drives)[nearest, np.arange(octaves.size)]
        turn = np.exp(-2j * np.pi * np.arange(1, _TAPS // 2 + 1) * _DELAY / _TAPS)[:, None]
        spectrum = np.concatenate([drive[:1].real.astype(np.complex128), drive * turn])
        left = np.fft.irfft(spectrum, _TAPS, axis=0).T[:, None]
        return self._listeners.listen(designed(self._layout, np.repeat(left, 3, axis=1), _DELAY))

    def cost(self, asked: NDArray[np.float64]) -> float:
        """Missing width, degrees, and missing depth."""
        found = self.listen(asked)
        narrow = np.maximum(BASE_DEG - found.azimuth_deg, 0.0)
        wide = _TOO_WIDE_PENALTY * np.maximum(found.azimuth_deg - _TOO_WIDE_DEG, 0.0)
        missing = np.maximum(self._limit_db - found.depth_db, 0.0).mean()
        return float((narrow + wide).mean() + _DEPTH_PENALTY * missing)

    def best(self, evaluations: int) -> tuple[NDArray[np.float64], Found]:
        """Search with the simplex of Nelder & Mead (1965) from the best of some starts."""
        starts = [np.concatenate([np.log(start[:4]), start[4:]]) for start in _STARTS]
        first = min(starts, key=self.cost)
        simplex = np.stack([first, *(first + step for step in np.diag([_STEP] * 4 + [8.0, 8.0]))])
        options = {"maxfev": evaluations, "initial_simplex": simplex}
        asked = np.asarray(minimize(self.cost, first, method="Nelder-Mead", options=options).x)
        return asked, self.listen(asked)


def rows(layout: Layout, evaluations: int) -> Iterator[str]:
    """Yield the lines of the table of one layout."""
    listeners = Listeners(layout)
    yield f"| {layout.name} | plain mixing | {listeners.listen(plain_mixing(layout)).text()} |"
    for width in WIDTHS:
        design = build_design(with_width(layout, width))
        tables = dequantised_impulse_responses(design.fixed)
        system = designed(layout, tables, design.bank.modelling_delay_samples)
        name = "without a room" if width is None else f"width {width}"
        yield f"| {layout.name} | {name} | {listeners.listen(system).text()} |"
    if evaluations:
        asked, found = Search(layout, listeners).best(evaluations)
        prices = ", ".join(f"{price:.2g}" for price in np.exp(asked[:4]))
        yield f"| {layout.name} | search: prices {prices}; {asked[4]:.0f}°, {asked[5]:.0f}° | {found.text()} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.width_front")
    parser.add_argument("layouts", nargs="*", default=sorted(shipped_layouts()))
    parser.add_argument("--search", type=int, default=0, metavar="EVALUATIONS", help="search within 4 dB of depth")
    chosen = parser.parse_args()
    headings = ("layout", "design", "sphere hears L at, °", "depth, dB", "unseen head, °", "depth, dB")
    sys.stdout.write(f"| {' | '.join(headings)} |\n{'|---' * len(headings)}|\n")
    for name in chosen.layouts:
        for row in rows(find_layout(name), chosen.search):
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
