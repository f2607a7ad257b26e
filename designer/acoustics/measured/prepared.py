"""All measured drivers of a layout, read, windowed, fitted and aligned once."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.directional import DirectionalSet
from designer.acoustics.measured.alignment import LEAST_EXPLAINED, Alignment, OwnAlignment, align, own_alignment
from designer.acoustics.measured.clock_drift import clock_drift_s
from designer.acoustics.measured.driver_response import DirectionModel, DriverResponse, fit_driver
from designer.acoustics.measured.files import Signature, read_driver, signature
from designer.acoustics.measured.likely_mistake import likely_mistake
from designer.acoustics.measured.model_phase import with_model_phase
from designer.acoustics.measured.response_set import ResponseSet
from designer.acoustics.measured.scatter import direction_faults
from designer.acoustics.measured.window import DirectSound, direct_sound
from designer.errors import LayoutError, MeasurementWarning
from designer.layout.model import Layout
from designer.layout.sections import Measured

# From frequencies (F,), places (Q, 3) relative to the cabinet's centre, and a driver's index to its model (F, Q).
FieldModel = Callable[[NDArray[np.float64], NDArray[np.float64], int], NDArray[np.complex128]]

# AES69 gives positions as seen by the source, whose front faces the listener.  So this is half a turn about z.
SOURCE_TO_LISTENER = np.diag([-1.0, -1.0, 1.0])
_ALONE = "is the only one of its set '{name}', so that its level and delay against other drivers are the model's"
_MODELS_PHASE = "has no phase between its directions, so that it is the model's"
_UNLIKE = "does not resemble its model, so that polarity, level and delay are uncertain: "
# Least cosine between a direction and the axis of a baffle, beyond which its model has no field.
_LEAST_COSINE = -1e-9


@dataclass(frozen=True, eq=False)
class PreparedDriver:
    """A measured driver that is ready to be evaluated at points.

    Attributes
    ----------
    name : str
    index : int
        Its place in the layout.
    data : DirectionalSet
        Windowed responses at 1 m, in the listener's coordinates.
    distance_m : float
        Median distance of the microphone, at which the model is compared.
    response : DriverResponse
    align : str
        ``clock`` or ``model``.
    alignment : Alignment
    from_hz : float
        Frequency below which the model serves, 0 for never.
    complete : bool
    band_hz : (float, float)
        Band that the file has.
    noise_db, tail_db : float or None
        See `DirectSound`.
    drift_s : float
        Clock drift that was taken out.
    notes, warnings : tuple of str
    """

    name: str
    index: int
    data: DirectionalSet
    distance_m: float
    response: DriverResponse
    align: str
    alignment: Alignment
    from_hz: float
    complete: bool
    band_hz: tuple[float, float]
    noise_db: float | None
    tail_db: float | None
    drift_s: float
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Key:
    """What prepared drivers depend on.  The model and the layout's other keys have no effect on them."""

    drivers: tuple[object, ...]
    rest: tuple[object, ...]
    signatures: tuple[Signature, ...]
    index: int | None
    layout: Layout = field(compare=False)
    model: FieldModel = field(compare=False)


def prepare_measured(
    layout: Layout, model: FieldModel, progress: Callable[[str], None] = lambda what: None
) -> tuple[PreparedDriver, ...]:
    """Read and align the measured drivers of a layout.

    Parameters
    ----------
    layout : Layout
    model : callable
        See `FieldModel`.
    progress : callable
        Told in words what is being read.

    Returns
    -------
    tuple of PreparedDriver
        In channel order.

    Raises
    ------
    LayoutError
        If a file is missing, damaged, implausible, or not understood, or if drivers cannot be of one set.

    Warns
    -----
    MeasurementWarning
        Once for each thing that the user should know.
    """
    for index, driver in enumerate(layout.drivers):
        if driver.measured:
            progress(f"reading the measurement of driver '{driver.name}'")
            _load(_key(layout, model, index))
    return _prepare(_key(layout, model))


def _key(layout: Layout, model: FieldModel, index: int | None = None) -> _Key:
    """Return the key of one driver, or of all."""
    drivers = layout.drivers if index is None else layout.drivers[index : index + 1]
    return _Key(
        drivers,
        (layout.cabinet, layout.speed_of_sound_m_per_s, layout.measured),
        tuple(signature(Path(each.measured.file)) for each in drivers if each.measured),
        index,
        layout,
        model,
    )


@lru_cache(maxsize=8)
def _prepare(key: _Key) -> tuple[PreparedDriver, ...]:
    layout = key.layout
    loaded = [_load(_key(layout, key.model, index)) for index, driver in enumerate(layout.drivers) if driver.measured]
    wanted = [layout.drivers[each.index].measured or Measured(file="") for each in loaded]
    modes = [each.align or (layout.measured.align if layout.measured else "clock") for each in wanted]
    alignments, told = align(
        [each.own for each in loaded],
        modes,
        [each.gain_db for each in wanted],
        [each.invert for each in wanted],
        sets=[each.set for each in wanted],
        has_phase=[each.has_phase for each in loaded],
    )
    alone = {each.set for each in wanted if sum(other.set == each.set for other in wanted) == 1}
    found: list[PreparedDriver] = []
    for each, mode, alignment, own_warnings in zip(loaded, modes, alignments, told, strict=True):
        driver = each.driver
        own_notes = list(driver.notes)
        if wanted[len(found)].set in alone and len(layout.drivers) > 1:
            own_notes.append(_ALONE.format(name=wanted[len(found)].set))
        notes = [f"driver '{driver.name}', measured: {note}" for note in own_notes]
        says = [f"driver '{driver.name}', measured: {warning}" for warning in (*driver.warnings, *own_warnings)]
        found.append(replace(driver, align=mode, alignment=alignment, notes=tuple(notes), warnings=tuple(says)))
    for text in (text for each in found for text in each.warnings):
        warnings.warn(text, MeasurementWarning, stacklevel=3)
    return tuple(found)


@dataclass(frozen=True, eq=False)
class _Loaded:
    """A driver before its alignment."""

    driver: PreparedDriver
    own: OwnAlignment
    index: int
    has_phase: bool


@lru_cache(maxsize=64)
def _load(key: _Key) -> _Loaded:
    """Read, window and fit one driver."""
    layout, model, index = key.layout, key.model, key.index or 0
    wanted = layout.drivers[index].measured or Measured(file="")
    name, speed = layout.drivers[index].name, layout.speed_of_sound_m_per_s
    found = read_driver(Path(wanted.file), speed, wanted.source)
    sound = direct_sound(found, wanted.window_ms / 1000, speed)
    data = DirectionalSet.from_responses(
        found.directions @ SOURCE_TO_LISTENER.T,
        sound.responses[:, None, :],
        found.sample_rate_hz,
        sound.removed_samples[:, None],
    )
    data = _modelled(layout, data)
    if not len(data.directions):
        raise LayoutError(
            f"driver '{name}', measured: no direction on the listener's side of the baffle was measured: check the "
            "angles (0° is the front), or measure there"
        )
    distance_m = _distance_m(layout, found, name)
    at_distance = direction_model(model, index, distance_m, speed)
    data, response, drift_s = _without_drift(data, sound, at_distance, found.has_phase)
    says = list(sound.warnings)
    if drift_s:
        says.append(
            f"the clock drifts by {1e6 * drift_s:+.0f} µs over the set, which is taken out: measure input and output "
            "with one clock"
        )
    own = _own(layout, index, found, response, at_distance)
    if not found.has_phase:
        data = with_model_phase(data, at_distance)
        response = fit_driver(data, sound, at_distance)
        # Phase that is the model's resembles the model, so it cannot tell whether the measurement does.
        own = replace(_own(layout, index, found, response, at_distance), clear=own.clear)
    if own.clear:
        if found.has_phase:
            says += direction_faults(data, response, at_distance, sound.noise_db, speed)
        response = response.towards(10 ** (own.level_db / 20) * (-1 if own.inverted else 1), own.delay_s)
    else:
        model_of = partial(_direction_model_of, model, distance_m, speed)
        why = likely_mistake(data, sound, model_of, layout, index)
        says.append(_UNLIKE + (why or "check its angles, and that the file is this driver's"))
    driver = _prepared(layout, index, found, sound, data, response, drift_s, tuple(says), distance_m)
    return _Loaded(driver, own, index, found.has_phase)


def _prepared(
    layout: Layout,
    index: int,
    found: ResponseSet,
    sound: DirectSound,
    data: DirectionalSet,
    response: DriverResponse,
    drift_s: float,
    says: tuple[str, ...],
    distance_m: float,
) -> PreparedDriver:
    """Put together what is known of a driver before its alignment."""
    name, wanted = layout.drivers[index].name, layout.drivers[index].measured or Measured(file="")
    shortened = sound.window_s < wanted.window_ms / 1000
    return PreparedDriver(
        name,
        index,
        data,
        distance_m,
        response,
        "",
        Alignment(1.0, 0.0, 1.0, 0.0),
        max(wanted.from_hz, 1 / sound.window_s if shortened else 0.0),
        wanted.complete,
        found.band_hz,
        sound.noise_db,
        sound.tail_db,
        drift_s,
        (*found.notes, *sound.notes, *([] if found.has_phase else [_MODELS_PHASE])),
        says,
    )


def _without_drift(
    data: DirectionalSet, sound: DirectSound, model: DirectionModel, has_phase: bool
) -> tuple[DirectionalSet, DriverResponse, float]:
    """Fit a driver, and once more without clock drift if there is some; the drift in seconds."""
    response = fit_driver(data, sound, model)
    # Where the model does not fit, its arrivals tell nothing.
    drift_s = clock_drift_s(data, response, model) if has_phase and response.explained > LEAST_EXPLAINED else 0.0
    if not drift_s:
        return data, response, 0.0
    late = drift_s * data.sample_rate_hz * np.arange(len(data.directions)) / (len(data.directions) - 1)
    steady = replace(data, travelled_samples=data.travelled_samples + late[:, None])
    return steady, fit_driver(steady, sound, model), drift_s


def direction_model(model: FieldModel, index: int, distance_m: float, speed_of_sound_m_per_s: float) -> DirectionModel:
    """Return a driver's model in directions: at a distance, less travel time, at the level of 1 m."""

    def at(frequencies_hz: NDArray[np.float64], directions: NDArray[np.float64]) -> NDArray[np.complex128]:
        travel = np.exp(2j * np.pi * frequencies_hz * distance_m / speed_of_sound_m_per_s) * distance_m
        return np.asarray(model(frequencies_hz, distance_m * directions, index) * travel[:, None])

    return at


def _direction_model_of(
    model: FieldModel, distance_m: float, speed_of_sound_m_per_s: float, index: int
) -> DirectionModel:
    """Return `direction_model` of any driver."""
    return direction_model(model, index, distance_m, speed_of_sound_m_per_s)


def _modelled(layout: Layout, data: DirectionalSet) -> DirectionalSet:
    """Keep the directions in which the model has a field: all around a sphere, the listener's side of a baffle."""
    if layout.cabinet.shape == "sphere":
        return data
    kept = -data.directions[:, 0] > _LEAST_COSINE
    return replace(
        data,
        directions=data.directions[kept],
        responses=data.responses[kept],
        delays_samples=data.delays_samples[kept],
        travelled_samples=data.travelled_samples[kept],
    )


def _distance_m(layout: Layout, found: ResponseSet, name: str) -> float:
    """Median distance, which has to be outside of the cabinet."""
    nearest = float(found.distances_m.min())
    radius = layout.cabinet.radius_m if layout.cabinet.shape == "sphere" else layout.cabinet.width_m / 4
    if nearest <= radius:
        raise LayoutError(
            f"driver '{name}', measured: a microphone is {nearest:.3g} m from the centre, inside the cabinet, allowed "
            f"is above {radius:.3g} m: give distances from the centre of the cabinet in metres"
        )
    return float(np.median(found.distances_m))


def _own(
    layout: Layout, index: int, found: ResponseSet, response: DriverResponse, model: DirectionModel
) -> OwnAlignment:
    """Level, delay and polarity of a driver against its model."""
    driver = layout.drivers[index]
    level = np.sqrt(np.mean(np.abs(model(response.lines_hz, response.directions[:40])) ** 2, axis=1))
    band = max(driver.band_hz[0], found.band_hz[0]), min(driver.band_hz[1], found.band_hz[1])
    return own_alignment(driver.name, response, band, level)
