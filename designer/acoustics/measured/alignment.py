"""Level, delay and polarity of measured drivers against their models, kept or removed as the layout asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.measured.driver_response import DriverResponse, peak_delay_s
from designer.errors import LayoutError

# Band in which level and delay are told, as far as driver and file have it.
_BAND_HZ = (250.0, 8000.0)
# More than this between drivers of one set cannot be.
_MOST_DELAY_S, _MOST_LEVEL_DB = 1.5e-3, 25.0
# More than this is told: drivers of one cabinet differ by less.
_TOLD_DELAY_S, _TOLD_LEVEL_DB = 0.2e-3, 8.0
# A driver whose fit explains less of its energy does not resemble its model.
LEAST_EXPLAINED = 0.5


@dataclass(frozen=True)
class OwnAlignment:
    """What one driver is against its model, in the units of its file.

    Attributes
    ----------
    name : str
    level_db, delay_s : float
    inverted : bool
        Whether its polarity is the opposite of the model's.
    clear : bool
        Whether its response resembles the model's, so that the others mean something.
    """

    name: str
    level_db: float
    delay_s: float
    inverted: bool
    clear: bool


@dataclass(frozen=True)
class Alignment:
    """What is applied to a measured driver.

    Attributes
    ----------
    gain, delay_s : float
        Factor, and delay that is taken out, for the measurement.
    own_gain, own_delay_s : float
        Factor and delay of the driver that stay, relative to its model.  The factor has its sign.
    """

    gain: float
    delay_s: float
    own_gain: float
    own_delay_s: float


def own_alignment(
    name: str, response: DriverResponse, band_hz: tuple[float, float], level: NDArray[np.float64]
) -> OwnAlignment:
    """Find level, delay and polarity of a driver against its model.

    Parameters
    ----------
    name : str
    response : DriverResponse
    band_hz : (float, float)
        Band that the driver plays and that its file has.
    level : (L,) float64
        Mean level of the model on the response's lines.
    """
    lines = response.lines_hz
    band = _usable_band(lines, band_hz)
    # The peak of the band-limited response: a resonance, which is narrow, hardly moves it.
    edge = np.clip(np.log2(lines / band[0]) + 0.5, 0, 1) * np.clip(0.5 - np.log2(lines / band[1]), 0, 1)
    spectrum = response.values
    even = spectrum / np.maximum(np.abs(spectrum), 1e-300)
    # Half way between level and phase alone: what the driver hardly plays does not count, and no resonance leads.
    # Nor does what the model cannot follow.
    weight = edge * response.coherence * np.sqrt(np.abs(spectrum) * level)
    late_s, peak = peak_delay_s(lines, weight * even)
    points = np.geomspace(*band, 48)
    loudness = np.interp(points, lines, response.loudness)
    level_db = float(np.median(20 * np.log10(np.maximum(loudness, 1e-15))))
    return OwnAlignment(name, level_db, response.delay_s + late_s, peak < 0, response.explained > LEAST_EXPLAINED)


def _usable_band(lines_hz: NDArray[np.float64], band_hz: tuple[float, float]) -> tuple[float, float]:
    low, high = max(band_hz[0], _BAND_HZ[0]), min(band_hz[1], _BAND_HZ[1], float(lines_hz[-1]))
    if high < 2 * low:
        # A woofer: what it plays lies below the usual band.
        low, high = max(band_hz[0], float(lines_hz[1])), min(band_hz[1], float(lines_hz[-1]))
    return low, max(high, 1.2 * low)


def align(
    owns: Sequence[OwnAlignment],
    modes: Sequence[str],
    gains_db: Sequence[float],
    inverts: Sequence[bool],
    *,
    sets: Sequence[str],
    has_phase: Sequence[bool],
) -> tuple[list[Alignment], list[list[str]]]:
    """Bring measured drivers to the level and delay of their models: a set as a whole, or each by itself.

    Parameters
    ----------
    owns : sequence of OwnAlignment
    modes : sequence of str
        ``clock``: relative level and delay of the set are kept.  ``model``: the driver's are those of its model.
    gains_db : sequence of float
        Level beyond that.
    inverts : sequence of bool
        Whether the polarity of the measurement is turned.
    sets : sequence of str
        Drivers of one name were measured with one clock and one gain.
    has_phase : sequence of bool
        A driver without phase has no delay to keep.

    Returns
    -------
    list of Alignment
    list of list of str
        Warnings for each driver.

    Raises
    ------
    LayoutError
        If drivers of one set differ by more than one clock allows.
    """
    warnings: list[list[str]] = [[] for _ in owns]
    found = []
    for index, own in enumerate(owns):
        every = [i for i in range(len(owns)) if sets[i] == sets[index]]
        mates = [i for i in every if modes[i] == "clock"] or every
        level_db = float(np.median([owns[i].level_db for i in mates]))
        delay_s = float(np.median([owns[i].delay_s for i in mates if has_phase[i]] or [own.delay_s]))
        over_db, over_s = own.level_db - level_db, own.delay_s - delay_s
        if modes[index] == "model":
            warnings[index].append(
                "align = 'model' discards what a common clock and gain have measured"
                + (f": {1e6 * over_s:+.0f} µs and {over_db:+.1f} dB against its set" if len(every) > 1 else "")
            )
            level_db, delay_s = own.level_db, own.delay_s
        elif has_phase[index]:
            warnings[index] += _check(own, over_db, over_s, sets[index])
        else:
            warnings[index] += [*_check(own, over_db, 0.0, sets[index]), "has no phase, so its delay is the model's"]
            delay_s = own.delay_s
        sign = -1.0 if inverts[index] else 1.0
        own_sign = sign * (-1.0 if own.inverted else 1.0)
        gain, own_gain = (10 ** ((gains_db[index] + db) / 20) for db in (-level_db, own.level_db - level_db))
        found.append(Alignment(sign * gain, delay_s, own_sign * own_gain, own.delay_s - delay_s))
        warnings[index] += _polarity(own, inverts[index])
    return found, warnings


def _check(own: OwnAlignment, over_db: float, over_s: float, name: str) -> list[str]:
    """Refuse what one clock and one gain cannot give; tell what is unusual."""
    if not own.clear:
        return []
    remedy = "give the driver a measured.set of its own, or set measured.align = 'model'"
    if abs(over_s) > _MOST_DELAY_S or abs(over_db) > _MOST_LEVEL_DB:
        raise LayoutError(
            f"driver '{own.name}', measured: {1000 * over_s:+.2f} ms and {over_db:+.1f} dB from the set '{name}', "
            f"allowed with one clock and one gain are {1000 * _MOST_DELAY_S:g} ms and {_MOST_LEVEL_DB:g} dB: {remedy}"
        )
    if abs(over_s) > _TOLD_DELAY_S or abs(over_db) > _TOLD_LEVEL_DB:
        return [
            f"differs by {1e6 * over_s:+.0f} µs and {over_db:+.1f} dB from the set '{name}', which is kept: if it was "
            f"not measured with the same clock and gain, {remedy}"
        ]
    return []


def _polarity(own: OwnAlignment, invert: bool) -> list[str]:
    if not own.clear or own.inverted == invert:
        return []
    turned = "set measured.invert = true" if not invert else "remove measured.invert"
    return [
        "its polarity is inverted, and the design follows the measurement: check the wiring, or, if only the "
        f"measurement was wired the wrong way, {turned}"
    ]
