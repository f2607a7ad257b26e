"""What was measured of each driver, and what of its field is interpolated, extrapolated or taken from the model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.inputs import directions_of, ear_centres_m, ring_points_m
from designer.acoustics.measured.coverage import coverage
from designer.acoustics.measured.prepared import PreparedDriver
from designer.acoustics.model import measured_drivers
from designer.evaluation.records import Curve, Record
from designer.layout.model import Layout


@dataclass(frozen=True, kw_only=True)
class Coverage(Record):
    """Parts of a driver's field in each third octave, in per cent; their sum is 100.

    Attributes
    ----------
    interpolated, extrapolated, model : tuple of B float
    """

    interpolated: Curve
    extrapolated: Curve
    model: Curve


@dataclass(frozen=True, kw_only=True)
class MeasuredDriver(Record):
    """One measured driver.

    Attributes
    ----------
    driver, file, set, align : str
    directions : int
    level_db, delay_us : float
        Relative to its model, after alignment.
    inverted : bool
        Whether the polarity is the opposite of the model's.
    explained_percent : float
        Part of the energy that the model with the driver's own response explains.
    noise_db, tail_db : float or None
        Noise, and what follows the window, relative to the direct sound; None where the file leaves no room to see it.
    drift_us : float
        Clock drift over the set, which was taken out.
    band_centres_hz : tuple of B float
    ears, around : Coverage
        Towards the ears of all poses, and around the cabinet.
    notes, warnings : tuple of str
    """

    driver: str
    file: str
    set: str
    align: str
    directions: int
    level_db: float
    delay_us: float
    inverted: bool
    explained_percent: float
    noise_db: float | None
    tail_db: float | None
    drift_us: float
    band_centres_hz: Curve
    ears: Coverage
    around: Coverage
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def measured_figures(layout: Layout, band_centres_hz: NDArray[np.float64]) -> tuple[MeasuredDriver, ...]:
    """Describe the measured drivers of a layout.

    Parameters
    ----------
    layout : Layout
    band_centres_hz : (B,) float64

    Returns
    -------
    tuple of MeasuredDriver
        Empty if all drivers are modelled.
    """
    if not any(driver.measured for driver in layout.drivers):
        return ()
    ears, around = (directions_of(layout, points(layout)) for points in (ear_centres_m, ring_points_m))
    return tuple(_figures(layout, each, band_centres_hz, ears, around) for each in measured_drivers(layout))


def _figures(
    layout: Layout,
    found: PreparedDriver,
    bands_hz: NDArray[np.float64],
    ears: NDArray[np.float64],
    around: NDArray[np.float64],
) -> MeasuredDriver:
    wanted = layout.drivers[found.index].measured
    assert wanted is not None
    gain = found.alignment.own_gain
    return MeasuredDriver(
        driver=found.name,
        file=Path(wanted.file).name,
        set=wanted.set,
        align=found.align,
        directions=len(found.data.directions),
        level_db=_rounded(20 * np.log10(abs(gain))),
        delay_us=_rounded(1e6 * found.alignment.own_delay_s),
        inverted=bool(gain < 0),
        explained_percent=_rounded(100 * found.response.explained),
        noise_db=None if found.noise_db is None else _rounded(found.noise_db),
        tail_db=None if found.tail_db is None else _rounded(found.tail_db),
        drift_us=_rounded(1e6 * found.drift_s),
        band_centres_hz=tuple(_rounded(centre) for centre in bands_hz),
        ears=_coverage(found, bands_hz, ears),
        around=_coverage(found, bands_hz, around),
        notes=found.notes,
        warnings=found.warnings,
    )


def _coverage(found: PreparedDriver, bands_hz: NDArray[np.float64], directions: NDArray[np.float64]) -> Coverage:
    parts = coverage(found, bands_hz, directions)
    interpolated, extrapolated, model = (tuple(_rounded(100 * float(part)) for part in each) for each in parts)
    return Coverage(interpolated=interpolated, extrapolated=extrapolated, model=model)


def _rounded(value: float) -> float:
    # Adding zero turns a negative zero into a plain one.
    return round(float(value), 1) + 0.0
